"""How many variations go at once: one on a processor, what fits on a graphics card."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from soundstudio.core.catalogue import row_of_folder
from soundstudio.core.requests import GenerationRequest
from soundstudio.engine.devices import Device
from soundstudio.engine.loading import load_model
from soundstudio.generation import batches
from soundstudio.generation.batches import MAX_BATCH, batch_size

if TYPE_CHECKING:
    from pathlib import Path

    from soundstudio.engine.audioldm import AudioLDM

REQUEST = GenerationRequest(prompt="rain", variations=64, duration_s=10.0)


@pytest.fixture
def model(tiny_model_folder: Path) -> AudioLDM:
    return load_model(row_of_folder(tiny_model_folder), "cpu", "float32")


def test_one_on_a_processor(model: AudioLDM) -> None:
    assert batch_size(model, REQUEST, REQUEST.variations) == 1


def test_by_free_memory_on_a_card(model: AudioLDM, monkeypatch: pytest.MonkeyPatch) -> None:
    model.device = Device("cuda", "card")
    sizes = []
    for free in (0, 60e6, 120e6, 1e12):
        monkeypatch.setattr(batches, "_free_bytes", lambda _, free=free: free)
        sizes.append(batch_size(model, REQUEST, REQUEST.variations))
    assert sizes == sorted(sizes)
    assert sizes[0] == 1
    assert 1 < sizes[1] < sizes[2] < MAX_BATCH
    assert sizes[3] == MAX_BATCH
    assert batch_size(model, REQUEST, 3) == 3
