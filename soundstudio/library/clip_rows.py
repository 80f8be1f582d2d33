"""Clips as rows of the database, and back."""

from __future__ import annotations

import json
import logging
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from soundstudio.core.errors import InvalidRequestError
from soundstudio.core.requests import GenerationRequest
from soundstudio.library.clips import Clip

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

log = logging.getLogger(__name__)

COLUMNS: Final = (
    "path", "name", "created_at", "request", "prompt", "variation_seed", "model_title",
    "model_licence", "device", "dtype", "sample_rate", "duration_s", "channels", "peak_db",
    "true_peak_db", "rms_db", "lufs", "favourite", "rating", "tags", "notes", "trashed",
    "clap_score",
)  # fmt: skip
SELECT: Final = f"SELECT id, {', '.join(COLUMNS)} FROM clips"
# Another process may have found the file first: then its row serves.
INSERT: Final = (
    f"INSERT INTO clips ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))}) "
    "ON CONFLICT (path) DO UPDATE SET name = excluded.name RETURNING id"
)


def row_of(clip: Clip, path: str) -> tuple[Any, ...]:
    """The values of `COLUMNS`; `path` as the database keeps it, relative to the data folder."""
    converted = {
        "path": path,
        "created_at": clip.created_at.isoformat(),
        "request": to_text(clip.request.to_dict()) if clip.request else None,
        "tags": to_text(clip.tags),
        "notes": to_text(clip.notes),
        "favourite": int(clip.favourite),
        "trashed": int(clip.is_trashed),
    }
    values = (converted.get(name, getattr(clip, name, None)) for name in COLUMNS)
    return tuple(storable(value) if isinstance(value, str) else value for value in values)


def storable(text: str) -> str:
    """Half surrogate pairs, which UTF-8 cannot hold, become question marks."""
    return text.encode("utf-8", "replace").decode()


def clip_of(row: Sequence[Any], data_folder: Path) -> Clip:
    """The clip of a row of `SELECT`; looks whether its file is there."""
    values = dict(zip(("id", *COLUMNS), row, strict=True))
    del values["prompt"]
    values["path"] = path = data_folder / values["path"]
    values["created_at"] = datetime.fromisoformat(values["created_at"])
    values["request"] = _request_of(values["request"])
    values["favourite"] = bool(values["favourite"])
    values["is_trashed"] = bool(values.pop("trashed"))
    values["tags"] = tuple(json.loads(values["tags"]))
    values["notes"] = tuple(json.loads(values["notes"]))
    return Clip(is_missing=not path.is_file(), **values)


def to_text(value: Any) -> str:
    """JSON for a column."""
    return storable(json.dumps(value, ensure_ascii=False))


def _request_of(text: str | None) -> GenerationRequest | None:
    if text is None:
        return None
    try:
        return GenerationRequest.from_dict(json.loads(text))
    except (InvalidRequestError, ValueError, AttributeError):
        log.warning("a stored request cannot be read: %.80s", text)
        return None
