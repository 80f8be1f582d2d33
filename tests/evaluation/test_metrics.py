"""The metrics against closed forms, and against numbers of the paper's evaluator."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import scipy.linalg

from soundstudio.evaluation.divergence import EPSILON, kl_divergence, kl_per_pair
from soundstudio.evaluation.frechet import (
    extrapolated_frechet_distance,
    frechet_distance,
    frechet_distance_of_features,
)
from soundstudio.evaluation.inception import inception_score
from soundstudio.evaluation.kernel import kernel_distance, polynomial_kernel
from soundstudio.evaluation.statistics import GaussianStatistics, ScoringError


@dataclass
class OracleInputs:
    """What audioldm_eval 0.0.3 was given when its numbers below were recorded."""

    def __post_init__(self) -> None:
        random = np.random.default_rng(7)
        self.first = random.normal(size=(60, 24)) @ random.normal(size=(24, 24))
        self.second = random.normal(size=(75, 24)) @ random.normal(size=(24, 24)) + 0.3
        self.target_logits = random.normal(size=(60, 12)) * 3
        self.generated_logits = self.target_logits + random.normal(size=(60, 12))
        self.few_first = random.normal(size=(10, 24))
        self.few_second = random.normal(size=(12, 24))


@pytest.fixture(scope="module")
def oracle() -> OracleInputs:
    return OracleInputs()


def exact_gaussian(mean: np.ndarray, covariance: np.ndarray, count: int = 64) -> np.ndarray:
    """Rows whose sample mean and covariance (ddof 1) are exactly the given ones."""
    rows = np.random.default_rng(3).normal(size=(count, len(mean)))
    rows -= rows.mean(axis=0)
    whiten = np.linalg.inv(np.linalg.cholesky(np.atleast_2d(np.cov(rows, rowvar=False))))
    return rows @ whiten.T @ np.linalg.cholesky(covariance).T + mean


class TestStatistics:
    def test_batches_give_what_one_array_gives(self) -> None:
        rows = np.random.default_rng(0).normal(1e6, 1.0, size=(101, 5))
        streamed = GaussianStatistics(5)
        for batch in np.array_split(rows, 7):
            streamed.add(batch)
        np.testing.assert_allclose(streamed.mean, rows.mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(streamed.covariance, np.cov(rows, rowvar=False), atol=1e-8)

    def test_merging_processes(self) -> None:
        rows = np.random.default_rng(1).normal(size=(50, 3))
        first, second = GaussianStatistics.of(rows[:20]), GaussianStatistics.of(rows[20:])
        first.merge(second)
        first.merge(GaussianStatistics(3))
        assert first.count == 50
        np.testing.assert_allclose(first.covariance, np.cov(rows, rowvar=False), rtol=1e-12)

    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    def test_a_value_that_is_no_number_is_refused(self, bad: float) -> None:
        rows = np.ones((4, 2))
        rows[2, 1] = bad
        with pytest.raises(ScoringError, match="1 of 4"):
            GaussianStatistics.of(rows)

    def test_too_few_rows_are_refused(self) -> None:
        with pytest.raises(ScoringError, match="at least two"):
            _ = GaussianStatistics.of(np.ones((1, 2))).covariance
        with pytest.raises(ScoringError, match="no features"):
            GaussianStatistics.of(np.ones((0, 2)))


class TestFrechetDistance:
    def test_two_gaussians_on_the_line(self) -> None:
        # (m1 - m2)² + (s1 - s2)²
        first = exact_gaussian(np.array([1.0]), np.array([[4.0]]))
        second = exact_gaussian(np.array([4.0]), np.array([[25.0]]))
        assert frechet_distance_of_features(first, second) == pytest.approx(9 + 9)

    def test_commuting_covariances(self) -> None:
        first = exact_gaussian(np.zeros(3), np.diag([1.0, 4.0, 9.0]))
        second = exact_gaussian(np.full(3, 2.0), np.diag([16.0, 1.0, 4.0]))
        assert frechet_distance_of_features(first, second) == pytest.approx(12 + 9 + 1 + 1)

    def test_evaluator(self, oracle: OracleInputs) -> None:
        expected = 347.3818909140441
        distance = frechet_distance_of_features(oracle.first, oracle.second)
        assert distance == pytest.approx(expected, rel=1e-9)

    def test_evaluator_with_singular_covariances(self, oracle: OracleInputs) -> None:
        distance = frechet_distance_of_features(oracle.few_first, oracle.few_second)
        assert distance == pytest.approx(27.088255826964257, rel=1e-6)

    def test_few_clips_and_statistics_agree(self, oracle: OracleInputs) -> None:
        statistics = (
            GaussianStatistics.of(oracle.few_first),
            GaussianStatistics.of(oracle.few_second),
        )
        direct = frechet_distance_of_features(oracle.few_first, oracle.few_second)
        assert frechet_distance(*statistics) == pytest.approx(direct, rel=1e-10)

    def test_general_matrix_root(self, oracle: OracleInputs) -> None:
        first, second = (GaussianStatistics.of(x) for x in (oracle.first, oracle.second))
        root = scipy.linalg.sqrtm(first.covariance @ second.covariance)
        shift = first.mean - second.mean
        expected = shift @ shift + np.trace(first.covariance + second.covariance - 2 * root.real)
        assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-10)

    def test_symmetric(self, oracle: OracleInputs) -> None:
        first, second = (GaussianStatistics.of(x) for x in (oracle.first, oracle.second))
        assert frechet_distance(first, second) == pytest.approx(frechet_distance(second, first))

    @pytest.mark.parametrize("count", [5, 200])
    def test_equal_sets_have_no_distance(self, count: int) -> None:
        rows = np.random.default_rng(2).normal(size=(count, 32))
        assert frechet_distance_of_features(rows, rows) == pytest.approx(0.0, abs=1e-9)

    def test_constant_features(self) -> None:
        first, second = np.zeros((50, 4)), np.ones((50, 4))
        assert frechet_distance_of_features(first, second) == pytest.approx(4.0)

    def test_dimensions_must_agree(self) -> None:
        with pytest.raises(ValueError, match="dimensions differ"):
            frechet_distance_of_features(np.ones((50, 4)), np.ones((50, 5)))

    def test_extrapolation_removes_the_bias_of_few_clips(self) -> None:
        random = np.random.default_rng(4)
        reference = GaussianStatistics.of(random.normal(size=(20_000, 16)))
        rows = random.normal(size=(300, 16))
        plain = frechet_distance(GaussianStatistics.of(rows), reference)
        assert plain > 0.2
        assert abs(extrapolated_frechet_distance(rows, reference)) < plain / 2


class TestInceptionScore:
    @pytest.mark.parametrize("count", [24, 40, 100])
    def test_the_interval_holds_the_score_of_fresh_sets(self, count: int) -> None:
        random = np.random.default_rng(count)
        kinds = 2.0 * random.normal(size=(40, 30))
        found = [
            inception_score(
                kinds[random.integers(0, 40, count)] + 1.5 * random.normal(size=(count, 30))
            )
            for _ in range(150)
        ]
        mean = np.mean([score.mean for score in found])
        intervals = [score.interval for score in found if score.interval is not None]
        held = np.mean([interval.low <= mean <= interval.high for interval in intervals])
        assert len(intervals) == 150
        assert 0.9 <= held <= 0.995

    def test_one_part_has_no_interval(self) -> None:
        assert inception_score(np.eye(6), splits=1).interval is None

    def test_one_class_for_all_gives_one(self) -> None:
        assert inception_score(np.tile([5.0, 0, 0], (40, 1))).mean == pytest.approx(1.0)

    def test_sure_and_evenly_spread_gives_the_number_of_classes(self) -> None:
        logits = np.tile(np.eye(4) * 1e4, (25, 1))
        assert inception_score(logits, splits=5, seed=None).mean == pytest.approx(4.0)

    def test_evaluator(self, oracle: OracleInputs) -> None:
        score = inception_score(oracle.target_logits)
        assert score.mean == pytest.approx(3.084838519560554, rel=1e-12)
        assert score.deviation == pytest.approx(0.3266055623749489, rel=1e-12)

    def test_splits_change_the_score(self, oracle: OracleInputs) -> None:
        one = inception_score(oracle.target_logits, splits=1).mean
        assert one > inception_score(oracle.target_logits, splits=10).mean

    def test_too_few_clips_are_refused(self) -> None:
        with pytest.raises(ScoringError, match="at least 10"):
            inception_score(np.ones((9, 3)))


class TestDivergence:
    def test_two_classes(self) -> None:
        target, generated = np.log([[0.75, 0.25]]), np.log([[0.5, 0.5]])
        expected = 0.75 * np.log(0.75 / 0.5) + 0.25 * np.log(0.25 / 0.5)
        assert kl_divergence(target, generated) == pytest.approx(expected, abs=3 * EPSILON)

    def test_direction_is_from_target_to_generated(self) -> None:
        sure, unsure = np.log([[0.999, 0.001]]), np.log([[0.5, 0.5]])
        assert kl_divergence(sure, unsure) < kl_divergence(unsure, sure)

    def test_evaluator(self, oracle: OracleInputs) -> None:
        pair = (oracle.target_logits, oracle.generated_logits)
        assert kl_divergence(*pair) == pytest.approx(0.19423639575320154, rel=1e-9)
        assert kl_divergence(*pair, "sigmoid") == pytest.approx(0.3263351171302183, rel=1e-9)

    def test_equal_pairs_give_slightly_less_than_zero(self, oracle: OracleInputs) -> None:
        same = kl_divergence(oracle.target_logits, oracle.target_logits)
        assert same == pytest.approx(-1.187034990018227e-05, rel=1e-6)

    def test_mean_of_the_pairs(self, oracle: OracleInputs) -> None:
        pair = (oracle.target_logits, oracle.generated_logits)
        assert kl_per_pair(*pair).mean() == pytest.approx(kl_divergence(*pair))

    @pytest.mark.parametrize("kind", ["softmax", "sigmoid"])
    def test_huge_logits_stay_finite(self, kind: str) -> None:
        value = kl_divergence([[1e4, -1e4]], [[-1e4, 1e4]], kind)  # type: ignore[arg-type]
        assert np.isfinite(value)
        assert value > 10


class TestKernelDistance:
    def test_against_the_plain_double_sum(self) -> None:
        random = np.random.default_rng(5)
        first, second = random.normal(size=(7, 3)), random.normal(size=(9, 3)) + 0.5

        def kernel(x: np.ndarray, y: np.ndarray) -> float:
            return float((x @ y / 3 + 1) ** 3)

        within_1 = np.mean(
            [kernel(x, y) for i, x in enumerate(first) for j, y in enumerate(first) if i != j]
        )
        within_2 = np.mean(
            [kernel(x, y) for i, x in enumerate(second) for j, y in enumerate(second) if i != j]
        )
        across = np.mean([kernel(x, y) for x in first for y in second])
        assert kernel_distance(first, second) == pytest.approx(within_1 + within_2 - 2 * across)

    def test_many_clips_in_blocks(self) -> None:
        random = np.random.default_rng(8)
        first, second = random.normal(size=(600, 3)), random.normal(size=(257, 3)) + 0.2
        kernels = [(x @ y.T / 3 + 1) ** 3 for x, y in ((first, first), (second, second))]
        within = [(k.sum() - np.trace(k)) / (len(k) * (len(k) - 1)) for k in kernels]
        across = ((first @ second.T / 3 + 1) ** 3).mean()
        assert kernel_distance(first, second) == pytest.approx(sum(within) - 2 * across)

    def test_unbiased_for_equal_distributions(self) -> None:
        random = np.random.default_rng(6)
        values = [
            kernel_distance(random.normal(size=(12, 4)), random.normal(size=(12, 4)))
            for _ in range(400)
        ]
        standard_error = np.std(values) / np.sqrt(len(values))
        assert abs(np.mean(values)) < 3 * standard_error

    def test_kernel(self) -> None:
        assert polynomial_kernel(np.array([[2.0, 1.0]]), np.array([[1.0, 2.0]])) == pytest.approx(
            27.0
        )
