"""From a run's folder to a trainer that can take its next step."""

from __future__ import annotations

import importlib
import logging
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from soundstudio.core.errors import RunError
from soundstudio.core.progress import ProgressCallback, ignore_progress
from soundstudio.engine.devices import choose_device, choose_dtype, limit_threads
from soundstudio.engine.failures import explained_failures
from soundstudio.engine.model_folder import ModelFolder, read_model_folder
from soundstudio.training.draws import Draws
from soundstudio.training.encoding import encode, find_missing, texts_of
from soundstudio.training.encodings import EncodingCache
from soundstudio.training.examples import Examples
from soundstudio.training.fingerprints import fingerprints_of
from soundstudio.training.front_end import training_frames
from soundstudio.training.method import make_trainer
from soundstudio.training.objective import Objective

if TYPE_CHECKING:
    from collections.abc import Callable

    from soundstudio.core.finetuning import FinetuneSettings
    from soundstudio.core.run_files import RunDescription
    from soundstudio.dataset.clips import DatasetClip
    from soundstudio.dataset.dataset import Dataset
    from soundstudio.training.trainer import Trainer

log = logging.getLogger(__name__)

# One process samples and writes while the others wait for it.
_WAITING: Final = timedelta(hours=6)
_PRECISIONS: Final = {"float32": "no", "bfloat16": "bf16", "float16": "fp16"}


@dataclass(frozen=True, slots=True)
class Prepared:
    """What one run trains with.

    The trainer's settings name the method that was chosen; method_note: why, if it was not full.
    """

    files: ModelFolder
    cache: EncodingCache
    objective: Objective
    trainer: Trainer
    method_note: str


def make_accelerator(settings: FinetuneSettings) -> Any:
    """The process's place among its fellows, its device and its precision.

    Raises DeviceError.
    """
    accelerate = importlib.import_module("accelerate")
    handlers = importlib.import_module("accelerate.utils")
    device = choose_device(settings.device)
    # MPS trains in float32: float16 needs a scaled loss, which exists for CUDA alone.
    automatic = settings.dtype == "auto" and device.kind == "mps"
    dtype = "float32" if automatic else choose_dtype(device, settings.dtype)
    limit_threads()
    with explained_failures("preparing the training"):
        accelerator = accelerate.Accelerator(
            cpu=device.kind == "cpu",
            mixed_precision=_PRECISIONS[dtype],
            kwargs_handlers=[handlers.InitProcessGroupKwargs(timeout=_WAITING)],
        )
    if device.kind == "cuda":
        import torch

        torch.set_float32_matmul_precision("high")  # TF32, as in AudioLDM's training code
    return accelerator


def prepare(
    accelerator: Any,
    description: RunDescription,
    dataset: Dataset,
    progress: ProgressCallback = ignore_progress,
    say: Callable[[str], None] = lambda _: None,
) -> Prepared:
    """Check the base model, fill the cache, build the trainer.

    Raises RunError (the base model changed), ModelError, AudioFileError, StorageError,
    OutOfMemoryError, DeviceError.
    """
    settings = description.settings
    files = read_model_folder(Path(str(description.base["folder"])))
    fingerprints = fingerprints_of(files)
    if fingerprints.to_dict() != description.base["fingerprints"]:
        raise RunError(
            f"The model {description.base['title']} is not the one that the run began with.",
            "Put the old one back, or start a new run.",
        )
    train, held_out = dataset.of_split("train"), dataset.of_split("validation")
    if not train:
        raise RunError("There is no clip to train on.", "Choose another folder of clips.")
    clips = [*train, *held_out]
    parts = files.parts
    frames = training_frames(clips, parts["vae"].config, parts["unet"].config)
    cache = EncodingCache(Path(description.cache_folder), fingerprints, frames)
    fill_cache(accelerator, cache, clips, files, progress, say)
    objective = Objective(files.scheduler)
    draws = Draws(
        settings.seed,
        len(train),
        objective.timesteps,
        settings.batch_size,
        settings.condition_dropout,
    )
    scaling_factor = float(parts["vae"].config.get("scaling_factor", 1.0))
    examples = Examples(
        cache, train, draws, settings.condition, scaling_factor, files.has_audio_tower
    )
    trainer, note = make_trainer(accelerator, files, objective, examples, settings)
    return Prepared(files, cache, objective, trainer, note)


def fill_cache(
    accelerator: Any,
    cache: EncodingCache,
    clips: list[DatasetClip],
    files: ModelFolder,
    progress: ProgressCallback,
    say: Callable[[str], None],
) -> None:
    """Encode what is not in the cache yet, each process its share; say what is on the disk."""
    rank, count = accelerator.process_index, accelerator.num_processes
    texts = texts_of(clips)
    missing = find_missing(cache, clips, files)
    size = cache.size_bytes(clips, texts)
    if accelerator.is_main_process:
        say(
            f"Encoded clips: {size / 1e6:,.1f} MB are in the cache, "
            + (
                f"{missing.bytes_needed / 1e6:,.1f} MB will be added."
                if missing.count
                else "nothing is missing."
            )
        )
    accelerator.wait_for_everyone()  # nobody writes while another still looks what is missing
    encode(cache, missing.share(rank, count), files, accelerator.device.type, progress)
    accelerator.wait_for_everyone()
    if missing.count and accelerator.is_main_process:
        say(f"Encoded clips: {cache.size_bytes(clips, texts) / 1e6:,.1f} MB are in the cache now.")
