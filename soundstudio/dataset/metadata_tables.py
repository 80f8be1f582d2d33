"""Metadata files of datasets, read with a clear sentence for whatever is wrong with them."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Final

from soundstudio.dataset.findings import DatasetError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

AUDIO_SUFFIXES: Final = (".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff", ".opus", ".m4a")


def find_metadata(folder: Path, places: Sequence[str], title: str) -> Path:
    """The first of `places` below `folder` that is a file. Raises DatasetError."""
    if not folder.is_dir():
        raise DatasetError(
            f"There is no folder {folder}.", f"Give the folder that {title} was unpacked into."
        )
    for place in places:
        if (folder / place).is_file():
            return folder / place
    raise DatasetError(
        f"{folder} does not hold {title}: there is no {places[0]}.",
        f"Give the folder that {title} was unpacked into.",
    )


def read_text(path: Path) -> str:
    """The file as UTF-8, with or without a byte order mark. Raises DatasetError."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DatasetError(
            f"{path.name} is not a text file in UTF-8.", "Download the metadata again."
        ) from error
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}.") from error


def read_table(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """The rows of a CSV file that has at least `columns`. Raises DatasetError."""
    lines = read_text(path).splitlines()
    reader = csv.DictReader(lines, skipinitialspace=True)
    try:
        head = list(reader.fieldnames or [])
        lacking = [name for name in columns if name not in head]
        if lacking:
            raise DatasetError(
                f"{path.name} lacks the column{'s' if len(lacking) > 1 else ''} "
                f"{', '.join(lacking)}.",
                "Download the metadata again; its first line must name the columns.",
            )
        rows = list(reader)
    except csv.Error as error:
        raise DatasetError(f"{path.name} is not a CSV file: {error}.") from error
    for number, row in enumerate(rows, start=2):
        if any(row[name] is None or not row[name].strip() for name in columns):
            raise DatasetError(
                f"Row {number} of {path.name} is incomplete.", "Download the metadata again."
            )
    if not rows:
        raise DatasetError(f"{path.name} lists no clips.", "Download the metadata again.")
    return rows


def whole_number(text: str, column: str, path: Path) -> int:
    """The integer in a cell. Raises DatasetError."""
    try:
        return int(float(text))
    except (ValueError, OverflowError) as error:
        raise DatasetError(
            f"{path.name} has “{text}” in its column {column}, which is no number."
        ) from error


def sound_with_any_suffix(path: Path) -> Path | None:
    """`path` itself or the same name with another sound suffix; None if neither is a file."""
    if path.is_file():
        return path
    for suffix in AUDIO_SUFFIXES:
        other = path.with_suffix(suffix)
        if other.is_file():
            return other
    return None


def sounds_below(folder: Path) -> list[Path]:
    """All sound files in `folder` and its folders, sorted; hidden ones are left out."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in AUDIO_SUFFIXES
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
    )
