"""The bundled network: embeddings and classes of sound effects (Ma and Lerch, ISMIR 2022).

Weights of the package aisfx 0.1.2, CC BY 4.0; the network and its front end are written from the
paper's numbers and Essentia's definitions.
"""

from __future__ import annotations

import itertools
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from soundstudio.audio.mel import MelSpec, frame_signal, mel_filterbank
from soundstudio.core.paths import resource
from soundstudio.evaluation.networks.convolution_block import ConvolutionBlock
from soundstudio.evaluation.networks.weight_files import fill, read_state

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float32]

SAMPLE_RATE_HZ: Final = 44_100
DIMENSIONS: Final = 512
CLASSES: Final = 78
WEIGHTS: Final = "aisfx 0.1.2 as shipped (aisfx.safetensors)"

_SPEC: Final = MelSpec(SAMPLE_RATE_HZ, 2048, 1024, 96, 0.0, 22_050.0)
_LOG_SCALE: Final = 1e4
_TRAINING_MAXIMUM: Final = 9.457798957824707
"""The largest value of the training's log mels, by which the inputs were divided."""
_BLOCK_FRAMES: Final = 100
_BLOCK_HOP: Final = 50
_BATCH: Final = 8


def weights_path() -> Path:
    """The converted weights that ship with the application."""
    return resource("backbones", "aisfx", "aisfx.safetensors")


class SoundEffectNetwork(nn.Module):
    """Blocks of log mels [batch, 100, 96] → embeddings [batch, 512] and logits [batch, 78]."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding_net = nn.Module()
        widths = (1, 64, 128, 256, DIMENSIONS)
        for number, (inputs, outputs) in enumerate(itertools.pairwise(widths), start=1):
            block = ConvolutionBlock(inputs, outputs, functional.max_pool2d, 2 if number < 4 else 1)
            self.embedding_net.add_module(f"conv_block{number}", block)
        self.head = nn.Sequential(
            nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, CLASSES)
        )

    @classmethod
    def load(cls, path: Path | None = None) -> SoundEffectNetwork:
        """The network with the shipped weights, or those at `path`. Raises ModelError."""
        network = cls()
        source = path or weights_path()
        fill(network, read_state(source, WEIGHTS), source.name, WEIGHTS)
        return network

    def forward(self, mel: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = mel[:, None]
        for block in self.embedding_net.children():
            x = block(x)
        # The mean over bands, the maximum over time.
        embedding = x.mean(dim=3).amax(dim=2)
        return embedding, self.head(embedding)

    @torch.inference_mode()
    def listen(self, waveform: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Embedding [512] and logits [78] of mono 44.1 kHz [samples]: the mean over its blocks."""
        device = next(self.parameters()).device
        blocks = torch.from_numpy(mel_blocks(log_mel(waveform)))
        outputs = [self(batch.to(device)) for batch in torch.split(blocks, _BATCH)]
        embedding = torch.cat([output[0] for output in outputs]).mean(dim=0)
        logits = torch.cat([output[1] for output in outputs]).mean(dim=0)
        return embedding.cpu().numpy(), logits.cpu().numpy()


@lru_cache(maxsize=1)
def _filterbank() -> FloatArray:
    return mel_filterbank(_SPEC, scale="htk", norm="unit_sum", triangles_in_mel=True)


def log_mel(waveform: FloatArray) -> FloatArray:
    """Essentia's log mel [frames, 96]; frames are centred on multiples of the hop, from zero on.

    Essentia's Hann window is the symmetric one, its bands are powers, weighted over mel.
    """
    half = _SPEC.fft_samples // 2
    padded = np.pad(waveform, (half, half)).astype(np.float32)
    frames = frame_signal(padded, _SPEC.fft_samples, _SPEC.hop_samples)
    window = np.hanning(_SPEC.fft_samples).astype(np.float32)
    power = np.square(np.abs(np.fft.rfft(frames * window, axis=1)))
    log_power = np.log10(_LOG_SCALE * (power @ _filterbank().T) + 1.0)
    return np.asarray(log_power / _TRAINING_MAXIMUM, dtype=np.float32)


def mel_blocks(mel: FloatArray) -> FloatArray:
    """[blocks, 100, 96]: half-overlapping, whole blocks only; a shorter sound is zero-padded."""
    if len(mel) < _BLOCK_FRAMES:
        mel = np.pad(mel, ((0, _BLOCK_FRAMES - len(mel)), (0, 0)))
    starts = range(0, len(mel) - _BLOCK_FRAMES + 1, _BLOCK_HOP)
    return np.stack([mel[start : start + _BLOCK_FRAMES] for start in starts])
