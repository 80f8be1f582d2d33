"""The engine against diffusers' own pipeline: same weights, same noise, same sound."""

from __future__ import annotations

import logging
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from tiny_model import build_tiny_model

from soundstudio.core.catalogue import row_of_folder
from soundstudio.core.requests import GenerationRequest
from soundstudio.engine.loading import load_model
from soundstudio.generation.generate import generate

if TYPE_CHECKING:
    from pathlib import Path

TOLERANCE = 1e-4


def pipeline_of(folder: Path) -> Any:
    """AudioLDMPipeline in float32, without its bars and its deprecation message."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=FutureWarning, module="diffusers")
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        from diffusers import AudioLDMPipeline

        logging.getLogger("diffusers").setLevel(logging.ERROR)
        pipeline = AudioLDMPipeline.from_pretrained(
            folder, local_files_only=True, torch_dtype=torch.float32
        )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def relative_rms(ours: np.ndarray, theirs: np.ndarray) -> float:
    return float(np.sqrt(np.mean((ours - theirs) ** 2)) / np.sqrt(np.mean(theirs**2)))


def expected(folder: Path, request: GenerationRequest) -> np.ndarray:
    seeds = [request.seed_of(variation) for variation in range(request.variations)]
    return pipeline_of(folder)(
        request.prompt,
        audio_length_in_s=request.duration_s,
        num_inference_steps=request.steps,
        guidance_scale=request.guidance,
        negative_prompt=request.negative_prompt,
        num_waveforms_per_prompt=request.variations,
        eta=request.eta,
        generator=[torch.Generator().manual_seed(seed) for seed in seeds],
    ).audios


def assert_equal(folder: Path, request: GenerationRequest) -> None:
    model = load_model(row_of_folder(folder), "cpu", "float32")
    ours = list(generate(model, request))
    theirs = expected(folder, request)
    assert len(ours) == len(theirs) == request.variations
    for sound, reference in zip(ours, theirs, strict=True):
        assert sound.samples.shape == reference.shape
        assert relative_rms(sound.samples, reference) < TOLERANCE


def ddim(**changes: Any) -> GenerationRequest:
    values: dict[str, Any] = {
        "prompt": "rain on a tin roof",
        "sampler": "ddim",
        "steps": 4,
        "duration_s": 2.56,
        "seed": 7,
    }
    return GenerationRequest(**(values | changes))


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
    model = load_model(row_of_folder(tiny_model_folder), "cpu", "float32")
    embedding, _ = model.embed_prompt("rain on a tin roof")
    ids = torch.tensor([model.tokenizer.encode("rain on a tin roof").ids])
    raw = model.text_encoder(ids).text_embeds[0]
    assert float(raw.norm()) != pytest.approx(1.0, abs=0.05)
    torch.testing.assert_close(embedding, raw / raw.norm())
