"""Intervals cover what they should."""

from __future__ import annotations

import numpy as np
import pytest

from soundstudio.evaluation.bootstrap import bootstrap_interval


def test_interval_of_a_mean_has_the_textbook_width() -> None:
    values = np.random.default_rng(0).normal(size=400)
    interval = bootstrap_interval(lambda i: float(values[i].mean()), 400, draws=2000)
    assert interval.low < values.mean() < interval.high
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)


def test_interval_covers_the_truth_as_often_as_it_says() -> None:
    random = np.random.default_rng(1)
    covered = 0
    for run in range(200):
        values = random.normal(size=80)
        interval = bootstrap_interval(
            lambda i, v=values: float(v[i].mean()), 80, draws=200, level=0.9, seed=run
        )
        covered += interval.low <= 0.0 <= interval.high
    assert 0.83 <= covered / 200 <= 0.96


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.arange(20.0)

    def score(indices: np.ndarray) -> float:
        return float(values[indices].mean())

    assert bootstrap_interval(score, 20, seed=3) == bootstrap_interval(score, 20, seed=3)
    assert bootstrap_interval(score, 20, seed=3) != bootstrap_interval(score, 20, seed=4)


@pytest.mark.parametrize("count", [0, 1])
def test_too_few(count: int) -> None:
    with pytest.raises(ValueError, match="at least two"):
        bootstrap_interval(lambda _: 0.0, count)
