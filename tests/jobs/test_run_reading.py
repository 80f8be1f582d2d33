"""What the window reads of runs: curves piece by piece, states, damage; and equal loudness."""

from __future__ import annotations

import dataclasses
import json
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from soundstudio.audio.files import Sound, read_sound, write_wav
from soundstudio.audio.loudness import integrated_lufs, peak_db, rms_db
from soundstudio.core.errors import AudioFileError, InvalidRequestError, RunError, StorageError
from soundstudio.core.finetuning import FinetuneOrder, FinetuneSettings
from soundstudio.core.run_files import CurveRow, RunDescription, RunFolder, RunStatus
from soundstudio.core.run_lock import holder_of, locked
from soundstudio.core.run_orders import ask_to_stop, claim_run, is_asked_to_stop, read_order
from soundstudio.core.run_sounds import read_step_sounds
from soundstudio.jobs.curves_reader import MOST_ROWS, CurvesReader
from soundstudio.jobs.level_matching import Excerpt, level_matched
from soundstudio.jobs.run_facts import list_runs, look_at_run

if TYPE_CHECKING:
    from soundstudio.jobs.run_facts import RunFacts


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    folder = tmp_path / "runs" / "bells"
    folder.mkdir(parents=True)
    return RunFolder(folder)


def describe(run: RunFolder) -> None:
    settings = FinetuneSettings(steps=10)
    description = RunDescription(
        run.name, "2026-03-04T05:06:07+00:00", settings, {"title": "Base"}, "/models", "/cache"
    )
    run.description.write_text(description.to_json(), encoding="utf-8")


def write_status(run: RunFolder, status: RunStatus) -> None:
    run.status.write_text(json.dumps(status.to_dict()), encoding="utf-8")


def rows_of(first: int, last: int, loss: float = 1.0) -> str:
    return "".join(CurveRow(n, loss, 1e-3, 0.1).to_json() + "\n" for n in range(first, last + 1))


def steps_of(reader: CurvesReader) -> list[float]:
    steps: list[float] = []
    while (piece := reader.read()) is not None:
        steps = piece.steps.tolist() if piece.is_reset else steps + piece.steps.tolist()
    return steps


# curves


def test_only_new_rows_are_read_and_half_a_row_waits(run: RunFolder) -> None:
    reader = CurvesReader(run)
    first = reader.read()
    assert first is not None
    assert (first.is_reset, len(first.steps)) == (True, 0)
    assert reader.read() is None
    run.curves.write_text(rows_of(1, 3) + '{"step": 4, "lo', encoding="utf-8")
    piece = reader.read()
    assert piece is not None
    assert (piece.is_reset, piece.steps.tolist()) == (False, [1, 2, 3])
    assert reader.read() is None
    with run.curves.open("a", encoding="utf-8") as file:
        file.write('ss": 2.0, "learning_rate": 1, "seconds": 1}\n')
    piece = reader.read()
    assert piece is not None
    assert piece.steps.tolist() == [4]


def test_curves_that_are_written_anew_begin_anew(run: RunFolder) -> None:
    """A run that goes on drops the rows after its checkpoint and replaces the file."""
    run.curves.write_text(rows_of(1, 8), encoding="utf-8")
    reader = CurvesReader(run)
    assert steps_of(reader) == list(range(1, 9))
    other = run.folder / "other"
    other.write_text(rows_of(1, 6, loss=3.0) + rows_of(7, 9), encoding="utf-8")
    other.replace(run.curves)
    piece = reader.read()
    assert piece is not None
    assert piece.is_reset
    assert piece.steps.tolist() == list(range(1, 10))
    assert piece.losses[0] == pytest.approx(3.0)


def test_damaged_rows_are_left_out(run: RunFolder) -> None:
    damage = (
        'nonsense\n[]\n{"step": 3}\n{"step": 3, "loss": NaN, "learning_rate": 1, "seconds": 1}\n'
    )
    run.curves.write_bytes(rows_of(1, 2).encode() + damage.encode() + b"\xff\xfe\n")
    with run.curves.open("a", encoding="utf-8") as file:
        file.write(rows_of(2, 5))
    assert steps_of(CurvesReader(run)) == [1, 2, 3, 4, 5]


def test_the_loss_is_smoothed_without_a_bias_at_the_start(run: RunFolder) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 2000)
    run.curves.write_text(
        "".join(
            CurveRow(n + 1, 2.0 + float(value), 1e-3, 0.1).to_json() + "\n"
            for n, value in enumerate(noise)
        ),
        encoding="utf-8",
    )
    piece = CurvesReader(run).read()
    assert piece is not None
    assert piece.losses[0] == pytest.approx(2.0 + noise[0])
    assert np.abs(piece.losses[500:] - 2.0).max() < 0.12
    assert np.abs(noise).max() > 0.49


