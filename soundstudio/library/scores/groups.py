"""Which scorings may stand side by side: those of the same networks and the same reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from soundstudio.core.score_words import PAPER_KEYS, TITLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from soundstudio.library.scores.reports import Report, ReportedScore

APART: Final = (
    "Numbers of different groups cannot be compared: they were heard with different networks, or "
    "against other reference sounds."
)
_COUNTS_DIFFER: Final = "{0} were made of {1}: FD and IS depend on the number."


@dataclass(frozen=True, slots=True)
class ScoreGroup:
    """Scorings whose numbers can be compared.

    heading: what they were heard with, and against. note: what still differs, or empty.
    """

    heading: str
    note: str
    reports: tuple[Report, ...]


def grouped(reports: Sequence[Report]) -> list[ScoreGroup]:
    """Reports in groups, both in the order in which they were given.

    Networks are told apart by their weights where the report names them, else by their titles.
    References by their folder and their sounds: two folds of a dataset lie in one folder.
    """
    groups: dict[object, list[Report]] = {}
    for report in reports:
        networks = report.networks or _backbones(report)
        key = (networks, report.backbone, report.reference, _references(report))
        groups.setdefault(key, []).append(report)
    return [
        ScoreGroup(_heading(members[0]), _note(members), tuple(members))
        for members in groups.values()
    ]


def keys_shown(reports: Sequence[Report]) -> list[str]:
    """The paper's four scores, and the CLAP score if any report has it."""
    has_clap = any(report.scores["clap"] is not None for report in reports)
    return [*PAPER_KEYS, *(["clap"] if has_clap else [])]


def heard_of(report: Report) -> str:
    """How many generated sounds the numbers are made of: "21", or "16 of 21"."""
    heard, all_ = len(report.heard), len(report.clips)
    return f"{heard:,}" if heard == all_ else f"{heard:,} of {all_:,}"


def written(value: float, decimals: int | None = None) -> str:
    """A number with two decimals as in the paper, and with more where it is below one.

    decimals: those of another number that stands beside it.
    """
    places = decimals_of(value) if decimals is None else decimals
    return f"{value:.{places}f}" if abs(value) < 1e6 else f"{value:.3e}"


def decimals_of(value: float) -> int:
    """So many that three figures of a small number are seen, two to five."""
    for places, limit in ((2, 1.0), (3, 0.1), (4, 0.01)):
        if abs(value) >= limit or value == 0.0:
            return places
    return 5


def with_interval(score: ReportedScore) -> tuple[str, str]:
    """A score's value, and its interval as "low to high" or empty, with equally many decimals."""
    places = decimals_of(score.value)
    value = written(score.value, places)
    if score.interval is None:
        return value, ""
    low, high = (written(end, places) for end in score.interval)
    return value, f"{low} to {high}"


def _backbones(report: Report) -> tuple[str, ...]:
    return tuple(score.backbone for score in report.scores.values() if score is not None)


def _references(report: Report) -> object:
    """The names of the reference sounds where the report has them, else that of their set."""
    if report.sound_map is None:
        return report.reference_label
    return tuple(sorted(point.name for point in report.sound_map.reference))


def _heading(report: Report) -> str:
    """ "Heard with A (FD, IS, KL) and B (FAD), against “recordings”"."""
    titles: dict[str, list[str]] = {}
    for key, score in report.scores.items():
        if score is not None:
            titles.setdefault(score.backbone, []).append(TITLES[key])
    networks = " and ".join(f"{name} ({', '.join(keys)})" for name, keys in titles.items())
    against = "without a reference"
    if report.reference is not None:
        against = f"against “{report.reference_name}”"
        if report.references_failed:
            against += f" ({len(report.references_failed):,} of its sounds could not be heard)"
    return f"Heard with {networks or report.backbone}, {against}"


def _note(reports: Sequence[Report]) -> str:
    counts = sorted({len(report.heard) for report in reports})
    if len(counts) < 2:
        return ""
    return _COUNTS_DIFFER.format(
        f"These {len(reports)} scorings", f"{counts[0]:,} to {counts[-1]:,} sounds"
    )
