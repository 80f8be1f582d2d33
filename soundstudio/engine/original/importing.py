"""An original .ckpt → a model folder that appears whole or not at all."""

from __future__ import annotations

import json
import logging
import re
import secrets
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from soundstudio.audio.atomic_file import sync_file, sync_folder
from soundstudio.core.catalogue import (
    MODEL_CARD,
    MODEL_INDEX,
    CatalogueRow,
    catalogue,
    row_of_folder,
)
from soundstudio.core.errors import ModelError, StorageError, explain_os_error
from soundstudio.core.progress import Progress, ProgressCallback, ignore_progress
from soundstudio.engine.original.checkpoint import OriginalCheckpoint, Weights, read_checkpoint
from soundstudio.engine.original.clap import convert_audio_tower, convert_text_tower
from soundstudio.engine.original.tokenizer import copy_tokenizer, find_tokenizer
from soundstudio.engine.original.unet import Heads, convert_unet
from soundstudio.engine.original.vae import convert_vae, convert_vocoder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from soundstudio.engine.original.parts import ConvertedPart

log = logging.getLogger(__name__)

_LICENCE: Final = "CC-BY-NC-SA-4.0"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SPARE_BYTES: Final = 50_000_000
_DIFFUSERS_FILE: Final = "diffusion_pytorch_model.safetensors"
_TRANSFORMERS_FILE: Final = "model.safetensors"


@dataclass(frozen=True, slots=True)
class ImportChoices:
    """name: of the new model, the file's by default. tokenizer: a folder with RoBERTa's files."""

    name: str = ""
    weights: Weights = "ema"
    heads: Heads = "trained"
    tokenizer: Path | None = None


def import_checkpoint(
    path: Path,
    models_folder: Path,
    choices: ImportChoices,
    progress: ProgressCallback = ignore_progress,
) -> CatalogueRow:
    """Convert `path` into `models_folder`. One part after the other is held in memory.

    What `progress` raises ends the work and leaves nothing. Raises ModelError (before anything is
    written, but for parts that contradict each other), StorageError.
    """
    name = _checked_name(choices.name or _name_of(path), models_folder)
    checkpoint = read_checkpoint(path, choices.weights)
    tokenizer = find_tokenizer(choices.tokenizer, models_folder, _words(checkpoint))
    parts = _converters(checkpoint, choices.heads)
    temporary = models_folder / f".importing-{secrets.token_hex(4)}"
    try:
        models_folder.mkdir(parents=True, exist_ok=True)
        _check_space(models_folder, checkpoint)
        folder = temporary / name
        folder.mkdir(parents=True)
        parameters = 0
        for number, (part, convert) in enumerate(parts.items()):
            progress(Progress("converting", number, len(parts)))
            converted = convert()
            _write_part(folder / part, converted)
            if part != "audio_encoder":  # as the published counts have it
                parameters += sum(value.numel() for value in converted.tensors.values())
        copy_tokenizer(tokenizer, folder / "tokenizer")
        _write_rest(folder, checkpoint, path.stem, parameters)
        _check(folder)
        for written in sorted(folder.rglob("*")):
            if written.is_file():
                sync_file(written)
        progress(Progress("converting", len(parts), len(parts)))
        folder.replace(models_folder / name)
        sync_folder(models_folder)
    except OSError as error:
        raise explain_os_error(error, f"importing {path.name}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return row_of_folder(models_folder / name)


def _converters(
    checkpoint: OriginalCheckpoint, heads: Heads
) -> dict[str, Callable[[], ConvertedPart]]:
    return {
        "unet": lambda: convert_unet(checkpoint.unet, heads),
        "vae": lambda: convert_vae(checkpoint.vae, checkpoint.scale_factor),
        "vocoder": lambda: convert_vocoder(checkpoint.vocoder),
        "text_encoder": lambda: convert_text_tower(checkpoint.clap),
        "audio_encoder": lambda: convert_audio_tower(checkpoint.clap),
    }


def _name_of(path: Path) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem).strip("-._")[:64]


