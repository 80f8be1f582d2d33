"""Which clips were cut from the same recording, as far as tables, names and ears can tell."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

from soundstudio.dataset.groups import Groups
from soundstudio.dataset.words import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from soundstudio.dataset.captions import CaptionRow

# 1-100032-A-0 of ESC-50 (fold, clip, take, class); 7061-6-0-0 of UrbanSound8K (recording, …).
_ESC50: Final = re.compile(r"^\d-(\d+)-[A-Z]-\d+$")
_URBANSOUND8K: Final = re.compile(r"^(\d+)-\d-\d+-\d+$")
_CHANNEL: Final = r"(?:[\s_\-.]+(?:l|r|left|right|mono|stereo|mid|side))"
_TAKE: Final = re.compile(
    rf"(?:[\s_\-.]*(?:\(\d+\)|\[\d+\]|(?<![a-z])(?:take|tk|part|pt|cut|alt|var|v|seg|segment)"
    rf"[\s_\-.]*\d+)|[\s_\-.]+\d+|(?<=[^\W\d_])\d{{1,3}}|{_CHANNEL}|[\s_\-.]+copy)$",
    re.IGNORECASE,
)
_SAID_TAKE: Final = re.compile(r"(?:take|tk|part|pt|cut|seg|segment)[\s_\-.]*\d+", re.IGNORECASE)
MAX_TAKES: Final = 20
"""More clips than that which differ only in a number are counted, not takes of one recording."""


def bare_stem(stem: str) -> str:
    """The name without takes, numbers and channels at its end; "" if nothing else is in it."""
    for pattern in (_ESC50, _URBANSOUND8K):
        if match := pattern.match(stem):
            return match[1]
    while (shorter := _TAKE.sub("", stem).rstrip(" _-.")) != stem:
        stem = shorter
    return "" if stem.isdigit() else stem


def recordings_of(
    rows: Sequence[CaptionRow], near: Mapping[int, int], folder: Path
) -> tuple[list[str], list[str]]:
    """The recording of each row, and names that were taken for counted clips, not for takes.

    A table's word counts; else names in one folder that differ only in a take or a number. Near
    duplicates (index → index of an earlier one) always belong together.
    """
    keys, counted = _by_name(rows, folder)
    groups = Groups(len(rows))
    first: dict[str, int] = {}
    for index, row in enumerate(rows):
        key = f"table:{row.recording}" if row.recording else keys[index]
        earlier = first.setdefault(key, index)
        groups.join(earlier, index)
    for later, earlier in near.items():
        groups.join(earlier, later)
    names = [row.recording or keys[index] for index, row in enumerate(rows)]
    return [names[groups.first(index)] for index in range(len(rows))], counted


def _by_name(rows: Sequence[CaptionRow], folder: Path) -> tuple[list[str], list[str]]:
    """A key for each row from its folder and name, and the stems with too many numbers."""
    stems: dict[tuple[Path, str], list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        stems[row.path.parent, bare_stem(row.path.stem)].append(index)
    keys = [""] * len(rows)
    counted = []
    for (parent, stem), indices in stems.items():
        said = sum(bool(_SAID_TAKE.search(rows[index].path.stem)) for index in indices)
        is_counted = bool(stem) and len(indices) > MAX_TAKES and said < len(indices) / 2
        if is_counted and not _is_published(rows[indices[0]].path.stem):
            counted.append(printable(stem))
        together = bool(stem) and not is_counted
        for index in indices:
            path = rows[index].path
            inner = (parent / stem if together else path).relative_to(folder).as_posix()
            keys[index] = inner
    return keys, counted


def _is_published(stem: str) -> bool:
    return bool(_ESC50.match(stem) or _URBANSOUND8K.match(stem))


def on_both_sides(recordings: Sequence[str], splits: Sequence[str]) -> int:
    """How many recordings have clips in more than one split."""
    pairs = set(zip(recordings, splits, strict=True))
    return sum(count > 1 for count in Counter(recording for recording, _ in pairs).values())
