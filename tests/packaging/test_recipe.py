"""The whole recipe in its tiny setting: every stage runs, and the folder loads in diffusers."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
from recipe.command_line import main

if TYPE_CHECKING:
    from pathlib import Path


_STAGES = (
    "clips",
    "text",
    "encoder",
    "decoder",
    "vocoder",
    "latents",
    "embeddings",
    "clap",
    "diffusion",
    "assemble",
)


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory, sounds_folder: Path) -> Path:
    root = tmp_path_factory.mktemp("recipe")
    arguments = ["--work", str(root / "work"), "--sounds", str(sounds_folder), "--tiny"]
    arguments += ["--output", str(root / "model"), "--threads", "1"]
    for stage in _STAGES:
        arguments += ["--stage", stage]
    assert main(arguments) == 0
    return root / "model"


def test_folder_has_every_part(model_folder: Path) -> None:
    index = json.loads((model_folder / "model_index.json").read_text())
    assert index["_class_name"] == "AudioLDMPipeline"
    parts = ("unet", "vae", "vocoder", "text_encoder", "tokenizer", "scheduler")
    for part in (*parts, "audio_encoder", "feature_extractor"):
        assert (model_folder / part).is_dir(), part
    for name in ("CREDITS.md", "CREDITS.csv", "LICENSE.md", "MODEL_CARD.md"):
        assert (model_folder / name).stat().st_size > 100, name


def test_going_on_keeps_the_scale_that_the_unet_knows(
    model_folder: Path, sounds_folder: Path, tmp_path: Path
) -> None:
    """The encoder is computed anew; of other clips its latents would get another scale."""
    start = tmp_path / "start"
    shutil.copytree(model_folder, start)
    config = json.loads((start / "vae/config.json").read_text())
    (start / "vae/config.json").write_text(json.dumps(config | {"scaling_factor": 2.5}))
    arguments = ["--work", str(tmp_path / "work"), "--sounds", str(sounds_folder), "--tiny"]
    assert main([*arguments, "--stage", "encoder", "--start-from", str(start)]) == 0
    made = json.loads((tmp_path / "work/vae/encoder/config.json").read_text())
    assert made["scaling_factor"] == 2.5


def test_pipeline_generates_the_asked_length(model_folder: Path) -> None:
    from diffusers import AudioLDMPipeline

    pipeline = AudioLDMPipeline.from_pretrained(model_folder)
    pipeline.set_progress_bar_config(disable=True)
    audio = pipeline("dog bark", audio_length_in_s=1.0, num_inference_steps=2).audios
    assert audio.shape == (1, 16_000)
    assert np.isfinite(audio).all()


def test_audio_tower_shares_the_space(model_folder: Path) -> None:
    from transformers import ClapAudioModelWithProjection, ClapFeatureExtractor

    tower = ClapAudioModelWithProjection.from_pretrained(model_folder / "audio_encoder").float()
    extractor = ClapFeatureExtractor.from_pretrained(model_folder / "feature_extractor")
    assert extractor.frequency_min == 50
    assert extractor.window_s == 5.0
    sound = np.random.default_rng(0).standard_normal(48_000).astype(np.float32)
    features = extractor(sound, sampling_rate=48_000, return_tensors="pt")["input_features"]
    assert tower(features).audio_embeds.shape == (1, 512)


def test_application_knows_and_plays_it(model_folder: Path, sounds_folder: Path) -> None:
    from soundstudio.core.catalogue import row_of_folder
    from soundstudio.core.requests import GenerationRequest
    from soundstudio.engine.loading import load_model
    from soundstudio.generation.generate import generate

    row = row_of_folder(model_folder)
    assert (row.title, row.licence) == ("Starter model", "CC-BY-4.0")
    assert row.parameters > 0
    assert "audio" in row.capabilities
    clip = next(sounds_folder.rglob("*.flac"))
    request = GenerationRequest(prompt="a dog", like=str(clip), duration_s=0.5, steps=2)
    (sound,) = generate(load_model(row), request)
    assert sound.samples.shape == (8_000,)
    assert np.isfinite(sound.samples).all()
