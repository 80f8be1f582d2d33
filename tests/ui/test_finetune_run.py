"""A run in the window: its pages, the list of runs, what is played, and real processes."""

from __future__ import annotations

import dataclasses
import os
import random
import signal
import sys
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QHBoxLayout, QWidget
from training.small_clips import make_dataset
from ui.conftest import write_tone
from ui.made_runs import NOTE, PROMPTS, sounds_of, write_run

from soundstudio.app import SWITCH_INTERVAL_S
from soundstudio.audio.files import read_sound
from soundstudio.audio.loudness import integrated_lufs
from soundstudio.core.finetuning import FinetuneOrder, FinetuneSettings
from soundstudio.core.messages import JobFailed, JobFinished
from soundstudio.core.paths import user_folders
from soundstudio.core.run_files import CurveRow, RunFolder
from soundstudio.core.run_lock import holder_of
from soundstudio.dataset.dataset import save_dataset
from soundstudio.jobs.background import Background
from soundstudio.jobs.queue import JobQueue
from soundstudio.jobs.run_facts import look_at_run
from soundstudio.jobs.run_thread import RunThread
from soundstudio.jobs.stall_monitor import StallMonitor
from soundstudio.ui.blind_test import BlindTest
from soundstudio.ui.finetune_curves import MOST_POINTS
from soundstudio.ui.finetune_result import FinetuneResult
from soundstudio.ui.finetune_run_desk import FinetuneRunDesk
from soundstudio.ui.finetune_runs import FinetuneRuns
from soundstudio.ui.finetune_training import FinetuneTraining
from soundstudio.ui.finetune_words import (
    duration_words,
    estimate_words,
    fraction_of,
    progress_words,
    remaining_s,
    short_state,
    state_words,
)
from soundstudio.ui.theme import DARK, LIGHT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from soundstudio.ui.icons import Icons
    from soundstudio.ui.theme import Theme

PATIENCE_MS = 10_000
LONG_MS = 200_000


class Place:
    """What app.py builds for the pages of a run, in a window of their own."""

    def __init__(self, theme: Theme, icons: Icons) -> None:
        folders = user_folders()
        self.is_closed = False
        self.sent: list[Any] = []
        self.queue = JobQueue(self.sent.append, folders.handover)
        self.background = Background(threads=1)
        self.thread = RunThread(folders.runs)
        self.training = FinetuneTraining(theme, icons)
        self.result = FinetuneResult(theme, icons)
        self.runs = FinetuneRuns(theme, icons)
        self.window = QWidget()
        row = QHBoxLayout(self.window)
        # The offscreen platform warns about each minimum size that it cannot enforce.
        row.setSizeConstraint(QHBoxLayout.SizeConstraint.SetNoConstraint)
        for widget in (self.runs, self.training, self.result):
            row.addWidget(widget, 1)
        self.window.resize(1500, 800)
        self.desk = FinetuneRunDesk(
            self.thread, self.queue, self.background, folders.cache / "comparisons",
            self.training, self.result, self.runs, self.window,
        )  # fmt: skip
        self.played: list[tuple[Path, str, bool]] = []
        self.pages: list[str] = []
        self.models: list[str] = []
        self.desk.sound_chosen.connect(lambda *sound: self.played.append(sound))
        self.desk.step_requested.connect(self.pages.append)
        self.desk.model_chosen.connect(self.models.append)

    def start(self) -> None:
        self.window.show()
        self.thread.start()

    def close(self) -> None:
        if self.is_closed:
            return
        self.is_closed = True
        self.thread.shutdown()
        self.background.close()
        self.desk.close()
        self.window.deleteLater()


@pytest.fixture
def open_place(
    qapp: QApplication, theme: Theme, icons: Icons, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Place]]:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    places: list[Place] = []

    def make() -> Place:
        place = Place(theme, icons)
        places.append(place)
        place.start()
        return place

    yield make
    for place in places:
        place.close()
    for folder in user_folders().runs.glob("*/"):
        if pid := holder_of(RunFolder(folder)):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def place(open_place: Callable[[], Place], made_run: RunFolder) -> Place:
    """The pages with the made run opened."""
    place = open_place()
    place.desk.open(made_run.name)
    return place


