"""How the viewer's layers are drawn: spectrogram, waveform, rulers. No state of its own."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPen, QPolygonF

from soundstudio.audio.viewport import (
    Viewport,
    frequency_label,
    frequency_ticks_hz,
    time_label,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    from soundstudio.audio.frequency_scale import FrequencyScale
    from soundstudio.jobs.sound_picture import LoadedSound, SpectrogramPicture
    from soundstudio.ui.theme import Colours


def coloured_image(picture: SpectrogramPicture, table: npt.NDArray[np.uint8]) -> QImage:
    """The spectrogram with its colours, highest frequency on top.

    table: 256 rows of red, green, blue (and alpha).
    """
    pixels = np.ascontiguousarray(picture.image[::-1])
    rows, frames = pixels.shape
    image = QImage(pixels.data, frames, rows, frames, QImage.Format.Format_Indexed8)
    red, green, blue = (table[:, channel].astype(np.uint32) for channel in range(3))
    image.setColorTable((0xFF000000 | red << 16 | green << 8 | blue).tolist())
    # A copy of its own, which paints faster than looking colours up each time.
    return image.convertToFormat(QImage.Format.Format_RGB32)


def draw_spectrogram(
    painter: QPainter,
    image: QImage,
    area: QRectF,
    loaded: LoadedSound,
    view: Viewport,
    heights: tuple[float, float],
) -> None:
    """Draw the part of the picture that the view shows into `area`."""
    frames_per_s = loaded.sound.sample_rate / loaded.hop_samples
    # Frame k stands for the time around k hops, so its left edge lies half a frame earlier.
    left = view.start_s * frames_per_s + 0.5
    width = view.span_s * frames_per_s
    top = (1 - heights[1]) * image.height()
    source = QRectF(left, top, width, (heights[1] - heights[0]) * image.height())
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(area, image, source)


def draw_waveform(
    painter: QPainter, area: QRect, ratio: float, loaded: LoadedSound, view: Viewport, c: Colours
) -> None:
    """Extremes of each device pixel's column; the samples themselves once they are apart."""
    middle = area.center().y()
    painter.setPen(QColor(c.border))
    painter.drawLine(area.left(), middle, area.right(), middle)
    if view.span_s * loaded.sound.sample_rate < area.width() / 2:
        _draw_samples(painter, area, loaded, view, c)
        return
    columns, rows = max(1, round(area.width() * ratio)), max(1, round(area.height() * ratio))
    low, high = loaded.envelope(view.start_s, view.end_s, columns)
    half = rows / 2 - 1
    top = np.clip(np.floor(rows / 2 - high * half), 0, rows - 1)
    bottom = np.clip(np.ceil(rows / 2 - low * half), 0, rows - 1)
    row = np.arange(rows, dtype=np.float32)[:, np.newaxis]
    is_inside = (row >= top) & (row <= bottom)
    pixels = np.where(is_inside, np.uint32(QColor(c.accent).rgba()), np.uint32(0))
    # The brighter core is what the ear takes for loudness; the rest is peaks.
    core = loaded.rms(view.start_s, view.end_s, columns) * half
    is_core = is_inside & (np.abs(row - rows / 2) <= core)
    pixels[is_core] = np.uint32(QColor(c.accent_core).rgba())
    over = (np.maximum(high, -low) >= 1.0)[np.newaxis, :] & is_inside
    pixels[over] = np.uint32(QColor(c.error).rgba())
    pixels = np.ascontiguousarray(pixels, dtype=np.uint32)
    image = QImage(pixels.data, columns, rows, 4 * columns, QImage.Format.Format_ARGB32)
    painter.drawImage(QRectF(area), image)


