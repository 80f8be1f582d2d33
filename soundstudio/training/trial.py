"""Trial steps: what forward and backward passes take, with nothing changed afterwards."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from soundstudio.engine.failures import free_unused_memory
from soundstudio.training.memory import used_bytes

if TYPE_CHECKING:
    import torch

    from soundstudio.training.trainer import Trainer


@dataclass(frozen=True, slots=True)
class Trial:
    """Seconds of forward and backward together, and bytes that the forward pass keeps alive."""

    seconds: float
    activation_bytes: int


def trial(trainer: Trainer, count: int) -> Trial:
    """Forward and backward of `count` examples, twice: the first time prepares things.

    Raises OutOfMemoryError.
    """
    import torch

    device = trainer.accelerator.device
    seconds = 0.0
    before = used_bytes(device)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    most = _MostUsed(device)
    for _ in range(2):
        started = time.perf_counter()
        handle = trainer.plain_unet.register_forward_hook(most)
        try:
            trainer.accumulate(0, count, count)
        finally:
            handle.remove()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        seconds = time.perf_counter() - started
    peak = most.bytes
    if device.type == "cuda":
        peak = int(torch.cuda.max_memory_allocated(device))
    trainer.forget_gradients()
    free_unused_memory()
    return Trial(seconds, max(0, peak - before))


class _MostUsed:
    """A hook after the forward pass, when all activations are there."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self.bytes = 0

    def __call__(self, *_: object) -> None:
        self.bytes = max(self.bytes, used_bytes(self._device))
