"""The engine against diffusers' own pipeline: same weights, same noise, same sound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from pipeline_oracle import TOLERANCE, assert_equal, ddim, relative_rms
from tiny_model import build_tiny_model

from soundstudio.core.catalogue import row_of_folder
from soundstudio.engine.loading import build_part, load_model
from soundstudio.engine.model_folder import read_model_folder
from soundstudio.engine.prompt_tokenizer import PromptTokenizer
from soundstudio.engine.text_tower import TextTower
from soundstudio.generation.generate import generate

if TYPE_CHECKING:
    from pathlib import Path

    from soundstudio.core.requests import GenerationRequest


@pytest.mark.parametrize(
    "request_",
    [
        ddim(),
        ddim(duration_s=5.0),  # 125 latent columns, an odd number
        ddim(duration_s=0.5),
        ddim(negative_prompt="heavy thunder"),
        ddim(variations=3, seed=11),
        ddim(guidance=1.0),
        ddim(guidance=3.5, steps=11),
        ddim(prompt="église 🌧 " * 3),
        ddim(eta=1.0, variations=2),
    ],
    ids=lambda request: f"{request.duration_s}s-{request.steps}-{request.guidance}-{request.eta}",
)
def test_equals_the_pipeline(tiny_model_folder: Path, request_: GenerationRequest) -> None:
    assert_equal(tiny_model_folder, request_)


@pytest.mark.parametrize("heads", [8, [2, 4, 8, 8]])
def test_heads_are_taken_from_the_configuration(tmp_path: Path, heads: int | list[int]) -> None:
    folder = build_tiny_model(tmp_path / "model", unet={"attention_head_dim": heads})
    assert_equal(folder, ddim())


def test_other_heads_give_another_sound(tmp_path: Path) -> None:
    """The silent trap: shapes are the same whatever the number of heads is."""
    sounds = []
    for name, heads in (("published", 8), ("trained", [2, 2, 4, 4])):
        folder = build_tiny_model(tmp_path / name, unet={"attention_head_dim": heads})
        model = load_model(row_of_folder(folder), "cpu", "float32")
        sounds.append(next(generate(model, ddim())).samples)
    assert relative_rms(*sounds) > 10 * TOLERANCE


def test_wordpiece_model_equals_the_pipeline(tmp_path: Path) -> None:
    assert_equal(build_tiny_model(tmp_path / "model", tokenizer="wordpiece"), ddim())


def test_half_precision_files_equal_the_pipeline(tmp_path: Path) -> None:
    assert_equal(build_tiny_model(tmp_path / "model", half=True), ddim())


def test_prompt_is_normalised_once(tiny_model_folder: Path) -> None:
    files = read_model_folder(tiny_model_folder)
    embedding, _ = TextTower.load(files).embed("rain on a tin roof")
    ids = torch.tensor([PromptTokenizer.of_model(files).encode("rain on a tin roof").ids])
    raw = build_part(files.parts["text_encoder"])(ids).text_embeds[0]
    assert float(raw.norm()) != pytest.approx(1.0, abs=0.05)
    torch.testing.assert_close(embedding, raw / raw.norm())
