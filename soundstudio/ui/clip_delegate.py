"""How a row of the library looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFont, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QLineEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from soundstudio.ui.clip_rows import FailedRow, PendingRow
from soundstudio.ui.clip_table_model import ROW_ROLE, Column
from soundstudio.ui.thin_bar import draw_bar

if TYPE_CHECKING:
    from soundstudio.library.clips import Clip
    from soundstudio.ui.icons import Icons
    from soundstudio.ui.theme import Theme
    from soundstudio.ui.thumbnails import Thumbnails

ROW_HEIGHT = 44
STARS = 5
STAR_PX = 15
ELIDE = Qt.TextElideMode.ElideRight


class NameEdit(QLineEdit):
    """The editor of a name: Return and letters are its own while it is open."""

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            event.accept()
            return True
        return super().event(event)


def stars_at(x: float) -> int:
    """The rating that a click at `x` pixels from the left of the stars means, 1 to 5."""
    return min(max(int(x // STAR_PX) + 1, 1), STARS)


class ClipDelegate(QStyledItemDelegate):
    """Paints clips, variations on their way and failures."""

    def __init__(
        self, thumbnails: Thumbnails, theme: Theme, icons: Icons, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails
        self._theme = theme
        self._icons = icons
        self.hovered_row = -1
        self.playing_id: int | None = None

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(80, ROW_HEIGHT)

    def createEditor(
        self,
        parent: QWidget,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> QWidget:
        editor = NameEdit(parent)
        editor.setAccessibleName("Name of the clip")
        return editor

    def updateEditorGeometry(
        self,
        editor: QWidget,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        rect = _rect(option)
        height = min(editor.sizeHint().height(), rect.height())
        top = rect.top() + (rect.height() - height) // 2
        editor.setGeometry(rect.left(), top, rect.width() - 8, height)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        painter.save()
        rect = _rect(option)
        self._paint_ground(painter, option, rect, index)
        row = index.data(ROW_ROLE)
        if isinstance(row, PendingRow):
            self._paint_pending(painter, rect, index.column(), row)
        elif isinstance(row, FailedRow):
            self._paint_failed(painter, rect, index.column(), row, option)
        elif row is not None:
            self._paint_clip(painter, rect, index, row)
        painter.restore()

    def _paint_ground(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        rect: QRect,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        c = self._theme.colours
        state = option.state
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(c.accent_soft))
            if index.column() == 0:
                is_active = state & QStyle.StateFlag.State_Active
                bar = QRect(rect.left(), rect.top(), 3, rect.height())
                painter.fillRect(bar, QColor(c.accent if is_active else c.muted))
        elif index.row() == self.hovered_row:
            painter.fillRect(rect, QColor(c.field))
        line = QColor(c.border)
        line.setAlphaF(0.45)
        # Not drawLine: it lets go of the interpreter's lock, and a busy pool thread takes it.
        painter.fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), line)

    def _paint_clip(
        self,
        painter: QPainter,
        rect: QRect,
        index: QModelIndex | QPersistentModelIndex,
        clip: Clip,
    ) -> None:
        c = self._theme.colours
        column = index.column()
        if column == Column.FAVOURITE:
            self._paint_star(painter, rect, clip, index.row() == self.hovered_row)
        elif column == Column.WAVE:
            self._paint_wave(painter, rect, clip)
        elif column == Column.NAME:
            self._paint_name(painter, rect, clip)
        elif column == Column.RATING:
            self._paint_rating(painter, rect, clip.rating, index.row() == self.hovered_row)
        else:
            painter.setPen(QColor(c.muted))
            text = str(index.data() or "")
            flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
            painter.drawText(rect.adjusted(6, 0, -6, 0), flags, text)

    def _paint_star(self, painter: QPainter, rect: QRect, clip: Clip, is_hovered: bool) -> None:
        if not clip.favourite and not is_hovered:
            return
        icon = self._icons.icon(
            "star-filled" if clip.favourite else "star", "star" if clip.favourite else "muted"
        )
        icon.paint(painter, QRect(rect.center().x() - 8, rect.center().y() - 8, 18, 18))

    def _paint_wave(self, painter: QPainter, rect: QRect, clip: Clip) -> None:
        c = self._theme.colours
        box = rect.adjusted(4, 5, -6, -5)
        if clip.is_missing:
            self._icons.icon("missing", "error").paint(painter, box)
            return
        is_playing = clip.id == self.playing_id
        ratio = painter.device().devicePixelRatio()
        pixmap = self._thumbnails.pixmap(
            clip.id,
            clip.path,
            box.width(),
            box.height(),
            ratio,
            c.accent if is_playing else c.muted,
        )
        if pixmap is not None:
            painter.drawPixmap(box.topLeft(), pixmap)

    def _paint_name(self, painter: QPainter, rect: QRect, clip: Clip) -> None:
        c = self._theme.colours
        prompt = " ".join(clip.request.prompt.split()) if clip.request else ""
        below = prompt if prompt.casefold() != clip.name.casefold() else self._detail(clip)
        colour = c.muted
        if clip.is_missing:
            below, colour = "The file is missing", c.error
        elif clip.notes:
            below, colour = " · ".join(clip.notes), c.warning
        self._two_lines(painter, rect, clip.name, below, c.text, colour)

    def _detail(self, clip: Clip) -> str:
        parts = [clip.model_title, f"seed {clip.variation_seed}" if clip.request else ""]
        return " · ".join(part for part in parts if part)

    def _two_lines(
        self, painter: QPainter, rect: QRect, above: str, below: str, first: str, second: str
    ) -> None:
        box = rect.adjusted(6, 4, -8, -4)
        metrics = painter.fontMetrics()
        half = box.height() // 2
        painter.setPen(QColor(first))
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        if not below:
            painter.drawText(box, flags, metrics.elidedText(above, ELIDE, box.width()))
            return
        top = QRect(box.left(), box.top(), box.width(), half)
        painter.drawText(top, flags, metrics.elidedText(above, ELIDE, box.width()))
        small = QFont(painter.font())
        small.setPointSizeF(small.pointSizeF() * 0.86)
        painter.setFont(small)
        painter.setPen(QColor(second))
        bottom = QRect(box.left(), box.top() + half, box.width(), half)
        text = painter.fontMetrics().elidedText(below, ELIDE, box.width())
        painter.drawText(bottom, flags, text)

    def _paint_rating(self, painter: QPainter, rect: QRect, rating: int, is_hovered: bool) -> None:
        if not rating and not is_hovered:
            return
        for star in range(STARS):
            box = QRect(rect.left() + 4 + star * STAR_PX, rect.center().y() - 6, 13, 13)
            is_lit = star < rating
            name, tint = ("star-filled", "star") if is_lit else ("star", "muted")
            if is_lit or is_hovered:
                self._icons.icon(name, tint).paint(painter, box)

    def _paint_pending(self, painter: QPainter, rect: QRect, column: int, row: PendingRow) -> None:
        c = self._theme.colours
        if column == Column.WAVE:
            box = QRectF(rect.adjusted(4, 0, -6, 0))
            bar = QRectF(box.left(), box.center().y() - 3, box.width(), 6)
            draw_bar(painter, bar, row.progress.fraction, c.border, c.accent)
        elif column == Column.NAME:
            title = row.title
            if row.variations > 1:
                title = f"{title}  {row.variation + 1}/{row.variations}"
            tint = c.muted if row.is_waiting else c.accent
            self._two_lines(painter, rect, title, row.words(), c.text, tint)
        elif column == Column.DURATION:
            painter.setPen(QColor(c.muted))
            flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
            painter.drawText(rect.adjusted(6, 0, -6, 0), flags, f"{row.duration_s:.1f} s")

    def _paint_failed(
        self,
        painter: QPainter,
        rect: QRect,
        column: int,
        row: FailedRow,
        option: QStyleOptionViewItem,
    ) -> None:
        c = self._theme.colours
        if column == Column.WAVE:
            box = QRect(rect.left() + 4, rect.center().y() - 10, 20, 20)
            self._icons.icon("warning", "error").paint(painter, box)
        table = option.widget
        if column >= Column.NAME and isinstance(table, QTableView):
            # The sentence runs on through the columns at the right, which are empty.
            left = table.columnViewportPosition(Column.NAME)
            wide = QRect(left, rect.top(), table.viewport().width() - left, rect.height())
            painter.setClipRect(rect)
            above = f"{row.error.title}: {row.title}"
            self._two_lines(painter, wide, above, row.error.sentence(), c.text, c.error)


def _rect(option: QStyleOptionViewItem) -> QRect:
    return QRect(option.rect)