def _checked_name(name: str, models_folder: Path) -> str:
    if not _NAME.fullmatch(name):
        raise ModelError(
            f"“{name}” cannot be the name of a model.",
            "Use up to 64 letters, digits, dots, hyphens and underscores.",
        )
    taken = any(row.id == name and row.is_installed for row in catalogue(models_folder))
    if taken or (models_folder / name).exists():
        raise ModelError(
            f"There is a model called “{name}” already.", "Choose another name with --name."
        )
    return name


def _words(checkpoint: OriginalCheckpoint) -> int:
    """How many tokens the text tower knows."""
    table = checkpoint.clap.get("text_branch.embeddings.word_embeddings.weight")
    if table is None:
        raise ModelError("The checkpoint is no AudioLDM: its CLAP has no RoBERTa text tower.")
    return int(table.shape[0])


def _check_space(folder: Path, checkpoint: OriginalCheckpoint) -> None:
    groups = (checkpoint.unet, checkpoint.vae, checkpoint.vocoder, checkpoint.clap)
    needed = sum(value.nbytes for group in groups for value in group.values()) + _SPARE_BYTES
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise StorageError(
            f"The model needs {needed / 1e9:.1f} GB in {folder}, where {free / 1e9:.1f} GB are "
            "free.",
            "Free some space, or move the models folder in the settings.",
        )


def _write_part(folder: Path, part: ConvertedPart) -> None:
    from safetensors.torch import save_file

    folder.mkdir()
    is_diffusers = "_class_name" in part.config
    # A part at a time is copied into memory; tensors that share storage must not be in one file.
    tensors = {name: value.contiguous().clone() for name, value in part.tensors.items()}
    name = _DIFFUSERS_FILE if is_diffusers else _TRANSFORMERS_FILE
    save_file(tensors, folder / name, metadata={"format": "pt"})
    _write_json(folder / "config.json", part.config)


def _write_rest(folder: Path, checkpoint: OriginalCheckpoint, title: str, parameters: int) -> None:
    first, last = checkpoint.betas
    bands = int(checkpoint.vocoder["conv_pre.weight"].shape[1])
    (folder / "scheduler").mkdir()
    _write_json(
        folder / "scheduler" / "scheduler_config.json",
        {
            "_class_name": "DDIMScheduler",
            "num_train_timesteps": 1000,
            "beta_start": first,
            "beta_end": last,
            "beta_schedule": "scaled_linear",
            "clip_sample": False,
            "set_alpha_to_one": False,
            "steps_offset": 1,
            "prediction_type": "epsilon",
            "timestep_spacing": "leading",
        },
    )
    (folder / "feature_extractor").mkdir()
    _write_json(
        folder / "feature_extractor" / "preprocessor_config.json",
        {
            "feature_extractor_type": "ClapFeatureExtractor",
            "feature_size": bands,
            "sampling_rate": 48000,
            "hop_length": 480,
            "fft_window_size": 1024,
            "max_length_s": 10,
            "frequency_min": 50,
            "frequency_max": 14000,
            "truncation": "rand_trunc",
            "padding": "repeatpad",
        },
    )
    _write_json(
        folder / MODEL_INDEX,
        {
            "_class_name": "AudioLDMPipeline",
            "scheduler": ["diffusers", "DDIMScheduler"],
            "text_encoder": ["transformers", "ClapTextModelWithProjection"],
            "tokenizer": ["transformers", "RobertaTokenizer"],
            "unet": ["diffusers", "UNet2DConditionModel"],
            "vae": ["diffusers", "AutoencoderKL"],
            "vocoder": ["transformers", "SpeechT5HifiGan"],
        },
    )
    card = {"title": title, "licence": _LICENCE, "parameters": parameters, "kind": "imported"}
    _write_json(folder / MODEL_CARD, card)


def _write_json(path: Path, values: dict[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def _check(folder: Path) -> None:
    """Build every part from what was written: shapes and names must be those of its class."""
    from soundstudio.engine.loading import build_part
    from soundstudio.engine.model_folder import read_model_folder
    from soundstudio.engine.surroundings import prepare_surroundings

    prepare_surroundings()
    for part in read_model_folder(folder).parts.values():
        build_part(part)
