"""Sounds of a run as a set: which runs are listed, what is scored, and a disk that is slow."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QMenu
from ui.made_runs import sounds_of, write_run

from soundstudio.core.run_sounds import StepSounds, read_step_sounds
from soundstudio.core.score_requests import SetChoice
from soundstudio.jobs import run_steps
from soundstudio.jobs.run_steps import MOST_RUNS, RunSteps
from soundstudio.ui.run_menu import LOOKING, NO_SOUNDS

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from soundstudio.app import Studio
    from soundstudio.core.run_files import RunFolder
    from soundstudio.ui.run_menu import RunMenu
    from soundstudio.ui.set_picker import SetPicker

# Menus that pop up: the offscreen platform has neither a front nor a keyboard to grab.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
PATIENCE_MS = 10_000


def made_run(name: str, *steps: int, day: int = 4) -> RunFolder:
    run = write_run(name)
    text = run.description.read_text(encoding="utf-8").replace("2026-03-04", f"2026-03-{day:02d}")
    run.description.write_text(text, encoding="utf-8")
    for step in steps:
        sounds_of(run, step)
    return run


def drop_down(qtbot: QtBot, studio: Studio, picker: SetPicker) -> RunMenu:
    """Open the picker's menu, and wait for what the disk says."""
    with qtbot.waitSignal(studio.run_thread.steps_listed, timeout=PATIENCE_MS):
        picker.menu().popup(QPoint())
    qtbot.wait(1)  # the picker's turn with the signal
    return picker.runs


def entries(menu: RunMenu) -> dict[str, list[str]]:
    """What stands in the menu: its runs, and the steps of each."""
    menu.popup(QPoint())
    found = {}
    for action in menu.actions():
        steps = action.menu()
        assert isinstance(steps, QMenu)
        found[action.text()] = [step.text() for step in steps.actions()]
    return found


def choose(menu: RunMenu, run: int, step: int) -> None:
    menu.popup(QPoint())
    steps = menu.actions()[run].menu()
    assert isinstance(steps, QMenu)
    steps.actions()[step].trigger()


def test_runs_newest_first_and_their_steps_with_the_best_one(qtbot: QtBot, studio: Studio) -> None:
    made_run("rain & hail", 0, 20, 40, day=5)
    made_run("bells", 1200)
    made_run("silent", day=9)
    made_run("damaged", 20, day=8).description.write_text("{", encoding="utf-8")
    half = made_run("half", 20, 40, day=3)
    (half.sounds(20) / "sounds.json").write_text("[3]", encoding="utf-8")
    menu = drop_down(qtbot, studio, studio.score_panel.reference)
    assert menu.menuAction().isEnabled()
    assert entries(menu) == {
        "rain && hail": ["Step 40", "Step 20 (best so far)", "Base model"],
        "bells": ["Step 1,200"],
        "half": ["Step 40"],
    }


def test_at_most_a_dozen_runs(qtbot: QtBot, studio: Studio) -> None:
    for day in range(1, 15):
        made_run(f"run {day}", 20, day=day)
    menu = drop_down(qtbot, studio, studio.score_panel.generated)
    assert list(entries(menu)) == [f"run {day}" for day in range(14, 2, -1)]


def test_a_new_validation_is_there_when_the_menu_opens_again(qtbot: QtBot, studio: Studio) -> None:
    run = made_run("rain", 20)
    picker = studio.score_panel.generated
    assert entries(drop_down(qtbot, studio, picker)) == {"rain": ["Step 20 (best so far)"]}
    sounds_of(run, 40)
    menu = drop_down(qtbot, studio, picker)
    assert entries(menu) == {"rain": ["Step 40", "Step 20 (best so far)"]}


def test_the_sounds_of_a_step_are_scored(qtbot: QtBot, studio: Studio) -> None:
    run = made_run("rain", 0, 400)
    studio.places.show("score")
    picker = studio.score_panel.generated
    choose(drop_down(qtbot, studio, picker), 0, 0)
    chosen = SetChoice("rain run, step 400", folder=str(run.sounds(400)))
    assert picker.choice() == chosen
    assert studio.score_panel.request().generated == chosen
    qtbot.waitUntil(lambda: "2 sounds" in picker.words(), timeout=PATIENCE_MS)
    other = studio.score_panel.reference
    choose(drop_down(qtbot, studio, other), 0, 1)
    assert other.choice() == SetChoice("rain run, base model", folder=str(run.sounds(0)))
    assert picker.choice() == chosen
    studio.actions["score"].trigger()
    qtbot.waitUntil(studio.results.has_report, timeout=2 * PATIENCE_MS)
    report = studio.results.report
    assert report is not None
    assert report.title == "rain run, step 400 against rain run, base model"
    assert report.generated_file("000-clip.wav") == run.sounds(400) / "000-clip.wav"


def test_without_sounds_of_runs_the_entry_is_grey_and_says_why(
    qtbot: QtBot, studio: Studio
) -> None:
    made_run("silent")
    picker = studio.score_panel.generated
    entry = drop_down(qtbot, studio, picker).menuAction()
    assert not entry.isEnabled()
    assert entry.toolTip() == NO_SOUNDS
    assert picker.menu().toolTipsVisible()


def test_a_slow_disk_keeps_the_entry_grey_and_nothing_else_waiting(
    qtbot: QtBot, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_run("rain", 20)
    is_awake = threading.Event()
    readers = set()

    def slowly(run: RunFolder) -> object:
        readers.add(threading.current_thread())
        is_awake.wait(PATIENCE_MS / 1000)
        return read_step_sounds(run)

    monkeypatch.setattr(run_steps, "read_step_sounds", slowly)
    picker = studio.score_panel.generated
    entry = picker.runs.menuAction()
    studio.places.show("score")
    picker.menu().popup(QPoint())
    qtbot.waitUntil(lambda: bool(readers), timeout=PATIENCE_MS)
    assert threading.main_thread() not in readers
    assert (entry.isEnabled(), entry.toolTip()) == (False, LOOKING)
    is_awake.set()
    qtbot.waitUntil(entry.isEnabled, timeout=PATIENCE_MS)
    assert entries(picker.runs) == {"rain": ["Step 20 (best so far)"]}


def test_a_long_menu_opens_at_once(studio: Studio) -> None:
    menu = studio.score_panel.generated.runs
    steps = tuple(StepSounds(step, Path("sounds"), ()) for step in range(100))
    menu.show_runs(tuple(RunSteps(f"run {number}", steps) for number in range(MOST_RUNS)))
    started = time.thread_time()
    menu.popup(QPoint())
    assert time.thread_time() - started < 0.1
