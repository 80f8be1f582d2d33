"""What a scan of a folder has to say, clip by clip or about the whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from soundstudio.core.errors import StudioError

if TYPE_CHECKING:
    from pathlib import Path

FindingKind = Literal[
    # No training with these clips.
    "unreadable",
    "unsupported",
    "empty",
    "damaged",
    "not numbers",
    "silent",
    "too short",
    "duplicate",
    # These are used; the user should know.
    "cut off",
    "clipped",
    "near duplicate",
    "low rate",
    "long",
    "no caption",
    # About a folder, a table or all clips.
    "folder",
    "table",
    "same captions",
    "few clips",
    "splits",
]


class DatasetError(StudioError):
    """A dataset whose files are missing, cannot be read, or give nothing to work with."""

    title = "The dataset cannot be read"


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about one clip, folder or table, or about the whole (`path` is None).

    excludes: whether the clip is left out of the dataset for it.
    other: the clip that `path` repeats.
    """

    kind: FindingKind
    sentence: str
    path: Path | None = None
    excludes: bool = False
    other: Path | None = None
