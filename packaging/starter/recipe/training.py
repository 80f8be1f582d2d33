"""A resumable training session: time budget, checkpoints, learning rate and running losses."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Protocol

import torch
from safetensors.torch import load_file

from soundstudio.engine.devices import cpu_has_fast_bfloat16

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from recipe.settings import StageBudget

log = logging.getLogger(__name__)

_LOG_EVERY_S = 20.0


def half_precision() -> torch.autocast:
    """bfloat16 where the processor multiplies in it; elsewhere it is a hundred times slower."""
    return torch.autocast("cpu", torch.bfloat16, enabled=cpu_has_fast_bfloat16())


def descend(
    loss: torch.Tensor,
    parameters: Iterable[torch.nn.Parameter],
    optimiser: torch.optim.Optimizer,
    largest_norm: float = 1.0,
    gather: Callable[[], None] = lambda: None,
) -> None:
    """One optimiser step against ``loss``, its gradient cut at ``largest_norm``.

    gather: brings gradients that arose elsewhere to ``parameters``.
    """
    optimiser.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    gather()
    torch.nn.utils.clip_grad_norm_(parameters, largest_norm)
    optimiser.step()


def start_from(module: torch.nn.Module, folder: Path) -> None:
    """Take over the weights of a part that was saved before, be they in half precision.

    Raises FileNotFoundError for a folder without weights, RuntimeError for another shape.
    """
    paths = sorted(folder.glob("*.safetensors"))
    if not paths:
        raise FileNotFoundError(f"no weights to start from in {folder}")
    module.load_state_dict(load_file(paths[0]))
    log.info("started from %s", folder)


class Stateful(Protocol):
    """A module or an optimiser."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state_dict: Any) -> Any: ...


class Session:
    """Counts steps and seconds of one stage and keeps its state on disk.

    ``parts`` are saved and restored by name. A session that has used up its budget is finished,
    so that running the recipe again goes straight on to the next stage.
    """

    def __init__(
        self,
        folder: Path,
        parts: Mapping[str, Stateful],
        budget: StageBudget,
        checkpoint_minutes: float,
    ) -> None:
        self.path = folder / "checkpoint.pt"
        self.parts = parts
        self.budget = budget
        self.step = 0
        self.trained_s = 0.0
        self._checkpoint_s = checkpoint_minutes * 60.0
        self._last_tick_s = self._last_save_s = self._last_log_s = time.monotonic()
        self._running: dict[str, float] = {}
        self._resume()

    def _resume(self) -> None:
        if not self.path.exists():
            return
        state = torch.load(self.path, map_location="cpu", weights_only=True)
        for name, part in self.parts.items():
            if name in state["parts"]:
                part.load_state_dict(state["parts"][name])
        self.step, self.trained_s = state["step"], state["trained_s"]
        log.info("resumed %s at step %d", self.path.parent.name, self.step)

    @property
    def progress(self) -> float:
        """The used share of the budget in 0..1, by steps or by time, whichever is further."""
        by_steps = self.step / max(1, self.budget.steps)
        by_time = self.trained_s / max(1e-9, self.budget.minutes * 60.0)
        return min(1.0, max(by_steps, by_time))

    def is_running(self) -> bool:
        """Whether there is budget left."""
        return self.progress < 1.0

    def learning_rate(self, warmup_steps: int = 100) -> float:
        """Linear warm-up, then constant, then a linear decay over the last fifth."""
        warm = min(1.0, (self.step + 1) / warmup_steps)
        return self.budget.learning_rate * warm * min(1.0, (1.0 - self.progress) / 0.2 + 0.02)

    def apply_learning_rate(self, optimiser: torch.optim.Optimizer, share: float = 1.0) -> None:
        """Write ``share`` of the current learning rate into the optimiser.

        A group of parameters with a ``factor`` of its own gets so many times as much.
        """
        for group in optimiser.param_groups:
            group["lr"] = share * group.get("factor", 1.0) * self.learning_rate()

    def tick(self, losses: Mapping[str, float]) -> None:
        """Count one step, log now and then, and save when the time has come."""
        now = time.monotonic()
        self.trained_s += now - self._last_tick_s
        self._last_tick_s = now
        self.step += 1
        for name, value in losses.items():
            self._running[name] = 0.98 * self._running.get(name, value) + 0.02 * value
        if now - self._last_log_s > _LOG_EVERY_S:
            self._last_log_s = now
            text = " ".join(f"{name} {value:.4f}" for name, value in self._running.items())
            log.info("step %d, %.1f min: %s", self.step, self.trained_s / 60.0, text)
        if now - self._last_save_s > self._checkpoint_s:
            self.save()

    def save(self) -> None:
        """Write the checkpoint beside the old one and swap, so that a cut leaves a whole file."""
        state = {
            "parts": {name: part.state_dict() for name, part in self.parts.items()},
            "step": self.step,
            "trained_s": self.trained_s,
        }
        partial = self.path.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(self.path)
        self._last_save_s = time.monotonic()
