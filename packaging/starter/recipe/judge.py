"""The judge: is the nearest real clip of a generated sound of the category that was asked for?"""

from __future__ import annotations

import json
import logging
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from recipe.clips import read_audio, read_manifest
from recipe.judge_embedding import SoundEffectEmbedding, embed_sounds
from recipe.judge_tables import CATEGORIES, Category

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

log = logging.getLogger(__name__)

FloatArray = npt.NDArray[np.float32]
JUDGED = 30
SEEDS = (0, 1, 2, 3)
MIN_CLIPS = 6
_JUDGE_RATE_HZ = 44_100
_MAX_SECONDS = 10
_PACKS_OF_SINGLE_SOUNDS = ("kenney-interface-sounds", "kenney-ui-audio", "arcade", "soundfx")


@dataclass(frozen=True, slots=True)
class Reference:
    """The real clips: embeddings, category number (-1 is a distractor) and recording."""

    vectors: FloatArray
    category: npt.NDArray[np.int64]
    recording: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Score:
    """One row of the table; shares are in 0..1."""

    category: str
    real_clips: int
    real_share: float
    made_share: float

    @property
    def ratio(self) -> float | None:
        """How often made sounds are recognised, relative to real held-out ones.

        None where no real one is.
        """
        return self.made_share / self.real_share if self.real_share else None


def category_of(folder: str, label: str) -> int:
    """The first category whose pattern matches, or -1."""
    for number, category in enumerate(CATEGORIES):
        if re.search(category.pattern, f"{folder}/{label}"):
            return number
    return -1


def recording_of(row: dict[str, str]) -> str:
    """Cuts of one recording share folder, source and label; packs of single sounds are apart."""
    folder = row["file"].split("/")[0]
    if folder in _PACKS_OF_SINGLE_SOUNDS:
        return row["file"]
    label = re.sub(r"( l| r)$", "", row["label"])
    return f"{folder}/{row['source']}/{row['author']}/{label}"


def load_reference(folders: Sequence[Path], model: SoundEffectEmbedding) -> Reference:
    """Embed every clip of the folders that have a manifest."""
    waves, categories, recordings = [], [], []
    for folder in folders:
        for row in read_manifest(folder):
            waveform = read_audio(folder / row["file"], _JUDGE_RATE_HZ)
            waves.append(waveform[: _MAX_SECONDS * _JUDGE_RATE_HZ])
            categories.append(category_of(row["file"].split("/")[0], row["label"]))
            recordings.append(recording_of(row))
    names = {name: number for number, name in enumerate(dict.fromkeys(recordings))}
    vectors = embed_sounds(model, waves, _JUDGE_RATE_HZ)
    numbers = np.array([names[name] for name in recordings])
    return Reference(vectors, np.array(categories), numbers)


def centred(reference: Reference) -> tuple[Reference, FloatArray]:
    """Unit vectors around the mean: post-ReLU embeddings all point the same way otherwise."""
    mean = reference.vectors.mean(axis=0)
    return Reference(
        recentre(reference.vectors, mean), reference.category, reference.recording
    ), mean


def recentre(vectors: FloatArray, mean: FloatArray) -> FloatArray:
    """Subtract the reference's mean and scale to unit length."""
    moved = vectors - mean
    return np.asarray(moved / (np.linalg.norm(moved, axis=1, keepdims=True) + 1e-9))


def held_out_categories(reference: Reference) -> npt.NDArray[np.int64]:
    """Category of the nearest other recording of each real clip."""
    similarity = reference.vectors @ reference.vectors.T
    similarity[reference.recording[:, None] == reference.recording[None, :]] = -2.0
    return np.asarray(reference.category[similarity.argmax(axis=1)])


def nearest_categories(reference: Reference, vectors: FloatArray) -> npt.NDArray[np.int64]:
    """Category of the nearest real clip of each sound."""
    return np.asarray(reference.category[(vectors @ reference.vectors.T).argmax(axis=1)])


def judged_categories(reference: Reference) -> list[int]:
    """The thirty categories with the most real recordings, in the table's order."""
    counts = {
        number: len(np.unique(reference.recording[reference.category == number]))
        for number in range(len(CATEGORIES))
        if (reference.category == number).sum() >= MIN_CLIPS
    }
    largest = sorted(counts, key=lambda number: -counts[number])[:JUDGED]
    return sorted(largest)


def forbidden_prompts(captions: Sequence[str]) -> list[str]:
    """Prompts that occur word for word in a caption: the list must be empty."""
    joined = "\n".join(f" {' '.join(re.findall(r'[a-z0-9]+', c.lower()))} " for c in captions)
    prompts = [prompt for category in CATEGORIES for prompt in category.prompts]
    words = {p: f" {' '.join(re.findall(r'[a-z0-9]+', p.lower()))} " for p in prompts}
    return [prompt for prompt in prompts if words[prompt] in joined]


def scores(
    reference: Reference, made: dict[int, npt.NDArray[np.int64]], judged: Sequence[int]
) -> list[Score]:
    """One score per category, worst ratio first."""
    held_out = held_out_categories(reference)
    rows = []
    for number in judged:
        own = reference.category == number
        real_share = float((held_out[own] == number).mean())
        made_share = float((made[number] == number).mean())
        rows.append(Score(CATEGORIES[number].name, int(own.sum()), real_share, made_share))
    return sorted(rows, key=lambda row: np.inf if row.ratio is None else row.ratio)


def overall(rows: Sequence[Score]) -> tuple[float, float, float]:
    """Mean share of real and of made sounds over the categories, and their ratio."""
    real = float(np.mean([row.real_share for row in rows]))
    made = float(np.mean([row.made_share for row in rows]))
    return real, made, made / max(real, 1e-9)


def markdown(rows: Sequence[Score]) -> str:
    """The table, worst category first."""
    real, made, ratio = overall(rows)
    lines = [
        "| category | real clips | real held out | generated | ratio |",
        "|---|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {r.category} | {r.real_clips} | {r.real_share:.0%} | {r.made_share:.0%} "
        f"| {'–' if r.ratio is None else f'{r.ratio:.2f}'} |"
        for r in rows
    ]
    lines.append(
        f"| **all** | {sum(r.real_clips for r in rows)} | {real:.1%} | {made:.1%} "
        f"| **{ratio:.2f}** |"
    )
    return "\n".join(lines) + "\n"


def save_report(rows: Sequence[Score], path: Path) -> None:
    """The table as JSON and as Markdown."""
    real, made, ratio = overall(rows)
    payload = {
        "real_share": real,
        "made_share": made,
        "ratio": ratio,
        "rows": [{**asdict(row), "ratio": row.ratio} for row in rows],
    }
    path.with_suffix(".json").write_text(json.dumps(payload, indent=1), encoding="utf-8")
    path.with_suffix(".md").write_text(markdown(rows), encoding="utf-8")


def prompts_of(judged: Sequence[int]) -> list[tuple[int, str]]:
    """Category number and prompt of every sound to be made, before seeds."""
    chosen: list[Category] = [CATEGORIES[number] for number in judged]
    return [
        (number, prompt)
        for number, category in zip(judged, chosen, strict=True)
        for prompt in category.prompts
    ]
