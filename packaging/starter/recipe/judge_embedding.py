"""The judge's ear: aisfx's network (CC BY 4.0 weights) with a front end from its paper's numbers.

It took no part in any training here. Its package's own librosa path feeds transposed spectrograms,
so the front end is written from Essentia's definition: HTK mels with triangles drawn over mel,
rows that sum to one, power spectra, log10(1e4 x + 1) divided by 9.4578.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import soxr
import torch
from torch import nn
from torch.nn import functional

from soundstudio.audio.mel import MelSpec, frame_signal, hann_periodic, mel_filterbank

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FloatArray = npt.NDArray[np.float32]

_SPEC = MelSpec(44_100, 2048, 1024, 96, 0.0, 22_050.0)
_SCALE, _RANGE = 1e4, 9.457798957824707
_BLOCK_FRAMES = 100
_NUMPY_NAMES: list[Any] = [np.float64(0).__reduce__()[0], np.dtype, np.dtype("int64").__class__]
"""The checkpoint holds class counts as NumPy scalars; nothing else may be unpickled."""
_PEAK = 0.5


class _Block(nn.Module):
    """Two convolutions with batch norm, then max pooling."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.bn2 = nn.BatchNorm2d(outputs)

    def forward(self, x: torch.Tensor, pool: int) -> torch.Tensor:
        x = functional.relu(self.bn1(self.conv1(x)))
        x = functional.relu(self.bn2(self.conv2(x)))
        return functional.max_pool2d(x, pool)


class SoundEffectEmbedding(nn.Module):
    """Mel blocks [batch, 100, 96] to vectors [batch, 512]."""

    def __init__(self, weights_path: Path | None) -> None:
        super().__init__()
        widths = (1, 64, 128, 256, 512)
        for number in range(4):
            block = _Block(widths[number], widths[number + 1])
            self.add_module(f"conv_block{number + 1}", block)
        if weights_path is not None:
            with torch.serialization.safe_globals(_NUMPY_NAMES):
                weights, _ = torch.load(weights_path, map_location="cpu", weights_only=True)
            prefix = "embedding_net."
            own = {k[len(prefix) :]: v for k, v in weights.items() if k.startswith(prefix)}
            self.load_state_dict(own)
        self.eval()

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        x = mel[:, None]
        for number in range(1, 5):
            x = getattr(self, f"conv_block{number}")(x, 2 if number < 4 else 1)
        return x.mean(dim=3).amax(dim=2)


def judge_mel(waveform: FloatArray) -> FloatArray:
    """Essentia's log mel [frames, 96] of a 44.1 kHz signal of at least 2048 samples."""
    bank = mel_filterbank(_SPEC, scale="htk", norm="unit_sum", triangles_in_mel=True)
    frames = frame_signal(waveform, _SPEC.fft_samples, _SPEC.hop_samples)
    power = np.abs(np.fft.rfft(frames * hann_periodic(_SPEC.fft_samples), axis=1)) ** 2
    return np.asarray(np.log10(_SCALE * (power @ bank.T) + 1.0) / _RANGE, dtype=np.float32)


def _prepared(waveform: FloatArray, rate_hz: int) -> FloatArray:
    """Peak-normalised and trimmed at 44.1 kHz, from 16 kHz for every source alike.

    Generated sounds end at 8 kHz; going through 16 kHz keeps the judge from telling real and made
    sounds apart by their bandwidth.
    """
    at_16k = waveform if rate_hz == 16_000 else soxr.resample(waveform, rate_hz, 16_000, "HQ")
    x = soxr.resample(at_16k, 16_000, 44_100, "HQ")
    x = x - x.mean()
    peak = float(np.abs(x).max(initial=1e-9))
    loud = np.flatnonzero(np.abs(x) > 0.01 * peak)
    if len(loud):
        x = x[max(0, int(loud[0]) - 441) : int(loud[-1]) + 441]
    x = x * (_PEAK / peak)
    return np.pad(x, (0, max(0, _SPEC.fft_samples - len(x)))).astype(np.float32)


@torch.no_grad()
def embed_sounds(
    model: SoundEffectEmbedding, waveforms: Sequence[FloatArray], rate_hz: int
) -> FloatArray:
    """Unit embeddings [sounds, 512]: the mean over half-overlapping blocks of 100 frames."""
    vectors = []
    for waveform in waveforms:
        mel = judge_mel(_prepared(np.asarray(waveform, dtype=np.float32), rate_hz))
        starts = range(0, max(1, len(mel) - _BLOCK_FRAMES // 2), _BLOCK_FRAMES // 2)
        padded = np.pad(mel, ((0, 2 * _BLOCK_FRAMES), (0, 0)))
        blocks = np.stack([padded[s : s + _BLOCK_FRAMES] for s in list(starts)[:8]])
        vector = model(torch.from_numpy(blocks)).mean(dim=0)
        vectors.append(functional.normalize(vector, dim=0).numpy())
    return np.stack(vectors)
