"""Reads AudioLDM's original .ckpt: mapped, not read; weights only, never code."""

from __future__ import annotations

import logging
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from soundstudio.core.errors import ModelError, explain_os_error
from soundstudio.core.progress import Progress, ProgressCallback

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import torch

    from soundstudio.engine.original_parts import Tensors

log = logging.getLogger(__name__)

Weights = Literal["ema", "raw"]

_COPY_AGAIN: Final = "Download or copy the file again."
_WHAT_IS_NEEDED: Final = "Choose one of AudioLDM's original .ckpt files, or a model folder."
_UNET: Final = "model.diffusion_model."
_AVERAGED: Final = "model_ema."
_VAE: Final = "first_stage_model."
_VOCODER: Final = "first_stage_model.vocoder."
_VAE_SIDES: Final = ("encoder.", "decoder.", "quant_conv.", "post_quant_conv.")
# The inference code's name for CLAP, and the training code's.
CLAP_PREFIXES: Final = ("cond_stage_model.model.", "cond_stage_models.0.model.")
_CHUNK_BYTES: Final = 1 << 24
# What a trainer leaves beside the weights: read as an empty thing, whatever it was.
_TRAINERS: Final = ("pytorch_lightning.", "lightning.", "lightning_fabric.", "omegaconf.")
_DEFAULT_DICT: Final = "collections.defaultdict"
_HARMLESS: Final = (
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar",
    "numpy.dtype",
    _DEFAULT_DICT,
    "typing.Any",
    "builtins.list",
    "builtins.dict",
    "builtins.int",
    "builtins.float",
    "builtins.str",
    "builtins.bool",
)
_OTHER_MODELS: Final = (
    ("cond_stage_models.1.", "AudioLDM 2"),
    ("cond_stage_model.transformer.", "Stable Diffusion"),
    ("conditioner.embedders.", "Stable Diffusion XL"),
    ("text_branch.", "CLAP"),
    ("module.text_branch.", "CLAP"),
    ("spectrogram_extractor.", "PANNs"),
)


class _LeftBehind:
    """Stands for an object of a trainer's. Takes everything, keeps and runs nothing."""

    def __new__(cls, *_: object, **__: object) -> _LeftBehind:
        return super().__new__(cls)

    def __init__(self, *_: object, **__: object) -> None: ...

    def __setstate__(self, state: object) -> None: ...


def _plain_dict(*_: object) -> dict[object, object]:
    """Stands for defaultdict: torch fills plain ones only."""
    return {}


@dataclass(frozen=True, slots=True)
class OriginalCheckpoint:
    """The parts of an original AudioLDM, mapped from its file; names without their prefixes.

    scaling_factor: what latents are multiplied with, 1 / their standard deviation.
    """

    unet: Tensors
    vae: Tensors
    vocoder: Tensors
    clap: Tensors
    scaling_factor: float


def read_checkpoint(path: Path, weights: Weights = "ema") -> OriginalCheckpoint:
    """Find AudioLDM's parts in the file at `path`; the UNet's averaged or live weights.

    Raises ModelError (no checkpoint, half of one, of another model, with code in it),
    StorageError.
    """
    state = read_tensors(path)
    _check_is_audioldm(path, state)
    return OriginalCheckpoint(
        unet=_unet(state, weights),
        vae={
            name: tensor
            for name, tensor in _below(state, _VAE).items()
            if name.startswith(_VAE_SIDES)
        },
        vocoder=_below(state, _VOCODER),
        clap=next(found for prefix in CLAP_PREFIXES if (found := _below(state, prefix))),
        scaling_factor=_scaling_factor(state),
    )


def check_container(path: Path, needed: str = _WHAT_IS_NEEDED) -> None:
    """The file is an archive of tensors as torch writes it. Raises ModelError, StorageError."""
    shown = path.name
    try:
        with path.open("rb") as file:
            start = file.read(4)
        if start[:2] != b"PK":
            raise ModelError(f"{shown} is not a checkpoint that torch wrote.", needed)
        with zipfile.ZipFile(path) as archive:
            records = archive.infolist()
    except zipfile.BadZipFile as error:
        raise ModelError(f"{shown} is damaged or only a part of a file.", _COPY_AGAIN) from error
    except OSError as error:
        raise explain_os_error(error, f"reading {path}") from error
    names = {record.filename for record in records}
    if not any(name.count("/") == 1 and name.endswith("/data.pkl") for name in names):
        advice = needed
        if any(name.endswith("model_index.json") for name in names):
            advice = "Unpack it, then import the model folder in it."
        raise ModelError(f"{shown} is an archive of other files, not a checkpoint.", advice)
    if any(record.compress_type != zipfile.ZIP_STORED for record in records):
        raise ModelError(f"{shown} is packed in a way that torch does not.", needed)


