"""Bad model folders: each is refused in a sentence, before anything of it is loaded."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import psutil
import pytest
import torch
from tiny_model import build_tiny_model

from soundstudio.core.catalogue import row_of_folder
from soundstudio.core.errors import ModelError
from soundstudio.engine.loading import build_part, load_model
from soundstudio.engine.model_folder import PartFiles, read_model_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def model(tiny_model_folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_model_folder, tmp_path / "model")


def change_json(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def truncate(path: Path, size: int) -> None:
    with path.open("rb+") as file:
        file.truncate(size)


UNET = "unet/diffusion_pytorch_model.safetensors"

DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "no index": (lambda f: (f / "model_index.json").unlink(), "no model_index.json"),
    "index no JSON": (lambda f: (f / "model_index.json").write_text("{"), "not valid JSON"),
    "index a list": (lambda f: (f / "model_index.json").write_text("[]"), "holds no settings"),
    "no weights": (lambda f: (f / UNET).unlink(), "unet/diffusion_pytorch_model.safetensors is"),
    "truncated": (lambda f: truncate(f / UNET, 100_000), "100,000 bytes where"),
    "cut in the header": (lambda f: truncate(f / UNET, 50), "not a safetensors file"),
    "empty weights": (lambda f: truncate(f / UNET, 0), "not a safetensors file"),
    "text as weights": (lambda f: (f / UNET).write_text("hello " * 99), "not a safetensors file"),
    "lfs pointer": (
        lambda f: (f / UNET).write_text("version https://git-lfs.github.com/spec/v1\n"),
        "Git LFS pointer",
    ),
    "no config": (lambda f: (f / "vae" / "config.json").unlink(), "vae/config.json is missing"),
    "no scheduler": (lambda f: shutil.rmtree(f / "scheduler"), "scheduler_config.json is missing"),
    "no tokenizer": (lambda f: shutil.rmtree(f / "tokenizer"), "tokenizer is missing"),
    "vocab without merges": (
        lambda f: (f / "tokenizer/tokenizer.json").rename(f / "tokenizer/vocab.json"),
        "tokenizer is missing",
    ),
    "another UNet": (
        lambda f: change_json(f / "unet/config.json", _class_name="UNet1DModel"),
        "is a UNet1DModel",
    ),
    "swapped parts": (
        lambda f: shutil.copy(f / "vae/config.json", f / "vocoder/config.json"),
        "is a AutoencoderKL",
    ),
    "other text tower": (
        lambda f: change_json(f / "text_encoder/config.json", projection_dim=512),
        "do not belong together",
    ),
    "no front end": (lambda f: shutil.rmtree(f / "feature_extractor"), "preprocessor_config"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_folder_is_refused(model: Path, damage: str) -> None:
    harm, words = DAMAGES[damage]
    harm(model)
    with pytest.raises(ModelError, match=words) as refusal:
        read_model_folder(model)
    assert "\n" not in refusal.value.sentence()
    assert refusal.value.advice


@pytest.mark.parametrize(
    "pipeline",
    ["StableDiffusionPipeline", "AudioLDM2Pipeline", "MusicLDMPipeline", None],
)
def test_another_pipeline_is_named(model: Path, pipeline: str | None) -> None:
    change_json(model / "model_index.json", _class_name=pipeline)
    with pytest.raises(ModelError, match=str(pipeline)):
        read_model_folder(model)


def test_a_checkpoint_file_is_not_a_folder(tmp_path: Path) -> None:
    checkpoint = tmp_path / "audioldm-s-full.ckpt"
    checkpoint.write_bytes(b"PK\x03\x04")
    with pytest.raises(ModelError, match="single file"):
        read_model_folder(checkpoint)


def test_an_index_that_leads_out_of_the_folder_is_refused(model: Path) -> None:
    (model / UNET).unlink()
    index = model / "unet/diffusion_pytorch_model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "../../secret.safetensors"}}))
    with pytest.raises(ModelError, match="names no files"):
        read_model_folder(model)


def test_weights_of_another_size_are_refused(model: Path, tmp_path: Path) -> None:
    other = build_tiny_model(tmp_path / "other", unet={"block_out_channels": [24, 16, 24, 32]})
    shutil.copy(other / UNET, model / UNET)
    with pytest.raises(ModelError, match="“unet” do not fit"):
        load_model(row_of_folder(model), "cpu", "float32")


def test_weights_that_lack_a_tensor_are_refused(model: Path) -> None:
    from safetensors.torch import load_file, save_file

    state = load_file(model / UNET)
    del state["conv_in.bias"]
    state = {name: tensor.clone() for name, tensor in state.items()}
    save_file(state, model / UNET)
    with pytest.raises(ModelError, match=r"conv_in\.bias"):
        load_model(row_of_folder(model), "cpu", "float32")


class Command:
    """What an evil checkpoint would run."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        import os

        return os.system, ("touch /tmp/soundstudio-was-hacked",)


def as_pickle(part: PartFiles, state: object) -> None:
    (path,) = part.weights
    torch.save(state, path.with_name("diffusion_pytorch_model.bin"))
    path.unlink()


def test_a_pickle_with_code_is_refused(model: Path) -> None:
    as_pickle(read_model_folder(model).parts["unet"], {"conv_in.bias": Command()})
    with pytest.raises(ModelError, match="more than weights"):
        build_part(read_model_folder(model).parts["unet"])


def test_a_pickle_of_weights_is_read(model: Path) -> None:
    part = read_model_folder(model).parts["unet"]
    state = build_part(part).state_dict()
    as_pickle(part, dict(state))
    again = build_part(read_model_folder(model).parts["unet"]).state_dict()
    assert all(torch.equal(state[name], again[name]) for name in state)


def test_the_old_names_of_the_vae_attention_are_understood(model: Path) -> None:
    from safetensors.torch import save_file

    part = read_model_folder(model).parts["vae"]
    state = build_part(part).state_dict()
    old = {}
    for name, tensor in state.items():
        key = name
        for new_name, old_name in (
            (".to_q.", ".query."), (".to_k.", ".key."), (".to_v.", ".value."),
            (".to_out.0.", ".proj_attn."),
        ):  # fmt: skip
            key = key.replace(new_name, old_name)
        old[key] = tensor.clone()
    assert set(old) != set(state)
    save_file(old, part.weights[0])
    again = build_part(part).state_dict()
    assert all(torch.equal(state[name], again[name]) for name in state)


def test_weights_are_mapped_not_copied(model: Path) -> None:
    """Parameters are views into the mapped file: loading costs no memory of its own."""
    part = build_part(read_model_folder(model).parts["unet"])
    assert not any(parameter.is_meta for parameter in part.parameters())
    assert not any(buffer.is_meta for buffer in part.buffers())
    addresses = [parameter.data_ptr() for parameter in part.parameters()]
    size = (model / UNET).stat().st_size
    assert max(addresses) - min(addresses) < size
    assert any(UNET in row.path for row in psutil.Process().memory_maps())
