"""Two models are told apart when they differ, and only then."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from soundstudio.library.scores.differences import difference, verdicts
from soundstudio.library.scores.groups import grouped
from soundstudio.library.scores.reports import Report, titled
from tests.library.scored import report, row, score

COUNT = 40


def of(title: str, pulls: Any, kl_of: Any, prefix: str = "", **changes: Any) -> dict[str, Any]:
    """A scoring of as many sounds, with FD's changes and KLs of each."""
    rows = [
        row(f"{prefix}{number}.wav", float(pull), kl=float(value))
        for number, (pull, value) in enumerate(zip(pulls, kl_of, strict=True))
    ]
    return report(f"/s/{title}", "/s/real", title=title, clips=rows, **changes)


def pair(*reports: dict[str, Any]) -> tuple[Report, Report]:
    first, second = titled(reports)
    return first, second


def draws(seed: int) -> tuple[Any, Any]:
    random = np.random.default_rng(seed)
    return random.normal(scale=0.1, size=COUNT), random.normal(3.0, 1.0, size=COUNT)


def test_a_small_steady_difference_is_seen_sound_by_sound() -> None:
    pulls, kl = draws(0)
    noise = np.random.default_rng(1).normal(0.2, 0.1, size=COUNT)
    first = of("A", pulls, kl, kl=score(float(kl.mean())))
    second = of("B", pulls, kl - noise, kl=score(float((kl - noise).mean())))
    found = difference("kl", *pair(first, second))
    assert found is not None
    assert found.is_decided
    assert (found.better, found.paired) == ("B", COUNT)
    assert found.p_value < 0.01
    assert found.value == pytest.approx(-noise.mean())
    assert found.sentence().startswith("KL: “B” is better than “A” by 0.2")
    other = of("B", pulls, kl - noise, prefix="x", kl=score(float((kl - noise).mean())))
    apart = difference("kl", *pair(first, other))
    assert apart is not None
    assert (apart.is_decided, apart.paired) == (False, 0)
    assert "as two sets of sounds" in apart.sentence()


def test_equal_models_are_told_apart_as_rarely_as_it_says() -> None:
    decided = 0
    for seed in range(60):
        (pulls, kl), (other, values) = draws(2 * seed), draws(2 * seed + 1)
        first = of("A", pulls, kl, kl=score(float(kl.mean())))
        second = of("B", other, values, kl=score(float(values.mean())))
        found = difference("kl", *pair(first, second))
        assert found is not None
        decided += found.is_decided
    assert decided <= 8


def test_the_change_without_a_sound_is_its_share_of_the_distance() -> None:
    (pulls, kl), (other, _) = draws(3), draws(4)
    first, second = of("A", pulls, kl, fd=score(12.0)), of("B", other, kl, fd=score(20.0))
    found = difference("fd", *pair(first, second))
    assert found is not None
    shares = (COUNT - 1) * (pulls - other)
    assert (found.high - found.low) / 2 == pytest.approx(
        1.96 * shares.std() / np.sqrt(COUNT), rel=0.1
    )
    assert found.better == "A"


def test_inception_scores_are_compared_by_their_intervals() -> None:
    pulls, kl = draws(5)
    sure = {"low": 1.9, "high": 2.1, "level": 0.95, "draws": 0}
    first = of("A", pulls, kl, **{"is": score(2.0) | {"interval": sure}})
    near = {"low": 2.0, "high": 2.2, "level": 0.95, "draws": 0}
    second = of("B", pulls, kl, **{"is": score(2.1) | {"interval": near}})
    far = of("C", pulls, kl, **{"is": score(3.0) | {"interval": near}})
    undecided = difference("is", *pair(first, second))
    decided = difference("is", *pair(first, far))
    assert undecided is not None
    assert decided is not None
    assert (undecided.is_decided, undecided.better) == (False, "")
    assert (decided.better, decided.paired) == ("C", 0)


def test_nothing_is_said_without_parts_or_numbers() -> None:
    pulls, kl = draws(6)
    first, second = of("A", pulls[:3], kl[:3]), of("B", pulls[:3], kl[:3])
    assert difference("fd", *pair(first, second)) is None
    assert difference("clap", *pair(first, second)) is None
    bare = {"interval": None}
    one = of("A", pulls, kl, **{"is": score(2.0) | bare})
    assert difference("is", *pair(one, of("B", pulls, kl))) is None


def test_only_scorings_that_compare_are_compared() -> None:
    (pulls, kl), (other, values) = draws(7), draws(8)
    first, second = of("A", pulls, kl), of("B", other, values)
    apart = {**of("C", pulls, kl), "reference": "/s/others"}
    sentences = verdicts(grouped(titled([first, second, apart])))
    assert [sentence.split(":")[0] for sentence in sentences] == ["FD", "IS", "KL", "FAD"]
    assert not any("C" in sentence.replace("FAD", "") for sentence in sentences)
