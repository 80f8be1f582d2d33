"""One thread for small networks: more only wait for each other on a busy computer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from evaluation.random_networks import cnn14_state, vggish_state

from soundstudio.evaluation.backbones import Backbone, load_bundled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def paper_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Cnn14's and VGGish's files as they are published, of random numbers."""
    folder = tmp_path_factory.mktemp("paper")
    torch.save({"model": cnn14_state()}, folder / "panns.pth")
    torch.save(vggish_state(), folder / "vggish.pth")
    return folder / "panns.pth", folder / "vggish.pth"


@pytest.fixture(scope="session")
def bundled(tiny_model_folder: Path) -> Backbone:
    """The bundled backbone with the tiny model's CLAP, so that no test needs the starter model."""
    return load_bundled(tiny_model_folder, device="cpu")
