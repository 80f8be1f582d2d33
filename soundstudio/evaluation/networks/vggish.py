"""VGGish (Hershey et al. 2017) as FAD uses it: 128 numbers, without PCA and the last ReLU.

Names of modules are those of torchvggish's published file, which loads as it is.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import nn

from soundstudio.audio.mel import MelSpec, frame_signal, mel_filterbank
from soundstudio.evaluation.networks.weight_files import fill, read_state

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float32]

SAMPLE_RATE_HZ: Final = 16_000
DIMENSIONS: Final = 128
MIN_SAMPLES: Final = 15_600
"""0.975 s, the first sample count that gives a frame."""
WEIGHTS: Final = "torchvggish's vggish-10086976.pth"
SHA256_START: Final = "10086976"

_SPEC: Final = MelSpec(SAMPLE_RATE_HZ, 512, 160, 64, 125.0, 7500.0)
_WINDOW_SAMPLES: Final = 400
_LOG_OFFSET: Final = 0.01
_EXAMPLE_FRAMES: Final = 96
_BATCH: Final = 40
# Channels of each convolution; 0 halves time and frequency.
_LAYERS: Final = (64, 0, 128, 0, 256, 256, 0, 512, 512, 0)


class VGGish(nn.Module):
    """Examples [batch, 96, 64] → features [batch, 128]."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 1
        for width in _LAYERS:
            if width == 0:
                layers.append(nn.MaxPool2d(2))
                continue
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True)]
            channels = width
        self.features = nn.Sequential(*layers)
        self.embeddings = nn.Sequential(
            nn.Linear(512 * 4 * 6, 4096),
            nn.ReLU(inplace=True),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Linear(4096, DIMENSIONS),
        )

    @classmethod
    def load(cls, path: Path) -> VGGish:
        """The network with the weights in the published file. Raises ModelError."""
        network = cls()
        fill(network, read_state(path, WEIGHTS), path.name, WEIGHTS)
        return network

    def forward(self, examples: torch.Tensor) -> torch.Tensor:
        x = self.features(examples[:, None])
        # Channels last, as TensorFlow flattened them.
        features: torch.Tensor = self.embeddings(x.permute(0, 2, 3, 1).flatten(1))
        return features

    @torch.inference_mode()
    def listen(self, waveforms: Sequence[FloatArray]) -> list[FloatArray]:
        """Features [frames, 128] of each mono 16 kHz [samples]: a frame every 0.96 s."""
        device = next(self.parameters()).device
        examples = [log_mel_examples(waveform) for waveform in waveforms]
        batches = torch.split(torch.from_numpy(np.concatenate(examples)), _BATCH)
        features = np.concatenate([self(batch.to(device)).cpu().numpy() for batch in batches])
        return np.split(features, np.cumsum([len(part) for part in examples])[:-1])


@lru_cache(maxsize=1)
def _filterbank() -> npt.NDArray[np.float64]:
    bank = mel_filterbank(_SPEC, scale="htk", norm="none", triangles_in_mel=True)
    return bank.astype(np.float64)


def log_mel_examples(waveform: FloatArray) -> FloatArray:
    """[examples, 96, 64]: log mel magnitudes in windows of 0.96 s, an incomplete last one dropped.

    A sound too short for one is padded with zeros.
    """
    padded = np.pad(waveform, (0, max(0, MIN_SAMPLES - len(waveform)))).astype(np.float64)
    frames = frame_signal(padded, _WINDOW_SAMPLES, _SPEC.hop_samples)  # type: ignore[arg-type]
    phase = 2.0 * np.pi * np.arange(_WINDOW_SAMPLES) / _WINDOW_SAMPLES
    window = 0.5 - 0.5 * np.cos(phase)
    magnitude = np.abs(np.fft.rfft(frames * window, _SPEC.fft_samples, axis=1))
    log_mel = np.log(magnitude @ _filterbank().T + _LOG_OFFSET)
    count = len(log_mel) // _EXAMPLE_FRAMES
    examples = log_mel[: count * _EXAMPLE_FRAMES].reshape(count, _EXAMPLE_FRAMES, -1)
    return np.asarray(examples, dtype=np.float32)
