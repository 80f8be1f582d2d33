"""Reads an original .ckpt without running anything in it and without a second copy of it."""

from __future__ import annotations

import logging
import math
import pickle
import warnings
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from soundstudio.core.errors import ModelError, explain_os_error
from soundstudio.engine.original.parts import below, missing

if TYPE_CHECKING:
    from pathlib import Path

    import torch

log = logging.getLogger(__name__)

Weights = Literal["ema", "raw"]

_UNET: Final = "model.diffusion_model."
_EMA: Final = "model_ema."
_FIRST_STAGE: Final = "first_stage_model."
_VOCODER: Final = "first_stage_model.vocoder."
_CLAP: Final = "cond_stage_model.model."
_BETAS: Final = (0.0015, 0.0195)
_FILE_ADVICE: Final = "Choose one of AudioLDM's original .ckpt files."


@dataclass(frozen=True, slots=True)
class OriginalCheckpoint:
    """The parts of a checkpoint by the original's names; tensors stay on the disk until used."""

    unet: dict[str, torch.Tensor]
    vae: dict[str, torch.Tensor]
    vocoder: dict[str, torch.Tensor]
    clap: dict[str, torch.Tensor]
    scale_factor: float
    betas: tuple[float, float]


def read_checkpoint(path: Path, weights: Weights = "ema") -> OriginalCheckpoint:
    """Look into `path` and sort its tensors.

    weights: `ema` takes the UNet's averaged copy, which the original samples with.
    Raises ModelError: damaged, code in it, another model; StorageError.
    """
    state = _state(path)
    if not any(name.startswith(_UNET) for name in state):
        raise ModelError(f"{path.name} is no AudioLDM: it holds no UNet.", _FILE_ADVICE)
    if f"{_UNET}film_emb.weight" not in state:
        raise ModelError(
            f"{path.name} is another latent diffusion model: its UNet takes no CLAP embedding.",
            _FILE_ADVICE,
        )
    if not any(name.startswith(_CLAP) for name in state):
        raise ModelError(f"{path.name} is no AudioLDM: it holds no CLAP.", _FILE_ADVICE)
    scale = state.get("scale_factor")
    if scale is None or not math.isfinite(float(scale)) or float(scale) <= 0:
        raise missing("autoencoder", "its scale_factor")
    vae = {
        name: value
        for name, value in below(state, _FIRST_STAGE).items()
        if name.startswith(("encoder.", "decoder.", "quant_conv.", "post_quant_conv."))
    }
    return OriginalCheckpoint(
        unet=_averaged(state) if weights == "ema" else below(state, _UNET),
        vae=vae,
        vocoder=below(state, _VOCODER),
        clap={
            name: value
            for name, value in below(state, _CLAP).items()
            if name.startswith(("text_branch.", "text_proj", "audio_branch.", "audio_proj"))
        },
        scale_factor=float(scale),
        betas=_betas(state),
    )


def _averaged(state: dict[str, Any]) -> dict[str, torch.Tensor]:
    """The averaged UNet, which the file keeps under the live one's names without their dots."""
    averaged = {}
    for name in below(state, _UNET):
        kept = _EMA + f"diffusion_model.{name}".replace(".", "")
        if kept not in state:
            raise ModelError(
                f"The checkpoint's averaged UNet lacks {name}.",
                "Import its latest weights instead, with --weights raw.",
            )
        averaged[name] = state[kept]
    return averaged


def _betas(state: dict[str, Any]) -> tuple[float, float]:
    """First and last noise variance of the schedule, AudioLDM's own where none is stored."""
    betas = state.get("betas")
    if betas is None or not len(betas):
        return _BETAS
    # Stored in float32: the published numbers have four digits.
    return round(float(betas[0]), 7), round(float(betas[-1]), 7)


def _state(path: Path) -> dict[str, Any]:
    _check_file(path)
    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on foreign pickles, which are refused below
            held: Any = torch.load(path, map_location="cpu", weights_only=True, mmap=_is_zip(path))
    except pickle.UnpicklingError as error:
        log.warning("%s: %s", path, error)
        raise ModelError(
            f"{path.name} holds more than weights; reading it could run code, so it was refused.",
            "Get the file from where its authors published it.",
        ) from error
    except (RuntimeError, EOFError, ValueError, KeyError, AttributeError) as error:
        raise _damaged(path) from error
    except OSError as error:
        raise explain_os_error(error, f"reading {path}") from error
    state = held.get("state_dict", held) if isinstance(held, dict) else None
    if not isinstance(state, dict):
        raise ModelError(f"{path.name} holds no weights by name.", _FILE_ADVICE)
    tensors = {
        name: value
        for name, value in state.items()
        if isinstance(name, str) and isinstance(value, torch.Tensor)
    }
    if not tensors:
        raise ModelError(f"{path.name} holds no weights by name.", _FILE_ADVICE)
    return tensors


def _check_file(path: Path) -> None:
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except FileNotFoundError as error:
        raise ModelError(f"There is no file {path}.") from error
    except OSError as error:
        raise explain_os_error(error, f"reading {path}") from error
    if start[:2] != b"PK":
        if start[:1] != b"\x80":
            raise ModelError(f"{path.name} is no PyTorch checkpoint.", _FILE_ADVICE)
        return
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError) as error:
        raise _damaged(path) from error
    if not any(name.rpartition("/")[2] == "data.pkl" for name in names):
        raise ModelError(
            f"{path.name} is a ZIP archive, not a checkpoint.",
            "Unpack it, then import the folder or the .ckpt file in it.",
        )


def _is_zip(path: Path) -> bool:
    """The format that can be mapped; the older one is read."""
    with path.open("rb") as file:
        return file.read(2) == b"PK"


def _damaged(path: Path) -> ModelError:
    return ModelError(f"{path.name} is damaged or was not downloaded whole.", "Download it again.")
