"""The Score place in the whole window: from two sets to numbers, the history, sounds, failures."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from library.scored import write_tone
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog

from soundstudio.core.catalogue_table import find_item
from soundstudio.core.messages import EngineReady
from soundstudio.core.score_requests import SetChoice
from soundstudio.jobs.stall_monitor import StallMonitor
from soundstudio.library.scores.history import ScoreHistory

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from soundstudio.app import Studio
    from soundstudio.ui.clap_choice import ClapChoice

PATIENCE_MS = 20_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of three sounds, by the names that the fake scorer reports."""
    made = tmp_path / "made"
    made.mkdir()
    for number in range(3):
        write_tone(made / f"sound {number:05d}.wav", 0.3)
    real = tmp_path / "real"
    real.mkdir()
    write_tone(real / "r.wav", 0.3)
    return made


def go(studio: Studio) -> None:
    studio.actions["place_score"].trigger()
    assert studio.places.current == "score"


def choose(studio: Studio, title: str, folder: Path) -> None:
    studio.score_panel.generated.set_choice(SetChoice(title, folder=str(folder)))
    reference = folder.parent / "real"
    studio.score_panel.reference.set_choice(SetChoice("real", folder=str(reference)))


def score(qtbot: QtBot, studio: Studio, title: str, folder: Path) -> None:
    go(studio)
    choose(studio, title, folder)
    studio.actions["score"].trigger()
    qtbot.waitUntil(
        lambda: studio.results.report is not None and studio.results.report.title.startswith(title),
        timeout=PATIENCE_MS,
    )


def test_two_sets_become_numbers_a_list_and_a_map(
    qtbot: QtBot, studio: Studio, folder: Path
) -> None:
    go(studio)
    assert "How good" in studio.results.empty.heading.text()
    assert not studio.results.has_report()
    score(qtbot, studio, "made", folder)
    assert studio.results.has_report()
    assert "12.35" in studio.results.numbers.tile_text("fd")
    assert studio.results.clips.model.rowCount() == 3
    assert studio.results.clips.current_name() == "sound 00000.wav"
    assert studio.results.map._points is not None
    (entry,) = ScoreHistory(studio.folders.scorings).entries()
    assert studio.score_panel.history.current().path == entry.path  # type: ignore[union-attr]
    qtbot.waitUntil(lambda: "3 sounds" in studio.score_panel.generated.words(), timeout=5000)


def test_a_clip_its_nearest_and_a_point_play(qtbot: QtBot, studio: Studio, folder: Path) -> None:
    score(qtbot, studio, "made", folder)
    with qtbot.waitExposed(studio.window):
        studio.window.activateWindow()
    table = studio.results.clips.table
    table.setFocus()
    QTest.keyClick(table, Qt.Key.Key_Down)
    second = folder / "sound 00001.wav"
    qtbot.waitUntil(lambda: studio.audition.path == second, timeout=5000)
    qtbot.waitUntil(lambda: studio.audition.is_playing, timeout=5000)
    assert studio.results.clips.model.playing == "sound 00001.wav"
    qtbot.waitUntil(lambda: not studio.audition.is_playing, timeout=5000)
    QTest.keyClick(table, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: studio.audition.is_playing, timeout=5000)
    QTest.keyClick(table, Qt.Key.Key_N)
    real = folder.parent / "real" / "r.wav"
    qtbot.waitUntil(lambda: studio.audition.path == real, timeout=5000)
    studio.results.show_tab("map")
    studio.results.map.point_chosen.emit("sound 00002.wav", False, True)
    qtbot.waitUntil(lambda: studio.audition.path == folder / "sound 00002.wav", timeout=5000)
    assert studio.results.clips.current_name() == "sound 00002.wav"


def test_a_sound_that_is_gone_is_said_and_no_clip_is_blamed(
    qtbot: QtBot, studio: Studio, folder: Path
) -> None:
    score(qtbot, studio, "made", folder)
    (folder / "sound 00001.wav").unlink()
    marked: list[int] = []
    studio.library_desk.mark_missing = marked.append  # type: ignore[method-assign]
    studio.results.clips.clip_chosen.emit("sound 00001.wav", True)
    qtbot.waitUntil(lambda: studio.results.banner.text() != "", timeout=5000)
    assert marked == []


def test_keys_of_the_library_do_nothing_to_it_from_the_list_of_scores(
    qtbot: QtBot, studio: Studio, folder: Path
) -> None:
    score(qtbot, studio, "made", folder)
    keys = {action.objectName() for action in studio.results.clips.table.actions()}
    assert keys == {
        "play_nearest", "loop", "seek_back", "seek_forward", "seek_start", "seek_end",
    }  # fmt: skip


