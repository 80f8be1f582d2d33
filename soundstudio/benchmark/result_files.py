"""Results on disk: JSON that is whole or not there, and tables for spreadsheets."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from soundstudio.audio.atomic_file import written_whole
from soundstudio.benchmark.score_facts import METRICS
from soundstudio.core.errors import explain_os_error

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in a file, or None if there is none or it is damaged."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write an object. Raises StorageError."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a file in UTF-8, whole or not at all. Raises StorageError."""
    make_folder(path.parent)
    with written_whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


def make_folder(folder: Path) -> None:
    """Make sure that the folder is there. Raises StorageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain_os_error(error, f"making the folder {folder.name}") from error


def write_scores_csv(path: Path, rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> None:
    """A line for each metric of each row: `columns` of the row, then the score.

    Raises StorageError.
    """
    lines: list[Sequence[Any]] = [[*columns, "metric", "value", "low", "high", "backbone"]]
    for row in rows:
        for metric in METRICS:
            if (score := row[metric]) is not None:
                low, high = score["interval"] or ("", "")
                cells = [row[column] for column in columns]
                lines.append([*cells, metric, score["value"], low, high, score["backbone"]])
    write_csv(path, lines)


def write_csv(path: Path, rows: Sequence[Sequence[Any]]) -> None:
    """Write rows, the first being the head; None is an empty cell. Raises StorageError."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_text(path, text.getvalue())
