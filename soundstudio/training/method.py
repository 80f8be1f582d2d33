"""Full fine-tuning or LoRA: chosen by a trial of what fits, unless the user has chosen."""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING, Any, Final

from soundstudio.engine.failures import free_unused_memory
from soundstudio.training.memory import free_bytes
from soundstudio.training.probe import BYTES_PER_WEIGHT, SHARE_OF_FREE_MEMORY, size_in_words
from soundstudio.training.starting_weights import build_unet
from soundstudio.training.trainer import Trainer
from soundstudio.training.trial import trial

if TYPE_CHECKING:
    from soundstudio.core.finetuning import FinetuneSettings, Method
    from soundstudio.engine.model_folder import ModelFolder
    from soundstudio.training.examples import Examples
    from soundstudio.training.objective import Objective

log = logging.getLogger(__name__)

_AVERAGE_BYTES: Final = 4  # a weight's averaged copy


def make_trainer(
    accelerator: Any,
    files: ModelFolder,
    objective: Objective,
    examples: Examples,
    settings: FinetuneSettings,
) -> tuple[Trainer, str]:
    """A trainer whose settings name the method, and why LoRA was chosen for it, if it was.

    Raises ModelError, RunError, OutOfMemoryError, DeviceError.
    """

    def made(method: Method) -> Trainer:
        chosen = dataclasses.replace(settings, method=method)
        unet = build_unet(files, chosen)
        return Trainer(accelerator, unet, objective, examples, chosen)

    if settings.method != "auto":
        return made(settings.method), ""
    if settings.from_scratch:
        return made("full"), ""
    # The small method is tried: a trial of the large one could take the memory of the whole
    # computer, and a system that runs out of it kills without asking.
    trainer = made("lora")
    needed, free = _full_needs(trainer), _free_for_one(accelerator)
    budget = None if free is None else int(free * SHARE_OF_FREE_MEMORY)
    log.info("full fine-tuning needs %d more bytes, may have %s", needed, budget)
    if _all_agree(accelerator, budget is None or needed <= budget):
        del trainer
        accelerator.free_memory()
        free_unused_memory()
        return made("full"), ""
    trainer.keep_activations()
    note = (
        f"Full fine-tuning would take about {size_in_words(needed)} more memory, of "
        f"{size_in_words(free or 0)} free: adapters are trained instead (LoRA). --method full "
        "insists on all weights."
    )
    return trainer, note


def _full_needs(trainer: Trainer) -> int:
    """The least that full fine-tuning needs beside the loaded UNet: one clip, nothing kept."""
    trainer.save_memory()
    activations = trial(trainer, 1).activation_bytes
    frozen = trainer.weights - trainer.learned_weights
    return (_AVERAGE_BYTES + BYTES_PER_WEIGHT) * frozen + activations


def _free_for_one(accelerator: Any) -> int | None:
    """Free bytes for this process; on a processor all of them share one memory."""
    free = free_bytes(accelerator.device)
    if free is None or accelerator.device.type != "cpu":
        return free
    return int(free // accelerator.num_processes)


def _all_agree(accelerator: Any, answer: bool) -> bool:
    """Whether it is so in every process: all must take the same method."""
    if accelerator.num_processes == 1:
        return answer
    import torch

    flag = torch.tensor([int(answer)], device=accelerator.device)
    return bool(accelerator.gather(flag).amin() > 0)
