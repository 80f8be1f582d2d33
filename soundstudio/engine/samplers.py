"""The samplers by name: which of diffusers' schedulers, and set up how."""

from __future__ import annotations

import importlib
import inspect
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from soundstudio.core.errors import InvalidRequestError, ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import torch

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sampler:
    """One row: diffusers' module and class, and what differs from the model's own settings.

    min_steps: what the scheduler needs to work at all.
    """

    module: str
    class_name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    min_steps: int = 1


# All but DDIM and PNDM begin at the very last training step and space the others evenly from there
# ("trailing", Lin et al. 2024, arXiv:2305.08891): few steps then lose least.
_TRAILING: Final = {"timestep_spacing": "trailing", "steps_offset": 0}

SAMPLER_TABLE: Final[Mapping[str, Sampler]] = {
    "dpm++": Sampler(
        "scheduling_dpmsolver_multistep",
        "DPMSolverMultistepScheduler",
        {**_TRAILING, "algorithm_type": "dpmsolver++", "solver_order": 2},
    ),
    # As the model's folder sets it up: it must equal AudioLDMPipeline.
    "ddim": Sampler("scheduling_ddim", "DDIMScheduler", {"clip_sample": False}),
    "euler": Sampler("scheduling_euler_discrete", "EulerDiscreteScheduler", _TRAILING),
    "euler-a": Sampler(
        "scheduling_euler_ancestral_discrete", "EulerAncestralDiscreteScheduler", _TRAILING
    ),
    "heun": Sampler("scheduling_heun_discrete", "HeunDiscreteScheduler", _TRAILING),
    "unipc": Sampler("scheduling_unipc_multistep", "UniPCMultistepScheduler", _TRAILING),
    # As published, but down to no noise at all; its first step is made twice.
    "pndm": Sampler(
        "scheduling_pndm",
        "PNDMScheduler",
        {"skip_prk_steps": True, "set_alpha_to_one": True},
        min_steps=2,
    ),
    "lms": Sampler("scheduling_lms_discrete", "LMSDiscreteScheduler", _TRAILING),
    "ddpm": Sampler("scheduling_ddpm", "DDPMScheduler", {**_TRAILING, "clip_sample": False}),
}


class Schedule:
    """A scheduler set to a number of steps, with one calling convention for all of them."""

    def __init__(self, scheduler: Any, evaluations: Sequence[torch.Tensor]) -> None:
        self._scheduler = scheduler
        self._accepted = set(inspect.signature(scheduler.step).parameters)
        self.timesteps = evaluations

    @property
    def initial_scale(self) -> float:
        """What unit noise is multiplied with before the first step."""
        return float(self._scheduler.init_noise_sigma)

    def model_input(self, latents: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
        scaled: torch.Tensor = self._scheduler.scale_model_input(latents, timestep)
        return scaled

    def step(
        self,
        prediction: torch.Tensor,
        timestep: torch.Tensor,
        latents: torch.Tensor,
        eta: float,
        generators: list[torch.Generator],
    ) -> torch.Tensor:
        """One step down. Each latent draws its noise from its own generator."""
        extra: dict[str, Any] = {"eta": eta, "generator": generators}
        extra = {name: value for name, value in extra.items() if name in self._accepted}
        result = self._scheduler.step(prediction, timestep, latents, return_dict=False, **extra)
        previous: torch.Tensor = result[0]
        return previous


def build_schedule(name: str, steps: int, config: Mapping[str, Any], device: str) -> Schedule:
    """The schedule of sampler `name` for a model whose scheduler_config.json is `config`.

    Raises InvalidRequestError for too few steps, ModelError for a configuration it cannot use.
    """
    row = SAMPLER_TABLE[name]
    if steps < row.min_steps:
        raise InvalidRequestError(
            f"The sampler {name} needs at least {row.min_steps} steps; it was given {steps}."
        )
    module = importlib.import_module(f"diffusers.schedulers.{row.module}")
    scheduler_class = getattr(module, row.class_name)
    known = set(inspect.signature(scheduler_class.__init__).parameters)
    settings = {key: value for key, value in config.items() if key in known}
    settings |= dict(row.settings)
    if settings.get("timestep_spacing", "leading") == "leading":
        steps, mended = _mended_leading(steps, int(settings.get("num_train_timesteps", 1000)))
        settings |= mended
    try:
        scheduler = scheduler_class(**settings)
        scheduler.set_timesteps(steps, device=device)
    except (ValueError, TypeError, NotImplementedError) as error:
        log.info("%s refused %s: %s", row.class_name, settings, error)
        raise ModelError(
            f"The sampler {name} cannot work with this model's schedule: {error}.",
            "Choose another sampler.",
        ) from error
    return Schedule(scheduler, scheduler.timesteps)


def _mended_leading(steps: int, train_steps: int) -> tuple[int, dict[str, Any]]:
    """Steps and settings that make the "leading" spacing work beyond half of the training steps.

    There it takes every single step from 1 to `steps`: 600 steps begin in the middle of the
    noise, 1000 run past its end. All training steps can be taken the other way round; what lies
    between has no even spacing, so half of them are taken.
    """
    if steps <= train_steps // 2:
        return steps, {}
    if steps == train_steps:
        return steps, dict(_TRAILING)
    return train_steps // 2, {}
