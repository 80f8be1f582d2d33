"""diffusers' own pipeline as the oracle of the engine: same weights, same noise, same sound."""

from __future__ import annotations

import logging
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

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


def assert_equal(folder: Path, request: GenerationRequest, tolerance: float = TOLERANCE) -> None:
    model = load_model(row_of_folder(folder), "cpu", "float32")
    ours = list(generate(model, request))
    theirs = expected(folder, request)
    assert len(ours) == len(theirs) == request.variations
    for sound, reference in zip(ours, theirs, strict=True):
        assert sound.samples.shape == reference.shape
        assert relative_rms(sound.samples, reference) < tolerance


def ddim(**changes: Any) -> GenerationRequest:
    values: dict[str, Any] = {
        "prompt": "rain on a tin roof",
        "sampler": "ddim",
        "steps": 4,
        "duration_s": 2.56,
        "seed": 7,
    }
    return GenerationRequest(**(values | changes))
