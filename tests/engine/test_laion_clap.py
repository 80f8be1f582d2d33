"""LAION's own CLAP file: what its towers compute, and files that are none."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from laion_file import save_laion_clap
from original_sizes import Sizes
from torch.nn import functional

from soundstudio.core.errors import ModelError
from soundstudio.engine.laion_clap import LaionClap

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("prefix", ["module.", "", "cond_stage_model.model."])
def test_a_prompt_and_a_sound_as_the_original_embeds_them(tmp_path: Path, prefix: str) -> None:
    path, original = save_laion_clap(tmp_path, prefix=prefix)
    clap = LaionClap.read(path)
    assert clap.dimensions == Sizes().embedding
    tower = clap.text_tower(tmp_path)
    prompt = "rain on a tin roof"
    with torch.inference_mode():
        ids = torch.tensor([tower._tokenizer.encode(prompt).ids])
        expected = functional.normalize(original.embed_text(ids)[0], dim=0)
    np.testing.assert_allclose(tower.embed(prompt)[0], expected, atol=1e-6)
    encoder: Any = clap.audio_tower("cpu")
    noise = np.random.default_rng(0).normal(0, 0.1, 48_000).astype(np.float32)
    mel = encoder._extractor(
        noise, sampling_rate=48_000, truncation="rand_trunc", return_tensors="pt"
    )["input_features"]
    with torch.inference_mode():
        expected = functional.normalize(original.embed_audio(mel)[0], dim=0)
    np.testing.assert_allclose(encoder.embed(noise, 48_000), expected, atol=1e-5)


def test_without_a_tokenizer_a_sentence_names_the_download(tmp_path: Path) -> None:
    path, _ = save_laion_clap(tmp_path)
    clap = LaionClap.read(path)
    with pytest.raises(ModelError, match="RoBERTa's tokenizer") as caught:
        clap.text_tower(tmp_path / "elsewhere")
    assert "models download roberta-tokenizer" in caught.value.advice


def test_files_that_are_none(tmp_path: Path) -> None:
    path, original = save_laion_clap(tmp_path)
    other = tmp_path / "other.pt"
    torch.save({"state_dict": {"model.weight": torch.zeros(3)}}, other)
    with pytest.raises(ModelError, match=r"other\.pt holds no CLAP") as caught:
        LaionClap.read(other)
    assert "clap-htsat-tiny" in caught.value.advice
    other.write_text("no weights")
    with pytest.raises(ModelError, match="not a checkpoint that torch wrote") as caught:
        LaionClap.read(other)
    assert "clap-htsat-tiny" in caught.value.advice
    other.write_bytes(path.read_bytes()[:-4000])
    with pytest.raises(ModelError, match="damaged or only a part"):
        LaionClap.read(other)
    fusing = original.state_dict() | {"audio_branch.patch_embed.mel_conv2d.weight": torch.zeros(1)}
    torch.save({"state_dict": fusing}, other)
    with pytest.raises(ModelError, match="fuses long sounds"):
        LaionClap.read(other).audio_tower("cpu")


def test_other_sizes_than_laions_are_built_without_laion_clap(tmp_path: Path) -> None:
    path, _ = save_laion_clap(tmp_path, dataclasses.replace(Sizes(), embedding=16))
    clap = LaionClap.read(path)
    assert type(clap.audio_tower("cpu")).__name__ == "ClipEncoder"
    assert clap.dimensions == 16