@pytest.fixture
def made_run(tmp_path: Path) -> RunFolder:
    """Stopped after step 40 of 100, best at step 20, with sounds of steps 0, 20 and 40."""
    run = write_run("bells")
    clip = write_tone(tmp_path / "training clip.wav", 2.0)
    for step in (0, 20, 40):
        sounds_of(run, step, copies=clip if step == 40 else None)
    model = user_folders().models / "bells"
    model.mkdir(parents=True)
    (model / "model_index.json").write_text("{}", encoding="utf-8")
    return run


def test_a_stopped_run_shows_all_that_is_known(qtbot: QtBot, place: Place) -> None:
    training = place.training
    qtbot.waitUntil(lambda: training.sounds.model.columnCount() == 3, timeout=PATIENCE_MS)
    assert training._name.text() == "bells"
    assert training._state.text() == "Stopped; it can go on"
    assert "Step 40 of 100" in training._progress.text()
    assert "best at step 20" in training._progress.text()
    assert training._estimate.text() == (
        "LoRA on cuda in bfloat16  ·  about 2 h in all  ·  5.0 GB memory  ·  800 MB disk, 90.0 GB "
        "free"
    )
    assert training._notes.text() == NOTE
    assert (training.stop.isVisible(), training.resume.isVisible()) == (False, True)
    curves = training.curves.data
    assert curves.points("loss") == [(0, 0.9), (20, pytest.approx(0.6)), (40, pytest.approx(0.4))]
    assert [step for step, _ in curves.points("fd")] == [0, 20, 40]
    assert curves.points("fad") == []
    assert len(curves.loss()[0]) == 40
    assert "Best at step 20" in training.curves.accessibleDescription()
    header = [training.sounds.model.headerData(n, Qt.Orientation.Horizontal) for n in range(3)]
    assert header == ["Base", "★ 20", "40"]
    rows = [training.sounds.model.headerData(n, Qt.Orientation.Vertical) for n in range(2)]
    assert rows == list(PROMPTS)


def test_a_click_plays_and_a_copy_is_heard_beside_its_clip(
    qtbot: QtBot, place: Place, made_run: RunFolder
) -> None:
    sounds = place.training.sounds
    qtbot.waitUntil(lambda: sounds.model.columnCount() == 3, timeout=PATIENCE_MS)
    cell = sounds.table.visualRect(sounds.model.index(0, 2)).center()
    QTest.mouseClick(sounds.table.viewport(), Qt.MouseButton.LeftButton, pos=cell)
    file = made_run.sounds(40) / "000-clip.wav"
    assert place.played == [(file, "“a dog barks”, step 40", True)]
    assert sounds.model.index(0, 2).data() == "▶ copy"
    assert sounds.model.index(1, 2).data() == "▶"
    assert "Copies the training clip training clip.wav, alike 0.95" in sounds._words.text()
    place.desk.set_playing(file)
    assert sounds.model.playing == file
    # Keys move and audition; a moment after, and not “now”.
    QTest.keyClick(sounds.table, Qt.Key.Key_Left)
    qtbot.waitUntil(lambda: len(place.played) == 2, timeout=2000)
    assert place.played[-1] == (
        made_run.sounds(20) / "000-clip.wav", "“a dog barks”, step 20", False,
    )  # fmt: skip
    QTest.keyClick(sounds.table, Qt.Key.Key_Right)
    sounds.play_nearest()
    qtbot.waitUntil(lambda: "Training clip" in place.played[-1][1], timeout=PATIENCE_MS)
    path, title, is_now = place.played[-1]
    assert (title, is_now) == ("Training clip training clip.wav", True)
    clip = read_sound(path)
    assert clip.duration_s == pytest.approx(0.6)


