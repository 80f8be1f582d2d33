"""Reports of scores, understood: what was scored before is shown, compared and exported from them.

A report is the object that `soundstudio score --json` writes. It may come from an older version, or
from somebody else, so each part is checked before it is believed.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from dataclasses import dataclass, fields, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from soundstudio.core.errors import ReportError, explain_os_error
from soundstudio.core.json_pieces import loads_in_pieces
from soundstudio.core.score_words import BESIDE_KEYS, TITLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_LARGEST: Final = 1e100
"""No score is larger; beyond, sums and pictures overflow."""


@dataclass(frozen=True, slots=True)
class ClipRow:
    """One generated clip.

    nearest: the reference whose embedding has the most similar direction, similarity its cosine.
    sound_class: the classifier's most likely class, class_probability by softmax over all.
    fd_without, is_without, fad_without: how the score would change without the clip, to first
    order; a negative fd_without means that the clip pushes the distance up. kl: of its pair.
    """

    name: str
    failure: str = ""
    nearest: str = ""
    similarity: float | None = None
    sound_class: int | None = None
    class_probability: float | None = None
    fd_without: float | None = None
    is_without: float | None = None
    fad_without: float | None = None
    paired_with: str = ""
    kl: float | None = None
    prompt: str = ""
    clap: float | None = None


@dataclass(frozen=True, slots=True)
class FailedSound:
    """A reference that could not be heard, and why."""

    name: str
    failure: str


@dataclass(frozen=True, slots=True)
class ReportedScore:
    """A number with its interval (low, high), the networks, and how much it was made of."""

    value: float
    interval: tuple[float, float] | None
    backbone: str
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class MapPoint:
    """Where a clip lies on the map."""

    name: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class ReportedMap:
    """The map of both sets. explained: the share of variance that it shows, 0 to 1."""

    explained: float
    generated: tuple[MapPoint, ...]
    reference: tuple[MapPoint, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What a report says.

    title: its own, or the name of the generated set. networks: their titles with the beginning of
    their weights' SHA-256. scores: by key, None where `missing` says why.
    generated_label, reference_label: what a set is called that is a part of its folder (a fold, a
    list of files), else empty.
    numbers: those beside the scores, by key, where they are known.
    cautions: sentences. sound_map: None in reports of before there was a map.
    """

    title: str
    generated: str
    reference: str | None
    backbone: str
    networks: tuple[str, ...]
    scores: dict[str, ReportedScore | None]
    missing: dict[str, str]
    numbers: dict[str, float | None]
    draws: int | None
    seed: int | None
    cautions: tuple[str, ...]
    clips: tuple[ClipRow, ...]
    sound_map: ReportedMap | None
    generated_label: str = ""
    reference_label: str = ""
    references_failed: tuple[FailedSound, ...] = ()

    @property
    def generated_name(self) -> str:
        """What the generated set is called."""
        return self.generated_label or folder_name(self.generated)

    @property
    def reference_name(self) -> str:
        """What the reference set is called; empty without one."""
        return self.reference_label or folder_name(self.reference or "")

    @property
    def heard(self) -> tuple[ClipRow, ...]:
        """The clips that the numbers are made of."""
        return tuple(clip for clip in self.clips if not clip.failure)

    def worst_first(self) -> list[ClipRow]:
        """The heard clips: first those without which the scores would get better most."""
        return sorted(self.heard, key=_goodness)


def understood(value: object) -> Report:
    """What an object says that should be a report. Raises ReportError if it is none."""
    try:
        return _report(_mapping(value))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ReportError(
            f"This is not a report of scores, or it is damaged ({error}).",
            "Reports are the files that `soundstudio score --json` writes.",
        ) from error


def titled(reports: Sequence[dict[str, Any]]) -> list[Report]:
    """Reports understood, each with a title that no other one has. Raises ReportError."""
    found = [understood(report) for report in reports]
    counts = Counter(report.title for report in found)
    taken = {title for title, count in counts.items() if count == 1}
    different = []
    for report in found:
        title = report.title
        if counts[title] > 1:
            numbered = (f"{title} ({number})" for number in itertools.count(1))
            title = next(name for name in numbered if name not in taken)
            taken.add(title)
        different.append(replace(report, title=title))
    return different


def read_reports(path: Path) -> list[dict[str, Any]]:
    """The reports in a file: one, several that were exported together, or an entry of the history.

    Raises ReportError if they are no reports, StorageError.
    """
    try:
        value = parsed(path.read_bytes())
        found: list[dict[str, Any]]
        if isinstance(value, dict) and isinstance(value.get("reports"), list):
            found = value["reports"]
        elif isinstance(value, dict) and "report" in value:
            found = [entitled(value["report"], value.get("title"))]
        else:
            found = [value]
        for report in found:
            understood(report)
    except OSError as error:
        raise explain_os_error(error, f"reading {path.name}") from error
    except ReportError as error:
        raise ReportError(f"{path.name}: {error.message}", error.advice) from error
    if not found:
        raise ReportError(f"There are no reports in {path.name}.")
    return found


