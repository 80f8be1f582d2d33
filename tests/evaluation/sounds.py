"""Small sounds for the tests of scoring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from evaluation.random_networks import probe_waveform

from soundstudio.audio.files import Sound, write_wav

if TYPE_CHECKING:
    from pathlib import Path


def chord(number: int, duration_s: float = 2.5, sample_rate: int = 16_000) -> Sound:
    """A chord in noise, another for each `number`, below full scale."""
    samples = round(duration_s * sample_rate)
    return Sound(0.6 * probe_waveform(number, samples, sample_rate), sample_rate)


def silence(duration_s: float = 2.5) -> Sound:
    return Sound(np.zeros(round(duration_s * 16_000), dtype=np.float32), 16_000)


def write_set(folder: Path, numbers: range, prefix: str = "clip") -> Path:
    """A folder of chords, `prefix` and number their names."""
    for place, number in enumerate(numbers):
        write_wav(folder / f"{prefix} {place:02}.wav", chord(number), "PCM_16")
    return folder