def test_base_and_new_model_are_equally_loud_and_blind_if_wanted(
    qtbot: QtBot, place: Place, made_run: RunFolder
) -> None:
    result = place.result
    qtbot.waitUntil(lambda: len(result.pairs()) == 2, timeout=PATIENCE_MS)
    pair = result.current()
    assert pair is not None
    assert (pair.prompt, pair.base, pair.new) == (
        PROMPTS[0], made_run.sounds(0) / "000-clip.wav", made_run.sounds(20) / "000-clip.wav",
    )  # fmt: skip
    assert not result._votes[0].isVisible()
    for button, title in ((result.first, "base model"), (result.second, "new model")):
        before = len(place.played)
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda n=before: len(place.played) > n, timeout=PATIENCE_MS)
        assert place.played[-1][1] == f"“a dog barks”, {title}"
    loudness = [integrated_lufs(read_sound(path)) for path, _, _ in place.played]
    assert loudness[0] == pytest.approx(loudness[1], abs=0.05)
    heard = {title.split(", ")[1]: path for path, title, _ in place.played}
    result.test = BlindTest(random.Random(3))
    result.blind.setChecked(True)
    result.test.chance = random.Random(3)
    for number in range(2):
        before = len(place.played)
        QTest.mouseClick(result.first, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda n=before: len(place.played) > n, timeout=PATIENCE_MS)
        path, title, _ = place.played[-1]
        assert title == "Sound A"
        assert "bells" not in str(path)
        pair = result.current()
        assert pair is not None
        if number == 0:
            model = result.test.model_of(pair.key, "A")
            assert path == heard[f"{model} model"]
        assert "New model" not in result._tally.text()
        letter = "A" if result.test.model_of(pair.key, "A") == "new" else "B"
        place_of_vote = 0 if letter == "A" else 2
        QTest.mouseClick(result._votes[place_of_vote], Qt.MouseButton.LeftButton)
    assert result._tally.text().startswith("All voted. New model 2, base model 0.")
    place.desk.close()
    assert not (user_folders().cache / "comparisons").exists()


def test_use_this_model(qtbot: QtBot, place: Place, made_run: RunFolder) -> None:
    qtbot.waitUntil(place.result.use.isEnabled, timeout=PATIENCE_MS)
    place.result.use.click()
    assert place.models == ["bells"]
    (user_folders().models / "bells" / "model_index.json").unlink()
    place.desk.refresh()
    qtbot.waitUntil(lambda: not place.result.use.isEnabled(), timeout=PATIENCE_MS)


def test_a_prompt_of_ones_own_goes_through_the_queue(
    qtbot: QtBot, place: Place, tmp_path: Path
) -> None:
    from datetime import UTC, datetime

    from soundstudio.library.clips import Clip

    qtbot.waitUntil(place.result.make.isEnabled, timeout=PATIENCE_MS)
    place.result.prompt.setText("thunder")
    place.result.make.click()
    jobs = place.queue.open_jobs()
    assert [job.request.model for job in jobs] == ["starter", "bells"]
    assert len({job.request.seed for job in jobs}) == 1
    assert all(job.request.prompt == "thunder" for job in jobs)
    for number, job in enumerate(jobs):
        clip = Clip(
            path=tmp_path / f"{number}.wav", name="x", created_at=datetime.now(UTC),
            request=dataclasses.replace(job.request), variation_seed=job.request.seed,
        )  # fmt: skip
        place.desk.on_clip_stored(clip)
    pair = place.result.current()
    assert pair is not None
    assert (pair.prompt, pair.base.name, pair.new.name) == ("thunder", "0.wav", "1.wav")
    assert place.result.banner.isHidden()
    for job in jobs:
        place.queue.on_message(JobFinished(job.id, 1.0))
    # One that fails says so, and its fellow is not made.
    place.result.prompt.setText("wind")
    place.result.make.click()
    first, second = place.queue.open_jobs()
    place.queue.on_message(JobFailed(first.id, "OutOfMemoryError", "Out of memory", "Too big.", ""))
    assert "Too big." in place.result.banner.text()
    assert second.state.has_ended


