"""The mel front end in torch, equal to ``soundstudio.audio.mel`` but batched and differentiable."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from soundstudio.audio.mel import AUDIOLDM_MEL, mel_filterbank


class LogMel(nn.Module):
    """Waveforms [batch, samples] at 16 kHz to natural-log mels [batch, samples // 160, 64]."""

    window: torch.Tensor
    bank: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("window", torch.hann_window(AUDIOLDM_MEL.fft_samples))
        self.register_buffer("bank", torch.from_numpy(mel_filterbank()))

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        """Log mels of a batch."""
        pad = AUDIOLDM_MEL.pad_samples
        padded = functional.pad(waveform[:, None], (pad, pad), mode="reflect")[:, 0]
        spectrum = torch.stft(
            padded,
            AUDIOLDM_MEL.fft_samples,
            AUDIOLDM_MEL.hop_samples,
            window=self.window,
            center=False,
            return_complex=True,
        )
        magnitude = torch.sqrt(spectrum.real.square() + spectrum.imag.square() + 1e-12)
        bands = self.bank @ magnitude
        return torch.log(bands.clamp_min(AUDIOLDM_MEL.floor)).transpose(1, 2)
