"""Rows of a list with a name and a smaller-looking line of facts under it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QStyledItemDelegate

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter
    from PySide6.QtWidgets import QStyleOptionViewItem, QWidget

    from soundstudio.ui.theme import Theme

Index = QModelIndex | QPersistentModelIndex


class TwoLineDelegate(QStyledItemDelegate):
    """Paints what `lines` says of a row; a subclass knows where its words come from."""

    LEFT_PX = 8

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def lines(self, index: Index) -> tuple[tuple[str, str], tuple[str, str]]:
        """Text and colour of both lines."""
        raise NotImplementedError

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(60, 2 * option.fontMetrics.lineSpacing() + 8)

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        option.text = ""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        line = option.fontMetrics.lineSpacing()
        box: QRect = option.rect.adjusted(self.LEFT_PX, 3, -6, -3)
        painter.save()
        for number, (text, colour) in enumerate(self.lines(index)):
            painter.setPen(QColor(colour))
            row = QRect(box.left(), box.top() + number * line, box.width(), line)
            fits = option.fontMetrics.elidedText(text, Qt.TextElideMode.ElideRight, box.width())
            painter.drawText(row, Qt.AlignmentFlag.AlignLeft, fits)
        painter.restore()