def test_history_is_kept_renamed_removed_brought_back_and_compared(
    qtbot: QtBot, make_studio: Callable[..., Studio], studio: Studio, folder: Path
) -> None:
    for title in ("first", "second"):
        score(qtbot, studio, title, folder)
    history = studio.score_panel.history
    qtbot.waitUntil(lambda: history.list.count() == 2, timeout=5000)
    assert history.list.item(0).text() == "second against real"
    other = history.list.item(1)
    other.setCheckState(Qt.CheckState.Checked)
    qtbot.waitUntil(lambda: len(studio.results.chart.canvas.reports) == 2, timeout=5000)
    assert [report["title"] for report in studio.scoring.exported()] == [
        "second against real", "first against real",
    ]  # fmt: skip
    assert studio.results.chart.verdicts() == []
    studio.results.show_tab("compare")
    qtbot.waitUntil(lambda: bool(studio.results.chart.verdicts()), timeout=5000)
    assert "second against real" in studio.results.chart.verdicts()[0]
    history.list.setCurrentRow(1)
    qtbot.waitUntil(
        lambda: studio.results.report.title == "first against real",  # type: ignore[union-attr]
        timeout=5000,
    )
    history.list.item(1).setText("the  old   one")
    qtbot.waitUntil(
        lambda: studio.results.report.title == "the old one",  # type: ignore[union-attr]
        timeout=5000,
    )
    history._remove.click()
    qtbot.waitUntil(lambda: history.list.count() == 1, timeout=5000)
    assert "the old one" in studio.score_panel.banner.text()
    studio.score_panel.banner.action_requested.emit()
    qtbot.waitUntil(lambda: history.list.count() == 2, timeout=5000)
    studio.window.leave()
    again = make_studio()
    go(again)
    qtbot.waitUntil(lambda: again.score_panel.history.list.count() == 2, timeout=5000)
    qtbot.waitUntil(again.results.has_report, timeout=5000)
    assert again.results.report.title == "second against real"  # type: ignore[union-attr]


def test_a_damaged_scoring_is_in_the_list_and_says_what_is_wrong(
    qtbot: QtBot, studio: Studio, folder: Path
) -> None:
    studio.folders.scorings.mkdir(parents=True)
    (studio.folders.scorings / "x.json").write_text("{", encoding="utf-8")
    go(studio)
    history = studio.score_panel.history
    qtbot.waitUntil(lambda: history.list.count() == 1, timeout=5000)
    assert not studio.results.has_report()
    history.list.setCurrentRow(0)
    qtbot.waitUntil(lambda: "cannot be shown" in studio.results.banner.text(), timeout=5000)


@pytest.mark.parametrize(
    ("title", "words"),
    [("oom", "Out of memory"), ("crash", "The scoring stopped"), ("full", "The disk is full")],
)
def test_failures_are_said_beside_the_button(
    qtbot: QtBot, studio: Studio, folder: Path, title: str, words: str
) -> None:
    go(studio)
    choose(studio, title, folder)
    studio.score_panel.score.click()
    qtbot.waitUntil(lambda: words in studio.score_panel.banner.text(), timeout=PATIENCE_MS)
    assert studio.score_panel.score.isEnabled()
    if title == "full":
        qtbot.waitUntil(studio.results.has_report, timeout=5000)
    score(qtbot, studio, "made", folder)


def test_a_killed_process_and_the_next_scoring(qtbot: QtBot, studio: Studio, folder: Path) -> None:
    pids: list[int] = []
    studio.score_thread.message_received.connect(
        lambda m: pids.append(m.pid) if isinstance(m, EngineReady) else None
    )
    go(studio)
    choose(studio, "slow", folder)
    studio.score_panel.score.click()
    qtbot.waitUntil(lambda: studio.score_runner.state.done >= 1, timeout=PATIENCE_MS)
    os.kill(pids[0], 9)
    qtbot.waitUntil(lambda: "killed" in studio.score_panel.banner.text(), timeout=PATIENCE_MS)
    assert studio.status.phase == "ready"  # generating is not concerned
    score(qtbot, studio, "made", folder)


def test_without_sounds_nothing_starts(qtbot: QtBot, studio: Studio) -> None:
    go(studio)
    studio.actions["score"].trigger()
    assert "no generated sounds" in studio.score_panel.banner.text()
    assert not studio.score_thread.isRunning()


def test_cancel_by_key_and_by_cross(qtbot: QtBot, studio: Studio, folder: Path) -> None:
    go(studio)
    choose(studio, "slow", folder)
    studio.actions["score"].trigger()
    assert not studio.actions["score"].isEnabled()
    qtbot.waitUntil(lambda: studio.score_runner.state.done >= 1, timeout=PATIENCE_MS)
    assert "Hearing" in studio.results.empty.heading.text()
    studio.actions["cancel_all"].trigger()
    qtbot.waitUntil(lambda: "Cancelled" in studio.score_panel.banner.text(), timeout=PATIENCE_MS)
    assert "How good" in studio.results.empty.heading.text()
    studio.actions["score"].trigger()
    studio.score_panel._cancel.click()
    qtbot.waitUntil(lambda: not studio.score_runner.state.is_busy, timeout=PATIENCE_MS)


