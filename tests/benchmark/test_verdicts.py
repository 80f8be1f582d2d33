"""Claims are judged from the curves: made-up curves get the verdict that they deserve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from soundstudio.benchmark.score_facts import METRICS
from soundstudio.benchmark.swap_floor import swap_floors
from soundstudio.benchmark.verdicts import Point, answers_of, judge_claims
from soundstudio.evaluation.backbones import ClipFeatures

if TYPE_CHECKING:
    from collections.abc import Sequence

SHARES = [0.0, 0.25, 0.5, 0.75, 1.0]


def curve(values: Sequence[float], width: float = 0.1) -> list[Point]:
    return [Point(s, v, v - width, v + width) for s, v in zip(SHARES, values, strict=True)]


RISING, FALLING, LEVEL = [0.0, 1, 2, 3, 4], [4.0, 3, 2, 1, 0], [2.0, 2.01, 1.99, 2.0, 2.02]


def response_of(points: list[Point], metric: Any = "fd", floors: Any = None) -> str:
    """Beside a curve that rises by ten, so that there is something to be small against."""
    loud = curve([0.0, 2, 4, 7, 10] if metric != "is" else [10.0, 7, 4, 2, 0])
    answers = answers_of({("noise", metric): loud, ("mask", metric): points}, floors or {})
    return next(a.response for a in answers if a.corruption == "mask")


def test_responses() -> None:
    assert response_of(curve(RISING)) == "reacts"
    assert response_of(curve(FALLING)) == "reversed"
    assert response_of(curve(LEVEL)) == "flat"
    assert response_of(curve([0.0, 3, 0.5, 3.5, 4])) == "uneven"
    assert response_of(curve(RISING, width=3.0)) == "flat"  # the intervals touch
    # 4 % of the loudest: too little for KL, which has no test against chance.
    low = curve([value / 10 for value in RISING], width=0.01)
    assert response_of(low, "kl") == "flat"
    assert response_of(low, floors={("mask", "fd"): 0.1}) == "reacts"
    assert response_of(curve(FALLING), "is") == "reacts"
    assert response_of(curve(RISING), "is") == "reversed"


def test_what_chance_reaches_is_no_response() -> None:
    assert response_of(curve(RISING), floors={("mask", "fd"): 3.9}) == "reacts"
    assert response_of(curve(RISING), floors={("mask", "fd"): 4.1}) == "flat"
    (answer,) = answers_of({("mask", "kl"): curve(RISING)}, {})
    assert answer.is_above_chance is None
    assert (answer.change, answer.relative_change) == (4.0, 1.0)


def test_a_curve_needs_two_points() -> None:
    assert answers_of({("mask", "fd"): curve(RISING)[:1]}, {}) == []


def verdicts(**responses: Sequence[float]) -> dict[str, Any]:
    """Of disorder, beside noise that moves everything by ten."""
    curves: dict[Any, list[Point]] = {}
    for metric in METRICS:
        curves["noise", metric] = curve([10.0, 7, 4, 2, 0] if metric == "is" else [0, 2, 4, 7, 10])
        if metric in responses:
            curves["disorder", metric] = curve(responses[metric])
    return {row["claim"]: row for row in judge_claims(answers_of(curves, {}))}


def test_claims() -> None:
    rows = verdicts(fd=RISING, **{"is": LEVEL}, kl=LEVEL, fad=LEVEL)
    assert {name: row["verdict"] for name, row in rows.items()} == {
        "noise": "holds", "disorder-seen": "holds", "disorder-unseen": "holds",
    }  # fmt: skip
    rows = verdicts(fd=LEVEL, **{"is": LEVEL}, kl=RISING, fad=LEVEL)
    assert rows["disorder-seen"]["verdict"] == "does not hold"
    assert rows["disorder-unseen"]["verdict"] == "holds in part"
    assert rows["disorder-unseen"]["found"] == {"is": "flat", "kl": "reacts", "fad": "flat"}


def test_a_claim_about_a_missing_metric() -> None:
    rows = verdicts(fd=RISING, **{"is": LEVEL}, kl=LEVEL)
    assert rows["disorder-unseen"]["verdict"] == "unknown"  # the rest is as the paper says
    rows = verdicts(fd=RISING, **{"is": FALLING}, kl=RISING)
    assert rows["disorder-unseen"]["verdict"] == "does not hold"  # whatever FAD would say


def features(rows: np.ndarray) -> list[ClipFeatures]:
    return [ClipFeatures(row, row, row[None]) for row in rows.astype(np.float32)]


@pytest.mark.parametrize(("shift", "is_seen"), [(0.0, False), (3.0, True)])
def test_the_floor_tells_chance_from_change(shift: float, is_seen: bool) -> None:
    from soundstudio.benchmark.swap_floor import _STATISTICS

    random = np.random.default_rng(0)
    before = features(random.normal(size=(60, 5)))
    after = features(random.normal(size=(60, 5)) + shift * np.eye(5)[0])
    floors = swap_floors(before, after, draws=60, seed=0)
    assert set(floors) == {"fd", "is", "fad"}
    for metric in ("fd", "fad"):
        found = _STATISTICS[metric](before, after)
        assert found > 0.1  # two finite sets are never at distance zero
        assert (found > floors[metric].high) is is_seen
        assert floors[metric].median <= floors[metric].high
    assert swap_floors(before, after, draws=60, seed=0) == floors


def test_floors_without_frames_or_with_few_clips() -> None:
    rows = np.random.default_rng(0).normal(size=(4, 5))
    silent = [ClipFeatures(row, row, np.zeros((0, 0), np.float32)) for row in rows]
    assert set(swap_floors(silent, silent[::-1], draws=3, seed=0)) == {"fd"}
