"""Peak, true peak, RMS and integrated loudness (ITU-R BS.1770-4), in NumPy.

The K-weighting is applied in the frequency domain, so the window needs no SciPy (one second
of import); pyloudnorm is the oracle in the tests.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import soxr

if TYPE_CHECKING:
    from soundstudio.audio.files import FloatArray, Sound

MIN_LOUDNESS_DURATION_S: Final = 0.4
_ABSOLUTE_GATE_LUFS: Final = -70.0
_RELATIVE_GATE_LU: Final = -10.0
_OFFSET_LUFS: Final = -0.691
_TRUE_PEAK_OVERSAMPLING: Final = 4
_TRUE_PEAK_BLOCK_S: Final = 30
_FILTER_MARGIN: Final = 512
# The weighting filters have died out (below -100 dB) after this long.
_FILTER_TAIL_S: Final = 0.25


@dataclass(frozen=True, slots=True)
class Levels:
    """What is measured on every clip. lufs is None where the sound is under 0.4 s."""

    peak_db: float
    true_peak_db: float
    rms_db: float
    lufs: float | None


def measure(sound: Sound) -> Levels:
    """All levels of a sound."""
    return Levels(peak_db(sound), true_peak_db(sound), rms_db(sound), integrated_lufs(sound))


def to_db(amplitude: float) -> float:
    """20 log10, with -inf for zero."""
    return 20.0 * math.log10(amplitude) if amplitude > 0.0 else -math.inf


def from_db(level_db: float) -> float:
    """The amplitude of a level in dB."""
    return float(10.0 ** (level_db / 20.0))


def peak_db(sound: Sound) -> float:
    """The largest sample in dBFS; -inf for silence."""
    return to_db(float(np.abs(sound.samples).max(initial=0.0)))


def true_peak_db(sound: Sound) -> float:
    """The largest value of the four times oversampled signal, in dBTP; -inf for silence."""
    highest = float(np.abs(sound.samples).max(initial=0.0))
    frames = sound.samples.T
    block = _TRUE_PEAK_BLOCK_S * sound.sample_rate
    # By blocks that overlap by more than the filter's length: an hour need not fit four times.
    for first in range(0, sound.length, block):
        piece = frames[max(first - _FILTER_MARGIN, 0) : first + block + _FILTER_MARGIN]
        oversampled = soxr.resample(
            np.ascontiguousarray(piece),
            sound.sample_rate,
            sound.sample_rate * _TRUE_PEAK_OVERSAMPLING,
            quality="HQ",
        )
        inner = _inner_part(oversampled, first > 0, first + block < sound.length)
        highest = max(highest, float(np.abs(inner).max(initial=0.0)))
    return to_db(highest)


def _inner_part(oversampled: FloatArray, has_before: bool, has_after: bool) -> FloatArray:
    """Without what rings at edges that are only those of a block."""
    cut = _FILTER_MARGIN // 2 * _TRUE_PEAK_OVERSAMPLING
    return oversampled[cut if has_before else 0 : len(oversampled) - (cut if has_after else 0)]


def rms_db(sound: Sound) -> float:
    """Root mean square over all channels, dB relative to a full-scale square wave."""
    if sound.length == 0:
        return -math.inf
    mean_square = float(np.mean(np.square(sound.samples, dtype=np.float64)))
    return to_db(math.sqrt(mean_square))


def integrated_lufs(sound: Sound) -> float | None:
    """Gated loudness in LUFS; None under 0.4 s, -inf for silence (all blocks under -70 LUFS)."""
    if sound.duration_s < MIN_LOUDNESS_DURATION_S:
        return None
    power = _block_power(sound)
    audible = power[_power_to_lufs(power) > _ABSOLUTE_GATE_LUFS]
    if audible.size == 0:
        return -math.inf
    gate = _power_to_lufs(np.array([audible.mean()]))[0] + _RELATIVE_GATE_LU
    return float(_power_to_lufs(np.array([audible[_power_to_lufs(audible) > gate].mean()]))[0])


def _block_power(sound: Sound) -> npt.NDArray[np.float64]:
    """Channel-summed mean square of K-weighted blocks of 0.4 s, 75 % overlapped [blocks]."""
    squared = np.square(_k_weighted(sound.samples, sound.sample_rate)).sum(axis=0)
    running = np.concatenate(([0.0], np.cumsum(squared)))
    rate = sound.sample_rate
    count = 1 + int((sound.duration_s - MIN_LOUDNESS_DURATION_S) / 0.1 + 1e-9)
    starts = np.floor(np.arange(count) * 0.1 * rate + 1e-6).astype(np.int64)
    ends = np.floor((np.arange(count) * 0.1 + 0.4) * rate + 1e-6).astype(np.int64)
    ends = np.minimum(ends, sound.length)
    return np.asarray((running[ends] - running[starts]) / (0.4 * rate))


def _power_to_lufs(power: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(_OFFSET_LUFS + 10.0 * np.log10(np.maximum(power, 1e-30)))


def _k_weighted(samples: FloatArray, rate: int) -> npt.NDArray[np.float64]:
    """BS.1770's shelf and high pass, by multiplying spectra [channels, samples] in float64.

    Block by block with overlap-add: NumPy 1 holds the interpreter's lock during an FFT, and one
    over the whole sound would stop the window for as long.
    """
    channels, length = samples.shape
    tail = round(_FILTER_TAIL_S * rate)
    padded = _fast_length(2 * tail)
    block = padded - tail
    unit = np.exp(-2j * np.pi * np.arange(padded // 2 + 1) / padded)
    response = _biquad(_high_shelf(rate), unit) * _biquad(_high_pass(rate), unit)
    weighted = np.zeros((channels, length + padded))
    for channel in range(channels):
        for first in range(0, length, block):
            piece = samples[channel, first : first + block].astype(np.float64)
            spectrum = np.fft.rfft(piece, n=padded)
            weighted[channel, first : first + padded] += np.fft.irfft(spectrum * response, n=padded)
    return weighted[:, :length]


def _fast_length(length: int) -> int:
    """The smallest 2^a · 3^b that is at least `length`."""
    best = 1 << max(length - 1, 1).bit_length()
    power_of_three = 3
    while power_of_three < best:
        candidate = power_of_three
        while candidate < length:
            candidate *= 2
        best = min(best, candidate)
        power_of_three *= 3
    return best


Coefficients = tuple[tuple[float, float, float], tuple[float, float, float]]


def _biquad(
    coefficients: Coefficients, unit: npt.NDArray[np.complex128]
) -> npt.NDArray[np.complex128]:
    (b0, b1, b2), (a0, a1, a2) = coefficients
    numerator = b0 + unit * (b1 + unit * b2)
    return np.asarray(numerator / (a0 + unit * (a1 + unit * a2)))


def _high_shelf(rate: int) -> Coefficients:
    """The head's shelf, +4 dB above 1.7 kHz: the analogue filter behind BS.1770's table 1.

    At 48 kHz the coefficients are the table's; other rates follow by the bilinear transform.
    """
    quality, amplitude = 0.7071752369554196, 10.0 ** (3.999843853973347 / 20.0)
    middle = amplitude**0.4996667741545416
    warped = math.tan(math.pi * min(1681.974450955533, 0.49 * rate) / rate)
    ratio, square = warped / quality, warped * warped
    return (
        (
            amplitude + middle * ratio + square,
            2.0 * (square - amplitude),
            amplitude - middle * ratio + square,
        ),
        (1.0 + ratio + square, 2.0 * (square - 1.0), 1.0 - ratio + square),
    )


def _high_pass(rate: int) -> Coefficients:
    """The second stage, a high pass at 38 Hz: the analogue filter behind BS.1770's table 2."""
    quality = 0.5003270373238773
    warped = math.tan(math.pi * 38.13547087602444 / rate)
    ratio, square = warped / quality, warped * warped
    normal = 1.0 + ratio + square
    # The table leaves the numerator at 1, -2, 1: not divided by the first coefficient.
    return (
        (normal, -2.0 * normal, normal),
        (normal, 2.0 * (square - 1.0), 1.0 - ratio + square),
    )
