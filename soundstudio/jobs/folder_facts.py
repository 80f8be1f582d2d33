"""What a folder that was chosen for scoring holds, looked up off the window's thread."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from soundstudio.audio.files import SOUND_SUFFIXES

if TYPE_CHECKING:
    from pathlib import Path

MOST_COUNTED: Final = 200_000
"""More are not counted: a disk's root is chosen by accident now and then."""
_ESC50_TABLE: Final = ("meta", "esc50.csv")


@dataclass(frozen=True, slots=True)
class FolderFacts:
    """How many sounds lie below a folder, and the folds of a dataset in ESC-50's layout."""

    sounds: int
    folds: tuple[str, ...] = ()


def look_at(folder: Path) -> FolderFacts:
    """Count the sounds by their suffix, hidden ones left out. An unreadable folder has none."""
    count = 0
    for _, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        count += sum(
            os.path.splitext(name)[1].lower() in SOUND_SUFFIXES and not name.startswith(".")  # noqa: PTH122 - a Path for each of 100,000 names is slow
            for name in files
        )
        if count >= MOST_COUNTED:
            break
    return FolderFacts(count, _folds(folder.joinpath(*_ESC50_TABLE)))


def _folds(table: Path) -> tuple[str, ...]:
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            found = {row.get("fold") or "" for row in csv.DictReader(file)}
    except (OSError, UnicodeDecodeError, csv.Error):
        return ()
    return tuple(sorted(found - {""}))
