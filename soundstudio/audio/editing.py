"""Edits of a sound: trim, fade, gain, reverse, seamless loop. Each returns a new sound."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from soundstudio.audio.files import FloatArray, Sound
from soundstudio.audio.loudness import from_db, integrated_lufs, peak_db, rms_db

TRIM_THRESHOLD_DB: Final = -60.0
TRIM_PRE_ROLL_S: Final = 0.008
TRIM_TAIL_S: Final = 0.05
MAX_GAIN_DB: Final = 20.0
LOOP_SEARCH_S: Final = 0.05
_ZERO_CROSSING_SEARCH_S: Final = 0.005


def trim_silence(
    sound: Sound,
    threshold_db: float = TRIM_THRESHOLD_DB,
    pre_roll_s: float = TRIM_PRE_ROLL_S,
    tail_s: float = TRIM_TAIL_S,
) -> Sound:
    """Cut what lies under `threshold_db` relative to the peak at both ends.

    Keeps `pre_roll_s` before the first and `tail_s` after the last louder sample, and starts on a
    zero crossing if one is near. A silent sound comes back whole.
    """
    loudest = np.abs(sound.samples).max(axis=0)
    peak = float(loudest.max(initial=0.0))
    if peak == 0.0:
        return sound
    audible = np.flatnonzero(loudest > peak * from_db(threshold_db))
    first = max(int(audible[0]) - round(pre_roll_s * sound.sample_rate), 0)
    last = min(int(audible[-1]) + 1 + round(tail_s * sound.sample_rate), sound.length)
    first = _zero_crossing_before(sound, first)
    return Sound(np.ascontiguousarray(sound.samples[:, first:last]), sound.sample_rate)


def _zero_crossing_before(sound: Sound, position: int) -> int:
    """The last zero crossing of the mono sum at most 5 ms before `position`, or `position`."""
    reach = round(_ZERO_CROSSING_SEARCH_S * sound.sample_rate)
    low = max(position - reach, 0)
    piece = sound.mono()[low : position + 1]
    crossings = np.flatnonzero(np.signbit(piece[1:]) != np.signbit(piece[:-1]))
    return position if crossings.size == 0 else low + int(crossings[-1]) + 1


def fade(sound: Sound, fade_in_s: float, fade_out_s: float) -> Sound:
    """Raised-cosine fades at both ends; together they never exceed the sound's length."""
    length = sound.length
    into, out = (round(max(part, 0.0) * sound.sample_rate) for part in (fade_in_s, fade_out_s))
    if into + out > length:
        into, out = length * into // (into + out), length * out // (into + out)
    samples = sound.samples.copy()
    if into:
        samples[:, :into] *= fade_curve(into)
    if out:
        samples[:, length - out :] *= fade_curve(out)[::-1]
    return Sound(samples, sound.sample_rate)


def fade_curve(length: int) -> FloatArray:
    """A raised cosine from 0 towards 1 [length]; with its mirror image it sums to one."""
    phase = (np.arange(length) + 0.5) / length
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * phase), dtype=np.float32)


def gain(sound: Sound, gain_db: float) -> Sound:
    """Make the sound louder or softer by `gain_db`."""
    return Sound(sound.samples * np.float32(from_db(gain_db)), sound.sample_rate)


def gain_to_peak(sound: Sound, level_db: float) -> Sound:
    """Bring the largest sample to `level_db` dBFS; silence stays silent."""
    current = peak_db(sound)
    return sound if math.isinf(current) else gain(sound, level_db - current)


def gain_to_loudness(sound: Sound, target_lufs: float, max_gain_db: float = MAX_GAIN_DB) -> Sound:
    """Bring the integrated loudness to `target_lufs`, by ±`max_gain_db` at most.

    Sounds under 0.4 s have no loudness by the standard: their RMS level stands in for it.
    Silence stays silent.
    """
    current = integrated_lufs(sound)
    if current is None:
        current = rms_db(sound)
    if math.isinf(current):
        return sound
    return gain(sound, min(max(target_lufs - current, -max_gain_db), max_gain_db))


def reverse(sound: Sound) -> Sound:
    """Backwards."""
    return Sound(np.ascontiguousarray(sound.samples[:, ::-1]), sound.sample_rate)


@dataclass(frozen=True, slots=True, eq=False)
class SeamlessLoop:
    """A sound whose end runs on into its start.

    correlation: of the two parts that were crossfaded, -1 to 1.
    seam_level_db: RMS of the crossfaded part relative to the rest; near 0 when nothing sticks out.
    """

    sound: Sound
    correlation: float
    seam_level_db: float


def seamless_loop(sound: Sound, crossfade_s: float = 0.25) -> SeamlessLoop:
    """Crossfade the sound's end onto its start, so that it repeats without a seam.

    The end is moved by up to 50 ms to where it resembles the start most (normalised
    cross-correlation). The two gains keep the power constant for the correlation found: sine and
    cosine for unrelated textures, linear-like for related ones. The result is shorter by the
    crossfade. Very short sounds get a crossfade of a quarter of their length.
    """
    mono = sound.mono().astype(np.float64)
    overlap = min(round(crossfade_s * sound.sample_rate), sound.length // 4)
    if overlap < 2:
        return SeamlessLoop(sound, 0.0, 0.0)
    search = min(round(LOOP_SEARCH_S * sound.sample_rate), sound.length // 8)
    tail_start, correlation = _best_tail(mono, overlap, search)
    share = min(max(correlation, 0.0), 1.0)
    phase = 0.5 * np.pi * np.arange(overlap) / overlap
    level = np.sqrt(1.0 + share * np.sin(2.0 * phase))
    rising, falling = np.sin(phase) / level, np.cos(phase) / level
    samples = sound.samples[:, :tail_start].astype(np.float64)
    tail = sound.samples[:, tail_start : tail_start + overlap]
    samples[:, :overlap] = samples[:, :overlap] * rising + tail * falling
    looped = Sound(samples.astype(np.float32), sound.sample_rate)
    seam = Sound(looped.samples[:, :overlap], sound.sample_rate)
    level_db = rms_db(seam) - rms_db(looped)
    return SeamlessLoop(looped, correlation, level_db if math.isfinite(level_db) else 0.0)


def _best_tail(mono: npt.NDArray[np.float64], overlap: int, search: int) -> tuple[int, float]:
    """Where the tail that resembles the first `overlap` samples most begins, and how much."""
    head = mono[:overlap]
    region_start = len(mono) - overlap - search
    region = mono[region_start:]
    size = 1 << (len(region) + overlap).bit_length()
    product = np.fft.irfft(np.fft.rfft(region, size) * np.conj(np.fft.rfft(head, size)), size)
    energy = np.concatenate(([0.0], np.cumsum(region**2)))
    power = energy[overlap:] - energy[:-overlap]
    scale = np.sqrt(np.maximum(power * float(head @ head), 1e-30))
    correlation = product[: search + 1] / scale[: search + 1]
    best = int(np.argmax(correlation))
    return region_start + best, float(np.clip(correlation[best], -1.0, 1.0))
