"""Closing the window while something is under way: one question, and every fate in it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QMessageBox

from soundstudio.core.run_files import RunFolder
from soundstudio.core.score_requests import SetChoice
from soundstudio.jobs.model_runner import ModelTask
from soundstudio.jobs.run_facts import RunFacts
from soundstudio.ui.leaving import UnderWay, under_way

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from soundstudio.app import Studio
    from soundstudio.jobs.run_facts import RunPhase

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", extend=True)
FAKE_SCORER = Path(__file__).parents[1] / "jobs" / "fake_scorer.py"
DOWNLOAD = ModelTask("download", "big", "AudioLDM s", "models")
CHECK = ModelTask("verify", "other", "Another one", "models")


def questions(studio: Studio) -> list[QMessageBox]:
    return [box for box in studio.window.findChildren(QMessageBox) if box.isVisible()]


def trains(studio: Studio, *phases: RunPhase) -> None:
    """Runs as the run thread tells them."""
    studio.run_thread.blockSignals(True)  # it would say that there are none
    studio.run_desk._on_listed(
        tuple(
            RunFacts(RunFolder(Path(f"run {phase}")), phase, None, None, None, datetime.now(UTC))
            for phase in phases
        )
    )


def test_nothing_under_way_asks_nothing(studio: Studio) -> None:
    trains(studio, "finished", "stopping", "interrupted")
    assert under_way(studio) == UnderWay()
    assert not UnderWay().is_anything
    assert studio.window.close()


def test_one_question_tells_every_fate(
    qtbot: QtBot, make_studio: Callable[..., Studio], tmp_path: Path
) -> None:
    # This process takes the work on models, and never has an answer.
    studio = make_studio(models=[sys.executable, str(FAKE_SCORER)])
    qtbot.waitUntil(lambda: studio.status.phase == "ready", timeout=15000)
    for task in (DOWNLOAD, CHECK):
        studio.model_runner.ask(task)
    (tmp_path / "a.wav").touch()
    for picker, title in (
        (studio.score_panel.generated, "slow"),
        (studio.score_panel.reference, "r"),
    ):
        picker.set_choice(SetChoice(title, folder=str(tmp_path)))
    studio.actions["place_score"].trigger()
    studio.actions["score"].trigger()
    studio.generate.prompt.setPlainText("slow")
    studio.generate._variations.setValue(3)
    for _ in range(2):
        studio.generation.generate()
    trains(studio, "training", "stopping")
    assert not studio.window.close()
    assert not studio.window.close()  # the question stands already
    (box,) = questions(studio)
    assert box.text() == "6 sounds are still being made. Quit all the same?"
    assert box.icon() == QMessageBox.Icon.Warning
    assert box.defaultButton() is box.button(QMessageBox.StandardButton.Cancel)
    fates = box.informativeText().split("\n\n")
    assert [fate.split(" ")[1] for fate in fates] == [
        "is", "download", "check", "scoring", "training",
    ]  # fmt: skip
    assert "AudioLDM s pauses; Resume" in fates[1]
    assert "Another one is broken off" in fates[2]
    assert "goes on from there" in fates[3]
    assert "“run training” goes on without the window" in fates[4]
    box.button(QMessageBox.StandardButton.Cancel).click()
    assert studio.window.isVisible()
    assert studio.score_runner.is_busy
    assert len(studio.queue.open_jobs()) == 2
    assert not studio.window.close()
    next(b for b in questions(studio)[0].buttons() if b.text() == "Quit").click()
    assert not studio.window.isVisible()
    assert studio.engine.isFinished()


def test_what_goes_on_later_is_no_warning(studio: Studio) -> None:
    trains(studio, "training")
    assert not studio.window.close()
    (box,) = questions(studio)
    assert box.icon() == QMessageBox.Icon.Question
    assert box.text() == "A training is under way. Quit?"
    next(b for b in box.buttons() if b.text() == "Quit").click()
    assert not studio.window.isVisible()


def test_the_question_names_the_worst() -> None:
    assert UnderWay(sounds=1, models=(DOWNLOAD,)).question() == (
        "A sound is still being made. Quit all the same?"
    )
    assert UnderWay(models=(DOWNLOAD,)).question() == "A download is under way. Quit?"
    assert UnderWay(models=(CHECK,)).question() == (
        "Work on a model is under way. Quit all the same?"
    )
    assert UnderWay(is_scoring=True, is_benchmarking=True).question() == (
        "A scoring is under way. Quit?"
    )
    assert UnderWay(is_benchmarking=True).question() == "A benchmark is under way. Quit?"
    both = UnderWay(trainings=("a", "b", "c"), is_benchmarking=True).consequences()
    assert "starting it again" in both[0]
    assert "“a”, “b” and “c”" in both[1]
