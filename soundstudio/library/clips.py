"""Clips and how they are asked for: the library's words."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from soundstudio.core.errors import InvalidRequestError
from soundstudio.core.requests import GenerationRequest

if TYPE_CHECKING:
    from pathlib import Path

Order = Literal["newest", "oldest", "name", "rating", "duration", "clap"]
MAX_RATING = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """One sound in the library.

    id: 0 while it is not in a library yet. created_at: when it was generated, which its exports
    tell too, whenever they are made; of a sound that was not, when it was added. request: None for
    a sound that was not generated here; its seed is the clip's own (`variation_seed`). peak_db and
    rms_db may be -inf; lufs is None for sounds under 0.4 s. clap_score: cosine of what was asked
    for and the sound, by the CLAP of the model that made it; None if that has no audio tower.
    is_missing: the file was deleted or moved behind our back.
    """

    id: int = 0
    path: Path
    name: str
    created_at: datetime
    request: GenerationRequest | None = None
    variation_seed: int = 0
    model_title: str = ""
    model_licence: str = ""
    device: str = ""
    dtype: str = ""
    sample_rate: int = 0
    duration_s: float = 0.0
    channels: int = 1
    peak_db: float = 0.0
    true_peak_db: float = 0.0
    rms_db: float = 0.0
    lufs: float | None = None
    clap_score: float | None = None
    favourite: bool = False
    rating: int = 0
    tags: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    is_trashed: bool = False
    is_missing: bool = False

    @property
    def prompt(self) -> str:
        return self.request.prompt if self.request else ""

    @property
    def is_generated(self) -> bool:
        return self.request is not None


@dataclass(frozen=True, slots=True)
class ClipQuery:
    """Which clips, in which order. Each word of `text` must begin a word of the clip's."""

    text: str = ""
    favourites_only: bool = False
    min_rating: int = 0
    trashed: bool = False
    order: Order = "newest"


def to_json(clip: Clip) -> str:
    """Everything but id, place and state of the file, as it is embedded in the WAV."""
    values = dataclasses.asdict(clip)
    for name in ("id", "path", "is_missing", "is_trashed"):
        del values[name]
    values["created_at"] = clip.created_at.isoformat()
    for name in ("peak_db", "true_peak_db", "rms_db", "lufs"):
        if values[name] in (float("-inf"), float("inf")):
            values[name] = "-inf"
    return json.dumps({"version": 1, **values}, ensure_ascii=False)


def from_json(text: str, path: Path) -> Clip | None:
    """The clip that `to_json` wrote; None if the text is not one."""
    try:
        values: dict[str, Any] = json.loads(text)
        names = {field.name for field in dataclasses.fields(Clip)} - {"id", "path"}
        known = {name: value for name, value in values.items() if name in names}
        known["created_at"] = datetime.fromisoformat(known["created_at"]).astimezone(UTC)
        if known.get("request") is not None:
            known["request"] = GenerationRequest.from_dict(known["request"])
        for name in ("tags", "notes"):
            known[name] = tuple(str(value) for value in known.get(name, ()))
        for name in ("peak_db", "true_peak_db", "rms_db", "lufs"):
            if known.get(name) == "-inf":
                known[name] = float("-inf")
        return Clip(path=path, **known)
    except (ValueError, KeyError, TypeError, AttributeError, InvalidRequestError):
        return None
