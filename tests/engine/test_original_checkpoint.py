"""Original .ckpt files: each converted part against an independent network, and bad files."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import pickle
import shutil
import sys
import warnings
import zipfile
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from original_checkpoint import (
    CONDITION,
    UNet,
    checkpoint_of,
    random_parts,
)
from tiny_model import save_tokenizer
from torch import nn

from soundstudio.core.catalogue import find_model
from soundstudio.core.errors import ModelError, StorageError
from soundstudio.core.progress import Cancelled, Progress
from soundstudio.core.requests import GenerationRequest
from soundstudio.engine.loading import build_part, load_model
from soundstudio.engine.model_folder import ModelFolder, read_model_folder
from soundstudio.engine.original.importing import ImportChoices, import_checkpoint
from soundstudio.engine.original.unet import trained_heads
from soundstudio.generation.generate import generate

if TYPE_CHECKING:
    from pathlib import Path

TOLERANCE = 1e-5


class Imported(SimpleNamespace):
    """path: of the .ckpt. parts: the independent networks. files: what was made of them."""

    path: Path
    tokenizer: Path
    models: Path
    parts: dict[str, Any]
    files: ModelFolder
    htsat: Any


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    root = tmp_path_factory.mktemp("original")
    words = save_tokenizer(root / "tokenizer", "bpe")["vocab_size"]
    parts = random_parts(words)
    htsat, projection = random_htsat()
    audio = {f"audio_branch.{k}": v for k, v in htsat.state_dict().items()}
    audio |= {f"audio_projection.{k}": v for k, v in projection.state_dict().items()}
    path = root / "tiny.ckpt"
    torch.save(checkpoint_of(parts, audio), path)
    models = root / "models"
    seen: list[Progress] = []
    row = import_checkpoint(path, models, ImportChoices(tokenizer=root / "tokenizer"), seen.append)
    assert [where.step for where in seen] == [0, 1, 2, 3, 4, 5]
    assert row.folder is not None
    return Imported(
        path=path,
        tokenizer=root / "tokenizer",
        models=models,
        parts=parts,
        files=read_model_folder(row.folder),
        htsat=(htsat, projection),
    )


def random_htsat() -> tuple[Any, nn.Module]:
    """The audio tower by LAION's own code, without its package's start, which downloads."""
    spec = importlib.util.find_spec("laion_clap")
    if spec is None or spec.submodule_search_locations is None:
        pytest.skip("laion-clap cannot be installed on this Python")
    folder = spec.submodule_search_locations[0]
    sys.path.insert(0, folder)
    try:
        module = importlib.import_module("clap_module.htsat")
    finally:
        sys.path.remove(folder)
    settings = SimpleNamespace(
        sample_rate=48000, audio_length=1024, window_size=1024, hop_size=480, fmin=50, fmax=14000,
        class_num=5, mel_bins=64, clip_samples=480000, model_type="HTSAT", model_name="tiny",
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it calls meshgrid the old way
        torch.manual_seed(1)
        htsat = module.HTSAT_Swin_Transformer(
            spec_size=256, patch_size=4, patch_stride=(4, 4), num_classes=5, embed_dim=32,
            depths=[2, 2], num_heads=[2, 4], window_size=8, config=settings, enable_fusion=False,
        )  # fmt: skip
        width = 64
        projection = nn.Sequential(
            nn.Linear(width, CONDITION), nn.ReLU(), nn.Linear(CONDITION, CONDITION)
        )
        for network in (htsat, projection):
            network.eval().requires_grad_(False)
            for name, value in network.named_parameters():
                if not name.startswith(("spectrogram", "logmel")):
                    value.add_(0.05 * torch.randn_like(value))
        htsat.bn0.running_mean.normal_()
    return htsat, projection


def relative(found: torch.Tensor, expected: torch.Tensor) -> float:
    return float((found - expected).norm() / expected.norm())


def test_the_unet_is_the_averaged_one(imported: Imported) -> None:
    unet: Any = build_part(imported.files.parts["unet"])
    original: UNet = imported.parts["unet"]
    draw = torch.Generator().manual_seed(2)
    x = torch.randn(2, 8, 16, 8, generator=draw)
    condition = nn.functional.normalize(torch.randn(2, CONDITION, generator=draw), dim=-1)
    steps = torch.tensor([3, 700])
    with torch.inference_mode():
        expected = original(x, steps, condition)
        found = unet(x, steps, encoder_hidden_states=None, class_labels=condition).sample
    assert relative(found, expected) < TOLERANCE


def test_encoder_and_decoder(imported: Imported) -> None:
    vae: Any = build_part(imported.files.parts["vae"])
    original: Any = imported.parts["vae"]
    mel = torch.randn(1, 1, 32, 64, generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():
        mean = original.quant_conv(original.encoder(mel)).chunk(2, dim=1)[0]
        assert relative(vae.encode(mel).latent_dist.mean, mean) < TOLERANCE
        expected = original.decoder(original.post_quant_conv(mean))
        assert relative(vae.decode(mean).sample, expected) < TOLERANCE
    assert vae.config.scaling_factor == pytest.approx(0.9227914)


def test_the_vocoder(imported: Imported) -> None:
    vocoder: Any = build_part(imported.files.parts["vocoder"])
    mel = torch.randn(12, 64, generator=torch.Generator().manual_seed(4))
    with torch.inference_mode():
        assert relative(vocoder(mel), imported.parts["vocoder"](mel)) < TOLERANCE


def test_the_text_tower(imported: Imported) -> None:
    tower: Any = build_part(imported.files.parts["text_encoder"])
    ids = torch.tensor([[0, 9, 17, 5, 30, 2]])
    with torch.inference_mode():
        expected = imported.parts["text"](ids)
        found = tower(ids, attention_mask=torch.ones_like(ids)).text_embeds
    assert relative(found, expected) < TOLERANCE


def test_the_audio_tower_against_laions_code(imported: Imported) -> None:
    tower: Any = build_part(imported.files.parts["audio_encoder"])
    htsat, projection = imported.htsat
    mel = torch.randn(1, 1, 1001, 64, generator=torch.Generator().manual_seed(5)) * 20
    with torch.inference_mode():
        # As its forward does after the spectrogram, which is transformers' front end here.
        x = htsat.bn0(mel.transpose(1, 3)).transpose(1, 3)
        expected = projection(htsat.forward_features(htsat.reshape_wav2img(x))["embedding"])
        found = tower(mel, is_longer=None).audio_embeds
    assert relative(found, expected) < TOLERANCE


def test_it_generates_from_text_and_from_a_clip(imported: Imported, tmp_path: Path) -> None:
    import soundfile

    model = load_model(find_model("tiny", imported.models), "cpu", "float32")
    noise = np.random.default_rng(0).normal(0, 0.1, 16000)
    soundfile.write(tmp_path / "clip.wav", noise, 16000)
    request = GenerationRequest(prompt="rain", duration_s=0.5, steps=2, seed=1)
    (text,) = generate(model, request)
    like = GenerationRequest(
        prompt="", like=str(tmp_path / "clip.wav"), duration_s=0.5, steps=2, seed=1
    )
    (clip,) = generate(model, like)
    assert np.isfinite(text.samples).all()
    assert not np.array_equal(text.samples, clip.samples)
    card = json.loads((imported.files.folder / "soundstudio.json").read_text())
    assert card["licence"] == "CC-BY-NC-SA-4.0"
    assert imported.files.scheduler["beta_start"] == 0.0015
    assert imported.files.scheduler["beta_end"] == 0.0195


def test_raw_weights_and_published_heads_are_choices(imported: Imported, tmp_path: Path) -> None:
    choices = ImportChoices("other", "raw", "published", imported.tokenizer)
    row = import_checkpoint(imported.path, tmp_path, choices)
    assert row.folder is not None
    files = read_model_folder(row.folder)
    assert files.parts["unet"].config["attention_head_dim"] == 8
    assert imported.files.parts["unet"].config["attention_head_dim"] == [1, 2, 3]
    raw: Any = build_part(files.parts["unet"])
    torch.testing.assert_close(
        raw.conv_in.weight, imported.parts["unet"].input_blocks[0][0].weight + 1.0
    )


def test_the_published_sizes_heads() -> None:
    """The table of section 1.3: s, m and l."""
    assert trained_heads([128, 256, 384, 640]) == [4, 8, 12, 20]
    assert trained_heads([192, 384, 576, 960]) == [6, 12, 18, 30]
    assert trained_heads([256, 512, 768, 1280]) == [4, 8, 12, 20]


def test_weight_norm_is_joined(imported: Imported, tmp_path: Path) -> None:
    held = torch.load(imported.path, weights_only=True)
    name = "first_stage_model.vocoder.ups.0.weight"
    weight = held["state_dict"].pop(name)
    held["state_dict"][f"{name}_g"] = weight.flatten(1).norm(dim=1).view(-1, 1, 1)
    held["state_dict"][f"{name}_v"] = 3.0 * weight
    torch.save(held, tmp_path / "normed.ckpt")
    choices = ImportChoices(tokenizer=imported.tokenizer)
    row = import_checkpoint(tmp_path / "normed.ckpt", tmp_path / "models", choices)
    assert row.folder is not None
    vocoder: Any = build_part(read_model_folder(row.folder).parts["vocoder"])
    torch.testing.assert_close(vocoder.upsampler[0].weight.data, weight)


class Runs:
    """A pickle that runs a command when it is read."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.mark}",)