def test_what_was_found_before_the_training_comes_once(run: RunFolder) -> None:
    reader = CurvesReader(run)
    reader.read()
    run.before.write_text('{"loss": 0.5, "scores": {}}', encoding="utf-8")
    piece = reader.read()
    assert piece is not None
    assert piece.before == {"loss": 0.5, "scores": {}}
    assert reader.read() is None


def test_twenty_thousand_rows_come_in_pieces(run: RunFolder) -> None:
    run.curves.write_text(rows_of(1, 20_500), encoding="utf-8")
    reader = CurvesReader(run)
    longest, pieces, started = 0.0, 0, time.thread_time()
    while (piece := reader.read()) is not None:
        now = time.thread_time()
        longest, started, pieces = max(longest, now - started), now, pieces + 1
        assert len(piece.steps) <= MOST_ROWS
    assert pieces == math.ceil(20_500 / MOST_ROWS)
    assert longest < 0.5


# states


def facts_of(run: RunFolder, **known: Any) -> RunFacts:
    facts = look_at_run(run, **known)
    assert facts is not None
    return facts


def test_what_a_folder_says(run: RunFolder) -> None:
    assert look_at_run(run) is None
    describe(run)
    assert facts_of(run).phase == "interrupted"
    assert facts_of(run).problem == "It was not begun."
    assert facts_of(run, is_started=True).phase == "starting"
    write_status(run, RunStatus("training", step=4, steps=10, pid=99))
    assert facts_of(run).phase == "interrupted"
    assert facts_of(run).problem == "It was killed, or the memory ran out."
    assert facts_of(run, last_words="It crashed.").problem == "It crashed."
    error = {"kind": "StorageError", "message": "The disk is full.", "advice": "Free some."}
    write_status(run, RunStatus("failed", step=4, error=error))
    assert facts_of(run).problem == "The disk is full. Free some."
    write_status(run, RunStatus("finished", step=10, model="bells", best={"step": 6}))
    facts = facts_of(run)
    assert (facts.phase, facts.best_step, facts.model) == ("finished", 6, "")  # no such model


def test_a_run_whose_lock_is_held_is_under_way(run: RunFolder) -> None:
    import os

    describe(run)
    write_status(run, RunStatus("training", step=4, steps=10, pid=os.getpid()))
    assert holder_of(run) is None
    with locked(run):
        assert holder_of(run) == os.getpid()
        assert facts_of(run).phase == "training"
        assert facts_of(run, is_stopping=True).phase == "stopping"
        # A status that another process left behind says nothing.
        write_status(run, RunStatus("validating", step=4, steps=10, pid=1))
        assert facts_of(run).phase == "preparing"
    assert facts_of(run).phase == "interrupted"


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"state": 7}', '{"state": "training", "step": "many"}',
     '{"state": "failed", "error": "text"}', '{"state": "finished", "notes": 3}'],
)  # fmt: skip
def test_a_damaged_status_is_none(run: RunFolder, content: str) -> None:
    describe(run)
    run.status.write_text(content, encoding="utf-8")
    facts = facts_of(run)
    assert facts.status is None
    assert facts.phase == "interrupted"
    assert facts.can_go_on


def test_a_damaged_description_is_told(run: RunFolder) -> None:
    run.description.write_text("{", encoding="utf-8")
    facts = facts_of(run)
    assert facts.phase == "damaged"
    assert "run.json is damaged" in facts.problem
    assert not facts.can_go_on


def test_all_runs_newest_first(run: RunFolder) -> None:
    describe(run)
    newer = RunFolder(run.folder.with_name("rain"))
    newer.folder.mkdir()
    describe(newer)
    text = newer.description.read_text(encoding="utf-8").replace("2026-03-04", "2026-03-05")
    newer.description.write_text(text, encoding="utf-8")
    run.folder.with_name(".trash").mkdir()
    run.folder.with_name("notes.txt").write_text("mine", encoding="utf-8")
    none: frozenset[str] = frozenset()
    assert [f.name for f in list_runs(run.folder.parent, none, none, {})] == ["rain", "bells"]
    assert list_runs(run.folder.parent / "nowhere", none, none, {}) == ()


# orders


