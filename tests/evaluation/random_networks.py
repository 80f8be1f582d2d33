"""Random weights in the shapes of the published files, the same on every computer.

Scaled so that signals neither die nor grow through the layers; the front end's filters are real.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch

from soundstudio.audio.mel import MelSpec, hann_periodic, mel_filterbank
from soundstudio.evaluation.networks.cnn14 import Cnn14
from soundstudio.evaluation.networks.vggish import VGGish


def _draw(shape: torch.Size, random: np.random.Generator) -> torch.Tensor:
    inputs = int(np.prod(shape[1:]))
    # Quarter steps of a small integer range: exact in float32, and quick to draw.
    steps = random.integers(-8, 9, size=tuple(shape), dtype=np.int8)
    return torch.from_numpy(steps.astype(np.float32)) * float(np.sqrt(2.0 / inputs) / 4.9)


def _state_of(network: torch.nn.Module, seed: int) -> dict[str, torch.Tensor]:
    random = np.random.default_rng(seed)
    state = {}
    for key, value in network.state_dict().items():
        if key.endswith("num_batches_tracked"):
            state[key] = torch.tensor(7)
        elif key.endswith(("running_var", "bn1.weight", "bn2.weight", "bn0.weight")):
            state[key] = torch.from_numpy(random.uniform(0.5, 1.5, tuple(value.shape))).float()
        elif value.ndim > 1:
            state[key] = _draw(value.shape, random)
        else:
            state[key] = torch.from_numpy(random.normal(0.0, 0.1, tuple(value.shape))).float()
    return state


@lru_cache(maxsize=1)
def cnn14_state() -> dict[str, torch.Tensor]:
    """A state dict as PANNs publishes it for Cnn14 at 16 kHz."""
    state = _state_of(Cnn14(), seed=14)
    phase = 2.0 * np.pi * np.outer(np.arange(257), np.arange(512)) / 512
    window = hann_periodic(512).astype(np.float64)
    for name, wave in (("real", np.cos(phase)), ("imag", -np.sin(phase))):
        weights = torch.from_numpy((wave * window).astype(np.float32))[:, None]
        state[f"spectrogram_extractor.stft.conv_{name}.weight"] = weights
    bank = mel_filterbank(MelSpec(16_000, 512, 160, 64, 50.0, 8_000.0))
    state["logmel_extractor.melW"] = torch.from_numpy(bank.T.copy())
    # The published statistics of log mels: their mean is about -40 dB.
    state["bn0.running_mean"] = torch.full((64,), -40.0)
    state["bn0.running_var"] = torch.full((64,), 400.0)
    return state


@lru_cache(maxsize=1)
def vggish_state() -> dict[str, torch.Tensor]:
    """A state dict as torchvggish publishes it."""
    return _state_of(VGGish(), seed=5)


def probe_waveform(number: int, samples: int, sample_rate: int = 16_000) -> np.ndarray:
    """A chord in noise [samples], float32, another for each `number`."""
    random = np.random.default_rng(100 + number)
    time_s = np.arange(samples) / sample_rate
    waveform = 0.05 * random.normal(size=samples)
    for frequency_hz in random.uniform(80, 6000, size=4):
        waveform += 0.15 * np.sin(2 * np.pi * frequency_hz * time_s + random.uniform(0, 6))
    return waveform.astype(np.float32)
