"""A report of a scoring as the window shows it: numbers, words and arrays, made off its thread."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from soundstudio.core.errors import ReportError
from soundstudio.core.score_words import (
    ARROWS,
    BESIDE_KEYS,
    DIRECTIONS,
    MEANINGS,
    TITLES,
    words_beside_fd,
)
from soundstudio.library.scores.reports import beside_number, sound_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]

SCORE_KEYS: Final = tuple(TITLES)
# By which number of a clip a score is judged, and 1 where a small one is the worst.
CLIP_FIELDS: Final = {
    "fd": ("fd_without", 1),
    "is": ("is_without", -1),
    "kl": ("kl", -1),
    "fad": ("fad_without", 1),
    "clap": ("clap", 1),
}
# Cautions that are about one score only; the rest is about all of them.
_SCORES_OF_KIND: Final = {"unpaired": ("kl",), "accidental": ("kl",)}
MARK_WORDS: Final = {
    "failed": "not heard",
    "silent": "silent",
    "clipped": "clipped",
    "duplicates": "copy",
    "equal": "in both sets",
    "unpaired": "no pair",
    "short": "short",
    "cut": "cut at 60 s",
    "rate": "low rate",
}
_REASONS_SHOWN: Final = 5
_COUNT_WORDS: Final = {
    "generated": "generated",
    "reference": "reference",
    "pairs": "pairs",
    "frames_generated": "frames",
    "frames_reference": "reference frames",
    "splits": "parts",
}


@dataclass(frozen=True, slots=True)
class ShownCaution:
    """What to mind: a sentence, the clips that it is about, the scores that it is about.

    scores: keys; empty for all of them.
    """

    kind: str
    sentence: str
    clips: tuple[str, ...]
    scores: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShownScore:
    """One score; value is None where `missing` says why there is none."""

    key: str
    value: float | None
    low: float | None
    high: float | None
    backbone: str
    counts: tuple[tuple[str, int], ...]
    missing: str

    @property
    def title(self) -> str:
        return TITLES[self.key]

    @property
    def arrow(self) -> str:
        """Which way is better."""
        return ARROWS[DIRECTIONS[self.key]]

    @property
    def meaning(self) -> str:
        return sentence_of(MEANINGS[self.key])

    def interval_text(self) -> str:
        if self.low is None or self.high is None:
            return ""
        return f"{number_text(self.low)} to {number_text(self.high)}"

    def made_of(self) -> str:
        """The networks that it was heard with, and how much it was made of."""
        counts = [f"{count:,} {_COUNT_WORDS.get(name, name)}" for name, count in self.counts]
        return "  ·  ".join(part for part in (self.backbone, *counts) if part)

    def spoken(self) -> str:
        """For a screen reader."""
        if self.value is None:
            return f"{self.title}: none. {self.missing}"
        between = f", 95 % interval {self.interval_text()}" if self.interval_text() else ""
        return f"{self.title} {number_text(self.value)}{between}. {self.meaning}"


@dataclass(frozen=True, slots=True, eq=False)
class MapPoints:
    """Both sets in the plane: positions [sounds, 2] and names, generated first.

    row_of: the place of each generated point's clip among the report's clips.
    """

    xy: FloatArray
    names: tuple[str, ...]
    generated: int
    explained: float | None
    row_of: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class ShownReport:
    """A scoring as it is shown. rows: the report's clips; numbers: their columns [clips], NaN."""

    title: str
    made_at: datetime | None
    generated: str
    reference: str
    backbone: str
    scores: tuple[ShownScore, ...]
    cautions: tuple[ShownCaution, ...]
    rows: Sequence[Mapping[str, Any]]
    numbers: Mapping[str, FloatArray]
    marks: Mapping[str, tuple[str, ...]]
    labels: Mapping[str, str | None]
    points: MapPoints | None
    raw: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    _places: dict[str, int] = field(default_factory=dict)

    def score(self, key: str) -> ShownScore:
        return next(score for score in self.scores if score.key == key)

    def generated_file(self, name: str) -> Path | None:
        """Where a generated clip lay when it was scored; None for a name that leads elsewhere."""
        return sound_path(self.generated, name)

    def reference_file(self, name: str) -> Path | None:
        return sound_path(self.reference, name)

    def place_of(self, name: str) -> int | None:
        """The place of a clip among `rows`."""
        return self._places.get(name)


def number_text(value: float | None) -> str:
    """Four significant digits, a real minus sign; "" for no number."""
    if value is None or not math.isfinite(value):
        return ""
    if abs(value) < 5e-5:
        return "0"
    text = f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:.4g}"
    if abs(value) < 1e-3:
        text = f"{value:.4f}"
    return text.replace("-", "−")


def signed_text(value: float) -> str:
    """A change, with its sign: "+0.31", "−2"; "" for NaN."""
    if not math.isfinite(value):
        return ""
    if abs(value) < 5e-5:
        return "0"
    text = f"{value:+.3g}" if abs(value) >= 0.01 else f"{value:+.4f}"
    return text.replace("-", "−")


def sentence_of(words: str) -> str:
    """A phrase as a sentence."""
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."


def read_report(
    report: Mapping[str, Any], title: str = "", made_at: datetime | None = None
) -> ShownReport:
    """Make a report ready to be shown. Raises ReportError if it is not one of a scoring."""
    try:
        return _read(report, title, made_at)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ReportError(
            f"The scoring cannot be shown: {type(error).__name__} {error}.",
            "Its file may be damaged or of another version; score the sets again.",
        ) from error


