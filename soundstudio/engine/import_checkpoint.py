"""AudioLDM's original .ckpt → a model folder, without diffusers' conversion script."""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from soundstudio.core.catalogue import (
    MODEL_CARD,
    MODEL_INDEX,
    CatalogueRow,
    catalogue,
    row_of_folder,
)
from soundstudio.core.errors import ModelError, StorageError, explain_os_error
from soundstudio.core.progress import Progress, ProgressCallback, ignore_progress
from soundstudio.engine.attention_heads import CARD_KEY
from soundstudio.engine.loading import check_weights_fit
from soundstudio.engine.model_folder import (
    AUDIO_CLASS,
    AUDIO_PART,
    REQUIRED_PARTS,
    TEXT_PART,
    read_model_folder,
)
from soundstudio.engine.original_checkpoint import Weights, check_bytes, read_checkpoint
from soundstudio.engine.original_clap import convert_audio_tower, convert_text_tower, front_end_of
from soundstudio.engine.original_parts import (
    ConvertedPart,
    convert_unet,
    convert_vae,
    convert_vocoder,
)
from soundstudio.engine.roberta_tokenizer import copy_tokenizer, find_tokenizer
from soundstudio.engine.weights_file import write_weights

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from soundstudio.engine.attention_heads import Heads

log = logging.getLogger(__name__)

