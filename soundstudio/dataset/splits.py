"""Train, validation and test: whole recordings, seeded, each label in its share."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

import numpy as np

from soundstudio.dataset.caption_files import SPLIT_WORDS
from soundstudio.dataset.clips import SPLITS, DatasetOptions, Split
from soundstudio.dataset.findings import Finding
from soundstudio.dataset.recordings import on_both_sides

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from soundstudio.dataset.captions import CaptionRow

_NUMBER: Final = re.compile(r"\d+")
# With fewer recordings each is needed for training.
_MIN_FOR_VALIDATION: Final = 3
_MIN_FOR_TEST: Final = 5
# Rarer labels are drawn from together: no share of theirs comes to a whole recording.
_MIN_FOR_LABEL: Final = 5


def split_rows(
    rows: Sequence[CaptionRow],
    recordings: Sequence[str],
    options: DatasetOptions,
    sizes: Sequence[int] = (),
) -> tuple[list[Split], list[Finding]]:
    """The split of each row. sizes: segments of each, 1 if they are not given.

    What a table (or the topmost folders' names) says, wins. Of numbered folds the last is the test
    set, and validation is drawn from the others. All else is drawn by whole recordings, each label
    near its share. Validation clips that a table does not name are drawn from its training clips.
    """
    given, findings = _given_splits(rows)
    splits: list[Split] = [split or "train" for split in given]
    groups: dict[str, list[int]] = defaultdict(list)
    for index, recording in enumerate(recordings):
        groups[recording].append(index)
    wanted: dict[Split, float] = {
        "test": options.test_share,
        "validation": options.validation_share,
    }
    if named := {split for split in given if split is not None}:
        _pin(groups, given, splits)
        wanted["test"] = 0.0
        if "validation" in named:
            wanted["validation"] = 0.0
    pool = {
        recording: indices
        for recording, indices in groups.items()
        if all(splits[index] == "train" for index in indices)
    }
    weights = {
        recording: sum(sizes[index] if sizes else 1 for index in indices)
        for recording, indices in pool.items()
    }
    for index, split in _draw(pool, weights, rows, wanted, options.seed).items():
        splits[index] = split
    if named and wanted["validation"] and "validation" in splits and None not in given:
        sentence = "No table names validation clips; they were drawn from the training clips."
        findings.append(Finding("splits", sentence))
    findings += _remarks(recordings, splits, options)
    return splits, findings


def _given_splits(rows: Sequence[CaptionRow]) -> tuple[list[Split | None], list[Finding]]:
    """What tables say of each row: its split, or its fold where folds are numbered."""
    folds = [int(match[0]) if (match := _NUMBER.search(row.fold)) else None for row in rows]
    numbers = {fold for fold in folds if fold is not None}
    last = max(numbers) if len(numbers) > 1 else None
    given: list[Split | None] = []
    unknown: Counter[str] = Counter()
    for row, fold in zip(rows, folds, strict=True):
        word = (row.split or row.fold).lower()
        split = SPLIT_WORDS.get(word)
        if split is None and fold is not None and fold == last:
            split = "test"
        if row.split and split is None:
            unknown[row.split] += 1
        given.append(split)
    if not unknown:
        return given, []
    word, count = unknown.most_common(1)[0]
    sentence = (
        f"A table puts {count} clips into a split “{word}”; train, validation and test are known."
    )
    return given, [Finding("splits", sentence)]


def _pin(groups: dict[str, list[int]], given: Sequence[Split | None], splits: list[Split]) -> None:
    """Clips of which no table says anything go where one put other cuts of their recording."""
    for indices in groups.values():
        told = {given[index] for index in indices} - {None}
        # Into the test set rather than out of it: what is tested on must not be trained on.
        pinned = next((split for split in reversed(SPLITS) if split in told), None)
        for index in indices:
            if given[index] is None and pinned is not None:
                splits[index] = pinned


def _draw(
    groups: Mapping[str, list[int]],
    weights: Mapping[str, int],
    rows: Sequence[CaptionRow],
    wanted: Mapping[Split, float],
    seed: int,
) -> dict[int, Split]:
    """Which rows leave the training set; every label keeps a recording there if it can."""
    random = np.random.default_rng(seed)
    names = sorted(groups)
    label_of = {name: _commonest_label(rows[index] for index in groups[name]) for name in names}
    frequency = Counter(label_of.values())
    left: dict[str, list[str]] = defaultdict(list)
    for number in random.permutation(len(names)):
        label = label_of[names[number]]
        left[label if frequency[label] >= _MIN_FOR_LABEL else ""].append(names[number])
    sizes = {label: sum(weights[name] for name in inside) for label, inside in left.items()}
    drawn: dict[int, Split] = {}
    least: dict[Split, int] = {"test": _MIN_FOR_TEST, "validation": _MIN_FOR_VALIDATION}
    for split, share in wanted.items():
        if share <= 0 or len(groups) < least[split]:
            continue
        quotas = {label: share * size for label, size in sizes.items()}
        # Of many short recordings beside a very long one all would fit into its share.
        most = max(1, math.ceil(share * len(groups)))
        for name in _take(weights, left, quotas, most) or _take_one(weights, left):
            drawn |= dict.fromkeys(groups[name], split)
    return drawn


def _commonest_label(rows: Iterable[CaptionRow]) -> str:
    labels = Counter(row.label or "" for row in rows)
    return min(labels, key=lambda label: (-labels[label], label))


def _take(
    weights: Mapping[str, int],
    left: dict[str, list[str]],
    quotas: Mapping[str, float],
    most: int,
) -> list[str]:
    """Recordings of each label until its quota is full; what is over goes to the next label.

    Not more than `most` of all labels together.
    """
    taken: list[str] = []
    owed = 0.0
    for label in sorted(left):
        owed += quotas[label]
        for name in list(left[label]):
            is_wanted = len(left[label]) > 1 and len(taken) < most
            if is_wanted and weights[name] <= owed + 0.5:
                left[label].remove(name)
                taken.append(name)
                owed -= weights[name]
    return taken


def _take_one(weights: Mapping[str, int], left: dict[str, list[str]]) -> list[str]:
    """The shortest recording of the label that has most of them; the very last one stays."""
    if sum(map(len, left.values())) < 2:
        return []
    label = max(sorted(left), key=lambda label: len(left[label]))
    name = min(left[label], key=lambda name: weights[name])
    left[label].remove(name)
    return [name]


def _remarks(
    recordings: Sequence[str], splits: Sequence[Split], options: DatasetOptions
) -> Iterator[Finding]:
    if leaks := on_both_sides(recordings, splits):
        cuts = "One recording has" if leaks == 1 else f"{leaks} recordings have"
        yield Finding(
            "splits", f"{cuts} clips in more than one split, because a table puts them there."
        )
    if options.validation_share > 0 and "validation" not in splits:
        count = len(set(recordings))
        number = "one recording" if count == 1 else f"{count} recordings"
        yield Finding(
            "splits", f"There are clips of {number} only: none can be spared for validation."
        )
