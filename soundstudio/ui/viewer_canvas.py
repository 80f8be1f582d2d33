"""The canvas: waveform over spectrogram on one time axis, selection, cursor and playhead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QWidget

from soundstudio.audio.frequency_scale import FrequencyScale
from soundstudio.audio.viewport import Viewport, snap_to_zero_crossing
from soundstudio.jobs.sound_picture import level_at
from soundstudio.ui import viewer_painting as painting
from soundstudio.ui.viewer_pointer import (
    PAN_PER_NOTCH,
    ZOOM_PER_NOTCH,
    Span,
    hit_of,
    selection_of,
    wheel_use,
    zoomed_heights,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QImage

    from soundstudio.jobs.sound_picture import LoadedSound, SpectrogramPicture
    from soundstudio.ui.theme import Colours, Theme

LEFT_PX, RIGHT_PX, TOP_PX, GAP_PX = 46, 46, 22, 3
WAVEFORM_SHARE = 0.34
NOTHING_OPEN = "Select a sound to see and hear it"


class ViewerCanvas(QWidget):
    """signals:
    cursor_moved(object): (time_s, frequency_hz, level_db) under the pointer, or None.
    selection_changed(object): (start_s, end_s), or None.
    seek_requested(float): a time that was clicked.
    drag_out_requested(): the selection is being pulled out of the window.
    menu_requested(QPoint): a context menu at a global position.
    """

    cursor_moved = Signal(object)
    selection_changed = Signal(object)
    seek_requested = Signal(float)
    drag_out_requested = Signal()
    menu_requested = Signal(QPoint)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._loaded: LoadedSound | None = None
        self._picture: SpectrogramPicture | None = None
        self._table: npt.NDArray[np.uint8] | None = None
        self._image: QImage | None = None
        self._view = Viewport.whole(1.0)
        self._heights: Span = (0.0, 1.0)
        self._selection: Span | None = None
        self._playhead_s: float | None = None
        self._pointer: QPointF | None = None
        self._anchor_s: float | None = None
        self._press: QPointF | None = None
        self._is_drag_out = False
        self._background: QPixmap | None = None
        self._message = ""
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Sound viewer")
        self.setMinimumHeight(120)
        theme.changed.connect(self._on_theme)

    def sizeHint(self) -> QSize:
        return QSize(800, 330)

    # what is shown

    def show_sound(self, loaded: LoadedSound | None, message: str = "") -> None:
        """Show another sound from its start, or nothing and a few words instead."""
        self._loaded = loaded
        self._picture = None
        self._image = None
        self._message = message
        self._playhead_s = None
        self._heights = (0.0, 1.0)
        self._view = Viewport.whole(loaded.duration_s if loaded else 1.0)
        self._set_selection(None)
        self._redraw()

    def show_picture(self, picture: SpectrogramPicture | None) -> None:
        """Show the spectrogram that was computed for the sound."""
        self._picture = picture
        self._colour()

    def set_colours(self, table: npt.NDArray[np.uint8]) -> None:
        """Colour the spectrogram with 256 rows of red, green, blue."""
        self._table = table
        self._colour()

    def set_playhead(self, time_s: float | None) -> None:
        """Move the playhead; turns the page when it leaves the view while zoomed in."""
        if time_s == self._playhead_s:
            return
        for moment in (self._playhead_s, time_s):
            if moment is not None:
                x = round(self._x_of(moment))
                self.update(x - 2, 0, 5, self.height())
        self._playhead_s = time_s
        if time_s is not None and not self._view.is_whole and self._anchor_s is None:
            self._set_view(self._view.with_visible(min(time_s, self._view.duration_s)))

    # selection and zoom

    def selection(self) -> Span | None:
        """(start_s, end_s), or None."""
        return self._selection

    def set_selection(self, selection: Span | None) -> None:
        self._set_selection(selection)

    def select_all(self) -> None:
        if self._loaded is not None:
            self._set_selection((0.0, self._loaded.duration_s))

    def zoom(self, factor: float) -> None:
        """Zoom around the playhead, or around the middle of the view."""
        at_s = self._playhead_s
        if at_s is None or not self._view.start_s <= at_s <= self._view.end_s:
            at_s = (self._view.start_s + self._view.end_s) / 2
        self._set_view(self._view.zoomed(at_s, factor))

    def zoom_fit(self) -> None:
        self._heights = (0.0, 1.0)
        self._set_view(Viewport.whole(self._view.duration_s))
        self._redraw()

    def zoom_selection(self) -> None:
        if self._selection is not None:
            self._set_view(self._view.fitted_to(*self._selection))

    def view(self) -> Viewport:
        return self._view

    # geometry

    def _areas(self) -> tuple[QRect, QRect]:
        """The waveform's and the spectrogram's rectangle."""
        width = max(self.width() - LEFT_PX - RIGHT_PX, 1)
        height = max(self.height() - TOP_PX - GAP_PX, 2)
        wave = round(height * WAVEFORM_SHARE)
        return (
            QRect(LEFT_PX, TOP_PX, width, wave),
            QRect(LEFT_PX, TOP_PX + wave + GAP_PX, width, height - wave),
        )

    def _x_of(self, time_s: float) -> float:
        return LEFT_PX + self._view.pixel_of(time_s, self._areas()[0].width())

    def _time_at(self, x: float) -> float:
        return self._view.time_at(x - LEFT_PX, self._areas()[0].width())

    def _scale(self) -> FrequencyScale | None:
        if self._loaded is None or self._picture is None:
            return None
        return FrequencyScale(self._picture.scale, self._loaded.sound.sample_rate / 2)

    def _height_at(self, y: float) -> float:
        area = self._areas()[1]
        share = 1 - (y - area.top()) / max(area.height(), 1)
        low, high = self._heights
        return low + share * (high - low)

    # pointer

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._loaded is None or event.button() != Qt.MouseButton.LeftButton:
            return
        self._press = event.position()
        hit = self._hit(event.position().x())
        self._is_drag_out = hit == "inside"
        self._anchor_s = self._anchor(hit, event.position().x())

    def _anchor(self, hit: str, x: float) -> float:
        """The end of the selection that stays while the other one follows the pointer."""
        if self._selection is not None and hit == "start edge":
            return self._selection[1]
        if self._selection is not None and hit == "end edge":
            return self._selection[0]
        return self._time_at(x)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        position = event.position()
        self._move_pointer(position)
        if self._press is None or self._anchor_s is None:
            self._show_cursor_shape(position.x())
            return
        far = (position - self._press).manhattanLength()
        if self._is_drag_out:
            if far >= QApplication.startDragDistance():
                self._press = self._anchor_s = None
                self.drag_out_requested.emit()
            return
        if far >= 3 or self._selection is not None:
            min_span = 2 / max(self._areas()[0].width(), 1) * self._view.span_s
            self._set_selection(selection_of(self._anchor_s, self._time_at(position.x()), min_span))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        press, self._press = self._press, None
        anchor, self._anchor_s = self._anchor_s, None
        if press is None or anchor is None or self._loaded is None:
            return
        if (event.position() - press).manhattanLength() < 3:
            if self._hit(press.x()) not in ("start edge", "end edge"):
                self._set_selection(None)
            self.seek_requested.emit(self._time_at(event.position().x()))
        elif self._selection is not None and not self._is_drag_out:
            self._set_selection(self._snapped(self._selection))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.select_all()

    def leaveEvent(self, event: QEvent) -> None:
        self._move_pointer(None)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_requested.emit(event.globalPos())

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self._loaded is None:
            return
        keys = event.modifiers()
        # Alt turns the wheel sideways on most systems.
        notches = (event.angleDelta().y() or event.angleDelta().x()) / 120
        is_sideways = abs(event.angleDelta().x()) > abs(event.angleDelta().y())
        use = wheel_use(
            control=bool(keys & Qt.KeyboardModifier.ControlModifier),
            shift=bool(keys & Qt.KeyboardModifier.ShiftModifier),
            alt=bool(keys & Qt.KeyboardModifier.AltModifier),
        )
        if use == "zoom frequency":
            at = self._height_at(event.position().y())
            self._heights = zoomed_heights(self._heights, at, ZOOM_PER_NOTCH**notches)
            self._redraw()
        elif use == "pan" or is_sideways:
            self._set_view(self._view.panned(-notches * PAN_PER_NOTCH * self._view.span_s))
        else:
            at_s = self._time_at(event.position().x())
            self._set_view(self._view.zoomed(at_s, ZOOM_PER_NOTCH**notches))
        event.accept()

    def _hit(self, x: float) -> str:
        if self._selection is None:
            return "outside"
        return hit_of(x, (self._x_of(self._selection[0]), self._x_of(self._selection[1])))

    def _show_cursor_shape(self, x: float) -> None:
        hit = self._hit(x)
        shape = Qt.CursorShape.IBeamCursor if self._loaded else Qt.CursorShape.ArrowCursor
        if hit.endswith("edge"):
            shape = Qt.CursorShape.SizeHorCursor
        elif hit == "inside":
            shape = Qt.CursorShape.OpenHandCursor
        self.setCursor(shape)

    def _move_pointer(self, position: QPointF | None) -> None:
        self._pointer = position
        self.update()
        self.cursor_moved.emit(self._reading(position))

    def _reading(self, position: QPointF | None) -> tuple[float, float, float] | None:
        scale = self._scale()
        if position is None or scale is None or self._loaded is None or self._picture is None:
            return None
        area = self._areas()[1]
        if not area.left() <= position.x() <= area.right():
            return None
        time_s = self._time_at(position.x())
        if not area.top() <= position.y() <= area.bottom():
            return (time_s, 0.0, 0.0)
        height = self._height_at(position.y())
        level = level_at(self._loaded, self._picture, time_s, height)
        return (time_s, scale.frequency_at(height), level)

    def _snapped(self, selection: Span) -> Span:
        assert self._loaded is not None
        mono, rate = self._loaded.mono, self._loaded.sound.sample_rate
        reach_s = min(0.005, 4 * self._view.span_s / max(self.width(), 1))
        start, end = (snap_to_zero_crossing(mono, rate, edge, reach_s) for edge in selection)
        return (start, end) if end > start else selection

    def _set_selection(self, selection: Span | None) -> None:
        if selection != self._selection:
            self._selection = selection
            self.selection_changed.emit(selection)
            self.update()

    def _set_view(self, view: Viewport) -> None:
        if view != self._view:
            self._view = view
            self._redraw()

    # painting

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._redraw()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._background is None:
            self._background = self._drawn_background()
        with QPainter(self) as painter:
            painter.drawPixmap(0, 0, self._background)
            if self._loaded is not None:
                self._draw_overlay(painter)
            if self.hasFocus():
                painter.setPen(QColor(self._theme.colours.accent))
                painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _redraw(self) -> None:
        self._background = None
        self.update()

    def _colour(self) -> None:
        self._image = None
        if self._picture is not None and self._table is not None:
            self._image = painting.coloured_image(self._picture, self._table)
        self._redraw()

    def _on_theme(self, _: Colours) -> None:
        self._redraw()

    def _drawn_background(self) -> QPixmap:
        """Everything that neither the pointer nor the playhead changes, in device pixels."""
        ratio = self.devicePixelRatioF()
        c = self._theme.colours
        pixmap = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(QColor(c.panel))
        with QPainter(pixmap) as painter:
            font = self.font()
            font.setPointSizeF(font.pointSizeF() * 0.82)
            painter.setFont(font)
            wave, spectrum = self._areas()
            if self._loaded is None:
                words = self._message or NOTHING_OPEN
                painting.draw_nothing(painter, QRectF(self.rect()), words, c, self.font())
            else:
                painter.fillRect(wave, QColor(c.well))
                painter.fillRect(spectrum, QColor(c.well))
                self._draw_sound(painter, self._loaded, wave, spectrum)
        return pixmap

    def _draw_sound(
        self, painter: QPainter, loaded: LoadedSound, wave: QRect, spectrum: QRect
    ) -> None:
        c = self._theme.colours
        ruler = QRect(wave.left(), 0, wave.width(), TOP_PX)
        painting.draw_time_ruler(painter, ruler, self._view, c)
        painting.draw_waveform(painter, wave, self.devicePixelRatioF(), loaded, self._view, c)
        scale = self._scale()
        if self._image is None or self._picture is None or scale is None or self._table is None:
            return
        painting.draw_spectrogram(
            painter, self._image, QRectF(spectrum), loaded, self._view, self._heights
        )
        left = QRect(0, spectrum.top(), LEFT_PX, spectrum.height())
        painting.draw_frequency_ruler(painter, left, scale, self._heights, c)
        right = QRect(spectrum.right() + 1, spectrum.top(), RIGHT_PX, spectrum.height())
        painting.draw_level_ruler(
            painter, right, self._table, self._picture.floor_db, self._picture.ceiling_db, c
        )

    def _draw_overlay(self, painter: QPainter) -> None:
        wave, spectrum = self._areas()
        painter.setClipRect(wave.united(spectrum))
        c = self._theme.colours
        if self._selection is not None:
            start, end = (round(self._x_of(edge)) for edge in self._selection)
            painting.draw_selection(painter, wave, spectrum, (start, end), c)
        if self._pointer is not None:
            painting.draw_cross_hair(painter, wave, spectrum, self._pointer, c)
        if self._playhead_s is not None:
            painting.draw_playhead(painter, wave, spectrum, self._x_of(self._playhead_s), c)
