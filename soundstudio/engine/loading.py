"""Model folder → parts on a device: no second copy of the weights, no network, no foreign code."""

from __future__ import annotations

import contextlib
import importlib
import logging
from typing import TYPE_CHECKING, Any, Final

from soundstudio.core.errors import ModelError
from soundstudio.core.progress import Progress, ProgressCallback, ignore_progress
from soundstudio.engine.audioldm import AudioLDM
from soundstudio.engine.devices import (
    Precision,
    choose_device,
    choose_dtype,
    limit_threads,
    precision_of,
    torch_dtype,
)
from soundstudio.engine.failures import explained_failures
from soundstudio.engine.model_folder import PartFiles, read_model_folder
from soundstudio.engine.surroundings import prepare_surroundings, without_collections
from soundstudio.engine.text_tower import TextTower

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import torch

    from soundstudio.core.catalogue import CatalogueRow

log = logging.getLogger(__name__)

_MODULES: Final = {
    "UNet2DConditionModel": "diffusers.models.unets.unet_2d_condition",
    "AutoencoderKL": "diffusers.models.autoencoders.autoencoder_kl",
    "SpeechT5HifiGan": "transformers.models.speecht5.modeling_speecht5",
    "ClapTextModelWithProjection": "transformers.models.clap.modeling_clap",
    "ClapAudioModelWithProjection": "transformers.models.clap.modeling_clap",
}
# Tables that older versions stored and newer ones compute.
_COMPUTED_BUFFERS: Final = ("position_ids", "token_type_ids", "relative_position_index")
# AutoencoderKL's attention before diffusers 0.17, as the Hub's AudioLDM files have it.
_OLD_ATTENTION: Final = {
    ".query.": ".to_q.",
    ".key.": ".to_k.",
    ".value.": ".to_v.",
    ".proj_attn.": ".to_out.0.",
}
_PLACED_PARTS: Final = ("unet", "vae", "vocoder")


def load_model(
    row: CatalogueRow,
    device: str = "auto",
    dtype: str = "auto",
    progress: ProgressCallback = ignore_progress,
) -> AudioLDM:
    """Load a model for generation.

    Raises ModelError (before anything is loaded, if the folder's files show it), DeviceError,
    OutOfMemoryError; whatever `progress` raises between two parts.
    """
    if row.folder is None:
        raise ModelError(f"{row.title} is not installed.")
    files = read_model_folder(row.folder)
    prepare_surroundings()
    parts: dict[str, Any] = {}
    with without_collections(), explained_failures(f"loading {row.title}"):
        count = 1 + len(_PLACED_PARTS)
        progress(Progress("loading", 0, count))
        chosen = choose_device(device)
        name = choose_dtype(chosen, dtype)
        precision = precision_of(name)
        limit_threads()
        text_tower = TextTower.load(files, chosen.kind, torch_dtype(precision.text))
        progress(Progress("loading", 1, count))
        for number, part in enumerate(_PLACED_PARTS, start=2):
            parts[part] = _placed(files.parts[part], chosen.kind, precision)
            progress(Progress("loading", number, count))
    return AudioLDM(
        row=row,
        files=files,
        device=chosen,
        dtype=name,
        precision=precision,
        text_tower=text_tower,
        **parts,
    )


def build_part(
    files: PartFiles, config: dict[str, Any] | None = None, is_mapped: bool = True
) -> torch.nn.Module:
    """One part on the processor, its weights mapped from the file, in the file's own format.

    config: replaces the folder's configuration (such as other attention heads).
    is_mapped: False to read the weights, so that each can be let go by itself.
    Raises ModelError if weights and configuration do not fit.
    """
    state: dict[str, Any] = {}
    for path in files.weights:
        state |= _read_weights(path)
    if not is_mapped:
        state = {key: tensor.clone() for key, tensor in state.items()}
    return build_from(files.name, files.class_name, config or dict(files.config), state)


def build_from(
    name: str, class_name: str, config: Mapping[str, Any], state: Mapping[str, torch.Tensor]
) -> torch.nn.Module:
    """One part of tensors that are there already; they become its weights, uncopied.

    Raises ModelError if weights and configuration do not fit.
    """
    from soundstudio.engine.narrow_convolution import mend_narrow_convolutions

    part = _empty_part(name, class_name, config)
    _fill(part, name, class_name, state)
    mend_narrow_convolutions(part)
    part.requires_grad_(False)
    module: torch.nn.Module = part.eval()
    return module


def check_weights_fit(
    name: str, class_name: str, config: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]
) -> None:
    """`tensors` are just what a part of this configuration needs. Raises ModelError."""
    wanted = {
        key: tuple(tensor.shape)
        for key, tensor in _empty_part(name, class_name, config).state_dict().items()
        if not key.endswith(_COMPUTED_BUFFERS)
    }
    there = {key: tuple(tensor.shape) for key, tensor in tensors.items()}
    different = sorted(
        key for key in wanted.keys() | there.keys() if wanted.get(key) != there.get(key)
    )
    if different:
        log.info("%s: %d tensors do not fit: %s", name, len(different), different[:9])
        raise ModelError(
            f"The weights of the model's part “{name}” are not AudioLDM's, or incomplete: "
            f"{different[0]} and {len(different) - 1} more do not fit."
        )


