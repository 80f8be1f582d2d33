"""Random windows of sound: crops, single events, repeated events and their augmentations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import soxr

from recipe.clips import Clip, normalise
from recipe.settings import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from collections.abc import Sequence

FloatArray = npt.NDArray[np.float32]


def change_speed(waveform: FloatArray, factor: float) -> FloatArray:
    """Play faster (factor > 1) or slower; pitch follows."""
    if abs(factor - 1.0) < 1e-3 or len(waveform) < 64:
        return waveform
    rate_hz = SAMPLE_RATE_HZ * factor
    return np.asarray(soxr.resample(waveform, rate_hz, SAMPLE_RATE_HZ, "HQ"), dtype=np.float32)


def tilt(waveform: FloatArray, amount: float) -> FloatArray:
    """A gentle shelf: positive is brighter, negative is duller; |amount| below 0.5."""
    previous = np.concatenate([waveform[:1], waveform[:-1]])
    return np.asarray(waveform - amount * previous, dtype=np.float32)


def augment(waveform: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Small random changes of speed and tone."""
    changed = change_speed(waveform, float(np.exp(rng.normal(0.0, 0.05))))
    return tilt(changed, float(rng.uniform(-0.15, 0.25)))


def place(waveform: FloatArray, length: int, rng: np.random.Generator, repeat: bool) -> FloatArray:
    """Fit a sound into a window: crop a long one, pad a short one or repeat it with gaps."""
    if len(waveform) >= length:
        start = int(rng.integers(0, len(waveform) - length + 1)) if rng.random() < 0.6 else 0
        window = waveform[start : start + length].copy()
        return window if np.abs(window).max() > 0.02 else waveform[:length].copy()
    window = np.zeros(length, dtype=np.float32)
    at = 0
    gap = int(rng.uniform(0.02, 0.5) * SAMPLE_RATE_HZ)
    while at < length:
        take = min(len(waveform), length - at)
        window[at : at + take] += waveform[:take] * float(rng.uniform(0.7, 1.0) if at else 1.0)
        if not repeat:
            break
        at += len(waveform) + int(gap * rng.uniform(0.8, 1.25))
    return window


def random_segment(
    clips: Sequence[Clip], weights: npt.NDArray[np.float64], length: int, rng: np.random.Generator
) -> FloatArray:
    """A window for the VAE and the vocoder: any clip, any place, any level."""
    clip = clips[int(rng.choice(len(clips), p=weights))]
    waveform = augment(clip.waveform, rng) if rng.random() < 0.3 else clip.waveform
    if len(waveform) > length:
        start = int(rng.integers(0, len(waveform) - length + 1))
        window = waveform[start : start + length].copy()
    else:
        window = np.zeros(length, dtype=np.float32)
        at = int(rng.integers(0, length - len(waveform) + 1))
        window[at : at + len(waveform)] = waveform
    return window * np.float32(10.0 ** rng.uniform(-1.0, 0.0))


def sampling_weights(clips: Sequence[Clip], real_share: float) -> npt.NDArray[np.float64]:
    """Probabilities that draw real clips ``real_share`` of the time, longer clips more often."""
    lengths = np.array([np.sqrt(len(clip.waveform) / SAMPLE_RATE_HZ + 0.3) for clip in clips])
    real = np.array([clip.is_real for clip in clips])
    weights = np.zeros(len(clips))
    for mask, share in ((real, real_share), (~real, 1.0 - real_share)):
        if mask.any():
            weights[mask] = share * lengths[mask] / lengths[mask].sum()
    return np.asarray(weights / weights.sum())


def window_of(clip: Clip, length: int, rng: np.random.Generator) -> FloatArray:
    """One training window of a clip, at a peak of 0.5."""
    repeat = len(clip.waveform) < 0.6 * length and bool(rng.random() < 0.4)
    return normalise(place(clip.waveform, length, rng, repeat))
