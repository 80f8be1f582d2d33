"""Influences against what really happens without a clip, and against fresh sets."""

from __future__ import annotations

import numpy as np
import pytest

from soundstudio.evaluation.bootstrap import influence_interval
from soundstudio.evaluation.frechet import (
    extrapolated_distance_of_sets,
    frechet_distance_of_features,
)
from soundstudio.evaluation.inception import inception_score
from soundstudio.evaluation.influence import (
    _root_shares,
    change_without,
    frechet_influences,
    inception_influences,
)
from soundstudio.evaluation.statistics import ScoringError


class Sets:
    """Draws of two distributions with the decaying spectrum and the half-wave of features."""

    def __init__(self, dimensions: int) -> None:
        self.random = np.random.default_rng(0)
        decay = np.exp(-4.0 * np.arange(dimensions) / dimensions) / np.sqrt(dimensions)
        self.mixing = self.random.normal(size=(dimensions, dimensions)) * decay

    def draw(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        first, second = (
            self.random.normal(size=(count, len(self.mixing))) @ self.mixing for _ in range(2)
        )
        return np.maximum(first + 0.1, 0), np.maximum(1.2 * second + 0.2, 0)


@pytest.mark.parametrize("count", [40, 400])  # fewer and more clips than dimensions
def test_a_frechet_distance_without_a_clip(count: int) -> None:
    first, second = Sets(32).draw(count)
    whole = frechet_distance_of_features(first, second)
    expected = np.array(
        [
            frechet_distance_of_features(np.delete(first, i, axis=0), second) - whole
            for i in range(40)
        ]
    )
    influences, _ = frechet_influences(first, second)
    found = change_without(influences)[:40]
    assert np.corrcoef(found, expected)[0, 1] > 0.97
    assert influences.mean() == pytest.approx(0.0, abs=1e-10)


@pytest.mark.parametrize("counts", [(20, 44), (44, 20)])
def test_the_optimal_map_and_the_small_matrix_agree(counts: tuple[int, int]) -> None:
    # 64 clips are as many as twice the dimensions; one more takes the route of the map.
    first, second = (rows[:count] for rows, count in zip(Sets(32).draw(44), counts, strict=True))
    few, _ = frechet_influences(first, second)
    shift, centred = first.mean(axis=0) - second.mean(axis=0), first - first.mean(axis=0)
    spread = np.square(centred).sum(axis=1) * len(first) / (len(first) - 1)
    many = 2 * centred @ shift + spread - _root_shares(centred, second)
    np.testing.assert_allclose(few, many - many.mean(), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(("dimensions", "count"), [(32, 200), (64, 40)])
def test_the_interval_is_as_wide_as_fresh_sets_scatter(dimensions: int, count: int) -> None:
    sets = Sets(dimensions)
    values, widths = [], []
    for seed in range(60):
        first, second = sets.draw(count)
        value = frechet_distance_of_features(first, second)
        interval = influence_interval(value, frechet_influences(first, second), seed=seed)
        assert interval.low < value < interval.high
        values.append(value)
        widths.append(interval.high - interval.low)
    assert np.mean(widths) == pytest.approx(2 * 1.96 * np.std(values), rel=0.3)


def test_an_inception_score_without_a_clip() -> None:
    logits = np.random.default_rng(1).normal(size=(200, 8)) * 2
    whole = inception_score(logits, splits=1, seed=None).mean
    expected = [
        inception_score(np.delete(logits, i, axis=0), splits=1, seed=None).mean - whole
        for i in range(30)
    ]
    found = change_without(inception_influences(logits, splits=1, seed=None))[:30]
    np.testing.assert_allclose(found, expected, rtol=0.1, atol=2e-4)


def test_inception_influences_with_splits() -> None:
    # Twice a part's clips change that part alone: the derivative of the mean over parts.
    logits = np.random.default_rng(2).normal(size=(60, 5))
    influences = inception_influences(logits, splits=3, seed=None)
    for part in range(3):
        assert influences[20 * part : 20 * (part + 1)].mean() == pytest.approx(0.0, abs=1e-12)


def test_extrapolation_takes_the_bias_of_both_sets_away() -> None:
    sets = Sets(32)
    truth = frechet_distance_of_features(*sets.draw(20_000))
    plain, extrapolated = [], []
    for seed in range(40):
        first, second = sets.draw(150)
        plain.append(frechet_distance_of_features(first, second) - truth)
        extrapolated.append(extrapolated_distance_of_sets(first, second, seed=seed) - truth)
    assert np.mean(plain) > 0.1 * truth
    assert abs(np.mean(extrapolated)) < np.mean(plain) / 4


def test_extrapolation_does_not_depend_on_the_order_of_files() -> None:
    first, second = Sets(32).draw(12)
    random = np.random.default_rng(3)
    found = [extrapolated_distance_of_sets(random.permutation(first), second) for _ in range(3)]
    assert found[1:] == pytest.approx(found[:1] * 2, rel=1e-9)


def test_extrapolation_of_three_clips_is_refused() -> None:
    with pytest.raises(ScoringError, match="at least four"):
        extrapolated_distance_of_sets(np.eye(3), np.eye(3))


def test_an_interval_of_one_clip_is_refused() -> None:
    with pytest.raises(ValueError, match="at least two"):
        influence_interval(1.0, [np.zeros(1)])
    with pytest.raises(ValueError, match="at least two"):
        influence_interval(1.0, [])
