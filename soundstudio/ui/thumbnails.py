"""Small waveforms for the list: computed in the background, newest wish first, kept in memory."""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor, QImage, QPixmap

from soundstudio.audio.files import read_sound
from soundstudio.audio.spectrogram import waveform_envelope

if TYPE_CHECKING:
    from pathlib import Path

    from soundstudio.audio.files import FloatArray
    from soundstudio.core.errors import StudioError
    from soundstudio.jobs.background import Background

COLUMNS = 160
KEPT = 1500
KEPT_PIXMAPS = 96
WAITING = 48
AT_ONCE = 2
MAX_READ_S = 60.0


def thumbnail_of(path: Path) -> FloatArray:
    """The envelope of a file's first minute, lifted so that quiet sounds show [2, COLUMNS]."""
    envelope = waveform_envelope(read_sound(path, MAX_READ_S).mono(), COLUMNS)
    peak = float(np.abs(envelope).max())
    return envelope / max(peak, 0.05) if peak > 0 else envelope


def drawn(envelope: FloatArray, width: int, height: int, ratio: float, colour: QColor) -> QPixmap:
    """An envelope as a pixmap of `width` x `height` logical pixels."""
    columns, rows = max(1, round(width * ratio)), max(1, round(height * ratio))
    pick = np.arange(columns) * envelope.shape[1] // columns
    low, high = envelope[0, pick], envelope[1, pick]
    row = np.arange(rows, dtype=np.float32)[:, np.newaxis]
    middle, half = (rows - 1) / 2, (rows - 1) / 2
    is_inside = (row >= middle - high * half - 0.5) & (row <= middle - low * half + 0.5)
    pixels = np.where(is_inside, np.uint32(colour.rgba()), np.uint32(0)).astype(np.uint32)
    image = QImage(pixels.data, columns, rows, 4 * columns, QImage.Format.Format_ARGB32)
    pixmap = QPixmap.fromImage(image)
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


class Thumbnails(QObject):
    """signals:
    arrived(): some thumbnails are there; repaint.
    file_failed(int, StudioError): a clip's file is missing or damaged.
    """

    arrived = Signal()
    file_failed = Signal(int, object)

    def __init__(self, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background = background
        self._envelopes: OrderedDict[int, FloatArray | None] = OrderedDict()
        self._pixmaps: OrderedDict[tuple[int, int, int, float, str], QPixmap] = OrderedDict()
        self._waiting: OrderedDict[int, Path] = OrderedDict()
        self._running = 0

    def pixmap(
        self, clip_id: int, path: Path, width: int, height: int, ratio: float, colour: str
    ) -> QPixmap | None:
        """The thumbnail, or None while it is computed (or if the file cannot be read)."""
        key = (clip_id, width, height, ratio, colour)
        known = self._pixmaps.get(key)
        if known is not None:
            self._pixmaps.move_to_end(key)
            return known
        if clip_id not in self._envelopes:
            self._want(clip_id, path)
            return None
        envelope = self._envelopes[clip_id]
        if envelope is None:
            return None
        self._pixmaps[key] = drawn(envelope, width, height, ratio, QColor(colour))
        while len(self._pixmaps) > KEPT_PIXMAPS:
            self._pixmaps.popitem(last=False)
        return self._pixmaps[key]

    def _want(self, clip_id: int, path: Path) -> None:
        self._waiting[clip_id] = path
        self._waiting.move_to_end(clip_id)
        while len(self._waiting) > WAITING:
            # Scrolled past long ago.
            self._waiting.popitem(last=False)
        self._start_next()

    def _start_next(self) -> None:
        while self._waiting and self._running < AT_ONCE:
            clip_id, path = self._waiting.popitem(last=True)
            self._running += 1
            # Entered now, so that painting does not ask for it again meanwhile.
            self._envelopes[clip_id] = None
            self._background.run(
                ("thumbnail", clip_id),
                partial(thumbnail_of, path),
                partial(self._on_done, clip_id),
                partial(self._on_failed, clip_id),
                "drawing a waveform",
            )

    def _on_done(self, clip_id: int, envelope: FloatArray) -> None:
        self._running -= 1
        self._envelopes[clip_id] = envelope
        while len(self._envelopes) > KEPT:
            self._envelopes.popitem(last=False)
        self.arrived.emit()
        self._start_next()

    def _on_failed(self, clip_id: int, error: StudioError) -> None:
        self._running -= 1
        self.file_failed.emit(clip_id, error)
        self._start_next()
