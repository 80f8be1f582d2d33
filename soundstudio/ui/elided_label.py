"""A label that shortens its text instead of pushing the panels apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

if TYPE_CHECKING:
    from collections.abc import Callable

SEPARATOR = "  ·  "


def fitting(text: str, width: int, width_of: Callable[[str], int]) -> str:
    """As many of the parts of `text` as fit, whole ones; the first part in any case."""
    parts = text.split(SEPARATOR)
    while len(parts) > 1 and width_of(SEPARATOR.join(parts)) > width:
        parts.pop()
    return SEPARATOR.join(parts)


class ElidedLabel(QLabel):
    """Takes the room that is there; the whole text is in the tooltip if its owner puts it there."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def paintEvent(self, event: QPaintEvent) -> None:
        metrics, width = self.fontMetrics(), self.width()
        text = fitting(self.text(), width, metrics.horizontalAdvance)
        with QPainter(self) as painter:
            painter.setPen(self.palette().color(self.foregroundRole()))
            text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, width)
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter, text)