def check_bytes(path: Path, progress: ProgressCallback) -> None:
    """Compare every tensor's bytes with the checksum beside them.

    Raises ModelError; whatever `progress` raises.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            records = archive.infolist()
            if not _has_checksums(archive):
                log.info("%s was written without checksums", path.name)
                return
            total = sum(record.file_size for record in records)
            done = 0
            for record in records:
                with archive.open(record) as file:
                    while chunk := file.read(_CHUNK_BYTES):
                        done += len(chunk)
                        progress(Progress("loading", done >> 20, total >> 20))
    except zipfile.BadZipFile as error:
        raise ModelError(f"{path.name} is damaged.", _COPY_AGAIN) from error
    except OSError as error:
        raise explain_os_error(error, f"reading {path}") from error


def _has_checksums(archive: zipfile.ZipFile) -> bool:
    """torch can be told to leave them out; the tiny record of the version shows it."""
    for name in archive.namelist():
        if name.endswith("/version"):
            try:
                archive.read(name)
            except zipfile.BadZipFile:
                return False
    return True


def read_tensors(path: Path, needed: str = _WHAT_IS_NEEDED) -> Mapping[str, torch.Tensor]:
    """All tensors of a file that torch wrote, mapped, by name.

    needed: what to choose instead of a file that is none, a sentence.
    Raises ModelError, StorageError.
    """
    import torch

    check_container(path, needed)
    shown = path.name
    try:
        foreign = torch.serialization.get_unsafe_globals_in_checkpoint(path)
        unknown = [
            name for name in foreign if not name.startswith(_TRAINERS) and name not in _HARMLESS
        ]
        if unknown:
            raise ModelError(
                f"{shown} holds more than weights: reading it would run code ({unknown[0]}).",
                "Do not use it; get the file from its authors.",
            )
        replaced: list[Any] = [
            (_plain_dict if name == _DEFAULT_DICT else _LeftBehind, name) for name in foreign
        ]
        with torch.serialization.safe_globals(replaced):
            loaded = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except ModelError:
        raise
    except Exception as error:  # many kinds, by where the damage is
        log.info("reading %s: %s", path, error)
        raise ModelError(
            f"{shown} cannot be read: it is damaged or holds more than weights.", _COPY_AGAIN
        ) from error
    state = loaded.get("state_dict", loaded) if isinstance(loaded, dict) else {}
    if not isinstance(state, dict):
        state = {}
    return {
        name: tensor.detach()
        for name, tensor in state.items()
        if isinstance(name, str) and isinstance(tensor, torch.Tensor)
    }


def _check_is_audioldm(path: Path, state: Mapping[str, object]) -> None:
    for prefix, model in _OTHER_MODELS:
        if any(name.startswith(prefix) for name in state):
            raise ModelError(
                f"{path.name} is a checkpoint of another model ({model}), not of AudioLDM.",
                _WHAT_IS_NEEDED,
            )
    if f"{_UNET}film_emb.weight" not in state:
        raise ModelError(
            f"{path.name} is a checkpoint of another model, not of AudioLDM.", _WHAT_IS_NEEDED
        )
    for part, prefixes in (
        ("VAE", (f"{_VAE}decoder.",)),
        ("vocoder", (_VOCODER,)),
        ("CLAP", CLAP_PREFIXES),
        ("the VAE's scale factor", ("scale_factor",)),
    ):
        if not any(name.startswith(prefixes) for name in state):
            raise ModelError(f"{path.name} is incomplete: it lacks {part}.", _COPY_AGAIN)


def _below(state: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in state.items()
        if name.startswith(prefix)
    }


def _unet(state: Mapping[str, torch.Tensor], weights: Weights) -> dict[str, torch.Tensor]:
    live = _below(state, _UNET)
    if weights == "raw":
        return live
    averaged = {}
    for name, tensor in live.items():
        # The original's copy has the same names, all their dots left out.
        key = _AVERAGED + f"diffusion_model.{name}".replace(".", "")
        if key not in state or state[key].shape != tensor.shape:
            raise ModelError(
                "The checkpoint has no whole set of averaged (EMA) weights.",
                "Take the live ones with --weights raw; they sound rougher.",
            )
        averaged[name] = state[key]
    return averaged


def _scaling_factor(state: Mapping[str, torch.Tensor]) -> float:
    tensor = state["scale_factor"]
    factor = float(tensor) if tensor.numel() == 1 else float("nan")
    if not 0.0 < factor < float("inf"):
        raise ModelError(f"The VAE's scale factor in the checkpoint is none: {factor}.")
    return factor
