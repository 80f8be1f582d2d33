"""A widget to drop something on: it takes what it can use and frames itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from soundstudio.ui.theme import Theme


class DropFrame(QWidget):
    """Subclasses say what they take, take it, and say whether they hold something."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._is_hovered = False
        self.setAcceptDrops(True)

    def takes(self, data: QMimeData) -> bool:
        """Whether a drag carries something that can be dropped here."""
        raise NotImplementedError

    def take(self, data: QMimeData) -> None:
        """Hold what was dropped."""
        raise NotImplementedError

    def is_filled(self) -> bool:
        """Whether something is held."""
        raise NotImplementedError

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self.takes(event.mimeData()):
            self._is_hovered = True
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self.update()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._is_hovered = False
        self.update()

    def dropEvent(self, event: QDropEvent) -> None:
        self._is_hovered = False
        if self.takes(event.mimeData()):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self.take(event.mimeData())
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A dashed frame; solid and tinted once something is held or hovers."""
        colours = self._theme.colours
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            is_active = self._is_hovered or self.is_filled()
            pen = QPen(QColor(colours.accent if is_active else colours.border), 1)
            if not is_active:
                pen.setStyle(Qt.PenStyle.DashLine)
            painter.setPen(pen)
            if self._is_hovered:
                painter.setBrush(QColor(colours.accent_soft))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