def test_clips_of_the_library_become_a_set(
    qtbot: QtBot, make_studio: Callable[..., Studio], folder: Path
) -> None:
    studio = make_studio(*(str(path) for path in sorted(folder.iterdir())))
    qtbot.waitUntil(lambda: studio.model.rowCount() == 3, timeout=10_000)
    studio.table.select_row(0)
    studio.actions["score_selected"].trigger()
    picker = studio.score_panel.generated
    qtbot.waitUntil(lambda: picker.choice() is not None, timeout=5000)
    assert studio.places.current == "score"
    assert len(picker.choice().files) == 1  # type: ignore[union-attr]
    picker.library_requested.emit("result")
    qtbot.waitUntil(lambda: len(picker.choice().files) == 3, timeout=5000)  # type: ignore[union-attr]
    assert all(Path(file).is_file() for file in picker.choice().files)  # type: ignore[union-attr]
    studio.actions["score"].trigger()
    qtbot.waitUntil(studio.results.has_report, timeout=PATIENCE_MS)
    assert studio.results.report.title == "Library"  # type: ignore[union-attr]
    name = studio.results.clips.current_name()
    file = studio.results.report.generated_file(name)  # type: ignore[union-attr]
    assert file is not None
    assert file.is_file()


@pytest.mark.parametrize("kind", ["json", "csv", "tex", "html"])
def test_exports(
    qtbot: QtBot,
    studio: Studio,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    score(qtbot, studio, "made", folder)
    target = tmp_path / "out" / f"scores.{kind}"
    target.parent.mkdir()
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_: (str(target.with_suffix("")), "")
    )
    with qtbot.waitSignal(studio.score_exports.exported, timeout=PATIENCE_MS):
        studio.results.export_requested.emit(kind)
    assert target.stat().st_size > 100
    assert "made against real" in target.read_text(encoding="utf-8-sig").replace("{}", "")
    assert str(target) in studio.results.banner.text()


def test_an_export_that_cannot_be_written_is_said(
    qtbot: QtBot, studio: Studio, folder: Path, tmp_path: Path
) -> None:
    score(qtbot, studio, "made", folder)
    studio.score_exports.write("csv", studio.scoring.exported(), tmp_path / "nowhere" / "x.csv")
    qtbot.waitUntil(lambda: studio.results.banner.text() != "", timeout=5000)
    assert "stored" in studio.results.banner.text()


# keys and places


def test_ctrl_return_does_what_the_place_is_for(qtbot: QtBot, studio: Studio) -> None:
    def keys(name: str) -> list[str]:
        return [key.toString() for key in studio.actions[name].shortcuts()]

    assert "Ctrl+Return" in keys("generate")
    assert keys("score") == ["Ctrl+Shift+Return"]
    go(studio)
    assert keys("generate") == []
    assert "Ctrl+Return" in keys("score")
    studio.actions["focus_prompt"].trigger()
    assert studio.places.current == "generate"
    assert "Ctrl+Return" in keys("generate")


def test_space_presses_the_button_that_has_the_focus(qtbot: QtBot, studio: Studio) -> None:
    with qtbot.waitExposed(studio.window):
        studio.window.activateWindow()
    pressed: list[bool] = []
    go(studio)
    studio.score_panel.score_requested.connect(lambda: pressed.append(True))
    studio.score_panel.score.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(studio.score_panel.score.hasFocus, timeout=2000)
    QTest.keyClick(studio.score_panel.score, Qt.Key.Key_Space)
    assert pressed == [True]


def test_space_ticks_in_the_history(qtbot: QtBot, studio: Studio, folder: Path) -> None:
    score(qtbot, studio, "made", folder)
    with qtbot.waitExposed(studio.window):
        studio.window.activateWindow()
    history = studio.score_panel.history
    history.list.setFocus()
    QTest.keyClick(history.list, Qt.Key.Key_Space)
    assert len(history.ticked()) == 1


def test_the_place_can_be_walked_through_by_tab(qtbot: QtBot, studio: Studio, folder: Path) -> None:
    score(qtbot, studio, "made", folder)
    seen = []
    widget: Any = studio.score_panel.generated._button
    for _ in range(400):
        widget = widget.nextInFocusChain()
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisibleTo(studio.window):
            seen.append(widget)
    order = [
        studio.score_panel.generated._clear,
        studio.score_panel.reference._button,
        studio.score_panel.history.list,
        studio.score_panel.score,
        studio.results.numbers,
        studio.results.clips.table,
    ]
    places = [seen.index(widget) for widget in order]
    assert places == sorted(places)


