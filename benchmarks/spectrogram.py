"""How long it takes from ten seconds of sound to a picture of them.

    python benchmarks/spectrogram.py

Times each stage alone (median of 20): STFT, rows on the mel axis, bytes, mip chain, waveform
envelope, and with Qt (offscreen) the picture put into an image and painted. Prints a table.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from typing import TYPE_CHECKING

import numpy as np

from soundstudio.audio.colours import colour_table
from soundstudio.audio.spectrogram import (
    ByteImage,
    hop_for,
    level_rows,
    mip_chain,
    quantise,
    stft_power,
    waveform_envelope,
)

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = 10
COLUMNS, ROWS = 1200, 480
REPEATS = 20


def main() -> None:
    sys.stdout.write("| sound | STFT | rows | bytes | mip chain | envelope | paint | all |\n")
    sys.stdout.write("|---|--:|--:|--:|--:|--:|--:|--:|\n")
    for rate in (16000, 48000):
        times = stage_times(rate)
        cells = " | ".join(f"{stage * 1000:.1f}" for stage in (*times, sum(times)))
        sys.stdout.write(f"| {SECONDS} s at {rate // 1000} kHz, ms | {cells} |\n")


def stage_times(rate: int) -> list[float]:
    """Median seconds of each stage."""
    sound = np.random.default_rng(1).standard_normal(rate * SECONDS).astype(np.float32) * 0.1
    hop = hop_for(len(sound), COLUMNS)
    power = stft_power(sound, 2048, hop)
    levels = level_rows(power, rate, "mel", ROWS)
    image = quantise(levels, -90, 0)
    return [
        median(lambda: stft_power(sound, 2048, hop)),
        median(lambda: level_rows(power, rate, "mel", ROWS)),
        median(lambda: quantise(levels, -90, 0)),
        median(lambda: mip_chain(image)),
        median(lambda: waveform_envelope(sound, COLUMNS)),
        median(painter_of(image)),
    ]


def median(work: Callable[[], object]) -> float:
    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def painter_of(image: ByteImage) -> Callable[[], object]:
    """Paint the picture into a view of 1200 × 500 pixels, as the viewer does."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QRectF
    from PySide6.QtGui import QGuiApplication, QImage, QPainter, QPixmap, qRgb

    application = QGuiApplication.instance() or QGuiApplication([])
    flipped = np.ascontiguousarray(image[::-1])
    colours = [qRgb(*(int(part) for part in row[:3])) for row in colour_table("magma")]
    view = QPixmap(1200, 500)

    def paint() -> object:
        height, width = flipped.shape
        picture = QImage(flipped.data, width, height, width, QImage.Format.Format_Indexed8)
        picture.setColorTable(colours)
        painter = QPainter(view)
        painter.drawImage(QRectF(0, 0, 1200, 500), picture)
        painter.end()
        return application

    return paint


if __name__ == "__main__":
    main()