def parsed(content: bytes) -> Any:
    """The JSON value of a file's content. Raises ReportError."""
    try:
        return loads_in_pieces(content, _refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ReportError(f"This is no JSON, or it was cut off ({error}).") from error


def entitled(report: Any, title: object) -> Any:
    """The report with a title of its own, where there is one."""
    return {**report, "title": title} if isinstance(report, dict) and title else report


def folder_name(folder: str) -> str:
    """The last part of a folder's path of any system."""
    return re.split(r"[\\/]", folder.rstrip("\\/"))[-1] or folder


def not_heard(clips: Iterable[ClipRow], references: Iterable[FailedSound]) -> list[tuple[str, str]]:
    """What of both sets could not be heard, as it is called where it is listed, and why."""
    return [
        *((clip.name, clip.failure) for clip in clips if clip.failure),
        *((f"{sound.name} (reference)", sound.failure) for sound in references),
    ]


def sound_path(folder: str | None, name: str) -> Path | None:
    """Where the sound of a clip lies; None if the name leads out of the folder."""
    inside = PurePosixPath(name)
    if not folder or not name or "\0" in folder + name or inside.is_absolute():
        return None
    return None if ".." in inside.parts else Path(folder) / inside


def _goodness(clip: ClipRow) -> tuple[float, float, float, str]:
    """Sorts the worst to the front: by FD, then by IS, then by KL, then by name."""
    return (
        0.0 if clip.fd_without is None else clip.fd_without,
        0.0 if clip.is_without is None else -clip.is_without,
        0.0 if clip.kl is None else -clip.kl,
        clip.name,
    )


def _report(value: dict[str, Any]) -> Report:
    generated = _text(value["generated"])
    reference = value["reference"]
    labels = _mapping(value.get("labels") or {})
    generated_label = _label(labels.get("generated"), generated)
    own = _text(value.get("title") or "") or generated_label
    return Report(
        title=" ".join(own.split()) or folder_name(generated),
        generated=generated,
        reference=None if reference is None else _text(reference),
        backbone=_text(value["backbone"]),
        networks=tuple(_network(network) for network in _list(value.get("networks", []))),
        scores={key: _score(value.get(key)) for key in TITLES},
        missing={key: _text(reason) for key, reason in _mapping(value.get("missing", {})).items()},
        numbers={key: beside_number(value, key) for key in BESIDE_KEYS},
        draws=_optional_count(value.get("draws")),
        seed=_optional_count(value.get("seed")),
        cautions=tuple(
            _text(_mapping(warning)["message"]) for warning in _list(value.get("warnings", []))
        ),
        clips=tuple(_clip(row) for row in _list(value["clips"])),
        sound_map=None if value.get("map") is None else _map(_mapping(value["map"])),
        generated_label=generated_label,
        reference_label=_label(labels.get("reference"), reference or ""),
        references_failed=tuple(
            FailedSound(_text(sound["name"]), _text(sound["failure"]))
            for sound in map(_mapping, _list(value.get("references_failed", [])))
        ),
    )


def beside_number(report: Mapping[str, Any], key: str) -> float | None:
    """A number beside the scores, which older reports give without its networks."""
    value = report.get(key)
    return _optional_number(value["value"] if isinstance(value, dict) else value)


def _label(value: object, folder: str) -> str:
    """What a set is called if it is a part of its folder; a whole folder is called by its path."""
    label = _text(value or "")
    is_folder = folder.replace("\\", "/").endswith(label.replace("\\", "/").lstrip("./"))
    return "" if is_folder else " ".join(label.split())


def _network(value: object) -> str:
    facts = _mapping(value)
    weights = _text(facts.get("weights_sha256", ""))[:8]
    return f"{_text(facts['title'])} {weights}".strip()


def _score(value: object) -> ReportedScore | None:
    if value is None:
        return None
    facts = _mapping(value)
    interval = facts["interval"]
    return ReportedScore(
        _number(facts["value"]),
        None
        if interval is None
        else (_number(_mapping(interval)["low"]), _number(_mapping(interval)["high"])),
        _text(facts["backbone"]),
        {name: _count(count) for name, count in _mapping(facts["counts"]).items()},
    )


_CLIP_TEXTS: Final = frozenset(("name", "failure", "nearest", "paired_with", "prompt"))


def _clip(value: object) -> ClipRow:
    facts = _mapping(value)
    known: dict[str, Any] = {"name": _text(facts["name"])}
    for field in fields(ClipRow):
        if field.name not in facts or field.name == "name":
            continue
        if field.name in _CLIP_TEXTS:
            known[field.name] = _text(facts[field.name])
        elif field.name == "sound_class":
            known[field.name] = _optional_count(facts[field.name])
        else:
            known[field.name] = _optional_number(facts[field.name])
    return ClipRow(**known)


def _map(value: dict[str, Any]) -> ReportedMap:
    generated, reference = (
        tuple(
            MapPoint(_text(point["name"]), _number(point["x"]), _number(point["y"]))
            for point in map(_mapping, _list(value[which]))
        )
        for which in ("generated", "reference")
    )
    return ReportedMap(_number(value["explained"]), generated, reference)


def _mapping(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"an object was expected, not {_shortened(value)}")
    return value


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"a list was expected, not {_shortened(value)}")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text was expected, not {_shortened(value)}")
    return value


def _number(value: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        number = float(value)
        if math.isfinite(number) and abs(number) <= _LARGEST:
            return number
    raise TypeError(f"a number was expected, not {_shortened(value)}")


def _optional_number(value: object) -> float | None:
    return None if value is None else _number(value)


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"a whole number was expected, not {_shortened(value)}")
    return value


def _optional_count(value: object) -> int | None:
    return None if value is None else _count(value)


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")