def test_the_list_opens_removes_and_brings_back(
    qtbot: QtBot, open_place: Callable[[], Place], made_run: RunFolder
) -> None:
    write_run("rain", state="finished")
    place = open_place()
    runs = place.runs
    qtbot.waitUntil(lambda: len(runs.runs()) == 2, timeout=PATIENCE_MS)
    for row in range(2):
        if runs.runs()[row].name == "bells":
            point = runs.list.visualItemRect(runs.list.item(row)).center()
            QTest.mouseClick(runs.list.viewport(), Qt.MouseButton.LeftButton, pos=point)
    assert place.desk.opened() == "bells"
    assert place.pages == ["training"]
    assert (runs._resume.isEnabled(), runs._use.isEnabled()) == (True, True)
    runs._use.click()
    assert place.models == ["bells"]
    runs._remove.click()
    qtbot.waitUntil(lambda: [f.name for f in runs.runs()] == ["rain"], timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: "Moved to the trash" in runs.banner.text(), timeout=PATIENCE_MS)
    assert place.training._name.text() == "No run is open"
    assert not made_run.folder.exists()
    runs.banner._button.click()
    qtbot.waitUntil(lambda: len(runs.runs()) == 2, timeout=PATIENCE_MS)
    assert made_run.description.exists()


@pytest.mark.parametrize("damage", ["status", "curves", "sounds", "description", "folder"])
def test_damage_is_told_and_breaks_nothing(
    qtbot: QtBot, place: Place, made_run: RunFolder, damage: str
) -> None:
    qtbot.waitUntil(lambda: place.training.sounds.model.columnCount() == 3, timeout=PATIENCE_MS)
    if damage == "status":
        made_run.status.write_text('{"state": "training", "best": [', encoding="utf-8")
    elif damage == "curves":
        made_run.curves.write_bytes(os.urandom(5000))
    elif damage == "sounds":
        (made_run.sounds(40) / "sounds.json").write_text("{", encoding="utf-8")
    elif damage == "description":
        made_run.description.write_text("{", encoding="utf-8")
    else:
        made_run.folder.rename(made_run.folder.with_name("elsewhere"))
    place.desk.open("bells")
    place.desk.refresh()
    training = place.training
    expected: dict[str, Callable[[], bool]] = {
        "status": lambda: training._state.text().startswith("Interrupted"),
        "curves": lambda: not training.curves.data.steps,
        "sounds": lambda: training.sounds.model.columnCount() == 2,
        "description": lambda: "run.json is damaged" in training._state.text(),
        "folder": lambda: training._name.text() == "No run is open",
    }
    qtbot.waitUntil(expected[damage], timeout=PATIENCE_MS)
    training.grab()
    if damage == "folder":
        place.desk._resume("bells")
        qtbot.waitUntil(lambda: "no run called" in training.banner.text(), timeout=PATIENCE_MS)


