"""Evaluation subsets: as the paper draws them, and one that no source recording crosses."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from soundstudio.core.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from soundstudio.benchmark.dataset import Dataset, DatasetClip
    from soundstudio.core.benchmark_requests import DatasetKind, SubsetName


PAPER_COUNTS: Final[dict[DatasetKind, int]] = {"esc50": 400, "urbansound8k": 870}
"""Section III-B of the paper; it gives no count for AudioCaps and AudioSet."""
_EVALUATION_FOLD: Final[dict[DatasetKind, str]] = {"audiocaps": "test", "audioset": "eval"}


@dataclass(frozen=True, slots=True)
class Subset:
    """The clips to evaluate on, the others, and a sentence on how they were drawn."""

    name: SubsetName
    clips: tuple[DatasetClip, ...]
    others: tuple[DatasetClip, ...]
    note: str

    def leaking_sources(self) -> int:
        """How many source recordings have clips on both sides."""
        return len({clip.source for clip in self.clips} & {clip.source for clip in self.others})


def draw_subset(
    dataset: Dataset, name: SubsetName, *, seed: int = 0, count: int | None = None
) -> Subset:
    """Draw `count` clips (default: the paper's count) in the dataset's own order.

    Raises InvalidRequestError if `count` is not positive.
    """
    if count is not None and count < 1:
        raise InvalidRequestError(f"The number of clips must be at least 1; it is {count}.")
    random = np.random.default_rng(seed)
    pool = _evaluation_pool(dataset)
    wanted = min(count or PAPER_COUNTS.get(dataset.kind, len(pool)), len(pool))
    if name == "all":
        chosen = _some(pool, min(count or len(pool), len(pool)), random)
        how = f"{len(chosen)} of {len(pool)} clips"
    elif name == "paper":
        chosen = _some(pool, wanted, random)
        how = f"{len(chosen)} of {len(pool)} clips at random, as the paper draws them"
        if len(chosen) == len(pool):
            how = f"All {len(pool)} clips"
    elif dataset.kind == "esc50":
        fold = max(clip.fold for clip in pool)
        inside = [clip for clip in pool if clip.fold == fold]
        chosen = _some(inside, min(wanted, len(inside)), random)
        # What is left of the fold may share recordings with what was chosen.
        pool = [clip for clip in pool if clip.fold != fold] + chosen
        how = f"{len(chosen)} clips of fold {fold}, which shares no recording with other folds"
    else:
        chosen = _whole_sources(pool, wanted, random)
        how = f"{len(chosen)} clips by whole source recordings, so that no recording is split"
    names = {clip.name for clip in chosen}
    others = tuple(clip for clip in pool if clip.name not in names)
    subset = Subset(name, tuple(clip for clip in pool if clip.name in names), others, "")
    note = f"{how} (seed {seed})."
    if leaks := subset.leaking_sources():
        note += f" {leaks} source recordings have clips on both sides of this split."
    return Subset(name, subset.clips, others, note)


def _evaluation_pool(dataset: Dataset) -> list[DatasetClip]:
    """The published evaluation split where there is one, else everything."""
    fold = _EVALUATION_FOLD.get(dataset.kind)
    inside = [clip for clip in dataset.clips if clip.fold == fold]
    return inside or list(dataset.clips)


def _some(
    clips: Sequence[DatasetClip], count: int, random: np.random.Generator
) -> list[DatasetClip]:
    return [clips[i] for i in sorted(random.permutation(len(clips))[:count])]


def _whole_sources(
    pool: Sequence[DatasetClip], wanted: int, random: np.random.Generator
) -> list[DatasetClip]:
    """At most `wanted` clips, near the pool's class proportions, recordings taken whole."""
    by_source: dict[str, list[DatasetClip]] = {}
    for clip in pool:
        by_source.setdefault(clip.source or clip.name, []).append(clip)
    quota = {
        label: round(size * wanted / len(pool))
        for label, size in Counter(_first_label(clip) for clip in pool).items()
    }
    names = sorted(by_source)
    sources = [by_source[names[number]] for number in random.permutation(len(names))]
    chosen: list[DatasetClip] = []
    passed_over = []
    for clips in sources:
        sizes = Counter(_first_label(clip) for clip in clips)
        if all(quota[label] >= size for label, size in sizes.items()):
            quota = {label: left - sizes[label] for label, left in quota.items()}
            chosen += clips
        else:
            passed_over.append(clips)
    # What no class had room for fills up what the rounding of whole recordings left open.
    for clips in passed_over:
        if len(chosen) + len(clips) <= wanted:
            chosen += clips
    return chosen


def _first_label(clip: DatasetClip) -> str:
    return clip.labels[0] if clip.labels else ""
