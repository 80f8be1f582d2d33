"""A cheap picture of a sound that survives re-encoding, and near duplicates found with it.

The picture is a coarse spectrogram: log energies of a few bands below 3.6 kHz over a few slots of
time between the first and the last audible moment. So level, sample rate, file format and silence
around a sound hardly change it.

What it cannot find: a cut out of a longer recording, a copy that lacks its beginning or more than
a tenth of its length, one that was pitched, stretched, reversed or mixed with something else. What
differs only above 3.6 kHz it takes for the same.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from soundstudio.audio.files import FloatArray

Picture = npt.NDArray[np.float16]
"""[bands, slots], mean removed; zeros where a sound has no shape."""

BAND_COUNT: Final = 12
SLOT_COUNT: Final = 32
_LOW_HZ: Final = 100.0
_HIGH_HZ: Final = 3600.0
_WINDOW_S: Final = 0.032
_SHORTEST_HOP_S: Final = 0.002
_FRAMES_WANTED: Final = 64
LOOKED_AT_S: Final = 30.0
_AUDIBLE: Final = 0.01  # of the peak: -40 dB
_ENERGY_FLOOR: Final = 1e-6

NEAR: Final = 0.97
NEAR_OVER_TIME: Final = 0.8
_LEAF_CLIPS: Final = 48
_TREES: Final = 10
_LENGTH_RATIO: Final = 1.15


def picture_of(mono: FloatArray, sample_rate: int) -> tuple[Picture, float]:
    """The picture of the first `LOOKED_AT_S` of a sound, and how long its audible part is (s)."""
    from scipy import fft

    mono = _audible_part(mono[: round(LOOKED_AT_S * sample_rate)])
    window = max(16, fft.next_fast_len(round(_WINDOW_S * sample_rate), real=True))
    hop_s = max(_SHORTEST_HOP_S, min(_WINDOW_S, len(mono) / sample_rate / _FRAMES_WANTED))
    hop = max(1, round(hop_s * sample_rate))
    padded = np.pad(mono, (window // 2, window // 2 + hop))
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]
    spectrum = fft.rfft(frames * np.hanning(window).astype(np.float32), axis=1)
    energy = (spectrum.real**2 + spectrum.imag**2) @ _bands(window, sample_rate)
    if not energy.any():
        return np.zeros((BAND_COUNT, SLOT_COUNT), np.float16), len(mono) / sample_rate
    summed = np.vstack([np.zeros(BAND_COUNT), np.cumsum(energy, axis=0, dtype=np.float64)])
    edges = np.linspace(0, len(energy), SLOT_COUNT + 1)
    slots = np.diff([np.interp(edges, np.arange(len(summed)), band) for band in summed.T], axis=1)
    picture = np.log(slots + slots.max() * _ENERGY_FLOOR)
    return (picture - picture.mean()).astype(np.float16), len(mono) / sample_rate


def _audible_part(mono: FloatArray) -> FloatArray:
    """Without what is 40 dB below the peak at both ends."""
    level = np.abs(mono)
    audible = np.flatnonzero(level > level.max(initial=0.0) * _AUDIBLE)
    return mono[audible[0] : audible[-1] + 1] if len(audible) else mono[:0]


@lru_cache(maxsize=32)
def _bands(window: int, sample_rate: int) -> FloatArray:
    """Which bins belong to which band [bins, bands]; edges are shared in part."""
    edges = np.geomspace(_LOW_HZ, _HIGH_HZ, BAND_COUNT + 1)
    bin_hz = sample_rate / window
    bins = np.arange(window // 2 + 1) * bin_hz
    low, high = bins[:, None] - bin_hz / 2, bins[:, None] + bin_hz / 2
    shared = np.minimum(high, edges[1:]) - np.maximum(low, edges[:-1])
    return np.asarray(np.clip(shared / bin_hz, 0, 1), dtype=np.float32)


def near_pairs(pictures: Sequence[Picture], lengths_s: Sequence[float]) -> list[tuple[int, int]]:
    """Which sounds nearly repeat each other, as sorted pairs (lower, higher).

    Not all pairs are compared but those that fall into the same leaf of one of several random
    trees (Dasgupta and Freund 2008), so that 10,000 clips cost a few seconds however alike they
    are. A pair above `NEAR` shares a leaf at least once in nearly all cases; among many alike, the
    pairs found connect them, not each with each.
    """
    if not len(pictures):
        return []
    shapes = np.asarray(pictures, dtype=np.float32).reshape(len(pictures), BAND_COUNT, SLOT_COUNT)
    whole = _unit(shapes)
    over_time = _unit(shapes - shapes.mean(axis=2, keepdims=True))
    lengths = np.log(np.maximum(np.asarray(lengths_s, dtype=np.float64), 1e-9))
    shaped = np.flatnonzero(whole.any(axis=1))
    # Fixed: the same folder gives the same findings.
    random = np.random.default_rng(0)
    found: list[npt.NDArray[np.intp]] = []
    for _ in range(_TREES if len(shaped) > _LEAF_CLIPS else 1):
        for leaf in _leaves(whole, shaped, random):
            near = (
                (whole[leaf] @ whole[leaf].T > NEAR)
                & (over_time[leaf] @ over_time[leaf].T > NEAR_OVER_TIME)
                & (np.abs(lengths[leaf, None] - lengths[leaf]) < np.log(_LENGTH_RATIO))
            )
            pairs = np.sort(leaf[np.argwhere(np.triu(near, 1))], axis=1)
            found.append(pairs[:, 0] * len(whole) + pairs[:, 1])
    codes = np.unique(np.concatenate(found))
    return [divmod(code, len(whole)) for code in codes.tolist()]


def _unit(shapes: FloatArray) -> FloatArray:
    rows = shapes.reshape(len(shapes), -1)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-9), dtype=np.float32)


def _leaves(
    rows: FloatArray, indices: npt.NDArray[np.intp], random: np.random.Generator
) -> Iterator[npt.NDArray[np.intp]]:
    """Halve the indices by random directions until at most `_LEAF_CLIPS` are together."""
    waiting = [indices]
    while waiting:
        if len(branch := waiting.pop()) <= _LEAF_CLIPS:
            yield branch
            continue
        direction = random.standard_normal(rows.shape[1]).astype(np.float32)
        # Shuffled first: of equal rows each tree must put others together.
        branch = random.permutation(branch)
        order = np.argsort(rows[branch] @ direction, kind="stable")
        half = len(branch) // 2
        waiting += [branch[order[half:]], branch[order[:half]]]
