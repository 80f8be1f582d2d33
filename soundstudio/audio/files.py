"""Sounds in memory, and reading and writing them as files."""

from __future__ import annotations

import contextlib
import logging
import os
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import numpy.typing as npt
import soundfile

from soundstudio.audio.atomic_file import written_whole
from soundstudio.core.errors import AudioFileError, explain_os_error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

log = logging.getLogger(__name__)

FloatArray = npt.NDArray[np.float32]
WavSubtype = Literal["PCM_16", "PCM_24", "FLOAT"]

_PCM_TAG: Final = 1
_FLOAT_TAG: Final = 3
_EXTENSIBLE_TAG: Final = 0xFFFE
_GUID_TAIL: Final = bytes.fromhex("000000001000800000aa00389b71")
_MAX_RIFF_BYTES: Final = 0xFFFFFFFF
SOUND_SUFFIXES: Final = frozenset(
    (".wav", ".flac", ".aif", ".aiff", ".aifc", ".ogg", ".oga", ".opus", ".mp3", ".w64", ".rf64",
     ".caf", ".au")
)  # fmt: skip
"""By these a folder's sounds are found; whether one can be read shows when it is."""
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


def read_sound(path: Path, max_duration_s: float | None = None, start_s: float = 0.0) -> Sound:
    """Read any format libsndfile knows, from `start_s` on, at most `max_duration_s` of it.

    Raises AudioFileError if it is missing, unreadable, not a sound, empty, or holds NaN.
    """
    try:
        with opened(path) as file:
            limit = -1 if max_duration_s is None else round(max_duration_s * file.samplerate)
            if start_s > 0:
                file.seek(min(round(start_s * file.samplerate), file.frames))
            frames = file.read(frames=limit, dtype="float32", always_2d=True)
            rate = int(file.samplerate)
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
    with opened(path) as file:
        return SoundInfo(
            duration_s=file.frames / file.samplerate,
            sample_rate=int(file.samplerate),
            channels=int(file.channels),
            format=str(file.format),
            subtype=str(file.subtype),
        )


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Any]:
    """A `soundfile.SoundFile` to read from; whatever fails in the block is an AudioFileError."""
    _check_exists(path)
    # As bytes: soundfile cannot encode a name that is not text. Windows has none of these.
    name = str(path) if os.name == "nt" else os.fsencode(path)
    try:
        with soundfile.SoundFile(name) as file:
            yield file
    except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
        raise _unreadable(path, error) from error


def write_wav(path: Path, sound: Sound, subtype: WavSubtype, dither: bool = False) -> None:
    """Write a WAV: complete under its name, or not at all. An existing file is replaced.

    dither: add triangular noise of ±1 step before rounding; PCM_16 only, others ignore it.
    Raises AudioFileError for samples that are not numbers, StorageError for a full disk.
    """
    if not np.isfinite(sound.samples).all():
        raise AudioFileError(f"{path.name} was not written: the sound holds invalid samples.")
    doing = f"writing {path.name}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain_os_error(error, doing) from error
    with written_whole(path, doing) as temporary:
        # Written by hand: libsndfile hides a full disk, and stamps float files with the time.
        temporary.write_bytes(_header(sound, subtype) + _encoded(sound.samples.T, subtype, dither))


def _header(sound: Sound, subtype: WavSubtype) -> bytes:
    """RIFF, fmt, fact (for float) and the head of the data chunk; its pad byte is not here."""
    width = BITS[subtype] // 8
    block = sound.channels * width
    tag = _FLOAT_TAG if subtype == "FLOAT" else _PCM_TAG
    numbers = (sound.channels, sound.sample_rate, sound.sample_rate * block, block, width * 8)
    if sound.channels > 2:
        # More than two channels need the long form; no speaker is claimed for any of them.
        guid = struct.pack("<H", tag) + _GUID_TAIL
        form = struct.pack("<HHIIHHHHI", _EXTENSIBLE_TAG, *numbers, 22, width * 8, 0) + guid
    else:
        form = struct.pack("<HHIIHH", tag, *numbers)
    chunks = struct.pack("<4sI", b"fmt ", len(form)) + form
    if subtype == "FLOAT":
        chunks += struct.pack("<4sII", b"fact", 4, sound.length)
    size = sound.length * block
    total = 4 + len(chunks) + 8 + size + size % 2
    if total > _MAX_RIFF_BYTES:
        raise AudioFileError("The sound is too long for a WAV file.", "Export a part of it.")
    return (
        struct.pack("<4sI4s", b"RIFF", total, b"WAVE") + chunks + struct.pack("<4sI", b"data", size)
    )


def _encoded(frames: FloatArray, subtype: WavSubtype, dither: bool) -> bytes:
    """The data chunk's content with its pad byte."""
    if subtype == "FLOAT":
        return np.ascontiguousarray(frames, dtype="<f4").tobytes()
    full_scale = float(1 << (BITS[subtype] - 1))
    scaled = frames.astype(np.float64) * full_scale
    if dither and subtype == "PCM_16":
        # The noise depends on nothing but the length: the same sound gives the same file.
        noise = np.random.default_rng(frames.shape[0])
        scaled += noise.random(scaled.shape) - noise.random(scaled.shape)
    steps = np.clip(np.rint(scaled), -full_scale, full_scale - 1)
    if subtype == "PCM_16":
        return np.ascontiguousarray(steps, dtype="<i2").tobytes()
    octets = np.ascontiguousarray(steps, dtype="<i4").view(np.uint8).reshape(-1, 4)
    encoded = octets[:, :3].tobytes()
    return encoded + b"\0" * (len(encoded) % 2)


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
