"""The step “Training”: all runs at the left, the one that is shown beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QWidget

if TYPE_CHECKING:
    from soundstudio.ui.finetune_runs import FinetuneRuns
    from soundstudio.ui.finetune_training import FinetuneTraining

_RUNS_PX = 260


class FinetuneRunPage(QSplitter):
    """Both keep their place when the window grows: the run gets what is won."""

    def __init__(
        self, runs: FinetuneRuns, training: FinetuneTraining, parent: QWidget | None = None
    ) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.addWidget(runs)
        self.addWidget(training)
        self.setStretchFactor(0, 0)
        self.setStretchFactor(1, 1)
        self.setSizes([_RUNS_PX, 3 * _RUNS_PX])
        self.setChildrenCollapsible(False)
        self._runs = runs

    def focus(self) -> None:
        """To the list: no button there that a space bar would press by mistake."""
        self._runs.list.setFocus()
