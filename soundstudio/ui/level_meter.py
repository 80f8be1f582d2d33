"""A peak and RMS meter of what is playing, with a peak that holds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from soundstudio.audio.files import FloatArray
    from soundstudio.ui.theme import Theme

FLOOR_DB = -60.0
FALL_DB_PER_S = 24.0
HOLD_S = 1.2
WINDOW_S = 0.06


def levels_at(mono: FloatArray, sample_rate: int, time_s: float) -> tuple[float, float]:
    """Peak and RMS in dBFS of the stretch that ends at `time_s`."""
    last = min(max(round(time_s * sample_rate), 0), len(mono))
    piece = mono[max(0, last - round(WINDOW_S * sample_rate)) : last]
    if len(piece) == 0:
        return (-math.inf, -math.inf)
    peak = float(np.abs(piece).max())
    rms = math.sqrt(float(np.dot(piece, piece)) / len(piece))
    return (
        20 * math.log10(peak) if peak > 0 else -math.inf,
        20 * math.log10(rms) if rms > 0 else -math.inf,
    )


def share_of(level_db: float) -> float:
    """How far a level reaches on the scale, 0 to 1."""
    return min(max((level_db - FLOOR_DB) / -FLOOR_DB, 0.0), 1.0)


class LevelMeter(QWidget):
    """Fed with levels while a sound plays; falls back by itself when it is fed silence."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._peak_db = self._rms_db = self._held_db = FLOOR_DB
        self._held_for_s = 0.0
        self.setAccessibleName("Level")
        self.setToolTip("Peak and RMS level in dBFS")
        self.setMinimumWidth(110)
        self.setFixedHeight(22)

    def sizeHint(self) -> QSize:
        return QSize(150, 22)

    def show_levels(self, peak_db: float, rms_db: float, elapsed_s: float) -> None:
        """Rise at once, fall slowly."""
        fall = FALL_DB_PER_S * elapsed_s
        self._peak_db = max(peak_db, self._peak_db - fall, FLOOR_DB)
        self._rms_db = max(rms_db, self._rms_db - fall, FLOOR_DB)
        self._held_for_s += elapsed_s
        if self._peak_db >= self._held_db or self._held_for_s > HOLD_S:
            self._held_db, self._held_for_s = self._peak_db, 0.0
        self.update()

    @property
    def is_at_rest(self) -> bool:
        return self._peak_db <= FLOOR_DB and self._held_db <= FLOOR_DB

    def paintEvent(self, event: QPaintEvent) -> None:
        c = self._theme.colours
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            text_width = 40
            width = self.width() - text_width
            bar = QRectF(0, self.height() / 2 - 4, width, 8)
            painter.setPen(QColor(c.border))
            painter.setBrush(QColor(c.well))
            painter.drawRoundedRect(bar.adjusted(0.5, 0.5, -0.5, -0.5), 2, 2)
            gradient = QLinearGradient(bar.topLeft(), bar.topRight())
            for at, colour in ((0.0, c.good), (0.75, c.good), (0.9, c.warning), (1.0, c.error)):
                gradient.setColorAt(at, QColor(colour))
            inner = bar.adjusted(1.5, 1.5, -1.5, -1.5)
            painter.setOpacity(0.45)
            painter.fillRect(_part(inner, share_of(self._peak_db)), gradient)
            painter.setOpacity(1.0)
            painter.fillRect(_part(inner, share_of(self._rms_db)), gradient)
            if self._held_db > FLOOR_DB:
                x = inner.left() + inner.width() * share_of(self._held_db)
                painter.fillRect(QRectF(x - 1, inner.top(), 2, inner.height()), QColor(c.text))
            painter.setPen(QColor(c.muted))
            font = self.font()
            font.setPointSizeF(font.pointSizeF() * 0.82)
            painter.setFont(font)
            words = (
                f"{round(self._held_db, 1) + 0.0:.1f}".replace("-", "−")
                if self._held_db > FLOOR_DB
                else "−∞"
            )
            painter.drawText(QRectF(width, 0, text_width - 2, self.height()), 0x0082, words)


def _part(bar: QRectF, share: float) -> QRectF:
    return QRectF(bar.left(), bar.top(), bar.width() * share, bar.height())
