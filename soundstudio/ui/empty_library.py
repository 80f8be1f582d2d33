"""What stands in the library's place while it has nothing to show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QWidget

from soundstudio.ui.empty_page import EmptyPage
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


class EmptyLibrary(EmptyPage):
    """signals: prompt_chosen(str): an example. clear_requested(): show everything again."""

    prompt_chosen = Signal(str)
    clear_requested = Signal()

    def __init__(
        self, examples: Sequence[str], theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
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
        self._examples.setContentsMargins(0, 6, 0, 0)
        self.add(self._examples)
        self.add(self._clear, Qt.AlignmentFlag.AlignHCenter)
        self._clear.hide()

    def show_for(self, query: ClipQuery, is_filtered: bool) -> None:
        """Say why the list is empty."""
        self.say(*empty_words(query, is_filtered))
        self._examples.setVisible(not is_filtered)
        self._clear.setVisible(is_filtered)
