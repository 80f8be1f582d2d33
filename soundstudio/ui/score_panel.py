"""The Score place: two sets, what they are heard with, the progress, and past scorings."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from soundstudio.core.errors import ScoreRequestError
from soundstudio.core.score_requests import ScoreRequest
from soundstudio.ui.banner import Banner
from soundstudio.ui.score_history_list import ScoreHistoryList
from soundstudio.ui.score_options import ScoreOptions
from soundstudio.ui.set_picker import SetPicker
from soundstudio.ui.thin_bar import ThinBar

if TYPE_CHECKING:
    from soundstudio.jobs.score_runner import ScoreState
    from soundstudio.ui.icons import Icons
    from soundstudio.ui.theme import Theme

PHASE_WORDS = {
    "starting": "Starting…",
    "loading": "Loading the networks…",
    "computing": "Computing the scores…",
    "stopping": "Stopping…",
}


def duration_words(seconds: float) -> str:
    """A guess in words: "a few seconds", "about 2 minutes"."""
    if seconds < 8:
        return "a few seconds"
    if seconds < 90:
        return f"about {round(seconds / 10) * 10 or 10} seconds"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} minutes"
    return f"about {seconds / 3600:.1f} hours"


def state_words(state: ScoreState) -> str:
    """What a scoring is doing, in a few words."""
    if state.phase != "listening":
        return PHASE_WORDS.get(state.phase, "")
    words = f"Hearing {min(state.done + 1, state.total):,} of {state.total:,}"
    if state.remaining_s is not None:
        words += f", {duration_words(state.remaining_s)} left"
    return words


class ScorePanel(QWidget):
    """signals: score_requested(): ask `request()`. cancel_requested()."""

    score_requested = Signal()
    cancel_requested = Signal()

    def __init__(self, theme: Theme, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.generated = SetPicker(
            "Generated sounds", "Choose, or drop a folder or files", theme, icons, self
        )
        self.reference = SetPicker(
            "Reference sounds", "Choose, or drop a folder or files", theme, icons, self
        )
        self.more = ScoreOptions(icons, self)
        self.history = ScoreHistoryList(theme, icons, self)
        self.banner = Banner(theme, icons, self)
        self._words = QLabel(self)
        self._bar = ThinBar(theme, self)
        self._cancel = QToolButton(self)
        self._cancel.setToolTip("Cancel")
        self._cancel.setAccessibleName("Cancel the scoring")
        self._cancel.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._cancel.clicked.connect(self.cancel_requested)
        icons.dress(self._cancel, "close", "muted")
        self._progress = QWidget(self)
        self.score = QPushButton("Score", self)
        self.score.setObjectName("primary")
        self.score.setToolTip("Score (Ctrl+Return)")
        self.score.setAccessibleName("Score")
        self.score.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.score.clicked.connect(self.score_requested)
        icons.dress(self.score, "score", "accent_text")
        for picker in (self.generated, self.reference):
            picker.changed.connect(self._on_set)
        self._lay_out()

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(3)
        words.addWidget(self._words)
        words.addWidget(self._bar)
        progress = QHBoxLayout(self._progress)
        progress.setContentsMargins(0, 0, 0, 0)
        progress.addLayout(words, 1)
        progress.addWidget(self._cancel)
        self._progress.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(6)
        column.addWidget(_heading("Generated sounds", "What is judged", self))
        column.addWidget(self.generated)
        column.addSpacing(4)
        column.addWidget(_heading("Reference sounds", "Real ones to compare with", self))
        column.addWidget(self.reference)
        column.addWidget(self.more)
        column.addSpacing(4)
        column.addWidget(self.history, 1)
        column.addWidget(self.banner)
        column.addWidget(self._progress)
        column.addWidget(self.score)
        chain = (
            *self.generated.tab_chain(),
            *self.reference.tab_chain(),
            self.history.list,
            self._cancel,
            self.score,
        )
        for before, after in pairwise(chain):
            QWidget.setTabOrder(before, after)

    def request(self) -> ScoreRequest:
        """The scoring as the panel stands. Raises ScoreRequestError without generated sounds."""
        generated = self.generated.choice()
        if generated is None:
            raise ScoreRequestError(
                "There are no generated sounds to score.",
                "Choose a folder, files, clips of the library or sounds of a run above.",
            )
        return ScoreRequest(
            generated=generated,
            reference=self.reference.choice(),
            backbone=self.more.chosen_backbone(),
            panns=self.more.panns.path(),
            vggish=self.more.vggish.path(),
            clap=self.more.chosen_clap(),
            prompts=self.more.prompts.path(),
            is_cached=not self.more.hears_anew.isChecked(),
        )

    def show_state(self, state: ScoreState) -> None:
        """Show where a scoring stands."""
        self._progress.setVisible(state.is_busy)
        self._words.setText(state_words(state))
        self._bar.set_fraction(1.0 if state.phase == "computing" else state.fraction)
        self._bar.setAccessibleName(state_words(state))
        self._cancel.setEnabled(state.phase != "stopping")
        if not state.is_busy and self._cancel.hasFocus():
            self.score.setFocus()
        self.score.setEnabled(not state.is_busy)

    def _on_set(self) -> None:
        if not self.banner.isHidden():
            self.banner.hide()


def _heading(text: str, note: str, parent: QWidget) -> QWidget:
    row = QWidget(parent)
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    title = QLabel(text, row)
    title.setObjectName("heading")
    beside = QLabel(note, row)
    beside.setObjectName("muted")
    layout.addWidget(title)
    layout.addWidget(beside, 1, Qt.AlignmentFlag.AlignRight)
    return row
