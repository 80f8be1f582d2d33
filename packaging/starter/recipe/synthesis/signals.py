"""Building blocks of the procedural sounds: noise, filters, envelopes, modes and oscillators."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import signal

if TYPE_CHECKING:
    from collections.abc import Sequence

FloatArray = npt.NDArray[np.float64]
RATE_HZ = 16_000
_NYQUIST_HZ = RATE_HZ / 2


def samples(seconds: float) -> int:
    """Seconds to samples."""
    return max(16, int(seconds * RATE_HZ))


def time_axis(count: int) -> FloatArray:
    """Seconds of each sample."""
    return np.arange(count) / RATE_HZ


def coloured_noise(rng: np.random.Generator, count: int, slope: float = 0.0) -> FloatArray:
    """Noise whose amplitude falls as f ** -slope (0 white, 0.5 pink, 1 brown), unit deviation."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    frequency = np.maximum(np.fft.rfftfreq(count, 1 / RATE_HZ), 20.0)
    noise = np.fft.irfft(spectrum * frequency**-slope, count)
    return np.asarray(noise / (noise.std() + 1e-12))


def band(x: FloatArray, low_hz: float | None, high_hz: float | None, order: int = 2) -> FloatArray:
    """Butterworth low-, high- or band-pass."""
    low = None if low_hz is None else float(np.clip(low_hz, 15, _NYQUIST_HZ * 0.95))
    high = None if high_hz is None else float(np.clip(high_hz, 30, _NYQUIST_HZ * 0.97))
    if low is not None and high is not None:
        edges, kind = [min(low, high * 0.9), high], "bandpass"
    elif low is not None:
        edges, kind = [low], "highpass"
    elif high is not None:
        edges, kind = [high], "lowpass"
    else:
        return x
    sections = signal.butter(order, edges, kind, fs=RATE_HZ, output="sos")
    return np.asarray(signal.sosfilt(sections, x))


def resonate(x: FloatArray, frequency_hz: float, quality: float) -> FloatArray:
    """A two-pole peak filter of unit gain at its centre."""
    b, a = signal.iirpeak(float(np.clip(frequency_hz, 20, 7800)), quality, fs=RATE_HZ)
    return np.asarray(signal.lfilter(b, a, x))


def wander(
    rng: np.random.Generator, count: int, rate_hz: float, low: float = 0.0, high: float = 1.0
) -> FloatArray:
    """A smooth random curve between ``low`` and ``high`` that turns about ``rate_hz`` times."""
    knots = max(4, int(count / RATE_HZ * rate_hz) + 4)
    at = np.linspace(0, knots - 1, count)
    left = at.astype(int).clip(0, knots - 2)
    share = 0.5 - 0.5 * np.cos(np.pi * (at - left))
    values = rng.uniform(0, 1, knots)
    return np.asarray(low + (high - low) * (values[left] * (1 - share) + values[left + 1] * share))


def decay(count: int, half_life_s: float, attack_s: float = 0.001) -> FloatArray:
    """A short rise and an exponential fall."""
    t = time_axis(count)
    return np.asarray(np.minimum(1.0, t / max(attack_s, 1e-4)) * np.exp2(-t / half_life_s))


def arc(count: int, attack: float, release: float) -> FloatArray:
    """Rise over the share ``attack`` of the length and fall over ``release``, both smooth."""
    x = np.linspace(0, 1, count)
    rise = np.clip(x / max(attack, 1e-3), 0, 1)
    fall = np.clip((1 - x) / max(release, 1e-3), 0, 1)
    return np.asarray(np.sin(rise * np.pi / 2) ** 2 * np.sin(fall * np.pi / 2) ** 2)


def oscillator(frequency_hz: FloatArray | float, count: int, shape: str = "sine") -> FloatArray:
    """Sine, saw, square or triangle along a curve of frequencies."""
    curve = np.broadcast_to(np.asarray(frequency_hz, dtype=np.float64), (count,))
    phase = np.cumsum(curve) / RATE_HZ
    if shape == "sine":
        return np.asarray(np.sin(2 * np.pi * phase))
    limit = int(np.clip(_NYQUIST_HZ / max(float(curve.max()), 20.0), 1, 40))
    # Sums of harmonics below Nyquist: a naive saw would alias at 16 kHz.
    harmonics = np.arange(1, limit + 1)
    if shape in ("square", "triangle"):
        harmonics = harmonics[::2]
    power = 2.0 if shape == "triangle" else 1.0
    total = np.zeros(count)
    for k in harmonics:
        total += np.sin(2 * np.pi * k * phase) / k**power
    return total


def modes(
    count: int,
    frequencies_hz: Sequence[float] | FloatArray,
    half_lives_s: Sequence[float] | FloatArray,
    gains: Sequence[float] | FloatArray,
    rng: np.random.Generator,
) -> FloatArray:
    """A struck body: decaying sines of random phase."""
    t = time_axis(count)
    total = np.zeros(count)
    for frequency, half_life, gain in zip(frequencies_hz, half_lives_s, gains, strict=True):
        if frequency < 7800:
            phase = rng.uniform(0, 2 * np.pi)
            total += gain * np.sin(2 * np.pi * frequency * t + phase) * np.exp2(-t / half_life)
    return np.asarray(total * np.minimum(1.0, t / 0.0008))


def add_at(target: FloatArray, x: FloatArray, at: int, gain: float = 1.0) -> None:
    """Mix ``x`` into ``target`` from sample ``at``; what sticks out is cut."""
    if 0 <= at < len(target):
        take = min(len(x), len(target) - at)
        target[at : at + take] += gain * x[:take]


def echoes(x: FloatArray, rng: np.random.Generator, seconds: float, wet: float) -> FloatArray:
    """A room: convolution with exponentially fading noise that gets duller."""
    if wet <= 0 or seconds <= 0:
        return x
    count = samples(seconds)
    tail = rng.standard_normal(count) * decay(count, seconds / 6)
    tail = band(tail, 150, rng.uniform(1800, 5000))
    tail /= np.sqrt(np.square(tail).sum()) + 1e-9
    wet_part = signal.fftconvolve(x, tail)[: len(x)]
    return np.asarray(x * (1 - 0.5 * wet) + wet * wet_part)


def glide(start: float, stop: float, count: int, curve: float = 1.0) -> FloatArray:
    """A frequency curve from start to stop, exponential, bent by ``curve``."""
    x = np.linspace(0, 1, count) ** curve
    return np.asarray(start * (stop / start) ** x)


def pick(rng: np.random.Generator, options: Sequence[str]) -> str:
    """One of several words."""
    return str(options[int(rng.integers(len(options)))])
