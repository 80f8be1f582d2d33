"""Pictures of sound: STFT power, rows on a frequency axis, 8-bit images, waveform envelopes.

The work is split by what changes: `stft_power` once per sound and FFT size, `level_rows` once per
frequency axis, `quantise` once per dB range. A change of colours costs nothing of these.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from soundstudio.audio.frequency_scale import FrequencyScale, ScaleName
from soundstudio.audio.mel import hann_periodic

if TYPE_CHECKING:
    from soundstudio.audio.files import FloatArray

ByteImage = npt.NDArray[np.uint8]

MIN_POWER: Final = 1e-16  # -160 dB
_DB_PER_NEPER: Final = np.float32(10.0 / np.log(10.0))
# NumPy 1 holds the interpreter's lock during an FFT; a block takes about a millisecond.
_BLOCK_FRAMES: Final = 32


def stft_power(mono: FloatArray, n_fft: int = 2048, hop_samples: int = 256) -> FloatArray:
    """Power of a Hann-windowed STFT [n_fft // 2 + 1 bins, frames], float32.

    Frame k is centred on sample k * hop_samples (the ends see zeros). A full-scale sine on a bin
    has power 1, so 10 log10 of it is dBFS.
    """
    window = hann_periodic(n_fft)
    window *= 2.0 / window.sum()
    frame_count = 1 + len(mono) // hop_samples
    needed = (frame_count - 1) * hop_samples + n_fft
    padded = np.zeros(needed, dtype=np.float32)
    padded[n_fft // 2 : n_fft // 2 + len(mono)] = mono[: needed - n_fft // 2]
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop_samples]
    power = np.empty((n_fft // 2 + 1, frame_count), dtype=np.float32)
    # By blocks, so that the complex float64 spectra of NumPy stay in the processor's cache.
    for first in range(0, frame_count, _BLOCK_FRAMES):
        spectrum = np.fft.rfft(frames[first : first + _BLOCK_FRAMES] * window, axis=1)
        block = np.square(spectrum.real) + np.square(spectrum.imag)
        power[:, first : first + _BLOCK_FRAMES] = block.T
    return power


def hop_for(length_samples: int, columns: int, n_fft: int = 2048) -> int:
    """The hop that gives about `columns` frames, between n_fft / 32 and n_fft / 2."""
    wanted = length_samples // max(columns, 1)
    return int(min(max(wanted, n_fft // 32), n_fft // 2))


def level_rows(power: FloatArray, sample_rate: int, scale: ScaleName, rows: int) -> FloatArray:
    """Levels in dBFS [rows, frames] with row 0 the lowest frequency.

    A row that covers several bins shows the strongest; where a bin covers several rows, the
    power between two bins is interpolated.
    """
    bins = power.shape[0]
    below, share, first, wide_from = _row_map(bins, sample_rate, scale, rows)
    picture = np.empty((rows, power.shape[1]), dtype=np.float32)
    # Row by row: NumPy's fancy indexing and reduceat take twenty times as long here.
    for row in range(wide_from):
        upper = min(below[row] + 1, bins - 1)
        np.multiply(power[below[row]], 1 - share[row], out=picture[row])
        picture[row] += power[upper] * share[row]
    for row in range(wide_from, rows):
        last = first[row + 1] if row + 1 < rows else bins
        np.maximum.reduce(power[first[row] : last], axis=0, out=picture[row])
    np.maximum(picture, MIN_POWER, out=picture)
    np.log(picture, out=picture)
    picture *= _DB_PER_NEPER
    return picture


@lru_cache(maxsize=16)
def _row_map(
    bins: int, sample_rate: int, scale: ScaleName, rows: int
) -> tuple[list[int], list[np.float32], list[int], int]:
    """For each row the bin below its centre, the share of the next one, and its first bin.

    The tuple ends with the first of the rows that each cover bins of their own; these are on top.
    """
    axis = FrequencyScale(scale, sample_rate / 2)
    bins_per_hz = (bins - 1) / (sample_rate / 2)
    centres = axis.frequencies_at((np.arange(rows) + 0.5) / rows) * bins_per_hz
    edges = axis.frequencies_at(np.arange(rows + 1) / rows) * bins_per_hz
    below = np.clip(np.floor(centres), 0, bins - 1).astype(np.intp)
    share = (centres - below).astype(np.float32)
    first = np.clip(np.ceil(edges[:-1]), 0, bins - 1).astype(np.intp)
    has_own_bin = np.append(np.diff(first) > 0, True)
    narrow_rows = np.flatnonzero(~has_own_bin)
    wide_from = 0 if narrow_rows.size == 0 else int(narrow_rows[-1]) + 1
    return below.tolist(), list(share), first.tolist(), wide_from


def quantise(levels_db: FloatArray, floor_db: float, ceiling_db: float) -> ByteImage:
    """Levels as 0 (floor and below) to 255 (ceiling and above), same shape, C-contiguous."""
    scale = np.float32(255.0 / max(ceiling_db - floor_db, 1e-3))
    steps = levels_db - np.float32(floor_db)
    steps *= scale
    np.clip(steps, 0.0, 255.0, out=steps)
    steps += np.float32(0.5)
    return steps.astype(np.uint8)


def spectrogram_image(
    power: FloatArray,
    sample_rate: int,
    scale: ScaleName = "mel",
    rows: int = 384,
    floor_db: float = -90.0,
    ceiling_db: float = 0.0,
) -> ByteImage:
    """The finished 8-bit picture [rows, frames], row 0 the lowest frequency."""
    return quantise(level_rows(power, sample_rate, scale, rows), floor_db, ceiling_db)


def mip_chain(image: ByteImage, min_columns: int = 512) -> tuple[ByteImage, ...]:
    """The picture, then halves of its width (the stronger of two columns), widest first."""
    chain = [image]
    while chain[-1].shape[1] >= 2 * min_columns:
        wide = chain[-1]
        even = wide[:, : wide.shape[1] // 2 * 2]
        half = np.maximum(even[:, 0::2], even[:, 1::2])
        if wide.shape[1] % 2:
            half = np.concatenate((half, wide[:, -1:]), axis=1)
        chain.append(np.ascontiguousarray(half))
    return tuple(chain)


def waveform_envelope(mono: FloatArray, columns: int) -> FloatArray:
    """Lowest and highest sample of each column [2, columns]; row 0 the lowest.

    Where there are more columns than samples, neighbouring columns repeat a sample.
    """
    columns = max(columns, 1)
    if len(mono) == 0:
        return np.zeros((2, columns), dtype=np.float32)
    starts = np.arange(columns, dtype=np.int64) * len(mono) // columns
    return np.stack((np.minimum.reduceat(mono, starts), np.maximum.reduceat(mono, starts)))
