"""Reads and checks a model folder before anything of it is loaded. Needs no torch."""

from __future__ import annotations

import dataclasses
import json
import logging
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from soundstudio.core.catalogue import MODEL_INDEX, read_card
from soundstudio.core.errors import ModelError
from soundstudio.engine.attention_heads import with_chosen_heads

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

log = logging.getLogger(__name__)

PIPELINE: Final = "AudioLDMPipeline"
_OTHER_FILES_ADVICE: Final = "Download or copy the model again."
_LAYOUT_ADVICE: Final = "Choose a folder in diffusers' AudioLDM layout."

TEXT_PART: Final = "text_encoder"
# Part -> (its class, the beginning of its weights file's name).
REQUIRED_PARTS: Final = {
    "unet": ("UNet2DConditionModel", "diffusion_pytorch_model"),
    "vae": ("AutoencoderKL", "diffusion_pytorch_model"),
    "vocoder": ("SpeechT5HifiGan", "model"),
    TEXT_PART: ("ClapTextModelWithProjection", "model"),
}
AUDIO_PART: Final = "audio_encoder"
AUDIO_CLASS: Final = ("ClapAudioModelWithProjection", "model")
_TOKENIZER_FILES: Final = (("tokenizer.json",), ("vocab.json", "merges.txt"), ("vocab.txt",))
_LFS_POINTER: Final = b"version https://git-lfs"
_MAX_HEADER_BYTES: Final = 100_000_000


@dataclass(frozen=True, slots=True)
class PartFiles:
    """One part of a model: its configuration and the files that hold its weights."""

    name: str
    class_name: str
    config: Mapping[str, Any]
    weights: tuple[Path, ...]

    @property
    def size_bytes(self) -> int:
        return sum(path.stat().st_size for path in self.weights)


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A folder that was looked through and found whole."""

    folder: Path
    parts: Mapping[str, PartFiles]
    scheduler: Mapping[str, Any]

    @property
    def tokenizer(self) -> Path:
        return self.folder / "tokenizer"

    @property
    def has_audio_tower(self) -> bool:
        return AUDIO_PART in self.parts

    @property
    def size_bytes(self) -> int:
        return sum(part.size_bytes for part in self.parts.values())


def read_model_folder(folder: Path) -> ModelFolder:
    """Check that `folder` holds a whole AudioLDM and read its configurations.

    Looks at every file's beginning and length, not at all of its bytes.
    Raises ModelError: another pipeline, a missing, truncated or foreign file, parts that do not
    belong together.
    """
    _check_index(folder)
    parts = {
        name: _read_part(folder, name, class_name, stem)
        for name, (class_name, stem) in REQUIRED_PARTS.items()
    }
    unet = parts["unet"]
    heads = with_chosen_heads(unet.config, read_card(folder))
    parts["unet"] = dataclasses.replace(unet, config=heads)
    if (folder / AUDIO_PART / "config.json").is_file():
        parts[AUDIO_PART] = _read_part(folder, AUDIO_PART, *AUDIO_CLASS)
        _read_json(folder / "feature_extractor" / "preprocessor_config.json")
    scheduler = _read_json(folder / "scheduler" / "scheduler_config.json")
    _check_tokenizer(folder / "tokenizer")
    _check_parts_fit(folder, parts)
    return ModelFolder(folder, parts, scheduler)


def _check_index(folder: Path) -> None:
    if folder.is_file():
        raise ModelError(
            f"{folder.name} is a single file, not a model folder.",
            "Import an original .ckpt first: `soundstudio models import FILE`.",
        )
    if not folder.is_dir():
        raise ModelError(f"The model folder {folder} does not exist.", _LAYOUT_ADVICE)
    if not (folder / MODEL_INDEX).is_file():
        raise ModelError(
            f"{folder} is not a model folder: it has no {MODEL_INDEX}.", _LAYOUT_ADVICE
        )
    pipeline = _read_json(folder / MODEL_INDEX).get("_class_name")
    if pipeline != PIPELINE:
        raise ModelError(
            f"The model in {folder.name} is of another kind ({pipeline}); only AudioLDM "
            f"models ({PIPELINE}) can be used.",
            _LAYOUT_ADVICE,
        )


def _read_json(path: Path) -> dict[str, Any]:
    shown = f"{path.parent.name}/{path.name}"
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(
            f"The model is incomplete: {shown} is missing.", _OTHER_FILES_ADVICE
        ) from error
    except OSError as error:
        raise ModelError(f"The model's file {path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise ModelError(
            f"The model is damaged: {shown} is not valid JSON.", _OTHER_FILES_ADVICE
        ) from error
    if not isinstance(values, dict):
        raise ModelError(f"The model is damaged: {shown} holds no settings.", _OTHER_FILES_ADVICE)
    return values


def _read_part(folder: Path, name: str, class_name: str, stem: str) -> PartFiles:
    config = _read_json(folder / name / "config.json")
    # diffusers writes _class_name, transformers a list of architectures, old files neither.
    named = config.get("_class_name") or next(iter(config.get("architectures") or []), class_name)
    if named != class_name:
        raise ModelError(
            f"The model's part “{name}” is a {named} where a {class_name} is needed.",
            _LAYOUT_ADVICE,
        )
    weights = _find_weights(folder / name, stem)
    for path in weights:
        _check_weights_file(path)
    return PartFiles(name, class_name, config, weights)


def _find_weights(folder: Path, stem: str) -> tuple[Path, ...]:
    whole = folder / f"{stem}.safetensors"
    if whole.is_file():
        return (whole,)
    index = folder / f"{stem}.safetensors.index.json"
    if index.is_file():
        weight_map = _read_json(index).get("weight_map")
        names = sorted(set(weight_map.values())) if isinstance(weight_map, dict) else []
        # A plain name only: an index must not lead out of the folder.
        if names and all(isinstance(name, str) and "/" not in name for name in names):
            return tuple(folder / name for name in names)
        raise ModelError(
            f"The model is damaged: {folder.name}/{index.name} names no files.",
            _OTHER_FILES_ADVICE,
        )
    for name in (f"{stem}.fp16.safetensors", f"{stem}.bin", "pytorch_model.bin"):
        if (folder / name).is_file():
            return (folder / name,)
    raise ModelError(
        f"The model is incomplete: {folder.name}/{whole.name} is missing.", _OTHER_FILES_ADVICE
    )


def _check_weights_file(path: Path) -> None:
    shown = f"{path.parent.name}/{path.name}"
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(len(_LFS_POINTER))
            if start == _LFS_POINTER:
                raise ModelError(
                    f"The model is incomplete: {shown} is a Git LFS pointer, not the weights.",
                    "Fetch the files with `git lfs pull`, or download the model.",
                )
            if path.suffix != ".safetensors":
                return
            file.seek(8)
            expected = _safetensors_size(start, file.read(_header_bytes(start, size)))
    except FileNotFoundError as error:
        raise ModelError(
            f"The model is incomplete: {shown} is missing.", _OTHER_FILES_ADVICE
        ) from error
    except OSError as error:
        raise ModelError(f"The model's file {path} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, struct.error, AttributeError) as error:
        raise ModelError(
            f"The model is damaged: {shown} is not a safetensors file.", _OTHER_FILES_ADVICE
        ) from error
    if size != expected:
        raise ModelError(
            f"The model is damaged: {shown} has {size:,} bytes where its header "
            f"promises {expected:,}.",
            _OTHER_FILES_ADVICE,
        )


def _header_bytes(start: bytes, size: int) -> int:
    """Length of the JSON header: the first 8 bytes, little endian."""
    (length,) = struct.unpack("<Q", start[:8])
    if not 2 <= length <= min(size, _MAX_HEADER_BYTES):
        raise ValueError("no safetensors header")
    return int(length)


def _safetensors_size(start: bytes, header: bytes) -> int:
    """The file's size as its header implies it."""
    tensors: dict[str, Any] = json.loads(header)
    ends = [row["data_offsets"][1] for name, row in tensors.items() if name != "__metadata__"]
    return 8 + _header_bytes(start, _MAX_HEADER_BYTES) + max(ends, default=0)


