"""An original .ckpt becomes a model that computes what the original computes."""

from __future__ import annotations

import collections
import dataclasses
import sys
import types
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from original_audioldm import OriginalAudioLDM
from original_sizes import Sizes
from tiny_model import save_tokenizer

from soundstudio.engine.import_checkpoint import import_checkpoint
from soundstudio.engine.loading import build_part, load_model
from soundstudio.engine.model_folder import read_model_folder

if TYPE_CHECKING:
    from pathlib import Path

    from soundstudio.core.catalogue import CatalogueRow

TOLERANCE = 1e-5


def relative(result: torch.Tensor, expected: torch.Tensor) -> float:
    assert result.shape == expected.shape
    assert float(expected.std()) > 1e-3  # something that can differ
    return float((result - expected).abs().max() / expected.abs().max())


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    folder = tmp_path_factory.mktemp("tokenizer")
    return folder, save_tokenizer(folder, "bpe")["vocab_size"]


@pytest.fixture(scope="module")
def original(tokenizer: tuple[Path, int]) -> OriginalAudioLDM:
    return OriginalAudioLDM(dataclasses.replace(Sizes(), vocabulary=tokenizer[1]))


@pytest.fixture(scope="module")
def checkpoint(original: OriginalAudioLDM, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return original.save(tmp_path_factory.mktemp("original") / "tiny.ckpt")


@pytest.fixture(scope="module")
def imported(
    checkpoint: Path, tokenizer: tuple[Path, int], tmp_path_factory: pytest.TempPathFactory
) -> CatalogueRow:
    models = tmp_path_factory.mktemp("models")
    return import_checkpoint(checkpoint, models, tokenizer=tokenizer[0])


def part(row: CatalogueRow, name: str) -> Any:
    assert row.folder is not None
    return build_part(read_model_folder(row.folder).parts[name])


def unet_error(row: CatalogueRow, expected: torch.nn.Module) -> float:
    generator = torch.Generator().manual_seed(1)
    latents = torch.randn(2, 8, 20, 16, generator=generator)
    condition = torch.randn(2, 32, generator=generator)
    timestep = torch.tensor([401, 7])
    with torch.inference_mode():
        result = part(row, "unet")(
            latents, timestep, encoder_hidden_states=None, class_labels=condition
        ).sample
        return relative(result, expected(latents, timestep, condition))


def test_the_unet_computes_the_same(imported: CatalogueRow, original: OriginalAudioLDM) -> None:
    assert unet_error(imported, original.averaged) < TOLERANCE
    assert unet_error(imported, original.live) > 100 * TOLERANCE


def test_live_weights_on_request(
    checkpoint: Path, original: OriginalAudioLDM, tokenizer: tuple[Path, int], tmp_path: Path
) -> None:
    row = import_checkpoint(
        checkpoint, tmp_path, tokenizer=tokenizer[0], weights="raw", name="live"
    )
    assert row.id == "live"
    assert unet_error(row, original.live) < TOLERANCE


def test_published_heads_on_request_are_not_the_original(
    checkpoint: Path, original: OriginalAudioLDM, tokenizer: tuple[Path, int], tmp_path: Path
) -> None:
    row = import_checkpoint(checkpoint, tmp_path, tokenizer=tokenizer[0], heads="published")
    assert part(row, "unet").config.attention_head_dim == 8
    assert unet_error(row, original.averaged) > 10 * TOLERANCE


def test_the_vae_computes_the_same(imported: CatalogueRow, original: OriginalAudioLDM) -> None:
    vae, stage = part(imported, "vae"), original.first_stage
    mel, latents = torch.randn(1, 1, 48, 64), torch.randn(1, 8, 12, 16)
    with torch.inference_mode():
        moments = stage.quant_conv(stage.encoder(mel))
        assert relative(vae.encode(mel).latent_dist.mean, moments[:, :8]) < TOLERANCE
        expected = stage.decoder(stage.post_quant_conv(latents))
        assert relative(vae.decode(latents).sample, expected) < TOLERANCE
    assert vae.config.scaling_factor == pytest.approx(original.scale_factor, rel=1e-7)


def test_the_vocoder_computes_the_same(imported: CatalogueRow, original: OriginalAudioLDM) -> None:
    mel = torch.randn(1, 9, 64)
    with torch.inference_mode():
        expected = original.first_stage.vocoder(mel.transpose(1, 2))[:, 0]
        assert relative(part(imported, "vocoder")(mel), expected) < TOLERANCE


def test_the_text_tower_computes_the_same(
    imported: CatalogueRow, original: OriginalAudioLDM
) -> None:
    ids = torch.tensor([[0, 33, 61, 47, 250, 2]])
    with torch.inference_mode():
        expected = original.clap.embed_text(ids)
        result = part(imported, "text_encoder")(ids, attention_mask=torch.ones_like(ids))
    assert relative(result.text_embeds, expected) < TOLERANCE


@pytest.mark.parametrize("frames", [256, 201])
def test_the_audio_tower_computes_the_same(
    imported: CatalogueRow, original: OriginalAudioLDM, frames: int
) -> None:
    mel = torch.randn(2, 1, frames, 16) * 20 - 30
    with torch.inference_mode():
        expected = original.clap.embed_audio(mel)
        result = part(imported, "audio_encoder")(mel, is_longer=None)
    assert relative(result.audio_embeds, expected) < TOLERANCE


def test_the_model_generates(imported: CatalogueRow) -> None:
    from pipeline_oracle import ddim

    from soundstudio.generation.generate import generate

    assert imported.capabilities == ("text", "audio", "fine-tune")
    assert imported.licence == "CC-BY-NC-SA-4.0"
    model = load_model(imported, "cpu", "float32")
    clip = next(generate(model, ddim()))
    assert clip.samples.std() > 0


def test_other_ways_of_saving_the_same(
    original: OriginalAudioLDM, tokenizer: tuple[Path, int], tmp_path: Path
) -> None:
    """Weight norm not folded in, the training code's name for CLAP, a trainer's leftovers."""
    state = {}
    for name, tensor in original.state().items():
        key = name.replace("cond_stage_model.", "cond_stage_models.0.")
        if ".vocoder." in key and key.endswith(".weight") and ".resblocks." in key:
            length = tensor.flatten(1).norm(dim=1)[:, None, None]
            state[f"{key}_g"], state[f"{key}_v"] = length, 3 * tensor
        else:
            state[key] = tensor
    path = tmp_path / "trained.ckpt"
    save_with_trainer_objects(path, state)
    row = import_checkpoint(path, tmp_path / "models", tokenizer=tokenizer[0])
    assert unet_error(row, original.averaged) < TOLERANCE
    mel = torch.randn(1, 9, 64)
    with torch.inference_mode():
        expected = original.first_stage.vocoder(mel.transpose(1, 2))[:, 0]
        assert relative(part(row, "vocoder")(mel), expected) < TOLERANCE


def save_with_trainer_objects(path: Path, state: dict[str, torch.Tensor]) -> None:
    module = types.ModuleType("pytorch_lightning.callbacks")
    callback = type("Callback", (), {"__module__": module.__name__})
    module.Callback = callback  # type: ignore[attr-defined]
    sys.modules["pytorch_lightning"] = types.ModuleType("pytorch_lightning")
    sys.modules[module.__name__] = module
    try:
        kept = callback()
        kept.best = 0.25
        beside = {"score": np.float64(0.5), "seen": collections.defaultdict(list, a=[1])}
        torch.save({"state_dict": state, "callbacks": {callback: kept}, **beside}, path)
    finally:
        del sys.modules[module.__name__], sys.modules["pytorch_lightning"]