def test_a_finished_run_trains_on(
    qtbot: QtBot, open_place: Callable[[], Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run("rain", state="finished")
    place = open_place()
    asked: list[tuple[str, int | None]] = []
    monkeypatch.setattr(place.thread, "resume", lambda name, steps: asked.append((name, steps)))
    place.desk.open("rain")
    training = place.training
    qtbot.waitUntil(training.more.isVisible, timeout=PATIENCE_MS)
    assert (training.resume.text(), training.more.value()) == ("Train on for", 100)
    training.more.setValue(50)
    place.desk.refresh()
    qtbot.wait(100)
    training.resume.click()
    assert asked == [("rain", 150)]


def test_a_folder_that_nobody_may_write_into_is_told(
    qtbot: QtBot, place: Place, made_run: RunFolder
) -> None:
    made_run.log.mkdir()  # whoever runs the tests may write everywhere
    training = place.training
    qtbot.waitUntil(training.resume.isVisible, timeout=PATIENCE_MS)
    training.resume.click()
    qtbot.waitUntil(
        lambda: "starting the run bells" in training.banner.text().lower(), timeout=5000
    )
    assert training.resume.isVisible()


def test_an_order_that_cannot_begin_goes_back_to_who_gave_it(
    qtbot: QtBot, place: Place, tmp_path: Path
) -> None:
    order = FinetuneOrder("bells", FinetuneSettings(), str(tmp_path / "dataset.jsonl"))
    with qtbot.waitSignal(place.desk.begin_failed, timeout=PATIENCE_MS) as failed:
        place.desk.begin(order)
    assert "a run called “bells” already" in failed.args[0].sentence()
    assert place.pages == []


@pytest.fixture
def switches_like_the_window() -> Iterator[None]:
    """The reading thread and the painting share the interpreter as often as in the application."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    yield
    sys.setswitchinterval(before)


def test_twenty_thousand_rows_stall_nothing(
    qtbot: QtBot, open_place: Callable[[], Place], switches_like_the_window: None
) -> None:
    run = write_run("long", rows=20_500, every=500)
    write_run("short", rows=20, every=10)
    place = open_place()
    # The fonts are loaded with the first curves that are painted; in the window they are there.
    place.desk.open("short")
    qtbot.waitUntil(lambda: place.training.curves.data.last_step() == 20, timeout=PATIENCE_MS)
    qtbot.wait(300)
    monitor = StallMonitor(least_s=0.05)
    monitor.start()
    place.desk.open("long")
    curves = place.training.curves
    qtbot.waitUntil(lambda: curves.data.last_step() == 20_500, timeout=PATIENCE_MS)
    for step in range(20_501, 20_506):
        with run.curves.open("a", encoding="utf-8") as file:
            file.write(CurveRow(step, 1.0, 1e-3, 0.1).to_json() + "\n")
        place.desk.refresh()
        qtbot.wait(60)
    qtbot.waitUntil(lambda: curves.data.last_step() == 20_505, timeout=PATIENCE_MS)
    monitor.stop()
    assert len(curves.data.loss()[0]) <= 2 * MOST_POINTS
    assert curves.data.loss()[0][-1] == 20_505
    # A gap in which this process hardly ran was the computer's: others had its processors.
    own = [stall for stall in monitor.stalls if stall.own_cpu_s > 0.8 * stall.length_s]
    assert [f"{s.length_s * 1000:.0f} ms at {s.at_s:.2f} s" for s in own] == []


@pytest.mark.parametrize("shade", ["light", "dark"])
def test_both_themes_paint_curves_that_the_pointer_reads(
    qtbot: QtBot, place: Place, theme: Theme, shade: str
) -> None:
    theme.choose(shade)
    curves = place.training.curves
    qtbot.waitUntil(lambda: curves.data.last_step() == 40, timeout=PATIENCE_MS)
    area, scores = curves._areas()
    assert [key for _, key in scores] == ["fd", "is", "kl"]
    before = curves.grab().toImage()
    assert (before.pixelColor(2, 2).lightnessF() > 0.5) == (shade == "light")
    none, move = Qt.MouseButton.NoButton, QMouseEvent.Type.MouseMove
    at, keys = area.center(), Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(curves, QMouseEvent(move, at, at, none, none, keys))
    assert curves.grab().toImage() != before


def test_the_list_of_runs_follows_the_theme(place: Place, theme: Theme) -> None:
    for choice, colours in (("light", LIGHT), ("dark", DARK), ("light", LIGHT)):
        theme.choose(choice)
        image = place.runs.list.viewport().grab().toImage()
        middle = image.pixelColor(image.width() // 2, image.height() - 3)
        assert middle.name() == colours.panel, choice


def test_words() -> None:
    assert [duration_words(s) for s in (3, 89, 720, 3600, 11520, 187_200)] == [
        "3 s", "89 s", "12 min", "1 h", "3 h 12 min", "2 d 4 h",
    ]  # fmt: skip


def test_preparing_tells_how_far_it_is(made_run: RunFolder) -> None:
    facts = look_at_run(made_run)
    assert facts is not None
    assert facts.status is not None
    status = dataclasses.replace(facts.status, step=0, encoded=30, to_encode=1200)
    preparing = dataclasses.replace(facts, phase="preparing", status=status)
    assert state_words(preparing).endswith("encoded, 30 of 1,200")
    assert fraction_of(preparing) == 0.025
    assert short_state(preparing) == "preparing"
    assert progress_words(preparing) == ""
    training = dataclasses.replace(facts, phase="training")
    assert state_words(training) == "Training"
    assert fraction_of(training) == training.step / training.steps


def test_the_time_that_is_left(made_run: RunFolder) -> None:
    facts = look_at_run(made_run)
    assert facts is not None
    assert remaining_s(facts) is None
    training = dataclasses.replace(facts, phase="training")
    # 60 steps of 2 s, and 3 validations of 8 sounds by 20 guided steps, a third of 0.75 s each.
    assert remaining_s(training) == pytest.approx(60 * 2.0 + 3 * 8 * 20 * 2 * 0.75 / 3)
    assert facts.status is not None
    broken = dataclasses.replace(facts.status, estimate={"seconds": "long", "device": 3})
    assert estimate_words(dataclasses.replace(facts, status=broken)) == ""


def test_a_sign_test_is_as_the_tables_say() -> None:
    test = BlindTest(random.Random(0))
    assert test.chance_of_this() is None
    for number in range(9):
        key = f"pair {number}"
        preferred = "new" if number < 8 else "base"
        letter = "A" if test.model_of(key, "A") == preferred else "B"
        test.vote(key, letter)  # type: ignore[arg-type]
    test.vote("pair 9", None)
    assert (test.count("new"), test.count("base"), test.count(None)) == (8, 1, 1)
    assert test.chance_of_this() == pytest.approx(20 / 512)
    assert "New model 8, base model 1, no difference 1" in test.sentence()
    letters = {BlindTest(random.Random(n)).model_of("x", "A") for n in range(20)}
    assert letters == {"base", "new"}


def test_killed_resumed_from_the_page_and_found_by_the_next_window(
    qtbot: QtBot, open_place: Callable[[], Place], tmp_path: Path, tiny_model_folder: Path
) -> None:
    """A real fine-tuning with the tiny model: its process is killed, the window is closed."""
    file = tmp_path / "dataset.jsonl"
    save_dataset(make_dataset(tmp_path / "clips"), file)
    settings = FinetuneSettings(
        model=str(tiny_model_folder), method="full", steps=100_000, batch_size=2, micro_batch=2,
        validate_every=0, checkpoint_every=2, device="cpu", dtype="float32",
    )  # fmt: skip
    place = open_place()
    with qtbot.waitSignal(place.desk.begun, timeout=PATIENCE_MS):
        place.desk.begin(FinetuneOrder("bells", settings, str(file)))
    assert place.pages == ["training"]
    training = place.training
    qtbot.waitUntil(lambda: training.curves.data.last_step() >= 4, timeout=LONG_MS)
    assert training.stop.isVisible()
    facts = training.facts
    assert facts is not None
    os.kill(facts.pid, signal.SIGKILL)
    qtbot.waitUntil(training.resume.isVisible, timeout=PATIENCE_MS)
    assert training._state.text() == (
        "Interrupted; it can go on. The fine-tuning process was killed, perhaps because the "
        "computer ran out of memory."
    )
    reached = training.curves.data.last_step()
    training.resume.click()
    qtbot.waitUntil(lambda: training.curves.data.last_step() > reached + 2, timeout=LONG_MS)
    place.close()
    again = open_place()
    # The next window shows by itself what is under way.
    qtbot.waitUntil(lambda: again.desk.opened() == "bells", timeout=PATIENCE_MS)
    assert again.pages == ["training"]
    qtbot.waitUntil(again.training.stop.isVisible, timeout=PATIENCE_MS)
    again.training.stop.click()
    qtbot.waitUntil(again.training.resume.isVisible, timeout=30_000)
    assert again.training._state.text() == "Stopped; it can go on"
