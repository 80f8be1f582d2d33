"""Which of the paper's claims about the metrics hold, computed from the series of Figure 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from soundstudio.benchmark.score_facts import IS_WORSE_WHEN_HIGHER, METRICS, MetricName

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from soundstudio.core.benchmark_requests import CorruptionName


Curve = tuple["CorruptionName", MetricName]
Response = Literal["reacts", "flat", "reversed", "uneven"]
Verdict = Literal["holds", "holds in part", "does not hold", "unknown"]

MONOTONE: Final = 0.9
"""A rank correlation of share and score from which on a series counts as rising."""
NOTICEABLE: Final = 0.05
"""The part of KL's largest response below which a response of KL counts as none.

KL of untouched pairs is zero without any spread, so that any change whatsoever lies outside its
interval, and it has no swap test. The paper judges by eye: so low, a curve looks flat.
"""


@dataclass(frozen=True, slots=True)
class Point:
    """A score at one share of corrupted clips, and its interval."""

    share: float
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Answer:
    """How one metric answers one corruption.

    change: from the first to the last share, positive where the score says "worse".
    rank_correlation: Spearman's, of share and score, in the same direction.
    response: "uneven" where the score changes, but not steadily with the share.
    is_separated: whether the intervals of the first and the last share do not touch.
    is_above_chance: whether the change exceeds what swapping before and after gives (see
    `soundstudio.benchmark.swap_floor`); None for KL, which has no such test.
    relative_change: `change` over the largest one of this metric among all corruptions.
    """

    corruption: CorruptionName
    metric: MetricName
    response: Response
    change: float
    rank_correlation: float
    is_separated: bool
    is_above_chance: bool | None
    relative_change: float


@dataclass(frozen=True, slots=True)
class Claim:
    """What the paper says: whether each of `metrics` reacts to a corruption, or stays flat."""

    name: str
    sentence: str
    corruption: CorruptionName
    expected: Mapping[MetricName, Response]


_ALL_REACT: Final[dict[MetricName, Response]] = dict.fromkeys(METRICS, "reacts")
CLAIMS: Final = (
    Claim("noise", "All four metrics see noise.", "noise", _ALL_REACT),
    Claim("mask", "All four metrics see masking.", "mask", _ALL_REACT),
    Claim("interference-seen", "FD and FAD see interfering sounds.", "interference",
          {"fd": "reacts", "fad": "reacts"}),
    Claim("interference-unseen", "KL and IS do not see interfering sounds.", "interference",
          {"kl": "flat", "is": "flat"}),
    Claim("disorder-seen", "FD sees disorder.", "disorder", {"fd": "reacts"}),
    Claim("disorder-unseen", "IS, KL and FAD do not see disorder.", "disorder",
          {"is": "flat", "kl": "flat", "fad": "flat"}),
)  # fmt: skip


def answers_of(
    series: Mapping[Curve, Sequence[Point]], floors: Mapping[Curve, float]
) -> list[Answer]:
    """One answer for each series of at least two points, sorted by share.

    floors: the change that chance alone reaches in one of twenty cases, where it is known.
    """
    changes = {key: _change(key[1], points) for key, points in series.items() if len(points) > 1}
    largest = {
        metric: max((abs(change) for (_, m), change in changes.items() if m == metric), default=0.0)
        for metric in METRICS
    }
    return [
        _answer(curve, series[curve], change, largest[curve[1]], floors.get(curve))
        for curve, change in changes.items()
    ]


def _answer(
    curve: Curve, points: Sequence[Point], change: float, largest: float, floor: float | None
) -> Answer:
    corruption, metric = curve
    first, last = points[0], points[-1]
    is_separated = first.high < last.low or last.high < first.low
    relative = change / largest if largest > 0 else 0.0
    correlation = _spearman([p.share for p in points], [p.value for p in points])
    correlation = correlation if IS_WORSE_WHEN_HIGHER[metric] else -correlation
    is_above_chance = None if floor is None else abs(change) > floor
    response: Response
    is_unseen = abs(relative) < NOTICEABLE if is_above_chance is None else not is_above_chance
    if not is_separated or is_unseen:
        response = "flat"
    elif correlation >= MONOTONE:
        response = "reacts"
    elif correlation <= -MONOTONE:
        response = "reversed"
    else:
        response = "uneven"
    return Answer(
        corruption,
        metric,
        response,
        change,
        correlation,
        is_separated,
        is_above_chance,
        relative,
    )


def _change(metric: MetricName, points: Sequence[Point]) -> float:
    change = points[-1].value - points[0].value
    return change if IS_WORSE_WHEN_HIGHER[metric] else -change


def _spearman(first: Sequence[float], second: Sequence[float]) -> float:
    """The correlation of ranks, ties at their mean rank; 0 if one side does not vary."""
    from scipy.stats import rankdata

    ranks = np.array([rankdata(first), rankdata(second)])
    if np.ptp(ranks, axis=1).min() == 0:
        return 0.0
    return float(np.corrcoef(ranks)[0, 1])


def judge_claims(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """Each claim whose corruption was run: its verdict, and what each metric did.

    "unknown": a metric is missing, and the others do as the paper says.
    """
    found = {(answer.corruption, answer.metric): answer.response for answer in answers}
    run = {answer.corruption for answer in answers}
    verdicts = []
    for claim in CLAIMS:
        if claim.corruption not in run:
            continue
        seen = {metric: found.get((claim.corruption, metric)) for metric in claim.expected}
        verdicts.append(
            {
                "claim": claim.name,
                "sentence": claim.sentence,
                "verdict": _verdict(claim, seen),
                "expected": {metric: claim.expected[metric] for metric in claim.expected},
                "found": seen,
            }
        )
    return verdicts


def _verdict(claim: Claim, seen: Mapping[MetricName, Response | None]) -> Verdict:
    known = {metric: response for metric, response in seen.items() if response is not None}
    agreeing = [metric for metric in known if known[metric] == claim.expected[metric]]
    if len(agreeing) < len(known):
        return "holds in part" if agreeing else "does not hold"
    return "holds" if len(known) == len(seen) else "unknown"