def test_an_order_survives_its_files(tmp_path: Path) -> None:
    clips = tmp_path / "dataset.jsonl"
    clips.write_text("clips", encoding="utf-8")
    order = FinetuneOrder("rain", FinetuneSettings(steps=7), str(clips))
    run = claim_run(order, tmp_path / "runs")
    clips.unlink()
    read = read_order(run)
    assert dataclasses.replace(read, dataset_file=str(clips)) == order
    assert Path(read.dataset_file).read_text(encoding="utf-8") == "clips"
    clips.write_text("others", encoding="utf-8")
    with pytest.raises(RunError, match="a run called “rain” already"):
        claim_run(order, tmp_path / "runs")
    run.order.write_text("{}", encoding="utf-8")
    with pytest.raises(RunError, match="damaged"):
        read_order(run)
    # A file where the folder of runs should be; clips that are gone: no folder is left behind.
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StorageError, match="stand in each other's way"):
        claim_run(order, tmp_path / "file")
    clips.unlink()
    with pytest.raises(StorageError, match="does not exist"):
        claim_run(dataclasses.replace(order, name="wind"), tmp_path / "runs")
    assert not (tmp_path / "runs" / "wind").exists()
    with pytest.raises(InvalidRequestError, match="cannot be the name"):
        claim_run(dataclasses.replace(order, name="../wind"), tmp_path / "runs")


def test_a_request_to_stop_is_for_one_process(run: RunFolder) -> None:
    assert not is_asked_to_stop(run, 7)
    ask_to_stop(run, 7)
    assert is_asked_to_stop(run, 7)
    assert not is_asked_to_stop(run, 8)


def test_damaged_sounds_are_left_out(run: RunFolder) -> None:
    for step, content in (
        (0, '[{"file": "000-a.wav", "prompt": "rain", "seed": 0}]'),
        (5, "["),
        (10, '[{"file": "../../secret.wav", "prompt": "rain", "seed": 0}]'),
        (15, '[{"prompt": "rain"}]'),
        (16, "[3]"),
        (20, '[{"file": "000-a.wav", "prompt": "rain", "seed": 0, "is_copy": true}]'),
    ):
        run.sounds(step).mkdir(parents=True)
        (run.sounds(step) / "sounds.json").write_text(content, encoding="utf-8")
    found = read_step_sounds(run)
    assert [step.step for step in found] == [0, 20]
    assert found[1].sounds[0].is_copy


# loudness


def tone(path: Path, level: float, duration_s: float = 1.0, frequency_hz: float = 440.0) -> Path:
    t = np.arange(round(duration_s * 16000)) / 16000
    wave = level * np.sin(2 * np.pi * frequency_hz * t)
    write_wav(path, Sound(wave.astype(np.float32), 16000), "FLOAT")
    return path


def test_two_sounds_become_equally_loud_and_neither_clips(tmp_path: Path) -> None:
    quiet, loud = tone(tmp_path / "q.wav", 0.05), tone(tmp_path / "l.wav", 0.9, frequency_hz=2500)
    one, two = level_matched((Excerpt(quiet), Excerpt(loud)), tmp_path / "matched")
    sounds = [read_sound(found.path) for found in (one, two)]
    loudness = [integrated_lufs(sound) for sound in sounds]
    assert loudness[0] == pytest.approx(loudness[1], abs=0.05)
    assert all(peak_db(sound) < -0.9 for sound in sounds)
    assert one.gain_db > 0 > two.gain_db
    assert {p.name for p in (tmp_path / "matched").iterdir()} == {one.path.name, two.path.name}


def test_short_silent_and_missing_sounds(tmp_path: Path) -> None:
    short = tone(tmp_path / "s.wav", 0.5, 0.2)
    longer = tone(tmp_path / "l.wav", 0.1, 2.0)
    silent = tone(tmp_path / "0.wav", 0.0)
    one, two = level_matched((Excerpt(short), Excerpt(longer, 1.5, 0.2)), tmp_path / "m")
    cut = read_sound(two.path)
    assert cut.duration_s == pytest.approx(0.2)
    assert rms_db(read_sound(one.path)) == pytest.approx(rms_db(cut), abs=0.05)
    hushed, heard = level_matched((Excerpt(silent), Excerpt(longer)), tmp_path / "m")
    assert peak_db(read_sound(hushed.path)) == -np.inf
    assert integrated_lufs(read_sound(heard.path)) == pytest.approx(-18.0, abs=0.1)
    with pytest.raises(AudioFileError):
        level_matched((Excerpt(tmp_path / "none.wav"), Excerpt(longer)), tmp_path / "m")
