"""A few trial steps before the first: what fits, and what the whole run will take."""

from __future__ import annotations

import logging
import shutil
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from soundstudio.core.errors import OutOfMemoryError, StorageError
from soundstudio.training.memory import free_bytes, used_bytes
from soundstudio.training.trial import Trial, trial

if TYPE_CHECKING:
    from pathlib import Path

    from soundstudio.core.finetuning import FinetuneSettings
    from soundstudio.training.trainer import Trainer

log = logging.getLogger(__name__)

SHARE_OF_FREE_MEMORY: Final = 0.7
BYTES_PER_WEIGHT: Final = 12  # its gradient and AdamW's two moments, which come with step one
_CHECKPOINTS_ON_DISK: Final = 3  # the newest two, and the one that is being written
_WEIGHTS_IN_CHECKPOINT: Final = 4  # UNet, averaged copy, two moments


@dataclass(frozen=True, slots=True)
class Estimate:
    """What was chosen, and what the rest of the run will take as far as a trial shows.

    seconds: of all steps that are left and of their validations. memory_bytes: the most of this
    process on its device; on a processor the whole process. checkpoint_bytes: of one.
    learned_weights: how many numbers of the UNet's `weights` training changes.
    """

    method: str
    learned_weights: int
    weights: int
    device: str
    dtype: str
    processes: int
    micro_batch: int
    accumulation: int
    recomputes_activations: bool
    seconds_per_step: float
    seconds: float
    memory_bytes: int
    memory_free_bytes: int | None
    checkpoint_bytes: int
    disk_bytes: int
    disk_free_bytes: int

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def sentences(self) -> tuple[str, ...]:
        """What was chosen and what it will take, for people."""
        pieces = f"{self.micro_batch} at once"
        if self.accumulation > 1:
            pieces += f", {self.accumulation} times a step"
        if self.processes > 1:
            pieces += f", in each of {self.processes} processes"
        if self.recomputes_activations:
            pieces += ", activations computed twice to save memory"
        free = ""
        if self.memory_free_bytes is not None:
            free = f", {size_in_words(self.memory_free_bytes)} free"
        learned = f"{self.learned_weights / 1e6:,.3g} of {self.weights / 1e6:,.3g} million weights"
        method = f"LoRA: adapters learn, {learned}"
        if self.method == "full":
            method = f"full: all {self.weights / 1e6:,.3g} million weights learn"
        return (
            f"Method {method}.",
            f"Training on {self.device} in {self.dtype}: {pieces}.",
            f"Time: about {_duration(self.seconds)} ({self.seconds_per_step:.2g} s a step). "
            f"Memory: about {size_in_words(self.memory_bytes)}{free}. "
            f"Disk: {size_in_words(self.disk_bytes)} for checkpoints and the model, "
            f"{size_in_words(self.disk_free_bytes)} free.",
        )


def size_in_words(count: int) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def probe(
    trainer: Trainer,
    settings: FinetuneSettings,
    folder: Path,
    steps_left: int,
    is_chosen: bool = False,
) -> Estimate:
    """Choose the micro-batch and whether activations are kept; measure; weights stay untouched.

    A micro-batch that the settings name, or an earlier start of the run (`is_chosen`), is kept
    unless it does not fit.
    Raises OutOfMemoryError if one clip does not fit, StorageError if the disk cannot hold the
    checkpoints.
    """
    accelerator = trainer.accelerator
    weights, learned = trainer.weights, trainer.learned_weights
    before = used_bytes(accelerator.device)
    measured = trial(trainer, 1)
    free = free_bytes(accelerator.device)
    to_come = BYTES_PER_WEIGHT * learned
    if not settings.micro_batch and not is_chosen:
        budget = None if free is None else int(free * SHARE_OF_FREE_MEMORY) - to_come
        _choose(trainer, measured, budget)
    measured = _second_trial(trainer)
    _agree(trainer)
    accumulation = -(-trainer.share // trainer.micro_batch)
    seconds_per_step = measured.seconds * accumulation
    checkpoint = 4 * _WEIGHTS_IN_CHECKPOINT * learned
    disk = checkpoint * _CHECKPOINTS_ON_DISK + 2 * 4 * weights
    estimate = Estimate(
        method=trainer.settings.method,
        learned_weights=learned,
        weights=weights,
        device=accelerator.device.type,
        dtype=_DTYPES[accelerator.mixed_precision],
        processes=accelerator.num_processes,
        micro_batch=trainer.micro_batch,
        accumulation=accumulation,
        recomputes_activations=trainer.saves_memory,
        seconds_per_step=seconds_per_step,
        seconds=steps_left * seconds_per_step
        + _validation_s(settings, measured.seconds / trainer.micro_batch, steps_left),
        memory_bytes=before + to_come + measured.activation_bytes,
        memory_free_bytes=free,
        checkpoint_bytes=checkpoint,
        disk_bytes=disk,
        disk_free_bytes=shutil.disk_usage(folder).free,
    )
    if estimate.disk_free_bytes < disk:
        raise StorageError(
            f"The run needs {disk / 1e6:,.0f} MB for its checkpoints, but only "
            f"{estimate.disk_free_bytes / 1e6:,.0f} MB of the disk are free.",
            "Free some space, or set SOUNDSTUDIO_HOME to a folder on a larger disk.",
        )
    return estimate


_DTYPES: Final = {"no": "float32", "bf16": "bfloat16", "fp16": "float16"}


def _choose(trainer: Trainer, one: Trial, budget: int | None) -> None:
    """As many clips at once as fit into `budget` bytes by the trial of one."""
    if budget is None or one.activation_bytes <= 0:
        return
    fitting = budget // one.activation_bytes
    if fitting < 1:
        trainer.save_memory()
    trainer.micro_batch = max(1, min(trainer.share, fitting))


def _second_trial(trainer: Trainer) -> Trial:
    """With what was chosen, and less if it does not fit after all."""
    while True:
        try:
            return trial(trainer, trainer.micro_batch)
        except OutOfMemoryError:
            trainer.forget_gradients()
            if trainer.accelerator.num_processes > 1 or not trainer.use_less_memory():
                raise


def _agree(trainer: Trainer) -> None:
    """All processes take the smallest micro-batch that any of them chose."""
    accelerator = trainer.accelerator
    if accelerator.num_processes == 1:
        return
    import torch

    chosen = torch.tensor(
        [trainer.micro_batch, 0 if trainer.saves_memory else 1], device=accelerator.device
    )
    smallest = accelerator.gather(chosen[None]).amin(dim=0).tolist()
    trainer.micro_batch = int(smallest[0])
    if not smallest[1]:
        trainer.save_memory()


def _validation_s(settings: FinetuneSettings, example_s: float, steps_left: int) -> float:
    """Forward passes of the sounds, guided or not; a third of a training example's time each."""
    if not settings.validate_every:
        return 0.0
    guided = 2 if settings.guidance > 1 else 1
    passes = settings.validation_sounds * settings.sampling_steps * guided
    return steps_left // settings.validate_every * passes * example_s / 3
