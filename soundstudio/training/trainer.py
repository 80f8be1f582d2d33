"""The UNet in training: one optimiser step, its averaged copy, and the state of both."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from soundstudio.core.errors import OutOfMemoryError, RunError
from soundstudio.engine.failures import explained_failures, free_unused_memory
from soundstudio.training.adapters import copy_of_learned, learned_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch

    from soundstudio.core.finetuning import FinetuneSettings
    from soundstudio.training.examples import Examples
    from soundstudio.training.objective import Objective

_UNET, _AVERAGE, _OPTIMISER = "unet/", "average/", "optimiser/"
_OPTIMISER_VALUES: Final = ("step", "exp_avg", "exp_avg_sq")


@dataclass(frozen=True, slots=True)
class StepResult:
    """loss: mean over the whole batch. stops: whether any process was asked to stop."""

    loss: float
    stops: bool


class Trainer:
    """Not thread-safe. Several processes each hold one and work on their share of every batch."""

    def __init__(
        self,
        accelerator: Any,
        unet: Any,
        objective: Objective,
        examples: Examples,
        settings: FinetuneSettings,
    ) -> None:
        import torch

        processes = accelerator.num_processes
        if settings.batch_size % processes:
            raise RunError(
                f"A batch of {settings.batch_size} clips cannot be shared by {processes} processes "
                "evenly.",
                "Choose a batch size that is a multiple of the number of processes.",
            )
        self.accelerator = accelerator
        self.objective = objective
        self.examples = examples
        self.settings = settings
        self.share = settings.batch_size // processes
        self.micro_batch = min(settings.micro_batch or self.share, self.share)
        unet.train()
        unet.to(accelerator.device)
        self._names = learned_names(unet)
        # Sampling and keeping is the first process's work: only it needs the averaged copy.
        self.average: Any = None
        if accelerator.is_main_process:
            self.average = copy_of_learned(unet)
            self.average.requires_grad_(False).eval()
        self.plain_unet = unet
        optimiser = torch.optim.AdamW(
            [unet.get_parameter(name) for name in self._names],
            lr=settings.learning_rate,
            betas=(settings.beta1, settings.beta2),
            weight_decay=settings.weight_decay,
            # In one pass over the numbers instead of seven: on a processor, memory is the limit.
            fused=accelerator.device.type in ("cpu", "cuda") or None,
        )
        with explained_failures("preparing the training"):
            self._unet, self._optimiser = accelerator.prepare(unet, optimiser)

    def step(self, number: int, wants_stop: bool = False) -> StepResult:
        """Make step `number` (from 0). Raises RunError: the loss is no number any more.

        Raises OutOfMemoryError, after which the state is as before the step.
        """
        import torch

        for group in self._optimiser.param_groups:
            group["lr"] = self.settings.learning_rate_at(number)
        total = self._accumulate_what_fits(number)
        # One exchange for both: all processes must see the same loss, and stop at the same step.
        sums = torch.tensor([total, float(wants_stop)], dtype=torch.float64)
        if self.accelerator.num_processes > 1:
            device = self.accelerator.device
            exact = torch.float32 if device.type == "mps" else torch.float64
            sums = self.accelerator.reduce(sums.to(device, exact), "sum").cpu()
        loss = float(sums[0]) / self.settings.batch_size
        with explained_failures("training"):
            if not math.isfinite(loss) or not math.isfinite(self._shorten_gradients()):
                self._optimiser.zero_grad(set_to_none=True)
                raise RunError(
                    f"The loss became invalid at step {number + 1}: the weights have run away.",
                    "Resume with a lower --learning-rate; the last checkpoint is from before.",
                )
            self._optimiser.step()
            self._optimiser.zero_grad(set_to_none=True)
            self._update_average(number + 1)
        return StepResult(loss, bool(sums[1] > 0))

    def accumulate(self, number: int, micro_batch: int, count: int | None = None) -> float:
        """Add up the gradients of this process's share of step `number`; returns its summed loss.

        count: only so many examples, for a trial.
        """
        first = self.accelerator.process_index * self.share
        count = self.share if count is None else count
        device = self.accelerator.device
        # DDP averages the gradients over the processes: each divides by its own share.
        total = 0.0
        with explained_failures("training"):
            for start in range(0, count, micro_batch):
                stop = min(start + micro_batch, count)
                part = self.examples.batch(number, range(first + start, first + stop), device)
                is_last = stop == count
                exchange = (
                    contextlib.nullcontext() if is_last else self.accelerator.no_sync(self._unet)
                )
                with exchange:
                    losses = self.objective.losses(
                        self._unet, part.latents, part.noise, part.timesteps, part.conditions
                    )
                    self.accelerator.backward(losses.sum() / count)
                total += float(losses.detach().sum())
        return total

    def _shorten_gradients(self) -> float:
        """The gradients' norm before, over all weights; 0 where it is of no use.

        After the exchange of the processes, so that all do the same.
        """
        if not self.settings.max_gradient_norm:
            return 0.0
        norm = self.accelerator.clip_grad_norm_(
            self._learned(self.plain_unet), self.settings.max_gradient_norm
        )
        # Scaled gradients may overflow: their scaler leaves such a step out and goes on.
        return 0.0 if self.accelerator.scaler is not None else float(norm)

    def forget_gradients(self) -> None:
        self._optimiser.zero_grad(set_to_none=True)

    @property
    def weights(self) -> int:
        """How many numbers the UNet has, frozen ones and adapters included."""
        return sum(value.numel() for value in self.plain_unet.parameters())

    @property
    def learned_weights(self) -> int:
        """How many numbers learn."""
        return sum(value.numel() for value in self._learned(self.plain_unet))

    def save_memory(self) -> None:
        """Compute activations again in the backward pass instead of keeping them."""
        self.plain_unet.enable_gradient_checkpointing()

    def keep_activations(self) -> None:
        """Undo `save_memory`."""
        self.plain_unet.disable_gradient_checkpointing()

    @property
    def saves_memory(self) -> bool:
        return bool(self.plain_unet.is_gradient_checkpointing)

    def _accumulate_what_fits(self, number: int) -> float:
        """As `accumulate`; alone, a process that runs out of memory tries smaller pieces."""
        while True:
            try:
                return self.accumulate(number, self.micro_batch)
            except OutOfMemoryError:
                self.forget_gradients()
                if self.accelerator.num_processes > 1 or not self.use_less_memory():
                    raise

    def use_less_memory(self) -> bool:
        """Halve the pieces, then give up kept activations; False if neither is left."""
        free_unused_memory()
        if self.micro_batch > 1:
            self.micro_batch //= 2
        elif not self.saves_memory:
            self.save_memory()
        else:
            return False
        return True

    def _update_average(self, steps: int) -> None:
        """AudioLDM's averaged weights (LitEma): fast at first, then slow."""
        import torch

        if self.average is None:
            return
        decay = min(self.settings.ema_decay, (1 + steps) / (10 + steps))
        with torch.no_grad():
            torch._foreach_lerp_(
                self._learned(self.average), self._learned(self.plain_unet), 1.0 - decay
            )

    def _learned(self, unet: Any) -> list[torch.Tensor]:
        return [unet.get_parameter(name) for name in self._names]

    def state(self) -> dict[str, torch.Tensor]:
        """All tensors that the next step depends on, by name. On the first process only.

        Without what is frozen: that comes from the base model again.
        """
        tensors = {_UNET + name: value for name, value in self._state_of(self.plain_unet).items()}
        tensors |= {_AVERAGE + name: value for name, value in self._state_of(self.average).items()}
        stored = self._optimiser.optimizer.state_dict()["state"]
        for number, values in stored.items():
            for key in _OPTIMISER_VALUES:
                tensors[f"{_OPTIMISER}{self._names[number]}/{key}"] = values[key]
        return tensors

    def state_facts(self) -> dict[str, Any]:
        """What else it depends on, as JSON values."""
        scaler = self.accelerator.scaler
        return {
            "micro_batch": self.micro_batch,
            "saves_memory": self.saves_memory,
            "scaler": scaler.state_dict() if scaler is not None else None,
        }

    def restore(self, tensors: Mapping[str, torch.Tensor], facts: Mapping[str, Any]) -> None:
        """Go back to a state. Raises RunError if it is of another network."""
        try:
            self._load(self.plain_unet, _of(tensors, _UNET))
            if self.average is not None:
                self._load(self.average, _of(tensors, _AVERAGE))
            stored = _of(tensors, _OPTIMISER)
            state = {
                number: {key: stored[f"{name}/{key}"] for key in _OPTIMISER_VALUES}
                for number, name in enumerate(self._names)
                if f"{name}/step" in stored
            }
            groups = self._optimiser.optimizer.state_dict()["param_groups"]
            self._optimiser.optimizer.load_state_dict({"state": state, "param_groups": groups})
            self.micro_batch = min(int(facts["micro_batch"]), self.share)
            if facts["saves_memory"]:
                self.save_memory()
            if facts["scaler"] is not None and self.accelerator.scaler is not None:
                self.accelerator.scaler.load_state_dict(facts["scaler"])
        except (RuntimeError, KeyError, ValueError) as error:
            raise RunError("The checkpoint is of another model than the run's.") from error

    def _state_of(self, unet: Any) -> dict[str, torch.Tensor]:
        """A UNet's tensors without the frozen ones."""
        frozen = {name for name, _ in unet.named_parameters()} - set(self._names)
        return {name: value for name, value in unet.state_dict().items() if name not in frozen}

    def _load(self, unet: Any, tensors: Mapping[str, torch.Tensor]) -> None:
        if tensors.keys() != self._state_of(unet).keys():
            raise KeyError("the names of the weights")
        unet.load_state_dict(tensors, strict=False)


def _of(tensors: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }
