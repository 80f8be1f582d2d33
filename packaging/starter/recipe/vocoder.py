"""The vocoder: a small HiFi-GAN, first on spectral losses, then against discriminators."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional
from transformers import SpeechT5HifiGan, SpeechT5HifiGanConfig

from recipe.discriminators import Discriminators, discriminator_loss, generator_losses
from recipe.examples import random_segment, sampling_weights
from recipe.front_end import LogMel
from recipe.muon import Muon
from recipe.settings import HOP_SAMPLES, MEL_BANDS, SAMPLE_RATE_HZ, Settings
from recipe.training import Session, descend, half_precision, start_from

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from recipe.clips import Clip

log = logging.getLogger(__name__)

_SEGMENT_FRAMES = 64
_EDGE_FRAMES = 3
_FFT_SIZES = (128, 256, 512, 1024, 2048)


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
            upsample_kernel_sizes=[3, 15, 12, 24],
            resblock_kernel_sizes=[3],
            resblock_dilation_sizes=[[1, 3, 9]],
            normalize_before=False,
        )
    )


class SpectralLoss(torch.nn.Module):
    """Multi-resolution STFT loss: log magnitude and spectral convergence, plus the log mel."""

    def __init__(self) -> None:
        super().__init__()
        self.mel = LogMel()
        for size in _FFT_SIZES:
            self.register_buffer(f"window_{size}", torch.hann_window(size))

    def _magnitude(self, wave: torch.Tensor, size: int) -> torch.Tensor:
        window = getattr(self, f"window_{size}")
        spectrum = torch.stft(wave, size, size // 4, window=window, return_complex=True)
        return torch.sqrt(spectrum.real.square() + spectrum.imag.square() + 1e-9)

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> dict[str, torch.Tensor]:
        """Losses of waveforms [batch, samples]."""
        stft = output.new_zeros(())
        for size in _FFT_SIZES:
            made, wanted = self._magnitude(output, size), self._magnitude(target, size)
            floor = 1e-4 * size
            stft = stft + functional.l1_loss(torch.log(made + floor), torch.log(wanted + floor))
            norm = wanted.square().sum(dim=(1, 2)).sqrt() + 1e-2 * size
            difference = (made - wanted).square().sum(dim=(1, 2)).sqrt()
            stft = stft + 0.5 * (difference / norm).mean()
        mel = functional.l1_loss(self.mel(output), self.mel(target))
        return {"stft": stft / len(_FFT_SIZES), "mel": mel}


def _batches(
    clips: Sequence[Clip], count: int, seed: int, frames: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Endless pairs of mel [batch, frames, 64] and waveform [batch, samples].

    The mel is taken from a longer window, so that its edges see real neighbours.
    """
    rng = np.random.default_rng(seed)
    weights, mel = sampling_weights(clips, 0.7), LogMel()
    edge = _EDGE_FRAMES * HOP_SAMPLES
    length = frames * HOP_SAMPLES
    while True:
        windows = [random_segment(clips, weights, length + 2 * edge, rng) for _ in range(count)]
        waves = torch.from_numpy(np.stack(windows))
        with torch.no_grad():
            features = mel(waves)[:, _EDGE_FRAMES : _EDGE_FRAMES + frames]
        yield features, waves[:, edge : edge + length]


def train_vocoder(settings: Settings, clips: Sequence[Clip]) -> SpeechT5HifiGan:
    """Train or resume the vocoder and save it in transformers' layout."""
    vocoder, judge = build_vocoder(settings), Discriminators(settings.widths.discriminator)
    outer = [vocoder.conv_pre.weight, vocoder.conv_post.weight]
    optimiser = Muon(vocoder.parameters(), betas=(0.8, 0.99), plain=outer)
    judge_optimiser = torch.optim.AdamW(judge.parameters(), betas=(0.8, 0.99))
    folder = settings.folder("vocoder")
    parts = {
        "vocoder": vocoder,
        "judge": judge,
        "optimiser": optimiser,
        "judge_optimiser": judge_optimiser,
    }
    session = Session(folder, parts, settings.vocoder, settings.checkpoint_minutes)
    if settings.start_from and session.step == 0:
        start_from(vocoder, settings.start_from / "vocoder")
    batches = _batches(clips, settings.vocoder.batch, session.step + 7, _SEGMENT_FRAMES)
    spectral = SpectralLoss()
    while session.is_running():
        mel, wave = next(batches)
        session.apply_learning_rate(optimiser)
        session.apply_learning_rate(judge_optimiser, share=0.2)
        adversarial = session.step >= settings.adversarial_from_step
        with half_precision():
            output = vocoder(mel)
        output = output.float()
        losses = spectral(output, wave)
        total = losses["stft"] + 1.0 * losses["mel"]
        report = {name: loss.item() for name, loss in losses.items()}
        if adversarial:
            report["judge"] = _train_judge(judge, judge_optimiser, output.detach(), wave)
            with half_precision():
                fooling, matching = generator_losses(judge, output, wave)
            total = total + 0.25 * fooling + 0.5 * matching
            report |= {"fool": fooling.item(), "match": matching.item()}
        descend(total, vocoder.parameters(), optimiser, 5.0)
        session.tick(report)
    session.save()
    vocoder.eval()
    vocoder.save_pretrained(folder / "model")
    return vocoder


def _train_judge(
    judge: Discriminators,
    optimiser: torch.optim.Optimizer,
    output: torch.Tensor,
    wave: torch.Tensor,
) -> float:
    with half_precision():
        loss = discriminator_loss(judge, output, wave)
    descend(loss, judge.parameters(), optimiser, 5.0)
    return float(loss.item())
