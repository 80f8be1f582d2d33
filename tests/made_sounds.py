"""Sounds for tests that differ from each other, and files of them in any format."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import soundfile

if TYPE_CHECKING:
    from pathlib import Path

Samples = npt.NDArray[np.float32]
RATE = 16_000


def made_sound(number: int, seconds: float = 1.0, rate: int = RATE) -> Samples:
    """Some bursts of filtered noise and tones: every number gives another sound."""
    random = np.random.default_rng(number)
    t = np.arange(round(seconds * rate)) / rate
    sound = 0.002 * random.standard_normal(len(t))
    for _ in range(6):
        start, width = random.uniform(0, 0.9) * seconds, random.uniform(0.03, 0.3) * seconds
        frequency = np.exp(random.uniform(np.log(150), np.log(min(3000, rate / 2.5))))
        shape = np.exp(-(((t - start) / width) ** 2))
        sound += 0.15 * random.uniform(0.2, 1) * shape * np.sin(2 * np.pi * frequency * t)
    return np.asarray(sound, dtype=np.float32)


def write_sound(
    path: Path, number: int = 0, seconds: float = 1.0, rate: int = RATE, channels: int = 1
) -> Path:
    """Write sound `number` in the format that the suffix names; returns the path."""
    samples = made_sound(number, seconds, rate)
    return write_samples(path, np.stack([samples] * channels, axis=1), rate)


def write_samples(path: Path, samples: Samples, rate: int = RATE, subtype: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = path.suffix[1:].upper().replace("AIF", "AIFF").replace("AIFFF", "AIFF")
    # By a file: soundfile cannot encode names that are no text.
    with path.open("wb") as file:
        soundfile.write(file, samples, rate, format=kind, subtype=subtype or None)
    return path


def odd_name(content: bytes) -> str:
    """A file name of any bytes."""
    return os.fsdecode(content)
