"""Sounds in memory, and reading and writing them as files."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import numpy.typing as npt
import soundfile

from soundstudio.audio.atomic_file import written_whole
from soundstudio.core.errors import AudioFileError, explain_os_error

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)

FloatArray = npt.NDArray[np.float32]
WavSubtype = Literal["PCM_16", "PCM_24", "FLOAT"]

BITS: Final[dict[WavSubtype, int]] = {"PCM_16": 16, "PCM_24": 24, "FLOAT": 32}


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """Samples as float32 [channels, samples], full scale at ±1, and their rate in Hz."""

    samples: FloatArray
    sample_rate: int

    def __post_init__(self) -> None:
        if self.samples.ndim == 1:
            object.__setattr__(self, "samples", self.samples[np.newaxis])
        if self.samples.ndim != 2 or self.samples.shape[0] == 0:
            raise ValueError(f"expected [channels, samples], got {self.samples.shape}")
        if self.samples.dtype != np.float32:
            object.__setattr__(self, "samples", self.samples.astype(np.float32))
        if self.sample_rate <= 0:
            raise ValueError(f"a sample rate of {self.sample_rate} Hz")

    @property
    def channels(self) -> int:
        return int(self.samples.shape[0])

    @property
    def length(self) -> int:
        """Samples per channel."""
        return int(self.samples.shape[1])

    @property
    def duration_s(self) -> float:
        return self.length / self.sample_rate

    def mono(self) -> FloatArray:
        """The mean of all channels [samples]."""
        if self.channels == 1:
            return np.asarray(self.samples[0])
        return np.asarray(self.samples.mean(axis=0), dtype=np.float32)

    def between(self, start_s: float, end_s: float) -> Sound:
        """The part from `start_s` to `end_s`, clamped to the sound; at least one sample."""
        first = min(max(round(start_s * self.sample_rate), 0), max(self.length - 1, 0))
        last = min(max(round(end_s * self.sample_rate), first + 1), self.length)
        return Sound(np.ascontiguousarray(self.samples[:, first:last]), self.sample_rate)


@dataclass(frozen=True, slots=True)
class SoundInfo:
    """What a sound file's header says."""

    duration_s: float
    sample_rate: int
    channels: int
    format: str
    subtype: str


def read_sound(path: Path, max_duration_s: float | None = None) -> Sound:
    """Read any format libsndfile knows, at most `max_duration_s` of it.

    Raises AudioFileError if it is missing, unreadable, not a sound, empty, or holds NaN.
    """
    _check_exists(path)
    try:
        with soundfile.SoundFile(str(path)) as file:
            limit = -1 if max_duration_s is None else round(max_duration_s * file.samplerate)
            frames = file.read(frames=limit, dtype="float32", always_2d=True)
            rate = int(file.samplerate)
    except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
        raise _unreadable(path, error) from error
    except MemoryError as error:
        raise AudioFileError(f"{path.name} is too long to be read into memory.") from error
    if frames.shape[0] == 0:
        raise AudioFileError(f"{path.name} holds no sound: it is empty.", "Choose another file.")
    if not np.isfinite(frames).all():
        raise AudioFileError(
            f"{path.name} is damaged: some of its samples are not numbers.",
            "Export it again from the program that made it.",
        )
    return Sound(np.ascontiguousarray(frames.T), rate)


def probe(path: Path) -> SoundInfo:
    """Read the header only. Raises AudioFileError."""
    _check_exists(path)
    try:
        info: Any = soundfile.info(str(path))
    except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
        raise _unreadable(path, error) from error
    return SoundInfo(
        duration_s=info.frames / info.samplerate,
        sample_rate=int(info.samplerate),
        channels=int(info.channels),
        format=str(info.format),
        subtype=str(info.subtype),
    )


def write_wav(path: Path, sound: Sound, subtype: WavSubtype, dither: bool = False) -> None:
    """Write a WAV: complete under its name, or not at all. An existing file is replaced.

    dither: add triangular noise of ±1 step before rounding; PCM_16 only, others ignore it.
    Raises AudioFileError for samples that are not numbers, StorageError for a full disk.
    """
    if not np.isfinite(sound.samples).all():
        raise AudioFileError(f"{path.name} was not written: the sound holds invalid samples.")
    frames = _quantised(sound.samples.T, subtype, dither)
    doing = f"writing {path.name}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain_os_error(error, doing) from error
    with written_whole(path, doing) as temporary:
        _write_frames(temporary, frames, sound.sample_rate, subtype)


def _write_frames(path: Path, frames: npt.NDArray[Any], rate: int, subtype: WavSubtype) -> None:
    # The file is opened here, so that a refusal arrives as an OSError with its number.
    with path.open("xb+") as raw:
        try:
            with soundfile.SoundFile(
                raw, "w", samplerate=rate, channels=frames.shape[1], subtype=subtype, format="WAV"
            ) as file:
                file.write(frames)
        except soundfile.LibsndfileError as error:
            raw.flush()  # says "no space left" if that is why
            raise AudioFileError(f"{path.name} cannot be written: {error}.") from error


def _quantised(frames: FloatArray, subtype: WavSubtype, dither: bool) -> npt.NDArray[Any]:
    if subtype == "FLOAT":
        return np.ascontiguousarray(frames)
    full_scale = float(1 << (BITS[subtype] - 1))
    scaled = frames.astype(np.float64) * full_scale
    if dither and subtype == "PCM_16":
        # The noise is seeded by nothing but the length: the same sound gives the same file.
        noise = np.random.default_rng(frames.shape[0])
        scaled += noise.random(scaled.shape) - noise.random(scaled.shape)
    steps = np.clip(np.rint(scaled), -full_scale, full_scale - 1)
    if subtype == "PCM_16":
        return np.ascontiguousarray(steps.astype(np.int16))
    return np.ascontiguousarray(steps.astype(np.int32) << 8)


def _check_exists(path: Path) -> None:
    try:
        if path.is_dir():
            raise AudioFileError(f"{path} is a folder, not a sound file.")
        if not path.exists():
            raise AudioFileError(
                f"{path} does not exist.", "It may have been moved, renamed or deleted."
            )
        if path.stat().st_size == 0:
            raise AudioFileError(f"{path.name} is empty.", "Choose another file.")
    except (OSError, ValueError) as error:
        raise AudioFileError(f"{path} cannot be read: {error}.") from error


def _unreadable(path: Path, error: Exception) -> AudioFileError:
    if isinstance(error, PermissionError):
        return AudioFileError(f"There is no permission to read {path}.")
    log.info("%s cannot be read: %s", path, error)
    return AudioFileError(
        f"{path.name} is not a sound file, or it is damaged.",
        "WAV, FLAC, AIFF, OGG and MP3 files can be read.",
    )
