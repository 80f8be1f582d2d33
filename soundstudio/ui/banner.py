"""A line that says what went wrong, where it happened, and what to do: never a dialog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from soundstudio.core.errors import StudioError
    from soundstudio.ui.icons import Icons
    from soundstudio.ui.theme import Theme


class Banner(QWidget):
    """Hidden until there is something to say; a wide one has its button at the right.

    signals: action_requested(): the button beside the sentence was pressed.
    """

    action_requested = Signal()

    def __init__(
        self, theme: Theme, icons: Icons, parent: QWidget | None = None, *, is_wide: bool = False
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._is_error = True
        self._fade = QTimer(self, singleShot=True)
        self._fade.timeout.connect(self.hide)
        self.setAccessibleName("Message")
        self._title = QLabel(self)
        self._title.setObjectName("heading")
        self._text = QLabel(self, wordWrap=True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        for label in (self._title, self._text):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._button = QPushButton(self)
        self._button.setAccessibleName("Action")
        self._button.clicked.connect(self.action_requested)
        self._close = QToolButton(self)
        self._close.setAccessibleName("Dismiss this message")
        self._close.clicked.connect(self.hide)
        icons.dress(self._close, "close")
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._title)
        words.addWidget(self._text)
        if not is_wide:
            words.addWidget(self._button, alignment=Qt.AlignmentFlag.AlignLeft)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 8, 6, 8)
        row.addLayout(words, 1)
        if is_wide:
            row.addWidget(self._button)
        row.addWidget(self._close, alignment=Qt.AlignmentFlag.AlignTop)
        self.hide()

    def show_error(self, error: StudioError, action: str = "") -> None:
        """Title, sentence and advice; `action` names a button."""
        self._is_error = True
        self._show(error.title, error.sentence(), action)

    def show_note(self, title: str, text: str, action: str = "", for_ms: int = 0) -> None:
        """Something worth knowing that is not a failure; goes by itself after `for_ms`."""
        self._is_error = False
        self._show(title, text, action)
        if for_ms:
            self._fade.start(for_ms)

    def text(self) -> str:
        """What the banner says, "" while it is hidden."""
        return "" if self.isHidden() else f"{self._title.text()} {self._text.text()}"

    def _show(self, title: str, text: str, action: str) -> None:
        self._fade.stop()
        self._title.setText(title)
        self._text.setText(text)
        self._button.setText(action)
        self._button.setAccessibleName(action or "Action")
        self._button.setVisible(bool(action))
        self.setAccessibleDescription(f"{title}. {text}")
        self.show()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A soft box with a stripe in the colour of what it says."""
        colours = self._theme.colours
        tint = QColor(colours.error if self._is_error else colours.accent)
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            soft = QColor(tint)
            soft.setAlphaF(0.14)
            box = QRectF(self.rect())
            painter.setBrush(soft)
            painter.drawRoundedRect(box, 5, 5)
            painter.setBrush(tint)
            painter.drawRoundedRect(QRectF(box.left(), box.top(), 4, box.height()), 2, 2)
