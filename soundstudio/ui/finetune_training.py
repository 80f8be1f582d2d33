"""A run while it trains, and long after: state, time left, curves, notes, sounds by step."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from soundstudio.ui.banner import Banner
from soundstudio.ui.elided_label import SEPARATOR, ElidedLabel
from soundstudio.ui.finetune_curves import FinetuneCurves
from soundstudio.ui.finetune_sounds import FinetuneSounds
from soundstudio.ui.finetune_words import (
    about_words,
    estimate_words,
    fraction_of,
    progress_words,
    state_words,
)
from soundstudio.ui.theme import indent_numbers
from soundstudio.ui.thin_bar import ThinBar

if TYPE_CHECKING:
    from soundstudio.jobs.curves_reader import CurvesPiece
    from soundstudio.jobs.run_facts import RunFacts
    from soundstudio.jobs.run_thread import RunSounds
    from soundstudio.ui.icons import Icons
    from soundstudio.ui.theme import Theme


class FinetuneTraining(QWidget):
    """signals: stop_requested(bool), resume_requested(int), folder_requested(), result_requested():
    of the run that is shown. stop_requested: True if it shall not wait for the step to end.
    resume_requested: so many steps more than it was to have, 0 for one that is not finished.
    """

    stop_requested = Signal(bool)
    resume_requested = Signal(int)
    folder_requested = Signal()
    result_requested = Signal()

    def __init__(self, theme: Theme, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.facts: RunFacts | None = None
        self._sounds: RunSounds | None = None
        self._name = ElidedLabel(self)
        self._name.setObjectName("heading")
        self._state = self._label("")
        self._state.setAccessibleName("State of the run")
        self._about = ElidedLabel(self)
        self._about.setObjectName("muted")
        self._progress = ElidedLabel(self)
        self._bar = ThinBar(theme, self)
        self._estimate = ElidedLabel(self)
        self._estimate.setObjectName("muted")
        self._notes = self._label("warning")
        self._notes.setAccessibleName("Notes on the run")
        self.banner = Banner(theme, icons, self, is_wide=True)
        self.curves = FinetuneCurves(theme, self)
        self.sounds = FinetuneSounds(theme, icons, self)
        self.stop = self._button("Stop", "Stop after this step; it can go on later", icons, "stop")
        self.resume = self._button("Go on", "Go on from the last checkpoint", icons, "play")
        self.folder = self._button("Show folder", "Show the run's files", icons, "folder")
        self.result = self._button("Result", "Compare with the base model", icons, "like")
        self.more = QSpinBox(self, minimum=1, maximum=1_000_000, suffix=" steps")
        self.more.setGroupSeparatorShown(True)
        self.more.setAccessibleName("How many steps more")
        self.resume.clicked.connect(
            lambda: self.resume_requested.emit(self.more.value() if self._is_finished else 0)
        )
        self.stop.clicked.connect(
            lambda: self.stop_requested.emit(self.facts is not None and _is_stopping(self.facts))
        )
        for button, signal in (
            (self.folder, self.folder_requested),
            (self.result, self.result_requested),
        ):
            button.clicked.connect(signal)
        self._lay_out()
        indent_numbers(self)
        self.show_run(None)

    def _label(self, name: str) -> QLabel:
        label = QLabel("", self, wordWrap=True)
        label.setObjectName(name)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        return label

    def _button(self, text: str, tip: str, icons: Icons, icon: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setToolTip(tip)
        button.setAccessibleName(text)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        icons.dress(button, icon)
        return button

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(self._name, 1)
        for widget in (self.stop, self.resume, self.more, self.result, self.folder):
            head.addWidget(widget)
        split = QSplitter(Qt.Orientation.Vertical, self)
        split.setChildrenCollapsible(False)
        split.addWidget(self.curves)
        split.addWidget(self.sounds)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 12, 14, 8)
        column.setSpacing(5)
        column.addLayout(head)
        for line in (self._about, self._state, self._progress, self._bar, self._estimate):
            column.addWidget(line)
        column.addWidget(self._notes)
        column.addWidget(self.banner)
        column.addWidget(split, 1)
        chain = (self.stop, self.resume, self.more, self.result, self.folder, self.sounds.table)
        for before, after in pairwise(chain):
            QWidget.setTabOrder(before, after)

    def show_run(self, facts: RunFacts | None) -> None:
        """Show how a run stands; another run than before clears curves and sounds."""
        if (facts.name if facts else "") != (self.facts.name if self.facts else ""):
            self.curves.clear()
            self._sounds = None
            self.sounds.show_steps((), None)
            self.banner.hide()
            self.more.setValue(facts.steps if facts else 1)
        self.facts = facts
        self._name.setText(facts.name if facts else "No run is open")
        self._show_words(facts)
        is_busy = facts is not None and facts.is_busy
        had_focus = self.stop.hasFocus() or self.resume.hasFocus()
        self.stop.setVisible(is_busy)
        is_stopping = facts is not None and _is_stopping(facts)
        self.stop.setText("Stop now" if is_stopping else "Stop")
        self.stop.setAccessibleName(self.stop.text())
        self.stop.setToolTip(
            "Do not wait for the step; the run goes on from its last checkpoint"
            if is_stopping else "Stop after this step; it can go on later"
        )  # fmt: skip
        self.resume.setVisible(facts is not None and (facts.can_go_on or self._is_finished))
        self.resume.setText("Train on for" if self._is_finished else "Go on")
        self.resume.setAccessibleName(self.resume.text())
        self.more.setVisible(self._is_finished)
        self.folder.setVisible(facts is not None)
        self.result.setVisible(facts is not None and facts.best_step is not None)
        if had_focus:
            (self.stop if is_busy else self.resume).setFocus()
        if facts is not None:
            self.curves.show_run(facts.steps, facts.best_step)
            if self._sounds is not None:
                self.sounds.show_steps(self._sounds.steps, facts.best_step)

    @property
    def _is_finished(self) -> bool:
        return self.facts is not None and self.facts.phase == "finished"

    def _show_words(self, facts: RunFacts | None) -> None:
        state = about = progress = estimate = notes = ""
        fraction = 0.0
        if facts is not None:
            state, about = state_words(facts), about_words(facts)
            if facts.problem:
                state = f"{state}. {facts.problem}"
            progress, estimate = progress_words(facts), estimate_words(facts)
            if progress and not facts.problem:
                # One line less: the curves have little height in a small window.
                progress = SEPARATOR.join((state, progress))
            notes = "\n".join(facts.status.notes) if facts.status else ""
            fraction = fraction_of(facts)
        for label, words in (
            (self._state, state),
            (self._about, about),
            (self._progress, progress),
            (self._estimate, estimate),
            (self._notes, notes),
        ):
            if label.text() != words:
                label.setText(words)
                label.setToolTip(words if isinstance(label, ElidedLabel) else "")
            label.setVisible(bool(words))
        self._state.setVisible(bool(state and (facts is None or facts.problem or not progress)))
        self._bar.set_fraction(fraction)
        self._bar.setAccessibleName(progress)

    def take_curves(self, piece: CurvesPiece) -> None:
        """Rows of the run that is shown."""
        if self.facts is not None and piece.name == self.facts.name:
            self.curves.take(piece)

    def take_sounds(self, sounds: RunSounds) -> None:
        """The sounds of the run that is shown."""
        if self.facts is not None and sounds.name == self.facts.name:
            self._sounds = sounds
            self.sounds.show_steps(sounds.steps, self.facts.best_step)


def _is_stopping(facts: RunFacts) -> bool:
    return facts.phase == "stopping"
