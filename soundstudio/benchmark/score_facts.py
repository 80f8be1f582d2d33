"""Scores as the plain values that JSON files hold."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from soundstudio.evaluation.scores import Score, Scores

MetricName = Literal["fd", "is", "kl", "fad"]
METRICS: Final[tuple[MetricName, ...]] = ("fd", "is", "kl", "fad")
# The Inception Score alone falls when sounds get worse.
IS_WORSE_WHEN_HIGHER: Final[Mapping[MetricName, bool]] = {
    "fd": True, "is": False, "kl": True, "fad": True,
}  # fmt: skip


def facts_of_scores(scores: Scores) -> dict[str, dict[str, Any] | None]:
    """Each metric's value, interval [low, high], backbone and counts; None without a score."""
    by_name = (scores.fd, scores.inception, scores.kl, scores.fad)
    return {
        name: None if score is None else _facts(score)
        for name, score in zip(METRICS, by_name, strict=True)
    }


def _facts(score: Score) -> dict[str, Any]:
    interval = score.interval
    return {
        "value": float(score.value),
        "interval": None if interval is None else [float(interval.low), float(interval.high)],
        "backbone": score.backbone,
        "counts": _plain(score.counts),
    }


def with_interval(score: Mapping[str, Any], form: str) -> str:
    """ "485 [467, 506]" of a score's facts, each number in this form (".3g", ".2f")."""
    value = format(score["value"], form)
    if score["interval"] is None:
        return value
    low, high = (format(end, form) for end in score["interval"])
    return f"{value} [{low}, {high}]"


def _plain(counts: Any) -> Any:
    if dataclasses.is_dataclass(counts) and not isinstance(counts, type):
        return dataclasses.asdict(counts)
    return dict(counts)
