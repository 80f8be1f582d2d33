"""A menu of the sounds that runs have made: the runs, and in each its steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu

from soundstudio.core.score_requests import SetChoice

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from soundstudio.jobs.run_steps import RunSteps

LOOKING = "Looking for runs…"
NO_SOUNDS = "No run has made sounds yet. A fine-tuning makes some at each validation."


def step_words(step: int) -> str:
    return f"step {step:,}" if step else "base model"


class RunMenu(QMenu):
    """signals: chosen(SetChoice): the sounds of a step."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Sounds of a run", parent)
        self._runs: tuple[RunSteps, ...] = ()
        self.aboutToShow.connect(self._fill)
        self.triggered.connect(lambda action: self.chosen.emit(action.data()))
        self._allow(LOOKING)

    def show_runs(self, runs: tuple[RunSteps, ...]) -> None:
        """These can be chosen the next time it opens; it is grey if there are none."""
        self._runs = runs
        self._allow("" if runs else NO_SOUNDS)

    def _allow(self, reason_against: str) -> None:
        self.menuAction().setEnabled(not reason_against)
        self.menuAction().setToolTip(reason_against)

    def _fill(self) -> None:
        for old in self.findChildren(QMenu):
            old.deleteLater()
        self.clear()
        for run in self._runs:
            steps = self.addMenu(run.name.replace("&", "&&"))
            for step in run.steps:
                words = step_words(step.step)
                mark = " (best so far)" if step.step == run.best else ""
                choice = SetChoice(f"{run.name} run, {words}", folder=str(step.folder))
                steps.addAction(f"{words.capitalize()}{mark}").setData(choice)
