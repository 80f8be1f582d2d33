"""What the viewer shows of a sound, computed off the window's thread: levels, bytes, envelopes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from soundstudio.audio.files import Sound, read_sound
from soundstudio.audio.spectrogram import (
    ByteImage,
    hop_for,
    level_rows,
    quantise,
    stft_power,
    waveform_envelope,
)

if TYPE_CHECKING:
    from pathlib import Path

    from soundstudio.audio.files import FloatArray
    from soundstudio.audio.frequency_scale import ScaleName

PICTURE_COLUMNS = 4000
PICTURE_ROWS = 480
MAX_SHOWN_S = 600.0
_BLOCK_SAMPLES = 256


@dataclass(frozen=True, slots=True, eq=False)
class LoadedSound:
    """A sound in memory with what does not depend on how it is looked at.

    power: STFT power [bins, frames]; frame k is centred on sample k * hop_samples.
    block_lows, block_highs, block_powers: extremes and mean square of each 256 samples [blocks],
    for far zooms.
    peak: the largest sample, 1 full scale. centroid_hz: the middle of its power spectrum.
    """

    path: Path
    sound: Sound
    mono: FloatArray
    power: FloatArray
    hop_samples: int
    block_lows: FloatArray
    block_highs: FloatArray
    block_powers: FloatArray
    peak: float
    centroid_hz: float

    @property
    def duration_s(self) -> float:
        return self.sound.duration_s

    def envelope(self, start_s: float, end_s: float, columns: int) -> FloatArray:
        """Lowest and highest sample of each column of a span [2, columns]."""
        rate = self.sound.sample_rate
        first, last = round(start_s * rate), max(round(end_s * rate), round(start_s * rate) + 1)
        if last - first < 4 * _BLOCK_SAMPLES * columns:
            return waveform_envelope(self.mono[first:last], columns)
        blocks = slice(first // _BLOCK_SAMPLES, -(-last // _BLOCK_SAMPLES))
        low = waveform_envelope(self.block_lows[blocks], columns)[0]
        high = waveform_envelope(self.block_highs[blocks], columns)[1]
        return np.stack((low, high))

    def rms(self, start_s: float, end_s: float, columns: int) -> FloatArray:
        """Root mean square of each column of a span [columns]."""
        rate = self.sound.sample_rate
        first, last = round(start_s * rate), max(round(end_s * rate), round(start_s * rate) + 1)
        if last - first < 4 * _BLOCK_SAMPLES * columns:
            return np.sqrt(_column_means(np.square(self.mono[first:last]), columns))
        blocks = slice(first // _BLOCK_SAMPLES, -(-last // _BLOCK_SAMPLES))
        return np.sqrt(_column_means(self.block_powers[blocks], columns))


@dataclass(frozen=True, slots=True, eq=False)
class SpectrogramPicture:
    """Levels in dB [rows, frames] and the same as bytes; row 0 is the lowest frequency."""

    scale: ScaleName
    levels_db: FloatArray
    image: ByteImage
    floor_db: float
    ceiling_db: float


def load_sound(path: Path, n_fft: int = 2048) -> LoadedSound:
    """Read a file and compute its STFT. Raises AudioFileError."""
    return analyse(path, read_sound(path, MAX_SHOWN_S), n_fft)


def analyse(path: Path, sound: Sound, n_fft: int = 2048) -> LoadedSound:
    """The STFT and the block envelope of a sound in memory."""
    mono = sound.mono()
    hop_samples = hop_for(len(mono), PICTURE_COLUMNS, n_fft)
    blocks = max(1, -(-len(mono) // _BLOCK_SAMPLES))
    low, high = waveform_envelope(mono, blocks)
    power = stft_power(mono, n_fft, hop_samples)
    spectrum = power.mean(axis=1, dtype=np.float64)
    frequencies = np.linspace(0.0, sound.sample_rate / 2, len(spectrum))
    total = float(spectrum.sum())
    return LoadedSound(
        path,
        sound,
        mono,
        power,
        hop_samples,
        low,
        high,
        _column_means(np.square(mono), blocks),
        peak=float(np.abs(mono).max(initial=0.0)),
        centroid_hz=float(spectrum @ frequencies) / total if total > 0 else 0.0,
    )


def _column_means(values: FloatArray, columns: int) -> FloatArray:
    """The mean of each of `columns` stretches of equal length [columns], float32."""
    if len(values) == 0:
        return np.zeros(columns, dtype=np.float32)
    starts = np.arange(columns, dtype=np.int64) * len(values) // columns
    lengths = np.maximum(np.diff(np.append(starts, len(values))), 1)
    return np.asarray(np.add.reduceat(values, starts) / lengths, dtype=np.float32)


def picture_of(
    loaded: LoadedSound, scale: ScaleName, floor_db: float, ceiling_db: float
) -> SpectrogramPicture:
    """The spectrogram on a frequency axis within a dB range."""
    levels = level_rows(loaded.power, loaded.sound.sample_rate, scale, PICTURE_ROWS)
    return SpectrogramPicture(
        scale, levels, quantise(levels, floor_db, ceiling_db), floor_db, ceiling_db
    )


def requantised(
    picture: SpectrogramPicture, floor_db: float, ceiling_db: float
) -> SpectrogramPicture:
    """The same levels within another dB range: no new STFT, no new axis."""
    image = quantise(picture.levels_db, floor_db, ceiling_db)
    return SpectrogramPicture(picture.scale, picture.levels_db, image, floor_db, ceiling_db)


def level_at(
    loaded: LoadedSound, picture: SpectrogramPicture, time_s: float, height: float
) -> float:
    """The level in dB at a time and a height (0 the bottom, 1 the top) of the spectrogram."""
    rows, frames = picture.levels_db.shape
    frame = round(time_s * loaded.sound.sample_rate / loaded.hop_samples)
    row = int(height * rows)
    return float(picture.levels_db[min(max(row, 0), rows - 1), min(max(frame, 0), frames - 1)])