def _with_code(path: Path, imported: Imported) -> None:
    held = torch.load(imported.path, weights_only=True)
    torch.save(held | {"callbacks": Runs(path.with_suffix(".ran"))}, path)


def _half(path: Path, imported: Imported) -> None:
    content = imported.path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def _zip_of_a_model(path: Path, imported: Imported) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(imported.files.folder / "model_index.json", "model/model_index.json")


def _stable_diffusion(path: Path, imported: Imported) -> None:
    state = {"model.diffusion_model.input_blocks.0.0.weight": torch.zeros(8, 4, 3, 3)}
    torch.save({"state_dict": state}, path)


def _without(name: str) -> Any:
    def spoil(path: Path, imported: Imported) -> None:
        held = torch.load(imported.path, weights_only=True)
        held["state_dict"] = {
            key: value for key, value in held["state_dict"].items() if not key.startswith(name)
        }
        torch.save(held, path)

    return spoil


def _wrong_shape(path: Path, imported: Imported) -> None:
    held = torch.load(imported.path, weights_only=True)
    held["state_dict"]["model_ema.diffusion_modelmiddle_block0in_layers2weight"] = torch.zeros(3)
    torch.save(held, path)


BAD = {
    "code": (_with_code, "could run code"),
    "half a download": (_half, "damaged or was not downloaded whole"),
    "a ZIP of a folder": (_zip_of_a_model, "ZIP archive"),
    "text": (lambda path, _: path.write_text("hello"), "no PyTorch checkpoint"),
    "a pickle": (lambda path, _: path.write_bytes(pickle.dumps([1, 2])), "checkpoint|weights"),
    "a picture model": (_stable_diffusion, "takes no CLAP embedding"),
    "no CLAP": (_without("cond_stage_model"), "holds no CLAP"),
    "no scale": (_without("scale_factor"), "scale_factor"),
    "no average": (_without("model_ema.diffusion_modelout"), "averaged UNet lacks"),
    "no vocoder": (_without("first_stage_model.vocoder."), "vocoder lacks"),
    "no decoder": (_without("first_stage_model.decoder."), "VAE lacks"),
    "a wrong shape": (_wrong_shape, "do not fit"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_bad_files_are_refused_and_leave_nothing(
    what: str, imported: Imported, tmp_path: Path
) -> None:
    spoil, words = BAD[what]
    path = tmp_path / "bad.ckpt"
    spoil(path, imported)
    models = tmp_path / "models"
    models.mkdir()
    with pytest.raises(ModelError, match=words):
        import_checkpoint(path, models, ImportChoices(tokenizer=imported.tokenizer))
    assert not list(models.iterdir())
    assert not path.with_suffix(".ran").exists()


def test_a_name_that_is_taken_stays_as_it_is(imported: Imported) -> None:
    before = sorted(path.stat().st_mtime_ns for path in imported.files.folder.rglob("*"))
    for name in ("tiny", "starter"):
        with pytest.raises(ModelError, match="already"):
            import_checkpoint(
                imported.path, imported.models, ImportChoices(name, tokenizer=imported.tokenizer)
            )
    assert before == sorted(path.stat().st_mtime_ns for path in imported.files.folder.rglob("*"))


def test_a_tokenizer_is_found_or_asked_for(
    imported: Imported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    models = tmp_path / "models"
    with pytest.raises(ModelError, match="does not hold its tokenizer"):
        import_checkpoint(imported.path, models, ImportChoices())
    assert not models.exists()
    snapshot = tmp_path / "hub/models--cvssp--audioldm-s-full-v2/snapshots/abc"
    snapshot.mkdir(parents=True)
    shutil.copytree(imported.tokenizer, snapshot / "tokenizer")
    row = import_checkpoint(imported.path, models, ImportChoices())
    assert row.folder is not None
    # A model that has one serves the next import.
    shutil.rmtree(tmp_path / "hub")
    import_checkpoint(imported.path, models, ImportChoices("second"))


def test_a_tokenizer_of_another_model_is_refused(imported: Imported, tmp_path: Path) -> None:
    save_tokenizer(tmp_path / "other", "wordpiece")
    with pytest.raises(ModelError, match=r"tokenizer|vocabulary|words"):
        import_checkpoint(
            imported.path, tmp_path / "models", ImportChoices(tokenizer=tmp_path / "other")
        )


def test_cancelling_leaves_nothing(imported: Imported, tmp_path: Path) -> None:
    def stop(where: Progress) -> None:
        if where.step == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        import_checkpoint(
            imported.path, tmp_path, ImportChoices(tokenizer=imported.tokenizer), stop
        )
    assert not list(tmp_path.iterdir())


def test_too_little_space_is_told_first(
    imported: Imported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(StorageError, match=r"needs .* GB"):
        import_checkpoint(imported.path, tmp_path, ImportChoices(tokenizer=imported.tokenizer))
    assert not list(tmp_path.iterdir())