def _read(report: Mapping[str, Any], title: str, made_at: datetime | None) -> ShownReport:
    rows = list(report["clips"])
    places = {str(row["name"]): place for place, row in enumerate(rows)}
    cautions = tuple(_caution(entry) for entry in report["warnings"])
    generated = str(report["generated"])
    reference = str(report["reference"] or "")
    return ShownReport(
        title=title or " against ".join(filter(None, (generated, reference))),
        made_at=made_at,
        generated=generated,
        reference=reference,
        backbone=str(report["backbone"]),
        scores=tuple(_score(key, report) for key in SCORE_KEYS),
        cautions=cautions,
        rows=rows,
        numbers={name: _column(rows, name) for name in _NUMBER_COLUMNS},
        marks=_marks(cautions, rows),
        labels=dict(report.get("labels") or {}),
        points=_points(report.get("map"), places),
        raw=report,
        notes=_notes(report),
        _places=places,
    )


_NUMBER_COLUMNS: Final = (
    "fd_without", "is_without", "fad_without", "kl", "clap", "similarity", "class_probability",
)  # fmt: skip


def _column(rows: Sequence[Mapping[str, Any]], name: str) -> FloatArray:
    values = [row.get(name) for row in rows]
    return np.array([math.nan if value is None else value for value in values], dtype=np.float64)


def _score(key: str, report: Mapping[str, Any]) -> ShownScore:
    score = report.get(key)
    missing = str(report["missing"].get(key, ""))
    if score is None:
        return ShownScore(key, None, None, None, "", (), missing or "It was not computed.")
    interval = score.get("interval") or {}
    counts = tuple((str(name), int(count)) for name, count in score["counts"].items())
    low, high = interval.get("low"), interval.get("high")
    return ShownScore(
        key,
        float(score["value"]),
        None if low is None else float(low),
        None if high is None else float(high),
        str(score["backbone"]),
        counts,
        missing,
    )


def _caution(entry: Mapping[str, Any]) -> ShownCaution:
    kind, sentence = str(entry["kind"]), str(entry["message"])
    scores: tuple[str, ...] = _SCORES_OF_KIND.get(kind, ())
    if kind == "few":
        named = (key for key, title in TITLES.items() if sentence.startswith(f"{title} "))
        scores = (next(named, "fd"),)
    return ShownCaution(kind, sentence, tuple(str(name) for name in entry["clips"]), scores)


def _marks(
    cautions: Sequence[ShownCaution], rows: Sequence[Mapping[str, Any]]
) -> dict[str, tuple[str, ...]]:
    """What is wrong with each generated clip, in a few words."""
    known = {str(row["name"]) for row in rows}
    found: dict[str, list[str]] = {}
    for caution in cautions:
        words = MARK_WORDS.get(caution.kind)
        # A reference of the same name is another sound.
        if words is None or " reference set" in caution.sentence.split(",")[0]:
            continue
        for name in caution.clips:
            if name in known and words not in found.setdefault(name, []):
                found[name].append(words)
    for row in rows:
        if row.get("failure"):
            found[str(row["name"])] = [MARK_WORDS["failed"]]
    return {name: tuple(words) for name, words in found.items() if words}


def _points(entry: Mapping[str, Any] | None, places: Mapping[str, int]) -> MapPoints | None:
    if not entry:
        return None
    generated, reference = list(entry["generated"]), list(entry["reference"])
    both = [*generated, *reference]
    if not both:
        return None
    explained = entry.get("explained")
    xy = np.array([(point["x"], point["y"]) for point in both], dtype=np.float64)
    if not np.isfinite(xy).all():
        raise ValueError("the map holds values that are not numbers")
    return MapPoints(
        xy=xy,
        names=tuple(str(point["name"]) for point in both),
        generated=len(generated),
        explained=None if explained is None else float(explained),
        row_of=np.array([places.get(str(point["name"]), -1) for point in generated], np.int64),
    )


def _notes(report: Mapping[str, Any]) -> tuple[str, ...]:
    """Numbers beside the scores, and why references could not be heard."""
    numbers = {key: beside_number(report, key) for key in BESIDE_KEYS}
    words = words_beside_fd(numbers, number_text)
    failed = [(str(s["name"]), str(s["failure"])) for s in report.get("references_failed", ())]
    notes = [] if words is None else [words]
    if failed:
        shown = "; ".join(f"{name} ({why.rstrip('.')})" for name, why in failed[:_REASONS_SHOWN])
        rest = len(failed) - _REASONS_SHOWN
        notes.append(
            f"References not heard: {shown}"
            + (f"; and {rest:,} more, which JSON names." if rest > 0 else ".")
        )
    return tuple(notes)


def worst_first(report: ShownReport, key: str) -> npt.NDArray[np.int64]:
    """Places of the clips [clips]: those that failed, then the worst for a score, then unknown."""
    name, sign = CLIP_FIELDS[key]
    badness = report.numbers[name] * sign
    order = np.argsort(badness, kind="stable")  # NaN goes last
    failed = np.array([bool(report.rows[place].get("failure")) for place in order], dtype=bool)
    return np.asarray(np.concatenate([order[failed], order[~failed]]), dtype=np.int64)
