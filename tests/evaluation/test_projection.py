"""The map of two sets against closed forms, and where there is hardly anything to draw."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from soundstudio.evaluation.projection import project
from soundstudio.evaluation.statistics import ScoringError


def gaussians(
    count_1: int, count_2: int, dimensions: int, apart: float, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Two sets of deviation 1 whose means lie `apart` along the first dimension."""
    random = np.random.default_rng(seed)
    first = random.standard_normal((count_1, dimensions))
    second = random.standard_normal((count_2, dimensions))
    first[:, 0] += apart
    return first, second


def turned(dimensions: int, seed: int = 1) -> np.ndarray:
    """A random rotation."""
    random = np.random.default_rng(seed)
    return np.linalg.qr(random.standard_normal((dimensions, dimensions)))[0]


def test_two_gaussians_lie_as_far_apart_as_they_are() -> None:
    first, second = gaussians(400, 400, 16, apart=20.0)
    points_1, points_2, explained = project(first, second)
    assert points_1[:, 0].min() > points_2[:, 0].max()  # the generated ones to the right
    assert points_1[:, 0].mean() - points_2[:, 0].mean() == pytest.approx(20.0, rel=0.02)
    # Along the axis between them: deviation 1 around ±10, in 15 others 1, of which one is shown.
    assert explained == pytest.approx((1 + 100 + 1) / (16 + 100), rel=0.05)


def test_a_plane_is_shown_as_it_is() -> None:
    random = np.random.default_rng(2)
    plane = random.standard_normal((60, 2)) * (5.0, 2.0)
    lifted = plane @ turned(9)[:2] + 100.0
    points_1, points_2, explained = project(lifted[:25], lifted[25:])
    assert pdist(np.vstack([points_1, points_2])) == pytest.approx(pdist(plane))
    assert explained == pytest.approx(1.0)


def test_agrees_with_the_singular_vectors() -> None:
    first, second = gaussians(30, 30, 50, apart=3.0, seed=3)
    rows = np.vstack([first, second])
    centred = rows - rows.mean(axis=0)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    points_1, points_2, explained = project(first, second)
    points = np.vstack([points_1, points_2])
    for axis in (0, 1):
        expected = left[:, axis] * values[axis]
        assert abs(points[:, axis] @ expected) == pytest.approx(expected @ expected)
        assert np.linalg.norm(points[:, axis]) == pytest.approx(values[axis])
    assert explained == pytest.approx(np.square(values[:2]).sum() / np.square(values).sum())


def test_distances_do_not_depend_on_how_the_features_are_turned() -> None:
    first, second = gaussians(20, 35, 12, apart=4.0, seed=4)
    rotation = turned(12)
    plain, rotated = project(first, second), project(first @ rotation, second @ rotation)
    for points, others in zip(plain[:2], rotated[:2], strict=True):
        assert pdist(points) == pytest.approx(pdist(others))
    assert plain[2] == pytest.approx(rotated[2])


def test_no_distance_is_larger_than_it_was_heard() -> None:
    first, second = gaussians(40, 30, 8, apart=1.0, seed=5)
    points_1, points_2, _ = project(first, second)
    shown, heard = pdist(np.vstack([points_1, points_2])), pdist(np.vstack([first, second]))
    assert (shown <= heard * (1 + 1e-12)).all()


def test_each_set_weighs_one_half() -> None:
    # A thousand references vary along dimension 1, ten generations along dimension 0, far more.
    random = np.random.default_rng(6)
    reference = np.zeros((1000, 3))
    reference[:, 1] = 2.0 * random.standard_normal(1000)
    generated = np.zeros((10, 3))
    generated[:, 0] = np.linspace(-10.0, 10.0, 10)
    points, _, _ = project(generated, reference)
    assert np.abs(points[:, 0]) == pytest.approx(np.abs(generated[:, 0]), rel=1e-6)


def test_the_sign_is_fixed() -> None:
    first, second = gaussians(30, 30, 6, apart=5.0, seed=7)
    points_1, points_2, _ = project(first, second)
    mirrored_1, mirrored_2, _ = project(-first, -second)
    for points in ((points_1, points_2), (mirrored_1, mirrored_2)):
        assert (points[0].mean(axis=0) >= points[1].mean(axis=0)).all()
    assert np.array_equal(project(first, second)[0], points_1)


class TestHardlyAnything:
    def test_one_clip(self) -> None:
        points, none, explained = project(np.ones((1, 5)), np.empty((0, 5)))
        assert points.tolist() == [[0.0, 0.0]]
        assert none.shape == (0, 2)
        assert explained == 1.0

    def test_one_clip_against_one(self) -> None:
        points_1, points_2, explained = project([[3.0, 0.0, 0.0]], [[0.0, 4.0, 0.0]])
        assert points_1[0, 0] - points_2[0, 0] == pytest.approx(5.0)
        assert explained == pytest.approx(1.0)

    @pytest.mark.parametrize("value", [0.0, 0.1, 1e6 / 3])
    def test_equal_clips(self, value: float) -> None:
        points_1, points_2, explained = project(np.full((3000, 7), value), np.full((5, 7), value))
        assert not points_1.any()
        assert not points_2.any()
        assert explained == 1.0

    def test_equal_sets_lie_on_each_other(self) -> None:
        rows, _ = gaussians(12, 1, 6, apart=0.0, seed=8)
        points_1, points_2, _ = project(rows, rows.copy())
        assert points_1 == pytest.approx(points_2, abs=1e-12)

    def test_more_dimensions_than_clips(self) -> None:
        first, second = gaussians(3, 2, 300, apart=50.0, seed=9)
        points_1, points_2, explained = project(first, second)
        assert points_1[:, 0].min() > points_2[:, 0].max()
        assert 0.0 < explained <= 1.0

    def test_one_dimension(self) -> None:
        points_1, points_2, explained = project([[1.0], [3.0]], [[-4.0]])
        assert np.diff([*points_1[:, 0], *points_2[:, 0]]).tolist() == pytest.approx([2.0, -7.0])
        assert not points_1[:, 1].any()
        assert explained == pytest.approx(1.0)

    def test_nothing(self) -> None:
        with pytest.raises(ScoringError, match="no sounds"):
            project(np.empty((0, 3)), np.empty((0, 3)))

    def test_what_is_not_a_number(self) -> None:
        rows = np.ones((4, 3))
        for bad in (np.nan, np.inf):
            rows[2, 1] = bad
            with pytest.raises(ScoringError, match="not finite"):
                project(np.ones((4, 3)), rows)

    def test_other_dimensions(self) -> None:
        with pytest.raises(ValueError, match="equal dimensions"):
            project(np.ones((4, 3)), np.ones((4, 2)))


def test_memory_stays_bounded_for_ten_thousand_clips() -> None:
    rows = np.random.default_rng(10).standard_normal((10_000, 64), dtype=np.float32)
    tracemalloc.start()
    project(rows, rows)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # A float64 copy of the features alone would be 5 MB each: blocks and points are less.
    assert peak < 3_000_000
