"""Small discriminators on complex spectrograms at three resolutions, with hinge losses."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

_RESOLUTIONS = ((1024, 256), (512, 128), (256, 64))


class SpectrogramDiscriminator(nn.Module):
    """Judges patches of one complex STFT, as Encodec's and DAC's discriminators do."""

    window: torch.Tensor

    def __init__(self, fft_samples: int, hop_samples: int, width: int) -> None:
        super().__init__()
        self.fft_samples, self.hop_samples = fft_samples, hop_samples
        self.register_buffer("window", torch.hann_window(fft_samples))
        shapes = ((2, (1, 1)), (width, (1, 2)), (width, (1, 2)), (width, (1, 2)))
        self.layers = nn.ModuleList(
            nn.utils.parametrizations.weight_norm(
                nn.Conv2d(channels, width, (3, 9 if i else 7), stride, padding=(1, 4 if i else 3))
            )
            for i, (channels, stride) in enumerate(shapes)
        )
        self.last = nn.utils.parametrizations.weight_norm(nn.Conv2d(width, 1, 3, padding=1))

    def forward(self, wave: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Scores and feature maps of waveforms [batch, samples]."""
        spectrum = torch.stft(
            wave, self.fft_samples, self.hop_samples, window=self.window, return_complex=True
        )
        # Compressed magnitudes: quiet bands count as well as loud ones.
        magnitude = spectrum.abs() + 1e-5
        scaled = spectrum * magnitude.pow(-0.7)
        x = torch.view_as_real(scaled).permute(0, 3, 2, 1)
        features = []
        for layer in self.layers:
            x = functional.leaky_relu(layer(x), 0.1)
            features.append(x)
        return self.last(x), features


class Discriminators(nn.Module):
    """All resolutions together."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.members = nn.ModuleList(SpectrogramDiscriminator(*r, width) for r in _RESOLUTIONS)

    def forward(self, wave: torch.Tensor) -> list[tuple[torch.Tensor, list[torch.Tensor]]]:
        """One pair of scores and features per resolution."""
        return [member(wave) for member in self.members]


def discriminator_loss(
    judge: Discriminators, made: torch.Tensor, real: torch.Tensor
) -> torch.Tensor:
    """Hinge loss: real above 1, made below -1."""
    loss = made.new_zeros(())
    for score, _ in judge(real):
        loss = loss + functional.relu(1.0 - score.float()).mean()
    for score, _ in judge(made):
        loss = loss + functional.relu(1.0 + score.float()).mean()
    return loss / len(_RESOLUTIONS)


def generator_losses(
    judge: Discriminators, made: torch.Tensor, real: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """How far the judge is fooled, and the relative distance of its features."""
    with torch.no_grad():
        wanted = judge(real)
    fooling, matching = made.new_zeros(()), made.new_zeros(())
    for (score, features), (_, targets) in zip(judge(made), wanted, strict=True):
        fooling = fooling - score.float().mean()
        for feature, target in zip(features, targets, strict=True):
            difference = functional.l1_loss(feature.float(), target.float())
            matching = matching + difference / (target.float().abs().mean() + 1e-4)
    count = len(_RESOLUTIONS)
    return fooling / count, matching / (count * 4)
