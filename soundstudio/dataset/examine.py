"""One sound file, read once from end to end: what it is, and what is wrong with it."""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from soundstudio.audio.files import opened
from soundstudio.core.errors import AudioFileError
from soundstudio.core.file_digest import sha256_of_file
from soundstudio.core.processes import is_given_up
from soundstudio.dataset.findings import Finding, FindingKind
from soundstudio.dataset.fingerprint import LOOKED_AT_S, Picture, picture_of
from soundstudio.dataset.segments import LEVEL_STEP_S
from soundstudio.dataset.words import printable, shown_name
from soundstudio.library.riff import read_chunks
from soundstudio.library.wav_metadata import GENERATED_NOTE, read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from soundstudio.audio.files import FloatArray

MODEL_RATE_HZ: Final = 16_000
LONG_S: Final = 600.0
SILENT_PEAK: Final = 1e-4  # -80 dB: AudioLDM's training code takes less for silence
_FULL_SCALE: Final = 0.9995
_CLIPPED_RUN: Final = 3
_CLIPPED_RUNS: Final = 4
_PLAUSIBLE_RATES_HZ: Final = (1_000, 1_000_000)
_BLOCK_SAMPLES: Final = 1 << 19
_KEPT_SAMPLES: Final = 8 << 20
_CUT_OFF_S: Final = 0.05
_MAX_DESCRIPTION_CHARACTERS: Final = 500
# Recorders write settings into the description: sSPEED=023.976 and the like.
_SETTING: Final = re.compile(r"^\w+=\S", re.MULTILINE)


@dataclass(frozen=True, slots=True, eq=False)
class ScannedClip:
    """What is known of a sound that can be used.

    content: SHA-256 (hex) of the file; audio: a digest (hex) of its samples, rate and channels.
    peaks: the highest level in each `LEVEL_STEP_S` [steps].
    description: what the file itself says is heard, or "". picture, audible_s: see `fingerprint`.
    """

    path: Path
    content: str
    audio: str
    duration_s: float
    sample_rate: int
    channels: int
    peaks: FloatArray
    description: str
    picture: Picture
    audible_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Examined:
    """A sound that can be used, or None, and what was found in any case."""

    path: Path
    clip: ScannedClip | None
    findings: tuple[Finding, ...]


class _Refused(Exception):  # noqa: N818 - carries a finding out of the reading
    def __init__(self, kind: FindingKind, sentence: str) -> None:
        super().__init__(sentence)
        self.kind: FindingKind = kind
        self.sentence = sentence


