"""A folder of small clips, and runs on it with the tiny model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from training.small_clips import make_dataset

from soundstudio.core.finetuning import FinetuneSettings
from soundstudio.training.new_run import begin_run

if TYPE_CHECKING:
    from pathlib import Path

    from soundstudio.core.run_files import RunFolder
    from soundstudio.dataset.dataset import Dataset


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """Five clips to train on and two for validation."""
    return make_dataset(tmp_path / "clips")


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