def _check_tokenizer(folder: Path) -> None:
    for names in _TOKENIZER_FILES:
        if all((folder / name).is_file() for name in names):
            return
    raise ModelError(
        "The model is incomplete: its tokenizer is missing (tokenizer.json, or vocab.json "
        "with merges.txt).",
        # transformers would build a tokenizer of five words here and say nothing.
        _OTHER_FILES_ADVICE,
    )


def _check_parts_fit(folder: Path, parts: Mapping[str, PartFiles]) -> None:
    """The numbers in which neighbouring parts must agree."""
    unet, vae = parts["unet"].config, parts["vae"].config
    text, vocoder = parts[TEXT_PART].config, parts["vocoder"].config
    pairs = [
        (TEXT_PART, "unet", "projection_dim", "projection_class_embeddings_input_dim"),
        ("vae", "unet", "latent_channels", "in_channels"),
    ]
    if AUDIO_PART in parts:
        pairs.append((AUDIO_PART, TEXT_PART, "projection_dim", "projection_dim"))
    for first, second, key, other_key in pairs:
        a, b = parts[first].config.get(key), parts[second].config.get(other_key)
        if a is not None and b is not None and a != b:
            raise ModelError(
                f"The parts of {folder.name} do not belong together: {first} has {key} {a}, "
                f"{second} has {other_key} {b}.",
                _OTHER_FILES_ADVICE,
            )
    if unet.get("class_embed_type") != "simple_projection":
        raise ModelError(f"The UNet of {folder.name} takes no prompt embedding.", _LAYOUT_ADVICE)
    scale = 2 ** (len(vae.get("block_out_channels", ())) - 1)
    bands = vocoder.get("model_in_dim", 64)
    if not isinstance(bands, int) or bands % scale or text.get("vocab_size", 1) < 1:
        raise ModelError(f"The parts of {folder.name} do not belong together.", _LAYOUT_ADVICE)
