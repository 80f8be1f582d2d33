"""Small clips to train on: tones of their own pitch in noise."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from soundstudio.audio.files import Sound, write_wav
from soundstudio.dataset.clips import DatasetClip, DatasetOptions
from soundstudio.dataset.dataset import Dataset

if TYPE_CHECKING:
    from pathlib import Path

    from soundstudio.dataset.clips import Split

CAPTIONS = ("rain on a tin roof", "a dog barks", "heavy thunder", "a church bell rings")
CLIP_S = 0.3


def write_clip(path: Path, number: int, duration_s: float = CLIP_S, rate: int = 16000) -> None:
    """A tone of its own pitch in noise of its own colour."""
    rng = np.random.default_rng(number)
    time_s = np.arange(round(duration_s * rate)) / rate
    tone = np.sin(2 * np.pi * (200 + 150 * number) * time_s)
    samples = 0.3 * tone + 0.02 * rng.standard_normal(len(time_s))
    write_wav(path, Sound(samples.astype(np.float32)[None], rate), "PCM_16")


def clip_of(path: Path, number: int, split: Split) -> DatasetClip:
    return DatasetClip(
        path=path,
        caption=CAPTIONS[number % len(CAPTIONS)],
        label=None,
        recording=path.name,
        split=split,
        start_s=0.0,
        duration_s=CLIP_S,
        content=hashlib.sha256(path.read_bytes()).hexdigest(),
    )


def make_dataset(folder: Path) -> Dataset:
    """Five clips to train on and two for validation, in a new folder."""
    folder.mkdir()
    clips = []
    for number in range(7):
        path = folder / f"clip{number}.wav"
        write_clip(path, number)
        clips.append(clip_of(path, number, "train" if number < 5 else "validation"))
    return Dataset(folder, tuple(clips), (), DatasetOptions())
