"""A folder of small clips, and runs on it with the tiny model."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from soundstudio.audio.files import Sound, write_wav
from soundstudio.core.finetuning import FinetuneSettings
from soundstudio.dataset.clips import DatasetClip, DatasetOptions
from soundstudio.dataset.dataset import Dataset
from soundstudio.training.new_run import begin_run

if TYPE_CHECKING:
    from pathlib import Path

    from soundstudio.core.run_files import RunFolder
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


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """Five clips to train on and two for validation."""
    folder = tmp_path / "clips"
    folder.mkdir()
    clips = []
    for number in range(7):
        path = folder / f"clip{number}.wav"
        write_clip(path, number)
        clips.append(clip_of(path, number, "train" if number < 5 else "validation"))
    return Dataset(folder, tuple(clips), (), DatasetOptions())


@dataclass(frozen=True)
class RunMaker:
    """Begins runs under one home, with one cache."""

    home: Path
    model: Path
    dataset: Dataset

    @property
    def models(self) -> Path:
        return self.home / "models"

    def __call__(self, name: str = "bells", **changes: Any) -> RunFolder:
        values: dict[str, Any] = {
            "model": str(self.model),
            "method": "full",  # whatever memory is free
            "steps": 4,
            "batch_size": 2,
            "learning_rate": 1e-3,
            "warmup_steps": 2,
            "validate_every": 0,
            "validation_sounds": 2,
            "sampling_steps": 2,
            "device": "cpu",
            "dtype": "float32",
        }
        return begin_run(
            name,
            FinetuneSettings(**(values | changes)),
            lambda: self.dataset,
            runs_folder=self.home / "runs",
            models_folder=self.models,
            cache_folder=self.home / "cache",
        )


@pytest.fixture
def make_run(tmp_path: Path, tiny_model_folder: Path, dataset: Dataset) -> RunMaker:
    return RunMaker(tmp_path / "made", tiny_model_folder, dataset)
