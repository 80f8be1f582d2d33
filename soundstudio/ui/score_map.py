"""The map of both sets: sounds that are alike lie together, and each plays when it is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from soundstudio.ui.score_map_geometry import (
    MOST_ZOOM,
    Dots,
    MapView,
    image_of_dots,
    nearest_point,
    next_point,
    stamp_of,
)
from soundstudio.ui.viewer_painting import draw_nothing

if TYPE_CHECKING:
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QPaintEvent, QResizeEvent, QWheelEvent

    from soundstudio.ui.score_reading import MapPoints, ShownReport
    from soundstudio.ui.theme import Theme

REACH_PX = 12.0
DRAG_PX = 4.0
ZOOM = 1.25
DOT_PX, RING_PX = 3.4, 3.6
PAUSE_MS = 80
DIRECTIONS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
NO_MAP = "This scoring has no map"


def rgb_of(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of "#rrggbb"."""
    value = QColor(colour)
    return value.red(), value.green(), value.blue()


class ScoreMap(QWidget):
    """Discs are generated sounds, rings reference sounds.

    Wheel and + − zoom, dragging moves, double-click and 0 show all; arrows go from point to point.
    signals: point_chosen(str, bool, bool): a sound's name, whether it is a reference, whether it
    was clicked and shall be heard now.
    """

    point_chosen = Signal(str, bool, bool)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._points: MapPoints | None = None
        self._view: MapView | None = None
        self._pixels = np.zeros((0, 2))
        self._ground: QPixmap | None = None
        self._current: int | None = None
        self._hovered: int | None = None
        self._press: QPointF | None = None
        self._last: QPointF | None = None
        self._is_quiet = False
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(lambda: self._announce(False))
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Map of both sets")
        theme.changed.connect(lambda _: self._redraw())

    def sizeHint(self) -> QSize:
        return QSize(600, 260)

    def show_report(self, report: ShownReport | None) -> None:
        """Show a report's points, all of them."""
        self._points = report.points if report else None
        self._current = self._hovered = None
        self._view = None
        points = self._points
        words = NO_MAP
        if points is not None:
            reference = len(points.names) - points.generated
            words = f"{points.generated:,} generated and {reference:,} reference sounds"
        self.setAccessibleDescription(words)
        self._redraw()

    def select(self, name: str, *, is_reference: bool = False) -> None:
        """Mark the point of a sound without playing it."""
        points = self._points
        if points is None:
            return
        first, last = (points.generated, None) if is_reference else (0, points.generated)
        names = points.names[first:last]
        self._current = names.index(name) + first if name in names else None
        self.update()

    def play_current(self) -> None:
        """Play the marked point again."""
        self._announce(True)

    def point_at(self, name: str, *, is_reference: bool = False) -> QPointF | None:
        """The pixel of a sound's point."""
        before = self._current
        self.select(name, is_reference=is_reference)
        found, self._current = self._current, before
        if found is None:
            return None
        self._place()
        return QPointF(*self._pixels[found])

    # placing and painting

    def _place(self) -> None:
        """The pixels of all points, once a view."""
        points = self._points
        if points is None or len(self._pixels) == len(points.names):
            return
        if self._view is None:
            self._view = MapView.whole(points.xy, self.width(), self.height())
        self._pixels = self._view.pixels(points.xy, self.width(), self.height())

    def _redraw(self) -> None:
        self._ground = None
        self._pixels = np.zeros((0, 2))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = self._theme.colours
        with QPainter(self) as painter:
            if self._points is None:
                draw_nothing(painter, QRectF(self.rect()), NO_MAP, colours, self.font())
                return
            self._place()
            if self._ground is None:
                self._ground = self._drawn(self._points)
            painter.drawPixmap(0, 0, self._ground)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._draw_legend(painter, self._points)
            for place, is_current in ((self._hovered, False), (self._current, True)):
                if place is not None:
                    self._draw_mark(painter, place, is_current)
            if self.hasFocus():
                painter.setPen(QPen(QColor(colours.accent), 1))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))

    def _drawn(self, points: MapPoints) -> QPixmap:
        ratio = self.devicePixelRatioF()
        width, height = round(self.width() * ratio), round(self.height() * ratio)
        colours, scaled = self._theme.colours, self._pixels * ratio
        ring = stamp_of(RING_PX * ratio, (RING_PX - 1.4) * ratio)
        image = image_of_dots(
            max(width, 1),
            max(height, 1),
            [
                Dots(scaled[points.generated :], rgb_of(colours.star), ring),
                Dots(scaled[: points.generated], rgb_of(colours.accent), stamp_of(DOT_PX * ratio)),
            ],
        )
        dots = QImage(
            image.data, image.shape[1], image.shape[0], 4 * image.shape[1],
            QImage.Format.Format_ARGB32_Premultiplied,
        )  # fmt: skip
        ground = QPixmap(dots.size())
        ground.fill(QColor(colours.well))
        with QPainter(ground) as painter:
            painter.drawImage(0, 0, dots)
        ground.setDevicePixelRatio(ratio)
        return ground

    def _draw_legend(self, painter: QPainter, points: MapPoints) -> None:
        colours, metrics = self._theme.colours, painter.fontMetrics()
        line = metrics.lineSpacing() + 2
        reference = len(points.names) - points.generated
        rows = [(colours.accent, True, f"{points.generated:,} generated")]
        if reference:
            rows.append((colours.star, False, f"{reference:,} reference"))
        for number, (tint, is_full, words) in enumerate(rows):
            middle = 10 + number * line + line / 2
            painter.setPen(QPen(QColor(tint), 1.6))
            painter.setBrush(QColor(tint) if is_full else Qt.BrushStyle.NoBrush)
            painter.drawEllipse(QPointF(16, middle), DOT_PX, DOT_PX)
            painter.setPen(QColor(colours.muted))
            painter.drawText(QPointF(26, middle + metrics.ascent() / 2 - 1), words)
        if points.explained is not None:
            words = f"shows {points.explained * 100:.0f} % of how the sounds differ"
            painter.drawText(QPointF(12, self.height() - 10), words)

    def _draw_mark(self, painter: QPainter, place: int, is_current: bool) -> None:
        """A ring around a point, and its name on a plate beside it."""
        points, colours = self._points, self._theme.colours
        if points is None:
            return
        x, y = self._pixels[place]
        tint = colours.accent if place < points.generated else colours.star
        painter.setPen(QPen(QColor(colours.text if is_current else tint), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(QPointF(x, y), 8, 8)
        metrics = painter.fontMetrics()
        room = max(80, self.width() - 40)
        words = metrics.elidedText(points.names[place], Qt.TextElideMode.ElideMiddle, room)
        width, height = metrics.horizontalAdvance(words) + 14, metrics.height() + 6
        left = min(max(x + 12, 4.0), self.width() - width - 4)
        top = min(max(y - height - 8, 4.0), self.height() - height - 4)
        painter.setPen(QPen(QColor(colours.border), 1))
        painter.setBrush(QColor(colours.raised))
        plate = QRectF(left, top, width, height)
        painter.drawRoundedRect(plate, 4, 4)
        painter.setPen(QColor(colours.text))
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, words)

    # choosing

    def _choose(self, place: int, is_now: bool) -> None:
        points = self._points
        if points is None:
            return
        self._current = place
        kind = "generated" if place < points.generated else "reference"
        self.setAccessibleDescription(f"{points.names[place]}, {kind}")
        self.update()
        if is_now:
            self._pause.stop()
            self._announce(True)
        else:
            self._pause.start()

    def _announce(self, is_now: bool) -> None:
        points, place = self._points, self._current
        if points is not None and place is not None and (is_now or not self._is_quiet):
            self.point_chosen.emit(points.names[place], place >= points.generated, is_now)

    def _zoom(self, factor: float, at: QPointF) -> None:
        if self._points is None or self._view is None:
            return
        size = (self.width(), self.height())
        whole = MapView.whole(self._points.xy, *size)
        zoomed = self._view.zoomed(factor, (at.x(), at.y()), size)
        if zoomed.scale <= whole.scale:
            zoomed = whole
        elif zoomed.scale > whole.scale * MOST_ZOOM:
            return
        self._view = zoomed
        self._redraw()

    # Qt's side

    def keyPressEvent(self, event: QKeyEvent) -> None:
        points, key = self._points, event.key()
        if points is None or not len(points.names):
            return
        self._place()
        if key in DIRECTIONS:
            self._is_quiet = event.isAutoRepeat()
            start = self._current
            chosen = 0 if start is None else next_point(self._pixels, start, DIRECTIONS[key])  # type: ignore[index]
            if chosen is not None:
                self._choose(chosen, False)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            middle = QPointF(self.width() / 2, self.height() / 2)
            if self._current is not None:
                middle = QPointF(*self._pixels[self._current])
            self._zoom(1 / ZOOM if key == Qt.Key.Key_Minus else ZOOM, middle)
        elif key == Qt.Key.Key_0:
            self._view = None
            self._redraw()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        super().keyReleaseEvent(event)
        if self._is_quiet and event.key() in DIRECTIONS and not event.isAutoRepeat():
            self._is_quiet = False
            self._announce(False)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._press = self._last = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._press is not None and self._last is not None:
            if self._view is not None and (at - self._press).manhattanLength() > DRAG_PX:
                self._view = self._view.moved(at.x() - self._last.x(), at.y() - self._last.y())
                self._redraw()
            self._last = at
            return
        self._place()
        hovered = nearest_point(self._pixels, (at.x(), at.y()), REACH_PX)
        if hovered != self._hovered:
            self._hovered = hovered
            shapes = Qt.CursorShape
            self.setCursor(shapes.ArrowCursor if hovered is None else shapes.PointingHandCursor)
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        press, self._press = self._press, None
        if press is None or (event.position() - press).manhattanLength() > DRAG_PX:
            return
        self._place()
        at = event.position()
        place = nearest_point(self._pixels, (at.x(), at.y()), REACH_PX)
        if place is not None:
            self._choose(place, True)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._view = None
        self._redraw()

    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = event.angleDelta().y() / 120
        if notches:
            self._zoom(ZOOM**notches, event.position())
            event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        self._hovered = None
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._view = None
        self._redraw()

    def focusInEvent(self, event: QEvent) -> None:
        self.update()

    def focusOutEvent(self, event: QEvent) -> None:
        self.update()
