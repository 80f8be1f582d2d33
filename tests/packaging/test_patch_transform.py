"""The computed encoder is linear, keeps what it promises and says how sure it is."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from recipe.patch_transform import as_rows, gathered, set_encoder, set_posterior
from recipe.settings import LATENT_CHANNELS, TINY_WIDTHS, Settings
from recipe.vae import build_vae


@pytest.fixture(scope="module")
def mels() -> torch.Tensor:
    """Smooth random log mels [24, 1, 64, 64]."""
    torch.manual_seed(0)
    coarse = torch.randn(24, 1, 8, 8) * 2 - 6
    fine = torch.nn.functional.interpolate(coarse, scale_factor=8, mode="bilinear")
    return fine + 0.1 * torch.randn_like(fine)


@pytest.fixture(scope="module")
def vae(mels: torch.Tensor, tmp_path_factory: pytest.TempPathFactory) -> torch.nn.Module:
    folder = tmp_path_factory.mktemp("vae")
    built = build_vae(Settings(work=folder, sounds=folder, widths=TINY_WIDTHS)).eval()
    set_encoder(built, mels)
    set_posterior(built, 0.05)
    return built


@torch.no_grad()
def test_encoder_is_affine(vae: torch.nn.Module, mels: torch.Tensor) -> None:
    def encode(mel: torch.Tensor) -> torch.Tensor:
        return vae.encode(mel).latent_dist.mean

    mixed = encode(0.3 * mels[:8] + 0.7 * mels[8:16])
    expected = 0.3 * encode(mels[:8]) + 0.7 * encode(mels[8:16])
    assert mixed.shape == (8, LATENT_CHANNELS, 4, 4)
    assert (mixed - expected).abs().max() < 5e-3 * expected.abs().max()


@torch.no_grad()
def test_latents_are_the_principal_components(vae: torch.nn.Module, mels: torch.Tensor) -> None:
    patches = mels
    for _ in range(4):
        patches = gathered(patches)
    rows = as_rows((patches + 6.0) / 3.0).double().numpy()
    latents = as_rows(vae.encode(mels).latent_dist.mean).double().numpy()
    assert np.abs(latents.mean(axis=0)).max() < 0.02
    covariance = np.cov(latents.T)
    off = covariance - np.diag(np.diag(covariance))
    assert np.abs(off).max() < 0.02 * covariance[0, 0]
    values = np.linalg.eigvalsh(np.cov(rows.T))[::-1]
    # The variance of a latent is the 0.8th power of the deviation of its component.
    np.testing.assert_allclose(np.diag(covariance)[:8], values[:8] ** 0.4, rtol=0.02)


@torch.no_grad()
def test_posterior_is_the_same_everywhere(vae: torch.nn.Module, mels: torch.Tensor) -> None:
    deviation = vae.encode(mels[:2]).latent_dist.std
    torch.testing.assert_close(deviation, torch.full_like(deviation, 0.05))
