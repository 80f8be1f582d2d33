"""Small datasets of made-up sounds, in the published layouts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RATE = 16_000
CLASSES = ("dog", "rooster", "rain", "chirping_birds")


@pytest.fixture
def one_thread() -> Iterator[None]:
    """For tests that load networks; the others need no torch, whose import takes seconds."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def write_sound(path: Path, number: int, seconds: float = 1.0) -> None:
    """A decaying tone over noise; every number gives another one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(number)
    t = np.arange(round(seconds * RATE)) / RATE
    tone = np.sin(2 * np.pi * (200 + 331 * (number % 7)) * t) * np.exp(-t * (1 + number % 3))
    samples = 0.3 * tone + 0.01 * random.normal(size=len(t))
    soundfile.write(path, samples.astype(np.float32), RATE)


@pytest.fixture(scope="session")
def esc_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve clips in ESC-50's layout: 4 classes, 3 folds, two clips a recording; read only."""
    folder = tmp_path_factory.mktemp("datasets") / "esc"
    lines = ["filename,fold,target,category,esc10,src_file,take"]
    for number in range(12):
        target, fold = number % 4, number // 4 + 1
        name = f"{fold}-{1000 + number}-A-{target}.wav"
        write_sound(folder / "audio" / name, number)
        lines.append(f"{name},{fold},{target},{CLASSES[target]},False,{1000 + number // 2},A")
    (folder / "meta").mkdir()
    (folder / "meta" / "esc50.csv").write_text("\n".join(lines) + "\n")
    return folder
