"""The VAE between log mels and latents: a computed encoder, a trained decoder."""

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
from recipe.muon import Muon
from recipe.patch_transform import MEL_MEAN, MEL_STD, set_encoder, set_posterior
from recipe.settings import HOP_SAMPLES, LATENT_CHANNELS, Settings
from recipe.training import Session, descend, half_precision, start_from

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recipe.clips import Clip

log = logging.getLogger(__name__)

_CROP_FRAMES = 128
POSTERIOR = 0.08
"""Deviation of the posterior, in units of the latents' overall deviation."""
_NOISE = (0.04, 0.2)
"""The decoder learns on latents with this much noise: what a sampler leaves in them."""
_APART = 0.5
"""Share of the energy distance's second half. All of it gives mels the recordings' ripple, which
the HiFi-GAN that was trained needed; the computed one tells noise from tone by itself, and what 56
components say of a patch leaves little ripple to add."""
_MEASURED = 640


def build_vae(settings: Settings) -> AutoencoderKL:
    """A thin AutoencoderKL in AudioLDM's layout, factor 16 in time and frequency."""
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
        mid_block_add_attention=False,
    )
    with torch.no_grad():
        last = vae.decoder.conv_out
        last.weight.mul_(MEL_STD)
        last.bias.fill_(MEL_MEAN)
    return vae


def energy_distance(
    first: torch.Tensor, second: torch.Tensor, target: torch.Tensor
) -> torch.Tensor:
    """Generalised energy distance of mels and of their differences over time and frequency.

    ``first`` and ``second`` come from two draws of the latents' noise. A plain L1 is least for a
    mel without ripple, and a vocoder makes a buzz of that; this one is least where the ripple is
    that of the recordings (Gritsenko et al. 2020, eq. 4). Between both: ``_APART``.
    """
    loss = target.new_zeros(())
    for weight, dim in ((1.0, None), (0.5, 2), (0.5, 3)):
        a, b, t = (m if dim is None else m.diff(dim=dim) for m in (first, second, target))
        near = functional.l1_loss(a, t) + functional.l1_loss(b, t)
        loss = loss + weight * 0.5 * (near - _APART * functional.l1_loss(a, b))
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


@torch.no_grad()
def fit_encoder(settings: Settings, clips: Sequence[Clip]) -> AutoencoderKL:
    """Compute the encoder, the posterior and the latents' scale, and save the whole."""
    vae, mel = build_vae(settings), LogMel()
    rng = np.random.default_rng(settings.seed)
    mels = _batch(clips, sampling_weights(clips, 0.7), _MEASURED, mel, rng)
    set_encoder(vae, mels)
    if settings.start_from:
        # The UNet to go on from knows latents of its own scale.
        trained = AutoencoderKL.load_config(settings.start_from / "vae")
        deviation = 1.0 / float(trained["scaling_factor"])
    else:
        latents = [vae.encode(part).latent_dist.mean for part in torch.split(mels, 32)]
        deviation = float(torch.cat(latents).std())
    set_posterior(vae, POSTERIOR * deviation)
    vae.register_to_config(scaling_factor=1.0 / deviation)
    log.info("VAE scaling factor %.4f", vae.config.scaling_factor)
    vae.save_pretrained(settings.folder("vae") / "encoder")
    return vae.eval()


def train_decoder(settings: Settings, clips: Sequence[Clip]) -> AutoencoderKL:
    """Train or resume the decoder against the computed encoder and save in diffusers' layout."""
    folder = settings.folder("vae")
    vae = AutoencoderKL.from_pretrained(folder / "encoder")
    vae.encoder.requires_grad_(False)
    trained = [*vae.decoder.parameters(), *vae.post_quant_conv.parameters()]
    optimiser = Muon(trained, plain=[vae.decoder.conv_out.weight])
    session = Session(
        folder, {"vae": vae, "optimiser": optimiser}, settings.decoder, settings.checkpoint_minutes
    )
    if settings.start_from and session.step == 0:
        start_from(vae, settings.start_from / "vae")
    rng = np.random.default_rng(settings.seed + session.step)
    weights, mel = sampling_weights(clips, 0.7), LogMel()
    while session.is_running():
        target = _batch(clips, weights, settings.decoder.batch, mel, rng)
        session.apply_learning_rate(optimiser)
        with torch.no_grad():
            latents = vae.encode(target).latent_dist.mean
            noise = torch.empty(len(latents), 1, 1, 1).uniform_(*_NOISE)
            noise = noise / vae.config.scaling_factor
            draws = [latents + noise * torch.randn_like(latents) for _ in range(2)]
        with half_precision():
            output = vae.decode(torch.cat(draws)).sample
        first, second = output.float().chunk(2)
        loss = energy_distance(first, second, target)
        descend(loss, trained, optimiser)
        with torch.no_grad():
            near = functional.l1_loss(first, target).item()
            apart = functional.l1_loss(first, second).item()
        session.tick({"loss": loss.item(), "near": near, "apart": apart})
    session.save()
    vae.eval()
    vae.save_pretrained(folder / "model")
    return vae
