"""A library in a temporary folder, and sounds as the engine hands them over."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pytest

from soundstudio.audio.files import Sound, write_wav
from soundstudio.core.messages import VariationReady
from soundstudio.core.paths import UserFolders
from soundstudio.core.requests import GenerationRequest
from soundstudio.library.library import Library

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from soundstudio.library.clips import Clip

RATE = 16000


@pytest.fixture
def folders(tmp_path: Path) -> UserFolders:
    root = tmp_path / "studio"
    return UserFolders(root / "config", root / "data", root / "cache", root / "logs", root / "out")


@pytest.fixture
def library(folders: UserFolders) -> Iterator[Library]:
    library = Library.open(folders)
    yield library
    library.close()


def handed_over(
    folders: UserFolders, request: GenerationRequest, variation: int = 0, seconds: float = 0.5
) -> VariationReady:
    """What the engine says after it wrote one variation."""
    seed = request.seed_of(variation)
    samples = np.random.default_rng(seed).standard_normal(round(RATE * seconds)) * 0.1
    path = folders.handover / f"job_{seed}_{variation}.wav"
    write_wav(path, Sound(samples.astype(np.float32), RATE), "FLOAT")
    return VariationReady(
        job_id="job",
        variation=variation,
        seed=seed,
        path=str(path),
        sample_rate=RATE,
        duration_s=seconds,
        model_title="Starter model",
        model_licence="CC-BY-4.0",
        device="cpu",
        dtype="float32",
        notes=("It is nearly silent.",),
    )


@pytest.fixture
def hand_over(folders: UserFolders) -> Callable[..., VariationReady]:
    """`handed_over` for this test's folders."""

    def make(request: GenerationRequest, variation: int = 0, seconds: float = 0.5) -> object:
        return handed_over(folders, request, variation, seconds)

    return make  # type: ignore[return-value]


@pytest.fixture
def add(library: Library, folders: UserFolders) -> Callable[..., Clip]:
    """Add a generated clip by its prompt."""

    def add_clip(prompt: str = "rain on a tin roof", seed: int = 1, seconds: float = 0.5) -> Clip:
        request = GenerationRequest(prompt=prompt, seed=seed)
        return library.add_generated(handed_over(folders, request, 0, seconds), request)

    return add_clip


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Mount small real file systems, where that is allowed."""
    mounted: list[Path] = []

    def mount_one(name: str, options: str) -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        answer = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)],
            check=False,
            capture_output=True,
        )
        if answer.returncode != 0:
            pytest.skip("no file system can be mounted here")
        mounted.append(folder)
        return folder

    yield mount_one
    for folder in mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)
