"""What stands in a place while there is nothing to show: a heading and what to do about it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget


class EmptyPage(QWidget):
    """Both in the middle, a little above it; what subclasses `add` stands below them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.heading = QLabel(self)
        self.heading.setObjectName("heading")
        font = self.heading.font()
        font.setPointSizeF(font.pointSizeF() * 1.25)
        self.heading.setFont(font)
        self.sentence = QLabel(self, wordWrap=True)
        self.sentence.setObjectName("muted")
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(40, 12, 40, 12)
        column.setSpacing(8)
        column.addStretch(1)
        for label in (self.heading, self.sentence):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            label.setTextFormat(Qt.TextFormat.PlainText)
            column.addWidget(label)
        column.addStretch(2)

    def add(self, widget: QWidget, alignment: Qt.AlignmentFlag | None = None) -> None:
        self._column.insertWidget(self._column.count() - 1, widget)
        if alignment is not None:
            self._column.setAlignment(widget, alignment)

    def say(self, heading: str, sentence: str) -> None:
        self.heading.setText(heading)
        self.sentence.setText(sentence)

    def words(self) -> str:
        """All that is said."""
        return f"{self.heading.text()} {self.sentence.text()}"