@dataclass(slots=True)
class _Samples:
    """What is gathered while the samples of a sound pass by."""

    step_samples: int
    digest: Any = field(default_factory=lambda: hashlib.blake2b(digest_size=16))
    length: int = 0
    peaks: list[float] = field(default_factory=list)
    clipped_runs: int = 0
    heard_from: int | None = None
    kept: list[FloatArray] = field(default_factory=list)

    def add(self, block: FloatArray, keep_samples: int) -> None:
        """Take in the next [samples, channels]; about `keep_samples` of the audible part stay."""
        self.digest.update(np.ascontiguousarray(block).data)
        start, self.length = self.length, self.length + len(block)
        level = np.abs(block)
        # The edges of steps in this block, which may begin in the middle of one.
        edges = np.arange(start // self.step_samples * self.step_samples, self.length,
                          self.step_samples)  # fmt: skip
        tops = np.maximum.reduceat(level, np.maximum(edges - start, 0), axis=0).max(axis=1).tolist()
        if not all(map(math.isfinite, tops)):
            raise _Refused("not numbers", "some of its samples are not numbers.")
        if start % self.step_samples:
            self.peaks[-1] = max(self.peaks[-1], tops.pop(0))
        self.peaks += tops
        peak = max(self.peaks[start // self.step_samples :])
        if peak >= _FULL_SCALE:
            self.clipped_runs += _runs_at_full_scale(level)
        if peak > SILENT_PEAK and self.heard_from is None:
            self.heard_from = start
        if self.heard_from is not None and start < self.heard_from + keep_samples:
            mono = block[:, 0] if block.shape[1] == 1 else block.mean(axis=1, dtype=np.float32)
            self.kept.append(mono.copy())


def examine(path: Path, min_duration_s: float) -> Examined:
    """Read the whole file. Whatever is wrong becomes a finding; nothing is raised.

    Samples that are not numbers, silence below -80 dB and less than `min_duration_s` refuse it.
    """
    try:
        content = _digest_of_file(path)
        return _examined(path, content, min_duration_s)
    except _Refused as refusal:
        kind, sentence = refusal.kind, f"{shown_name(path)}: {refusal.sentence}"
    except AudioFileError as error:
        kind, sentence = "damaged", printable(error.message)
    except OSError as error:
        kind = "unreadable"
        sentence = f"{shown_name(path)} cannot be read: {error.strerror or error}."
    except (ValueError, MemoryError, ArithmeticError) as error:
        kind, sentence = "damaged", f"{shown_name(path)} cannot be read: {printable(str(error))}."
    return Examined(path, None, (Finding(kind, sentence, path, excludes=True),))


def _examined(path: Path, content: str, min_duration_s: float) -> Examined:
    with opened(path) as file:
        rate, channels, declared = int(file.samplerate), int(file.channels), int(file.frames)
        if not _PLAUSIBLE_RATES_HZ[0] <= rate <= _PLAUSIBLE_RATES_HZ[1]:
            raise _Refused("damaged", f"it claims a sample rate of {rate:,} Hz.")
        tags = file.copy_metadata() if file.format != "WAV" else {}
        samples = _Samples(max(1, round(LEVEL_STEP_S * rate)))
        samples.digest.update(f"{rate} {channels} ".encode())
        for block in _blocks(file):
            samples.add(block, min(round(LOOKED_AT_S * rate), _KEPT_SAMPLES))
    if samples.length == 0:
        raise _Refused("empty", "it holds no sound.")
    duration_s = samples.length / rate
    if duration_s < min_duration_s:
        raise _Refused("too short", f"it is {int(duration_s * 1000)} ms long.")
    if max(samples.peaks) <= SILENT_PEAK:
        raise _Refused("silent", "it is silent.")
    missing_s = max(declared - samples.length, 0) / rate or _missing_s(path, duration_s)
    picture, audible_s = picture_of(np.concatenate(samples.kept), rate)
    clip = ScannedClip(
        path=path,
        content=content,
        audio=samples.digest.hexdigest(),
        duration_s=duration_s,
        sample_rate=rate,
        channels=channels,
        peaks=np.asarray(samples.peaks, np.float32),
        description=_description(path, tags),
        picture=picture,
        audible_s=audible_s,
    )
    return Examined(path, clip, tuple(_remarks(clip, samples, missing_s)))


def _remarks(clip: ScannedClip, samples: _Samples, missing_s: float) -> Iterator[Finding]:
    """What the user should know of a clip that is used."""
    name, path = shown_name(clip.path), clip.path
    if missing_s > _CUT_OFF_S:
        sentence = f"{name} is cut off: {missing_s:.1f} s of what it announces are missing."
        yield Finding("cut off", sentence, path)
    if samples.clipped_runs >= _CLIPPED_RUNS:
        sentence = f"{name} is clipped: it stays at full scale in {samples.clipped_runs:,} places."
        yield Finding("clipped", sentence, path)
    if clip.sample_rate < MODEL_RATE_HZ:
        sentence = (
            f"{name} has {clip.sample_rate:,} Hz: nothing in it lies above "
            f"{clip.sample_rate / 2000:.3g} kHz, and the model learns that, too."
        )
        yield Finding("low rate", sentence, path)
    if clip.duration_s > LONG_S:
        sentence = (
            f"{name} is {clip.duration_s / 60:.0f} minutes long and one caption is all it has."
        )
        yield Finding("long", sentence, path)


def _digest_of_file(path: Path) -> str:
    with path.open("rb") as file:
        if not file.read(1):
            raise _Refused("empty", "it is empty.")
    return sha256_of_file(path)


def _blocks(file: Any) -> Iterator[FloatArray]:
    """All samples [samples, channels]; never more at once than a block, whatever is declared."""
    # soundfile stops at the declared length itself, and a shorter answer is the end.
    buffer = np.empty((max(1, _BLOCK_SAMPLES // file.channels), file.channels), np.float32)
    while len(block := file.read(out=buffer)):
        yield block
        if is_given_up():
            raise _Refused("unreadable", "the reading was given up.")


def _runs_at_full_scale(level: FloatArray) -> int:
    """In how many places a channel stays at full scale for `_CLIPPED_RUN` samples or more."""
    at_top = level >= _FULL_SCALE
    run = at_top[: 1 - _CLIPPED_RUN].copy()
    for shift in range(1, _CLIPPED_RUN):
        run &= at_top[shift : len(run) + shift]
    if not len(run):
        return 0
    return int(np.count_nonzero(run[0]) + np.count_nonzero(run[1:] & ~run[:-1]))


def _missing_s(path: Path, duration_s: float) -> float:
    """How much of the announced sound is missing: libsndfile silently takes what is there."""
    suffix = path.suffix.lower()
    if suffix in (".aif", ".aiff", ".aifc"):
        with path.open("rb") as file:
            head = file.read(12)
        if len(head) < 12 or head[:4] != b"FORM":
            return 0.0
        present = path.stat().st_size
        return duration_s * max(int.from_bytes(head[4:8], "big") + 8 - present, 0) / present
    if suffix not in (".wav", ".rf64"):
        return 0.0
    try:
        data = [chunk for chunk in read_chunks(path) if chunk.id == b"data"]
    except AudioFileError:
        return 0.0  # another format under this name
    if not data or not data[0].size:
        return 0.0
    return duration_s * data[0].missing_bytes / data[0].size


def _description(path: Path, tags: dict[str, str]) -> str:
    """What is heard, by the file's own words: iXML, bext and INFO of a WAV, or its tags."""
    texts = [tags.get("comment", ""), tags.get("title", "")]
    if path.suffix.lower() in (".wav", ".rf64"):
        try:
            metadata = read(path)
        except (AudioFileError, OSError):
            return ""
        texts = [metadata.description, metadata.title, metadata.comment]
    for text in texts:
        # Our own exports name the model after the description.
        words = printable(text.split(GENERATED_NOTE)[0]).rstrip(" |.")
        if words and not _SETTING.match(text):
            return words[:_MAX_DESCRIPTION_CHARACTERS]
    return ""
