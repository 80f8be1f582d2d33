"""Sounds that are to be compared, made equally loud: the louder one of two always seems better."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from soundstudio.audio.files import Sound, read_sound, write_wav
from soundstudio.audio.loudness import from_db, measure
from soundstudio.core.errors import explain_os_error

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from soundstudio.audio.loudness import Levels

TARGET_LUFS: Final = -18.0
CEILING_DB: Final = -1.0
# What is nearly silent stays so: its noise is not what is compared.
MOST_GAIN_DB: Final = 20.0
MOST_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A stretch of a sound file."""

    path: Path
    start_s: float = 0.0
    duration_s: float = MOST_S


@dataclass(frozen=True, slots=True)
class MatchedSound:
    """A copy that is as loud as its fellows. gain_db: what was added to the original."""

    path: Path
    gain_db: float


def level_matched(excerpts: Sequence[Excerpt], folder: Path) -> tuple[MatchedSound, ...]:
    """Copies in `folder`, under names that say nothing, all of the same loudness.

    It is TARGET_LUFS, or as much as the one with the least headroom can have without clipping.
    Sounds under 0.4 s are compared by their RMS. Silent ones are copied as they are.
    Raises AudioFileError, StorageError.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain_os_error(error, "preparing the comparison") from error
    sounds = [read_sound(e.path, min(e.duration_s, MOST_S), e.start_s) for e in excerpts]
    levels = [measure(sound) for sound in sounds]
    by_lufs = all(level.lufs is not None for level in levels)
    loudness = [_loudness(level, by_lufs=by_lufs) for level in levels]
    reachable = [
        value + min(MOST_GAIN_DB, CEILING_DB - level.true_peak_db)
        for value, level in zip(loudness, levels, strict=True)
        if math.isfinite(value)
    ]
    target = min([TARGET_LUFS, *reachable])
    found = []
    for excerpt, sound, value in zip(excerpts, sounds, loudness, strict=True):
        gain_db = target - value if math.isfinite(value) else 0.0
        path = folder / f"{_name(excerpt, gain_db)}.wav"
        if not path.exists():
            samples = (sound.samples * from_db(gain_db)).astype(sound.samples.dtype)
            write_wav(path, Sound(samples, sound.sample_rate), "FLOAT")
        found.append(MatchedSound(path, gain_db))
    return tuple(found)


def _loudness(level: Levels, *, by_lufs: bool) -> float:
    return level.lufs if by_lufs and level.lufs is not None else level.rms_db


def _name(excerpt: Excerpt, gain_db: float) -> str:
    """The same for the same sound, so that one that was read is not read again."""
    changed = excerpt.path.stat().st_mtime_ns
    facts = f"{excerpt.path}|{changed}|{excerpt.start_s}|{excerpt.duration_s}|{gain_db:.3f}"
    return hashlib.sha256(facts.encode("utf-8", "surrogatepass")).hexdigest()[:16]
