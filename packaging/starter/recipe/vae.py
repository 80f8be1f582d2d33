"""The VAE between log mels and latents: AutoencoderKL with factor 4 and 8 channels."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from diffusers import AutoencoderKL
from torch.nn import functional

from recipe.examples import random_segment, sampling_weights
from recipe.front_end import LogMel
from recipe.settings import HOP_SAMPLES, LATENT_CHANNELS, Settings
from recipe.training import Session, descend

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recipe.clips import Clip

log = logging.getLogger(__name__)

_MEL_MEAN, _MEL_STD = -6.0, 3.0
_CROP_FRAMES = 96
_KL_WEIGHT = 3e-3


def build_vae(settings: Settings) -> AutoencoderKL:
    """A thin AutoencoderKL in AudioLDM's layout."""
    widths = settings.widths
    torch.manual_seed(settings.seed)
    vae = AutoencoderKL(
        in_channels=1,
        out_channels=1,
        down_block_types=["DownEncoderBlock2D"] * len(widths.vae),
        up_block_types=["UpDecoderBlock2D"] * len(widths.vae),
        block_out_channels=list(widths.vae),
        layers_per_block=1,
        latent_channels=LATENT_CHANNELS,
        norm_num_groups=widths.vae_groups,
        sample_size=512,
        act_fn="silu",
    )
    with torch.no_grad():  # Mels reach from -11.5 to 3: fold their scale into the outer layers.
        first, last = vae.encoder.conv_in, vae.decoder.conv_out
        first.weight.div_(_MEL_STD)
        first.bias.sub_(first.weight.sum(dim=(1, 2, 3)) * _MEL_MEAN)
        last.weight.mul_(_MEL_STD)
        last.bias.fill_(_MEL_MEAN)
    return vae


def reconstruction_loss(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """L1 of the mel and of its differences over time and frequency, against blur."""
    loss = functional.l1_loss(output, target)
    for dim in (2, 3):
        loss = loss + 0.5 * functional.l1_loss(output.diff(dim=dim), target.diff(dim=dim))
    return loss


def _batch(
    clips: Sequence[Clip],
    weights: npt.NDArray[np.float64],
    count: int,
    mel: LogMel,
    rng: np.random.Generator,
) -> torch.Tensor:
    length = _CROP_FRAMES * HOP_SAMPLES
    windows = np.stack([random_segment(clips, weights, length, rng) for _ in range(count)])
    with torch.no_grad():
        mels: torch.Tensor = mel(torch.from_numpy(windows))[:, None]
    return mels


def train_vae(settings: Settings, clips: Sequence[Clip]) -> AutoencoderKL:
    """Train or resume, measure the latents' scale, and save in diffusers' layout."""
    vae = build_vae(settings)
    optimiser = torch.optim.AdamW(vae.parameters(), betas=(0.9, 0.99), weight_decay=1e-3)
    folder = settings.folder("vae")
    parts = {"vae": vae, "optimiser": optimiser}
    session = Session(folder, parts, settings.vae, settings.checkpoint_minutes)
    rng = np.random.default_rng(settings.seed + session.step)
    weights, mel = sampling_weights(clips, 0.7), LogMel()
    while session.is_running():
        target = _batch(clips, weights, settings.vae.batch, mel, rng)
        session.apply_learning_rate(optimiser)
        with torch.autocast("cpu", torch.bfloat16):
            posterior = vae.encode(target).latent_dist
            output = vae.decode(posterior.sample()).sample
        loss = reconstruction_loss(output.float(), target)
        kl = 0.5 * (posterior.mean.float().square() + posterior.var.float() - 1.0)
        kl_loss = (kl - 0.5 * posterior.logvar.float()).mean()
        descend(loss + _KL_WEIGHT * kl_loss, vae.parameters(), optimiser)
        plain = functional.l1_loss(output.float(), target).item()
        session.tick({"loss": loss.item(), "mel_l1": plain, "kl": kl_loss.item()})
    session.save()
    vae.eval()
    set_scaling_factor(vae, clips, mel, rng)
    vae.save_pretrained(folder / "model")
    return vae


@torch.no_grad()
def set_scaling_factor(
    vae: AutoencoderKL, clips: Sequence[Clip], mel: LogMel, rng: np.random.Generator
) -> None:
    """1 / standard deviation of sampled latents, as latent diffusion defines it."""
    weights = sampling_weights(clips, 0.7)
    latents = vae.encode(_batch(clips, weights, 32, mel, rng)).latent_dist.sample()
    vae.register_to_config(scaling_factor=float(1.0 / latents.std()))
    log.info("VAE scaling factor %.4f", vae.config.scaling_factor)
