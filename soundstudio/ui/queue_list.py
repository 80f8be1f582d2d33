"""The jobs that wait and run, each with its progress and a cross that cancels it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from soundstudio.jobs.queue import Job, JobState
from soundstudio.ui.request_form import title_of
from soundstudio.ui.thin_bar import ThinBar

if TYPE_CHECKING:
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QEnterEvent

    from soundstudio.ui.icons import Icons
    from soundstudio.ui.theme import Theme

MOST_SHOWN = 4


def state_words(job: Job) -> str:
    """What a job is doing, in a few words."""
    if job.state is JobState.WAITING:
        return "waiting"
    if job.state is JobState.CANCELLING:
        return "stopping…"
    ready = sum(1 for variation in job.variations if variation.stage == "ready")
    if any(variation.stage == "loading" for variation in job.variations):
        return "loading the model…"
    total = len(job.variations)
    return f"{ready} of {total} done" if total > 1 else f"{round(job.fraction * 100)} %"


class _JobRow(QWidget):
    def __init__(self, theme: Theme, icons: Icons, parent: QWidget) -> None:
        super().__init__(parent)
        self.job_id = ""
        self.title = QLabel(self)
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.state = QLabel(self)
        self.state.setObjectName("muted")
        self.bar = ThinBar(theme, self)
        self.cross = QToolButton(self)
        self.cross.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.cross.setToolTip("Cancel")
        self.cross.setAccessibleName("Cancel")
        icons.dress(self.cross, "close", "muted")
        words = QHBoxLayout()
        words.addWidget(self.title, 1)
        words.addWidget(self.state)
        column = QVBoxLayout()
        column.setSpacing(3)
        column.addLayout(words)
        column.addWidget(self.bar)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 2, 0, 2)
        row.addLayout(column, 1)
        row.addWidget(self.cross)


class QueueList(QWidget):
    """A row for each of the first few jobs, and how many more there are; it grows upwards.

    While the pointer is over it, it does not shrink: a click on a cross that has just gone lands
    on nothing, not on what would slide into its place.

    signals: cancel_requested(str): a job's id. cancel_all_requested().
    """

    cancel_requested = Signal(str)
    cancel_all_requested = Signal()

    def __init__(self, theme: Theme, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_pointed_at = False
        self._rows = [_JobRow(theme, icons, self) for _ in range(MOST_SHOWN)]
        self._more = QLabel(self)
        self._more.setObjectName("muted")
        self._cancel_all = QToolButton(self)
        self._cancel_all.setText("Cancel all")
        self._cancel_all.setAccessibleName("Cancel all jobs")
        self._cancel_all.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._cancel_all.clicked.connect(self.cancel_all_requested)
        head = QHBoxLayout()
        head.addWidget(self._more, 1)
        head.addWidget(self._cancel_all)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addStretch(1)
        column.addLayout(head)
        for row in self._rows:
            row.cross.clicked.connect(lambda _=False, row=row: self._on_cross(row))
            column.addWidget(row)
        self.show_jobs([])

    def show_jobs(self, jobs: list[Job]) -> None:
        """Show these open jobs, the running one first."""
        if self._is_pointed_at:
            self.setMinimumHeight(self.height())
        for row, job in zip(self._rows, jobs, strict=False):
            metrics = row.title.fontMetrics()
            title = title_of(job.request)
            row.job_id = job.id
            row.title.setText(metrics.elidedText(title, Qt.TextElideMode.ElideRight, 150))
            row.title.setToolTip(job.request.prompt)
            row.state.setText(state_words(job))
            row.bar.set_fraction(job.fraction)
            row.cross.setAccessibleName(f"Cancel {title}")
            row.cross.setEnabled(job.state is not JobState.CANCELLING)
            row.show()
        for row in self._rows[len(jobs) :]:
            row.hide()
        hidden = len(jobs) - len(self._rows)
        self._more.setText(f"and {hidden} more waiting" if hidden > 0 else "")
        self._cancel_all.setVisible(len(jobs) > 1)

    def enterEvent(self, event: QEnterEvent) -> None:
        self._is_pointed_at = True

    def leaveEvent(self, event: QEvent) -> None:
        self._is_pointed_at = False
        self.setMinimumHeight(0)

    def _on_cross(self, row: _JobRow) -> None:
        self.cancel_requested.emit(row.job_id)
