"""The benchmark page in the whole window: from a request to its picture, past ones, failures."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from library.scored import write_benchmark
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest

from soundstudio.core.benchmark_requests import BENCHMARKS, BenchmarkRequest
from soundstudio.library.benchmarks import BenchmarkList
from soundstudio.ui.theme import DARK, LIGHT

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from pytestqt.qtbot import QtBot

    from soundstudio.app import Studio

PATIENCE_MS = 20_000


def go(studio: Studio, data: Path, out: Path, benchmark: str = "figure1") -> None:
    studio.actions["place_benchmarks"].trigger()
    assert (studio.places.current, studio.score_place.page) == ("score", "benchmark")
    panel = studio.benchmark_panel
    panel.benchmark.setCurrentIndex(panel.benchmark.findData(benchmark))
    panel.dataset.setCurrentIndex(panel.dataset.findData("folder"))
    panel.data.set_folder(str(data))
    panel.out.set_folder(str(out))


def run(qtbot: QtBot, studio: Studio, tmp_path: Path) -> None:
    go(studio, tmp_path / "sounds", tmp_path / "out")
    studio.actions["score"].trigger()
    qtbot.waitUntil(studio.benchmark_results.has_report, timeout=PATIENCE_MS)


def test_a_benchmark_becomes_a_picture_a_table_and_notes(
    qtbot: QtBot, studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(qtbot, studio, tmp_path)
    results = studio.benchmark_results
    assert results.picture.has_picture()
    assert [results.table.horizontalHeaderItem(n).text() for n in range(2)] == ["corruption", "FD"]
    assert results.table.item(0, 1).text() == "reacts (12.3)"
    assert "–  torn.wav: It is damaged." in results.notes.text()
    assert "no sound file" in studio.benchmark_panel.banner.text()
    assert not studio.benchmark_runner.is_busy
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url) or True)
    results.folder.click()
    assert opened == [QUrl.fromLocalFile(str(tmp_path / "out"))]
    # It is on the list, and on the disk for the next start.
    qtbot.waitUntil(lambda: studio.benchmark_panel.past.count() == 1, timeout=5000)
    (entry,) = BenchmarkList(studio.folders.benchmarks_file).entries()
    assert entry.request.data == str(tmp_path / "sounds")


def test_a_past_one_fills_the_page_and_shows_its_result(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    past = BenchmarkList(studio.folders.benchmarks_file)
    finished = BenchmarkRequest(
        benchmark="table2", dataset="esc50", data="/d/esc", out=str(tmp_path / "a"), clips=7,
        models_folder="", seed=5,
    )  # fmt: skip
    write_benchmark(tmp_path / "a", "table2")
    past.add(finished)
    unfinished = BenchmarkRequest(
        benchmark="table1", dataset="audiocaps", data="/d/caps", out=str(tmp_path / "b"),
        models_folder="",
    )  # fmt: skip
    past.add(unfinished)
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "figure2.json").write_text("{torn")
    past.add(
        BenchmarkRequest(
            benchmark="figure2", dataset="esc50", data="/d", out=str(tmp_path / "c"),
            models_folder="",
        )
    )  # fmt: skip
    studio.actions["place_benchmarks"].trigger()
    panel, results = studio.benchmark_panel, studio.benchmark_results
    qtbot.waitUntil(lambda: panel.past.count() == 3, timeout=5000)
    panel.past.setCurrentRow(2)
    qtbot.waitUntil(results.has_report, timeout=5000)
    values = panel.values()
    assert (values["benchmark"], values["dataset"], values["clips"]) == ("table2", "esc50", 7)
    assert (values["data"], values["seed"]) == ("/d/esc", 5)
    panel.past.setCurrentRow(1)
    qtbot.waitUntil(lambda: "was not finished" in results.words(), timeout=5000)
    assert panel.kind() == "table1"
    panel.past.setCurrentRow(0)
    qtbot.waitUntil(lambda: "is damaged" in results.banner.text(), timeout=5000)
    panel._remove.click()
    qtbot.waitUntil(lambda: panel.past.count() == 2, timeout=5000)
    assert (tmp_path / "c" / "figure2.json").is_file()


def test_what_is_missing_or_fails_is_one_sentence(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    studio.actions["place_benchmarks"].trigger()
    panel = studio.benchmark_panel
    assert not panel.start.isEnabled()
    assert "dataset" in panel.start.toolTip()
    studio.actions["score"].trigger()
    assert "no dataset" in panel.banner.text()
    panel.data.set_folder(str(tmp_path / "fail"))
    assert panel.banner.text() == ""
    assert not panel.start.isEnabled()
    assert "results" in panel.start.toolTip()
    studio.actions["score"].trigger()
    assert "no folder for its results" in panel.banner.text()
    panel.out.set_folder(str(tmp_path / "out"))
    assert panel.start.isEnabled()
    panel.start.click()
    qtbot.waitUntil(lambda: "does not hold it" in panel.banner.text(), timeout=PATIENCE_MS)
    assert panel.start.isEnabled()
    assert "tables and figures" in studio.benchmark_results.words()


def test_it_is_stopped_and_scoring_goes_on_beside_it(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    go(studio, tmp_path / "slow", tmp_path / "out")
    studio.benchmark_panel.start.click()
    qtbot.waitUntil(lambda: studio.benchmark_runner.state.done >= 1, timeout=PATIENCE_MS)
    assert "Listening to untouched sounds" in studio.benchmark_results.words()
    assert not studio.actions["score"].isEnabled()
    studio.score_place.turn_to("sets")
    assert studio.actions["score"].isEnabled()
    # Cancelling all that is generated does not end what is out of sight and takes days.
    studio.actions["cancel_all"].trigger()
    assert studio.benchmark_runner.state.phase == "working"
    studio.score_place.turn_to("benchmark")
    studio.benchmark_panel._cancel.click()
    qtbot.waitUntil(lambda: not studio.benchmark_runner.is_busy, timeout=PATIENCE_MS)
    assert "goes on from there" in studio.benchmark_panel.banner.text()
    assert studio.actions["score"].isEnabled()


def test_closing_the_window_ends_its_process(qtbot: QtBot, studio: Studio, tmp_path: Path) -> None:
    go(studio, tmp_path / "hang", tmp_path / "out")
    studio.benchmark_panel.start.click()
    qtbot.waitUntil(lambda: studio.benchmark_runner.state.done >= 3, timeout=PATIENCE_MS)
    before = time.monotonic()
    studio.window.leave()
    assert time.monotonic() - before < 10
    assert studio.benchmark_thread.isFinished()


def test_each_benchmark_asks_for_what_it_uses(studio: Studio, qtbot: QtBot) -> None:
    studio.actions["place_benchmarks"].trigger()
    panel = studio.benchmark_panel
    panel.more.unfold()
    more = panel.more
    seen = {}
    for name in BENCHMARKS:
        panel.benchmark.setCurrentIndex(panel.benchmark.findData(name))
        fields = (more.model, more.generation_steps, more.training_steps, more.points, more.panns)
        seen[name] = tuple(not field.isHidden() for field in fields)
    assert seen == {
        "table1": (True, True, False, False, False),
        "table2": (True, False, True, False, False),
        "figure1": (False, False, False, True, False),
        "figure2": (True, False, True, False, False),
    }
    more.set_backbone("paper", "/w/cnn.pth", "/w/vggish.pth")
    assert not more.panns.isHidden()
    assert panel.values()["panns"] == "/w/cnn.pth"


def test_a_folder_is_dropped_and_a_file_is_not(studio: Studio, tmp_path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path))])
    choice = studio.benchmark_panel.data
    assert choice.takes(data)
    choice.take(data)
    assert choice.folder() == str(tmp_path)
    (tmp_path / "a.wav").write_text("")
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "a.wav"))])
    assert not choice.takes(data)


def test_by_keyboard_from_page_to_start(qtbot: QtBot, studio: Studio, tmp_path: Path) -> None:
    with qtbot.waitExposed(studio.window):
        studio.window.activateWindow()
    go(studio, tmp_path / "sounds", tmp_path / "out")
    qtbot.waitUntil(studio.benchmark_panel.benchmark.hasFocus, timeout=5000)
    for _ in range(40):
        if studio.benchmark_panel.start.hasFocus():
            break
        QTest.keyClick(studio.window.focusWidget(), Qt.Key.Key_Tab)
    assert studio.benchmark_panel.start.hasFocus()
    QTest.keyClick(studio.benchmark_panel.start, Qt.Key.Key_Space)
    qtbot.waitUntil(studio.benchmark_results.has_report, timeout=PATIENCE_MS)


def test_pages_out_of_sight_are_in_the_new_theme_when_they_are_seen(
    qtbot: QtBot, studio: Studio
) -> None:
    """The sheet is taken off and put on again; what was hidden then must have followed."""
    for place in ("place_score", "place_benchmarks", "place_generate"):
        studio.actions[place].trigger()
        studio.benchmark_panel.data.set_folder("/d")
        studio.benchmark_panel.out.set_folder("/o")
        studio.score_place.turn_to("benchmark" if place == "place_benchmarks" else "sets")
    for choice, colours in (("light", LIGHT), ("dark", DARK), ("light", LIGHT)):
        studio.theme.choose(choice)
        studio.actions["place_score"].trigger()
        for page, side in (("sets", studio.score_panel), ("benchmark", studio.benchmark_panel)):
            studio.score_place.turn_to(page)
            image = side.grab().toImage()
            assert image.pixelColor(2, 2).name() == colours.panel, (choice, page)
            if page == "benchmark":
                button = side.start.grab().toImage()
                middle = button.pixelColor(6, button.height() // 2)
                assert middle.name() == colours.accent
        studio.actions["place_generate"].trigger()