def _empty_part(name: str, class_name: str, config: Mapping[str, Any]) -> Any:
    """A part whose parameters have shapes only. Raises ModelError."""
    import torch

    part_class = getattr(importlib.import_module(_MODULES[class_name]), class_name)
    values = {
        key: value
        for key, value in config.items()
        if not key.startswith("_") and key not in {"torch_dtype", "dtype"}
    }
    try:
        with _parameters_without_memory(torch):
            if class_name in ("UNet2DConditionModel", "AutoencoderKL"):
                return part_class.from_config(values)
            return part_class(part_class.config_class(**values))
    except (TypeError, ValueError, KeyError, AttributeError, ZeroDivisionError) as error:
        raise ModelError(
            f"The model's part “{name}” cannot be built from its configuration: {error}."
        ) from error


@contextlib.contextmanager
def _parameters_without_memory(torch: Any) -> Iterator[None]:
    """While building, parameters have shapes only; buffers (position tables) are real."""
    register = torch.nn.Module.register_parameter

    def register_shape(module: Any, name: str, parameter: Any) -> None:
        if parameter is not None and parameter.device.type != "meta":
            parameter = torch.nn.Parameter(parameter.to("meta"), parameter.requires_grad)
        register(module, name, parameter)

    torch.nn.Module.register_parameter = register_shape
    try:
        yield
    finally:
        torch.nn.Module.register_parameter = register


def _fill(part: Any, name: str, class_name: str, state: Mapping[str, Any]) -> None:
    if class_name == "AutoencoderKL":
        state = _with_new_attention_names(state)
    try:
        missing, unexpected = part.load_state_dict(state, strict=False, assign=True)
    except RuntimeError as error:
        log.info("weights of %s: %s", name, error)
        raise ModelError(
            f"The weights of the model's part “{name}” do not fit its configuration.",
            "Download or copy the model again.",
        ) from error
    missing = [key for key in missing if not key.endswith(_COMPUTED_BUFFERS)]
    unexpected = [key for key in unexpected if not key.endswith(_COMPUTED_BUFFERS)]
    if missing:
        raise ModelError(
            f"The weights of the model's part “{name}” are incomplete: {missing[0]} and "
            f"{len(missing) - 1} more are missing.",
            "Download or copy the model again.",
        )
    if unexpected:
        log.warning("%s: %d weights have no use, such as %s", name, len(unexpected), unexpected[0])


def _read_weights(path: Path) -> dict[str, Any]:
    import pickle

    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            state: Any = load_file(path)  # mapped, not read
        else:
            state = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except (SafetensorError, pickle.UnpicklingError, OSError, EOFError) as error:
        raise ModelError(
            f"The model's file {path.parent.name}/{path.name} cannot be read: it is damaged or "
            "holds more than weights.",
            "Download or copy the model again.",
        ) from error
    if not isinstance(state, dict):
        raise ModelError(f"The model's file {path.parent.name}/{path.name} holds no weights.")
    return state


def _with_new_attention_names(state: Mapping[str, Any]) -> dict[str, Any]:
    renamed = {}
    for key, value in state.items():
        name = key
        for old, new in _OLD_ATTENTION.items():
            if old in key:
                name = key.replace(old, new)
                # A 1×1 convolution then, a linear layer now.
                value = value.flatten(1) if value.ndim == 4 else value  # noqa: PLW2901
        renamed[name] = value
    return renamed


def _placed(files: PartFiles, device: str, precision: Precision) -> Any:
    """One part on its device and in its number format."""
    import torch

    from soundstudio.engine.packed_convolution import pack_convolutions
    from soundstudio.engine.winograd_convolution import quicken_convolutions

    wanted = getattr(precision, files.name)
    is_quickened = files.name != "unet" and device == "cpu" and wanted == "float32"
    # Most of its weights are to be transformed, and their file would stay mapped as a whole.
    part: Any = build_part(files, is_mapped=not is_quickened)
    if files.name == "vae":
        # Generation only decodes; the encoder's pages are then never touched.
        del part.encoder, part.quant_conv
    # Module's own `to`: diffusers' version warns of formats that it does not touch here.
    torch.nn.Module.to(part, device=device, dtype=torch_dtype(wanted))
    # On processors the UNet gains nothing from it (measured in float32 and bfloat16).
    if files.name == "vae" or (files.name == "unet" and device == "cuda"):
        torch.nn.Module.to(part, memory_format=torch.channels_last)
    if files.name == "unet" and device == "cpu":
        pack_convolutions(part)
    if is_quickened:
        quicken_convolutions(part)
    return part
