"""What the UNet learns: to predict what was added to a latent, or what its scheduler asks for."""

from __future__ import annotations

import importlib
import inspect
from typing import TYPE_CHECKING, Any, Final

from soundstudio.core.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch

PREDICTION_TYPES: Final = ("epsilon", "v_prediction", "sample")


class Objective:
    """Noise and targets by the model's own schedule (AudioLDM: 1,000 steps, root-linear betas).

    Mean squared error over uniform timesteps, unweighted, as AudioLDM's training code has it
    (Liu et al. 2023, eq. 3; v: Salimans and Ho 2022, appendix D).
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        module = importlib.import_module("diffusers.schedulers.scheduling_ddpm")
        known = set(inspect.signature(module.DDPMScheduler.__init__).parameters)
        settings = {key: value for key, value in config.items() if key in known}
        self.prediction_type = str(settings.get("prediction_type", "epsilon"))
        if self.prediction_type not in PREDICTION_TYPES:
            raise ModelError(
                f"The model predicts “{self.prediction_type}”, which cannot be trained here.",
                f"Choose a model that predicts one of {', '.join(PREDICTION_TYPES)}.",
            )
        try:
            self._scheduler: Any = module.DDPMScheduler(**settings)
        except (ValueError, TypeError, NotImplementedError) as error:
            raise ModelError(f"The model's schedule cannot be used: {error}.") from error

    @property
    def timesteps(self) -> int:
        """How many steps of noise there are."""
        return int(self._scheduler.config.num_train_timesteps)

    def noisy(
        self, latents: torch.Tensor, noise: torch.Tensor, timesteps: torch.Tensor
    ) -> torch.Tensor:
        """Latents [batch, channels, time, frequency] with noise mixed in at `timesteps` [batch]."""
        mixed: torch.Tensor = self._scheduler.add_noise(latents, noise, timesteps)
        return mixed

    def target(
        self, latents: torch.Tensor, noise: torch.Tensor, timesteps: torch.Tensor
    ) -> torch.Tensor:
        """What the UNet should answer to the noisy latents, of their shape."""
        if self.prediction_type == "epsilon":
            return noise
        if self.prediction_type == "sample":
            return latents
        velocity: torch.Tensor = self._scheduler.get_velocity(latents, noise, timesteps)
        return velocity

    def losses(
        self,
        unet: Any,
        latents: torch.Tensor,
        noise: torch.Tensor,
        timesteps: torch.Tensor,
        conditions: torch.Tensor,
    ) -> torch.Tensor:
        """Mean squared error of each example [batch], in float32.

        latents: scaled by the VAE's factor. conditions: unit embeddings [batch, embedding].
        """
        prediction = unet(
            self.noisy(latents, noise, timesteps),
            timesteps,
            encoder_hidden_states=None,
            class_labels=conditions,
            return_dict=False,
        )[0]
        error = prediction.float() - self.target(latents, noise, timesteps).float()
        result: torch.Tensor = error.square().mean(dim=(1, 2, 3))
        return result
