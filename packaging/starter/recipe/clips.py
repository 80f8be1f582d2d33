"""Real and synthetic clips as one in-memory collection of 16 kHz waveforms with captions."""

from __future__ import annotations

import csv
import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import soundfile as sf
import soxr

from recipe.captions import describe, read_synonyms
from recipe.settings import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)

FloatArray = npt.NDArray[np.float32]
_SILENCE_PEAK = 1e-3


@dataclass(frozen=True, slots=True)
class Clip:
    """One sound: its waveform at 16 kHz (peak 0.5), its captions and where it came from.

    ``concept`` is what it counts to when sounds are drawn, ``words`` are single words for it.
    """

    name: str
    label: str
    captions: tuple[str, ...]
    waveform: FloatArray
    is_real: bool
    concept: str = ""
    words: tuple[str, ...] = ()


def read_manifest(folder: Path) -> list[dict[str, str]]:
    """The rows of ``manifest.csv`` in a folder of sounds."""
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def read_audio(path: Path, rate_hz: int = SAMPLE_RATE_HZ) -> FloatArray:
    """A file as mono float32 at ``rate_hz``."""
    samples, file_rate_hz = sf.read(path, dtype="float32", always_2d=True)
    mono = samples.mean(axis=1)
    if file_rate_hz != rate_hz:
        mono = soxr.resample(mono, file_rate_hz, rate_hz, quality="VHQ")
    return np.asarray(mono, dtype=np.float32)


def trim_silence(waveform: FloatArray, margin_samples: int = 160) -> FloatArray:
    """Cut leading and trailing silence below -60 dB of the peak."""
    loud = np.flatnonzero(np.abs(waveform) > _SILENCE_PEAK * np.abs(waveform).max(initial=1e-9))
    if len(loud) == 0:
        return waveform
    return waveform[max(0, loud[0] - margin_samples) : loud[-1] + margin_samples]


def normalise(waveform: FloatArray) -> FloatArray:
    """Zero mean and a peak of 0.5, as AudioLDM's front end expects."""
    centred = waveform - waveform.mean()
    return np.asarray(centred / (np.abs(centred).max(initial=0.0) + 1e-8) * 0.5, dtype=np.float32)


def load_real(folder: Path, ucs_table: Path | None) -> list[Clip]:
    """Every clip of the starter set, trimmed and normalised."""
    synonyms = read_synonyms(ucs_table) if ucs_table else {}
    clips = []
    for row in read_manifest(folder):
        waveform = normalise(trim_silence(read_audio(folder / row["file"])))
        said = describe(row, synonyms)
        clips.append(
            Clip(
                row["file"],
                row["label"],
                said.captions,
                waveform,
                True,
                said.concept,
                said.words,
            )
        )
    log.info("%d real clips, %.1f min", len(clips), minutes_of(clips))
    return clips


def minutes_of(clips: list[Clip]) -> float:
    """Total length in minutes."""
    return sum(len(clip.waveform) for clip in clips) / SAMPLE_RATE_HZ / 60.0


def save_clips(path: Path, clips: list[Clip]) -> None:
    """Store clips as 16-bit samples in one file plus a JSON index beside it."""
    lengths = [len(clip.waveform) for clip in clips]
    joined = np.concatenate([clip.waveform for clip in clips]) if clips else np.zeros(0)
    np.save(path.with_suffix(".npy"), np.round(np.clip(joined, -1, 1) * 32767).astype(np.int16))
    index = [
        {
            "name": c.name,
            "label": c.label,
            "captions": c.captions,
            "real": c.is_real,
            "concept": c.concept,
            "words": c.words,
            "samples": n,
        }
        for c, n in zip(clips, lengths, strict=True)
    ]
    path.with_suffix(".json").write_text(json.dumps(index), encoding="utf-8")


def load_clips(path: Path) -> list[Clip]:
    """Read what :func:`save_clips` wrote."""
    index = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    joined = np.load(path.with_suffix(".npy"), mmap_mode="r")
    clips, start = [], 0
    for entry in index:
        stop = start + entry["samples"]
        waveform = joined[start:stop].astype(np.float32) / 32767.0
        clips.append(
            Clip(
                entry["name"],
                entry["label"],
                tuple(entry["captions"]),
                waveform,
                entry["real"],
                entry["concept"],
                tuple(entry["words"]),
            )
        )
        start = stop
    return clips
