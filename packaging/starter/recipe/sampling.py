"""Generate as the application does: DPM-Solver++, guidance, VAE, vocoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from diffusers import AutoencoderKL, DPMSolverMultistepScheduler, UNet2DConditionModel

from recipe.settings import LATENT_BANDS, LATENT_CHANNELS
from soundstudio.core.qualities import NORMAL
from soundstudio.core.requests import guided_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transformers import SpeechT5HifiGan

FloatArray = npt.NDArray[np.float32]


def starting_noise(seeds: Sequence[int], frames: int) -> torch.Tensor:
    """One reproducible latent per seed [seeds, 56, frames, 4]."""
    shape = (1, LATENT_CHANNELS, frames, LATENT_BANDS)
    rows = [torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    return torch.cat(rows)


@torch.no_grad()
def sample_latents(
    unet: UNet2DConditionModel,
    noise: torch.Tensor,
    conditions: torch.Tensor,
    empty: torch.Tensor,
    *,
    guidance: float = 3.0,
    steps: int = 20,
    guided_share: float = NORMAL.guided_share,
) -> torch.Tensor:
    """DPM-Solver++ from noise [n, 56, frames, 4] and unit conditions [n, 512].

    The first ``guided_share`` of the steps are guided.
    """
    scheduler = DPMSolverMultistepScheduler(
        num_train_timesteps=1000,
        beta_start=0.0015,
        beta_end=0.0195,
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        use_karras_sigmas=False,
        timestep_spacing="trailing",
    )
    scheduler.set_timesteps(steps)
    x = noise
    guided_steps = guided_of(guided_share, steps)
    both = torch.cat([empty.expand_as(conditions), conditions])
    for number, step in enumerate(scheduler.timesteps):
        if number < guided_steps:
            output = unet(torch.cat([x, x]), step, encoder_hidden_states=None, class_labels=both)
            unguided, guided = output.sample.float().chunk(2)
            velocity = unguided + guidance * (guided - unguided)
        else:
            output = unet(x, step, encoder_hidden_states=None, class_labels=conditions)
            velocity = output.sample.float()
        x = scheduler.step(velocity, step, x).prev_sample
    return x


@torch.no_grad()
def decode(
    vae: AutoencoderKL, vocoder: SpeechT5HifiGan, latents: torch.Tensor
) -> tuple[FloatArray, FloatArray]:
    """Mels [n, frames, 64] and waveforms [n, samples] at 16 kHz of scaled latents."""
    mel = vae.decode(latents / vae.config.scaling_factor).sample[:, 0]
    wave = vocoder(mel).reshape(len(mel), -1).numpy()
    return mel.numpy(), wave
