"""What stands in the library's place while it has nothing to show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from soundstudio.ui.flow_layout import FlowLayout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from soundstudio.library.clips import ClipQuery
    from soundstudio.ui.theme import Theme

EXAMPLES_SHOWN = 6


def empty_words(query: ClipQuery, is_filtered: bool) -> tuple[str, str]:
    """A heading and a sentence for a query that found nothing."""
    if not is_filtered:
        return (
            "Your sounds will appear here",
            "Describe a sound under Generate and press Ctrl+Return, or start with one of these:",
        )
    if query.text:
        return (f"Nothing matches “{query.text}”", "Try fewer or shorter words.")
    if query.trashed and not query.min_rating:
        return ("The trash is empty", "Deleted sounds wait here until you empty the trash.")
    if query.favourites_only:
        return ("No favourites yet", "Press F on a sound to keep it here.")
    return ("No sound is rated that high", "Press 1 to 5 on a sound to rate it.")


class EmptyLibrary(QWidget):
    """signals: prompt_chosen(str): an example. clear_requested(): show everything again."""

    prompt_chosen = Signal(str)
    clear_requested = Signal()

    def __init__(
        self, examples: Sequence[str], theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._heading = QLabel(self)
        self._heading.setObjectName("heading")
        font = self._heading.font()
        font.setPointSizeF(font.pointSizeF() * 1.25)
        self._heading.setFont(font)
        self._sentence = QLabel(self, wordWrap=True)
        self._sentence.setObjectName("muted")
        for label in (self._heading, self._sentence):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._examples = QWidget(self)
        flow = FlowLayout(8, self._examples)
        flow.setContentsMargins(0, 0, 0, 0)
        for prompt in examples[:EXAMPLES_SHOWN]:
            chip = QPushButton(prompt, self._examples)
            chip.setObjectName("chip")
            chip.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            chip.setAccessibleName(f"Example: {prompt}")
            chip.clicked.connect(lambda _=False, prompt=prompt: self.prompt_chosen.emit(prompt))
            flow.addWidget(chip)
        self._clear = QPushButton("Show everything", self)
        self._clear.setAccessibleName("Show everything")
        self._clear.clicked.connect(self.clear_requested)
        column = QVBoxLayout(self)
        column.setContentsMargins(40, 12, 40, 12)
        column.setSpacing(8)
        column.addStretch(1)
        column.addWidget(self._heading)
        column.addWidget(self._sentence)
        column.addSpacing(6)
        column.addWidget(self._examples)
        column.addWidget(self._clear, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(2)
        self._clear.hide()

    def show_for(self, query: ClipQuery, is_filtered: bool) -> None:
        """Say why the list is empty."""
        heading, sentence = empty_words(query, is_filtered)
        self._heading.setText(heading)
        self._sentence.setText(sentence)
        self._examples.setVisible(not is_filtered)
        self._clear.setVisible(is_filtered)

    def heading(self) -> str:
        return self._heading.text()
