"""The vocoder: a HiFi-GAN in AudioLDM's class whose weights are computed instead of trained."""

from __future__ import annotations

import torch
from transformers import SpeechT5HifiGan, SpeechT5HifiGanConfig

from recipe.noise_and_tone import compute_vocoder
from recipe.settings import MEL_BANDS, SAMPLE_RATE_HZ, Settings


def build_vocoder(settings: Settings) -> SpeechT5HifiGan:
    """A HiFi-GAN whose kernels keep the length exact: 160 samples per frame.

    Most of its weights work at the frame rate, where they cost least: the first stage changes the
    width and not the rate.
    """
    torch.manual_seed(settings.seed + 1)
    return SpeechT5HifiGan(
        SpeechT5HifiGanConfig(
            model_in_dim=MEL_BANDS,
            sampling_rate=SAMPLE_RATE_HZ,
            upsample_initial_channel=settings.widths.vocoder,
            upsample_rates=[1, 5, 4, 8],
            upsample_kernel_sizes=[1, 15, 12, 24],
            resblock_kernel_sizes=[1],
            resblock_dilation_sizes=[[1, 1, 1]],
            leaky_relu_slope=0.0,
            normalize_before=False,
        )
    )


def make_vocoder(settings: Settings) -> SpeechT5HifiGan:
    """Compute the vocoder and save it in transformers' layout."""
    vocoder = build_vocoder(settings)
    compute_vocoder(vocoder, settings.seed, settings.synthesis_steps)
    vocoder.eval()
    vocoder.save_pretrained(settings.folder("vocoder") / "model")
    return vocoder