def test_each_place_keeps_its_share_of_the_height(qtbot: QtBot, studio: Studio) -> None:
    before = studio.window._rows.sizes()
    go(studio)
    assert studio.window._rows.sizes() != before
    studio.window.save_places()
    studio.actions["place_generate"].trigger()
    assert abs(studio.window._rows.sizes()[0] - before[0]) <= 2


def test_the_backbone_is_remembered(
    qtbot: QtBot, make_studio: Callable[..., Studio], studio: Studio
) -> None:
    more = studio.score_panel.more
    more.backbone.setCurrentIndex(1)
    more.panns.set_path("/weights/cnn14.pth")
    file = studio.folders.settings_file
    qtbot.waitUntil(lambda: file.is_file() and "cnn14" in file.read_text(), timeout=5000)
    studio.window.leave()
    again = make_studio().score_panel.more
    assert (again.chosen_backbone(), again.panns.path()) == ("paper", "/weights/cnn14.pth")


def test_laions_clap_is_offered_once_it_is_there(
    qtbot: QtBot, make_studio: Callable[..., Studio], studio: Studio
) -> None:
    def offered(clap: ClapChoice) -> list[str]:
        return [clap.itemText(row) for row in range(clap.count())]

    clap = studio.score_panel.more.clap
    assert offered(clap) == ["The starter's", "A file…"]
    item = find_item("clap-htsat-tiny")
    file = item.place(studio.folders.models) / item.files[0].name
    file.parent.mkdir(parents=True)
    file.write_bytes(b"")
    studio.models.refresh()
    assert offered(clap) == ["The starter's", item.title, "A file…"]
    assert studio.benchmark_panel.more.clap.count() == 3
    clap.setCurrentIndex(1)
    clap.activated.emit(1)
    choose(studio, "made", studio.folders.models)
    assert studio.score_panel.request().clap == str(file)
    settings = studio.folders.settings_file
    qtbot.waitUntil(lambda: settings.is_file() and "630k" in settings.read_text(), timeout=5000)
    studio.score_panel.more.backbone.setCurrentIndex(1)
    assert studio.score_panel.request().clap == ""
    assert clap.isHidden()
    studio.score_panel.more.backbone.setCurrentIndex(0)
    file.unlink()
    studio.models.refresh()
    assert (offered(clap), clap.path()) == (["The starter's", "A file…"], "")


def test_a_clap_of_ones_own_is_chosen_by_its_file(
    monkeypatch: pytest.MonkeyPatch, studio: Studio, tmp_path: Path
) -> None:
    clap = studio.score_panel.more.clap
    answers = iter([(str(tmp_path / "mine.pt"), ""), ("", "")])
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: next(answers))
    for _ in range(2):  # the second time the dialog is cancelled
        clap.activated.emit(clap.count() - 1)
        assert (clap.currentText(), clap.path()) == ("mine.pt", str(tmp_path / "mine.pt"))


def test_ten_thousand_clips_stall_nothing(qtbot: QtBot, studio: Studio, folder: Path) -> None:
    """From the report on the disk to the list, the map, another order, a filter, the history."""
    score(qtbot, studio, "made", folder)
    results = studio.results
    monitor = StallMonitor(least_s=0.05)
    monitor.start()
    score(qtbot, studio, "huge", folder)
    assert results.clips.model.rowCount() == 10_000
    for tab in ("map", "compare", "clips"):
        results.show_tab(tab)
        qtbot.wait(120)
    results.clips._order.setCurrentIndex(2)
    qtbot.wait(120)
    results.clips._filter.setCurrentIndex(1)
    qtbot.wait(120)
    history = studio.score_panel.history
    history.list.item(1).setCheckState(Qt.CheckState.Checked)
    history.list.setCurrentRow(1)
    qtbot.wait(300)
    history.list.setCurrentRow(0)
    qtbot.wait(300)
    monitor.stop()
    # A gap in which this process hardly ran was the computer's: others had its processors.
    own = [stall for stall in monitor.stalls if stall.own_cpu_s > 0.8 * stall.length_s]
    assert [f"{s.length_s * 1000:.0f} ms at {s.at_s:.2f} s" for s in own] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_themes_paint_all_of_it(
    qtbot: QtBot, studio: Studio, folder: Path, theme: str
) -> None:
    score(qtbot, studio, "made", folder)
    studio.settings.apply(studio.settings.current)
    studio.theme.choose(theme)
    started = time.monotonic()
    for tab in ("clips", "map", "compare"):
        studio.results.show_tab(tab)
        QApplication.processEvents()
        picture = studio.results.grab().toImage()
        ground = picture.pixelColor(picture.width() - 4, 30)
        assert (ground.lightnessF() > 0.5) == (theme == "light")
    assert time.monotonic() - started < 5