_LICENCE: Final = "CC-BY-NC-SA-4.0"
_STEMS: Final = {name: stem for name, (_, stem) in REQUIRED_PARTS.items()} | {
    AUDIO_PART: AUDIO_CLASS[1]
}
_PREFIX: Final = ".importing-"
_STALE_AFTER_S: Final = 3600.0
_ROOM_FOR_SMALL_FILES_BYTES: Final = 16 << 20
_SCHEDULER: Final = {
    "_class_name": "DDIMScheduler",
    "num_train_timesteps": 1000,
    "beta_start": 0.0015,
    "beta_end": 0.0195,
    "beta_schedule": "scaled_linear",
    "clip_sample": False,
    "set_alpha_to_one": False,
    "steps_offset": 1,
    "prediction_type": "epsilon",
    "timestep_spacing": "leading",
}
_INDEX: Final = {
    "_class_name": "AudioLDMPipeline",
    "scheduler": ["diffusers", "DDIMScheduler"],
    TEXT_PART: ["transformers", "ClapTextModelWithProjection"],
    "tokenizer": ["transformers", "RobertaTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
    "vocoder": ["transformers", "SpeechT5HifiGan"],
}


@dataclass(frozen=True, slots=True)
class _Plan:
    """Everything that is known before the first byte is written."""

    parts: Sequence[ConvertedPart]
    tokenizer: Path
    card: Mapping[str, Any]

    @property
    def size_bytes(self) -> int:
        return sum(part.size_bytes for part in self.parts)


def import_checkpoint(
    source: Path,
    models_folder: Path,
    *,
    name: str | None = None,
    weights: Weights = "ema",
    heads: Heads = "trained",
    tokenizer: Path | None = None,
    progress: ProgressCallback = ignore_progress,
) -> CatalogueRow:
    """Convert the .ckpt at `source` into a folder below `models_folder`; whole or not at all.

    name: the new model's id, by default the file's name. weights: the UNet's averaged ones, as
    the original samples with, or its live ones. heads: the number of attention heads in training,
    or 8 as in the folders on the Hub. tokenizer: a folder with RoBERTa's.
    Raises ModelError and StorageError, before anything is written if the file shows it;
    whatever `progress` raises.
    """
    id_ = _free_id(name, source, models_folder)
    plan = _plan(source, models_folder, weights, heads, tokenizer)
    _check_room(plan, models_folder)
    check_bytes(source, progress)
    target = models_folder / id_
    try:
        models_folder.mkdir(parents=True, exist_ok=True)
        _remove_stale(models_folder)
        # A leading dot and no model_index.json at its top: never taken for a model half-way.
        temporary = models_folder / f"{_PREFIX}{secrets.token_hex(4)}"
        try:
            _write(plan, temporary / id_, progress)
            read_model_folder(temporary / id_)
            (temporary / id_).rename(target)
            _sync_folder(models_folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise explain_os_error(error, f"writing the model to {target}") from error
    return row_of_folder(target)


def _free_id(name: str | None, source: Path, models_folder: Path) -> str:
    id_ = name or re.sub(r"[^\w.-]+", "-", source.name.removesuffix(".ckpt")).strip(".-")
    rows = catalogue(models_folder)
    if name is None and any(row.id == id_ and row.kind == "downloadable" for row in rows):
        # The Hub's folder of the same model may be downloaded, too.
        id_ = f"{id_}-original"
    if not re.fullmatch(r"\w[\w.-]*", id_):
        raise ModelError(
            f"“{id_}” cannot be a model's name.", "Use letters, digits, dots and hyphens."
        )
    if (models_folder / id_).exists() or any(row.id == id_ for row in rows):
        raise ModelError(f"There is a model called “{id_}” already.", "Choose another with --name.")
    return id_


def _plan(
    source: Path, models_folder: Path, weights: Weights, heads: Heads, tokenizer: Path | None
) -> _Plan:
    checkpoint = read_checkpoint(source, weights)
    parts = (
        convert_unet(checkpoint.unet, heads),
        convert_vae(checkpoint.vae, checkpoint.scaling_factor),
        convert_vocoder(checkpoint.vocoder),
        convert_text_tower(checkpoint.clap),
        convert_audio_tower(checkpoint.clap),
    )
    for part in parts:
        check_weights_fit(part.name, part.class_name, part.config, part.tensors)
    card = {
        "title": source.name.removesuffix(".ckpt"),
        "kind": "imported",
        "licence": _LICENCE,
        "parameters": sum(part.parameters for part in parts if part.name != AUDIO_PART),
        "checkpoint": source.name,
        "weights": weights,
        CARD_KEY: heads,
    }
    text = next(part for part in parts if part.name == TEXT_PART)
    return _Plan(parts, find_tokenizer(tokenizer, models_folder, dict(text.config)), card)


def _check_room(plan: _Plan, models_folder: Path) -> None:
    existing = next(f for f in (models_folder, *models_folder.absolute().parents) if f.exists())
    needed = plan.size_bytes + _ROOM_FOR_SMALL_FILES_BYTES
    try:
        free = shutil.disk_usage(existing).free
    except OSError as error:
        raise explain_os_error(error, f"looking at {existing}") from error
    if free < needed:
        raise StorageError(
            f"The model needs {needed / 1e9:.1f} GB in {models_folder}, where "
            f"{free / 1e9:.1f} GB are free.",
            "Free some space or choose another models folder.",
        )
    if not os.access(existing, os.W_OK | os.X_OK):
        raise StorageError(
            f"There is no permission for writing into {existing}.",
            "Choose a folder that you may write to.",
        )


def _write(plan: _Plan, folder: Path, progress: ProgressCallback) -> None:
    total, done = plan.size_bytes, 0

    def written(size: int) -> None:
        nonlocal done
        done += size
        progress(Progress("importing", done >> 20, total >> 20))

    progress(Progress("importing", 0, total >> 20))
    for part in plan.parts:
        (folder / part.name).mkdir(parents=True)
        _write_json(folder / part.name / "config.json", part.config)
        write_weights(
            folder / part.name / f"{_STEMS[part.name]}.safetensors", part.tensors, written
        )
        if part.name == AUDIO_PART:
            (folder / "feature_extractor").mkdir()
            _write_json(
                folder / "feature_extractor" / "preprocessor_config.json", front_end_of(part)
            )
    copy_tokenizer(plan.tokenizer, folder / "tokenizer")
    (folder / "scheduler").mkdir()
    _write_json(folder / "scheduler" / "scheduler_config.json", _SCHEDULER)
    _write_json(folder / MODEL_CARD, plan.card)
    _write_json(folder / MODEL_INDEX, _INDEX)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".safetensors":
            with path.open("rb+") as file:
                os.fsync(file.fileno())
        elif path.is_dir():
            _sync_folder(path)
    _sync_folder(folder)


def _write_json(path: Path, values: Mapping[str, Any]) -> None:
    path.write_text(
        json.dumps(values, ensure_ascii=False, indent=2, allow_nan=False) + "\n", encoding="utf-8"
    )


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # there a folder cannot be opened, and need not
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_stale(models_folder: Path) -> None:
    """What imports that were killed have left: nothing was written to it for an hour."""
    for folder in models_folder.glob(f"{_PREFIX}*"):
        newest = max(path.stat().st_mtime for path in (folder, *folder.rglob("*")))
        if newest < time.time() - _STALE_AFTER_S:
            log.info("removing %s, left by an import that did not end", folder)
            shutil.rmtree(folder, ignore_errors=True)
