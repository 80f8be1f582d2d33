"""A thin progress bar that repaints when the window does, not in the middle of a change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from soundstudio.ui.theme import Theme


def draw_bar(painter: QPainter, bar: QRectF, fraction: float, ground: str, lit: str) -> None:
    """A rounded bar, lit up to a fraction of its width."""
    radius = bar.height() / 2
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(ground))
    painter.drawRoundedRect(bar, radius, radius)
    if fraction > 0:
        painter.setBrush(QColor(lit))
        width = max(bar.height(), bar.width() * min(fraction, 1.0))
        painter.drawRoundedRect(QRectF(bar.left(), bar.top(), width, bar.height()), radius, radius)


class ThinBar(QWidget):
    """QProgressBar paints at once whenever its value changes, and with it half of the window."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._fraction = 0.0
        self.setFixedHeight(4)

    def set_fraction(self, fraction: float) -> None:
        """0 to 1."""
        if fraction != self._fraction:
            self._fraction = fraction
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        c = self._theme.colours
        with QPainter(self) as painter:
            draw_bar(painter, QRectF(self.rect()), self._fraction, c.border, c.accent)
