"""PANNs' Cnn14 at 16 kHz (Kong et al. 2020): the network of the paper's FD, IS and KL.

Names of modules are those of the published file, which loads as it is.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

import torch
from torch import nn
from torch.nn import functional

from soundstudio.core.errors import ModelError
from soundstudio.evaluation.networks.convolution_block import ConvolutionBlock
from soundstudio.evaluation.networks.weight_files import fill, read_state

if TYPE_CHECKING:
    from pathlib import Path

SAMPLE_RATE_HZ: Final = 16_000
DIMENSIONS: Final = 2048
CLASSES: Final = 527
MIN_SAMPLES: Final = 32_000
"""Shorter clips are padded with zeros to two seconds, as the evaluator does; the network itself
needs 0.31 s."""
WEIGHTS: Final = "PANNs' Cnn14_16k_mAP=0.438.pth"

_FFT_SAMPLES: Final = 512
_HOP_SAMPLES: Final = 160
_BANDS: Final = 64
_POWER_FLOOR: Final = 1e-10
_STFT_KEY: Final = "spectrogram_extractor.stft.conv_real.weight"
_COUNTER: Final = "num_batches_tracked"


class _Spectrogram(nn.Module):
    """Power spectra by two convolutions with windowed cosines and sines, which the file holds."""

    def __init__(self) -> None:
        super().__init__()
        bins = _FFT_SAMPLES // 2 + 1
        self.stft = nn.Module()
        for name in ("conv_real", "conv_imag"):
            convolution = nn.Conv1d(1, bins, _FFT_SAMPLES, stride=_HOP_SAMPLES, bias=False)
            self.stft.add_module(name, convolution)

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        """[batch, samples] → [batch, 1, frames, bins]; frames are centred, edges mirrored."""
        half = _FFT_SAMPLES // 2
        padded = functional.pad(waveform[:, None], (half, half), mode="reflect")
        real, imaginary = (part(padded) for part in self.stft.children())
        power: torch.Tensor = real.square() + imaginary.square()
        return power.transpose(1, 2)[:, None]


class _LogMel(nn.Module):
    """Bands in dB; the matrix is the file's."""

    def __init__(self) -> None:
        super().__init__()
        self.melW = nn.Parameter(torch.zeros(_FFT_SAMPLES // 2 + 1, _BANDS))

    def forward(self, power: torch.Tensor) -> torch.Tensor:
        return 10.0 * torch.log10((power @ self.melW).clamp(min=_POWER_FLOOR))


class Cnn14(nn.Module):
    """Waveforms [batch, samples] at 16 kHz → embeddings [batch, 2048] and logits [batch, 527].

    The embedding is fc1's output after its ReLU; the logits are the classifier's before the
    sigmoid.
    """

    def __init__(self) -> None:
        super().__init__()
        self.spectrogram_extractor = _Spectrogram()
        self.logmel_extractor = _LogMel()
        self.bn0 = nn.BatchNorm2d(_BANDS)
        widths = (1, 64, 128, 256, 512, 1024, 2048)
        for number, (inputs, outputs) in enumerate(itertools.pairwise(widths), start=1):
            block = ConvolutionBlock(inputs, outputs, functional.avg_pool2d, 2 if number < 6 else 1)
            self.add_module(f"conv_block{number}", block)
        self.fc1 = nn.Linear(DIMENSIONS, DIMENSIONS)
        self.fc_audioset = nn.Linear(DIMENSIONS, CLASSES)

    @classmethod
    def load(cls, path: Path) -> Cnn14:
        """The network with the weights in the published file. Raises ModelError."""
        state = read_state(path, WEIGHTS)
        filters = state.get(_STFT_KEY)
        if filters is not None and filters.shape[-1] == 2 * _FFT_SAMPLES:
            raise ModelError(
                f"{path.name} is PANNs' Cnn14 for 32 kHz; the paper's numbers are heard at 16 kHz.",
                f"Expected is {WEIGHTS}.",
            )
        network = cls()
        # Counters of training steps, which files of old versions lack.
        for key, value in network.state_dict().items():
            if key.endswith(_COUNTER):
                state.setdefault(key, value)
        fill(network, state, path.name, WEIGHTS)
        return network

    def forward(self, waveform: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = self.logmel_extractor(self.spectrogram_extractor(waveform))
        x = self.bn0(x.transpose(1, 3)).transpose(1, 3)
        for number in range(1, 7):
            x = getattr(self, f"conv_block{number}")(x)
        x = x.mean(dim=3)
        # Over time, the maximum and the mean together.
        x = x.amax(dim=2) + x.mean(dim=2)
        embedding = functional.relu(self.fc1(x))
        return embedding, self.fc_audioset(embedding)
