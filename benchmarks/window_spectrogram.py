"""How long the viewer takes to show 10 s of sound: analysis off the window's thread, and drawing.

    python benchmarks/window_spectrogram.py [--seconds S] [--rate HZ] [--scale FACTOR]

Median of 15. “In the window's thread” is what the event loop waits for; “until it is seen” adds
what the background computes before.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtWidgets import QApplication

sys.path.insert(0, str(Path(__file__).parents[1]))

from soundstudio.audio.colours import colour_table
from soundstudio.audio.files import Sound
from soundstudio.jobs.sound_picture import analyse, picture_of, requantised
from soundstudio.ui.theme import Theme
from soundstudio.ui.viewer_canvas import ViewerCanvas

if TYPE_CHECKING:
    from collections.abc import Callable

RUNS = 15


def median_ms(work: Callable[[], object]) -> float:
    work()
    times = []
    for _ in range(RUNS):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rate", type=int, default=16000)
    parser.add_argument("--scale", default="1")
    args = parser.parse_args()
    os.environ["QT_SCALE_FACTOR"] = args.scale
    if not os.environ.get("DISPLAY"):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    app = QApplication([])
    canvas = ViewerCanvas(Theme(app, "dark"))
    canvas.resize(900, 360)
    canvas.set_colours(colour_table("magma"))
    canvas.show()
    rng = np.random.default_rng(0)
    wave = rng.standard_normal(int(args.seconds * args.rate)).astype(np.float32) * 0.1
    sound = Sound(wave, args.rate)
    loaded = analyse(Path("noise.wav"), sound)
    picture = picture_of(loaded, "mel", -90, 0)

    def show() -> None:
        canvas.show_sound(loaded)
        canvas.show_picture(picture)
        canvas.grab()

    def zoom() -> None:
        canvas.zoom(1.05)
        canvas.grab()

    def move_playhead() -> None:
        canvas.set_playhead(time.perf_counter() % 1)
        canvas.grab()

    analysis = median_ms(lambda: analyse(Path("noise.wav"), sound))
    axis = median_ms(lambda: picture_of(loaded, "mel", -90, 0))
    drawing = median_ms(show)
    rows = (
        ("analysis (background)", analysis),
        ("frequency axis and dB range (background)", axis),
        ("another dB range (background)", median_ms(lambda: requantised(picture, -70, 0))),
        ("drawn, in the window's thread", drawing),
        ("until it is seen", analysis + axis + drawing),
        ("one step of zooming", median_ms(zoom)),
        ("one step of the playhead", median_ms(move_playhead)),
    )
    print("| what | ms |\n|---|---|")
    for name, value in rows:
        print(f"| {name} | {value:.1f} |")


if __name__ == "__main__":
    main()