def _draw_samples(
    painter: QPainter, area: QRect, loaded: LoadedSound, view: Viewport, c: Colours
) -> None:
    rate = loaded.sound.sample_rate
    first = max(math.floor(view.start_s * rate), 0)
    last = min(math.ceil(view.end_s * rate) + 1, len(loaded.mono))
    middle, half = area.center().y(), area.height() / 2 - 1
    points = [
        QPointF(
            area.left() + view.pixel_of(index / rate, area.width()),
            middle - float(loaded.mono[index]) * half,
        )
        for index in range(first, last)
    ]
    painter.save()
    painter.setClipRect(area)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(c.accent), 1.4))
    painter.drawPolyline(QPolygonF(points))
    painter.setPen(QPen(QColor(c.accent), 4, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    painter.drawPoints(QPolygonF(points))
    painter.restore()


def draw_time_ruler(painter: QPainter, area: QRect, view: Viewport, c: Colours) -> None:
    """Ticks and times along the top."""
    ticks = view.ticks_s(area.width())
    step = ticks[1] - ticks[0] if len(ticks) > 1 else view.span_s
    for tick in ticks:
        x = area.left() + view.pixel_of(tick, area.width())
        painter.setPen(QColor(c.border))
        painter.drawLine(QPointF(x, area.bottom() - 5), QPointF(x, area.bottom()))
        painter.setPen(QColor(c.muted))
        label = QRectF(x + 4, area.top(), 76, area.height() - 2)
        if label.left() + 30 < area.right():
            flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(label, flags, time_label(tick, step) + " s")


def draw_frequency_ruler(
    painter: QPainter,
    area: QRect,
    scale: FrequencyScale,
    heights: tuple[float, float],
    c: Colours,
) -> None:
    """Ticks and Hz at the left of the spectrogram, as many as fit."""
    low, high = heights
    low_hz, high_hz = scale.frequency_at(low), scale.frequency_at(high)
    flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    free_from = float(area.bottom() + 1)
    line = painter.fontMetrics().height()
    for tick in frequency_ticks_hz(low_hz, high_hz):
        height = (scale.height_of(tick) - low) / (high - low)
        y = area.bottom() - height * area.height()
        if y + line / 2 > free_from or y < area.top() + line / 2:
            continue
        free_from = y - line / 2 - 2
        painter.setPen(QColor(c.border))
        painter.drawLine(QPointF(area.right() - 4, y), QPointF(area.right(), y))
        painter.setPen(QColor(c.muted))
        box = QRectF(area.left(), y - line / 2, area.width() - 7, line)
        painter.drawText(box, flags, frequency_label(tick))


def draw_level_ruler(
    painter: QPainter,
    area: QRect,
    table: npt.NDArray[np.uint8],
    floor_db: float,
    ceiling_db: float,
    c: Colours,
) -> None:
    """The colours beside the spectrogram with the dB they stand for."""
    column = np.ascontiguousarray(table[::-1, :3])
    bar = QImage(column.data, 1, 256, 3, QImage.Format.Format_RGB888)
    painter.drawImage(QRectF(area.left() + 6, area.top() + 1, 8, area.height() - 2), bar)
    line = painter.fontMetrics().height()
    steps = max(1, min(6, int(area.height() / (line * 2.2))))
    painter.setPen(QColor(c.muted))
    for index in range(steps + 1):
        share = index / steps
        y = area.top() + share * area.height()
        y = min(max(y, area.top() + line / 2), area.bottom() - line / 2)
        level = ceiling_db + share * (floor_db - ceiling_db)
        box = QRectF(area.left() + 18, y - line / 2, area.width() - 18, line)
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft, f"{level:.0f}".replace("-", "−"))


def draw_nothing(painter: QPainter, area: QRectF, words: str, c: Colours, font: QFont) -> None:
    """One quiet plate with a few words, where no sound is open."""
    plate = area.adjusted(14, 4, -14, -8)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(c.well))
    painter.drawRoundedRect(plate, 6, 6)
    painter.setPen(QColor(c.muted))
    painter.setFont(font)
    painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, words)


def draw_selection(
    painter: QPainter, wave: QRect, spectrum: QRect, edges: tuple[float, float], c: Colours
) -> None:
    """A tint between two edges, over waveform and spectrogram."""
    start, end = edges
    tint = QColor(c.accent)
    tint.setAlphaF(0.22)
    painter.fillRect(QRectF(start, wave.top(), end - start, spectrum.bottom()), tint)
    painter.setPen(QPen(QColor(c.accent), 1.5))
    for x in edges:
        painter.drawLine(QPointF(x, wave.top()), QPointF(x, spectrum.bottom()))


def draw_cross_hair(
    painter: QPainter, wave: QRect, spectrum: QRect, pointer: QPointF, c: Colours
) -> None:
    """Where the pointer is: the time on both pictures, the frequency on one."""
    hair = QColor("#ffffff" if c.is_dark else c.muted)
    hair.setAlphaF(0.4)
    painter.setPen(hair)
    x, y = pointer.x(), pointer.y()
    painter.drawLine(QPointF(x, wave.top()), QPointF(x, spectrum.bottom()))
    if spectrum.contains(pointer.toPoint()):
        painter.drawLine(QPointF(spectrum.left(), y), QPointF(spectrum.right(), y))


def draw_playhead(painter: QPainter, wave: QRect, spectrum: QRect, x: float, c: Colours) -> None:
    """A line that shows on either ground."""
    for area, colour in ((wave, c.text), (spectrum, "#ffffff")):
        painter.setPen(QPen(QColor(colour), 1.5))
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
