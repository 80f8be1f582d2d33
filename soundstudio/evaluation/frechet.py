"""The Fréchet distance between two Gaussians (Dowson and Landau 1982): FD and FAD.

The matrices go through torch: its LAPACK is there wherever a score is, and on some processors
several times as quick as the one that numpy's wheels bring (docs/benchmarks.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from soundstudio.evaluation.statistics import (
    GaussianStatistics,
    ScoringError,
    checked_features,
)

if TYPE_CHECKING:
    import numpy.typing as npt
    import torch

    FloatArray = npt.NDArray[np.float64]


def frechet_distance(first: GaussianStatistics, second: GaussianStatistics) -> float:
    """|m1 - m2|² + tr(C1) + tr(C2) - 2 tr((C1 C2)^½), never below zero.

    The trace of the root is the sum of the square roots of the eigenvalues of L' C2 L, where
    C1 = LL', which is symmetric: a triangular root and one symmetric eigenvalue problem replace a
    general matrix root, and a singular covariance (fewer clips than dimensions) needs no offset.
    """
    import torch

    if first.mean.shape != second.mean.shape:
        raise ValueError(f"dimensions differ: {first.mean.shape} and {second.mean.shape}")
    covariance_1 = torch.from_numpy(first.covariance)
    covariance_2 = torch.from_numpy(second.covariance)
    half = _root(covariance_1)
    inner = half.mT @ covariance_2 @ half
    root_trace = torch.linalg.eigvalsh(inner).clamp(min=0.0).sqrt().sum()
    shift = first.mean - second.mean
    traces = covariance_1.trace() + covariance_2.trace() - 2.0 * root_trace
    return max(0.0, float(shift @ shift) + float(traces))


def _root(covariance: torch.Tensor) -> torch.Tensor:
    """L [dimensions, rank] with LL' = covariance: Cholesky's where it exists, which is quick."""
    import torch

    half: torch.Tensor
    half, failed = torch.linalg.cholesky_ex(covariance)
    if failed:
        values, vectors = torch.linalg.eigh(covariance)
        # Directions in which the set does not vary add nothing to the trace of the root.
        kept = values > values[-1] * len(values) * torch.finfo(torch.float64).eps
        half = vectors[:, kept] * values[kept].sqrt()
    return half


def frechet_distance_of_features(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """The same distance of two feature arrays [clips, dimensions].

    With fewer clips than dimensions the trace of the root is the nuclear norm of the small matrix
    X1 X2ᵀ of the centred features: no covariance is formed.
    """
    import torch

    rows_1, rows_2 = checked_features(first), checked_features(second)
    statistics_needed = len(rows_1) + len(rows_2) > rows_1.shape[1]
    if statistics_needed or min(len(rows_1), len(rows_2)) < 2:
        return frechet_distance(GaussianStatistics.of(rows_1), GaussianStatistics.of(rows_2))
    if rows_1.shape[1] != rows_2.shape[1]:
        raise ValueError(f"dimensions differ: {rows_1.shape[1]} and {rows_2.shape[1]}")
    mean_1, mean_2 = rows_1.mean(axis=0), rows_2.mean(axis=0)
    centred_1 = (rows_1 - mean_1) / np.sqrt(len(rows_1) - 1)
    centred_2 = (rows_2 - mean_2) / np.sqrt(len(rows_2) - 1)
    between = torch.from_numpy(centred_1) @ torch.from_numpy(centred_2).mT
    root_trace = float(torch.linalg.svdvals(between).sum())
    shift = mean_1 - mean_2
    traces = np.square(centred_1).sum() + np.square(centred_2).sum()
    return max(0.0, float(shift @ shift + traces - 2.0 * root_trace))


def extrapolated_frechet_distance(
    generated: npt.ArrayLike,
    reference: GaussianStatistics,
    *,
    points: int = 8,
    seed: int = 0,
) -> float:
    """The distance that infinitely many generated clips would have (Chong and Forsyth 2020).

    The bias of the distance falls as 1 / clips; a straight line over 1 / clips through `points`
    random subsets, from half of the clips to all of them, is read off at zero. The result may be
    slightly negative. The bias of the reference set stays in it.
    """
    rows = checked_features(generated)
    random = np.random.default_rng(seed)
    counts = np.unique(np.linspace(max(2, len(rows) // 2), len(rows), points).astype(int))
    if len(counts) < 2:
        return frechet_distance(GaussianStatistics.of(rows), reference)
    distances = [
        frechet_distance(GaussianStatistics.of(rows[random.permutation(len(rows))[:n]]), reference)
        for n in counts
    ]
    _, intercept = np.polyfit(1.0 / counts, distances, 1)
    return float(intercept)


def extrapolated_distance_of_sets(
    first: npt.ArrayLike, second: npt.ArrayLike, *, points: int = 8, seed: int = 0
) -> float:
    """The distance that two infinitely large sets would have: both are thinned out alike.

    As `extrapolated_frechet_distance`, without the bias of the reference set. With far fewer clips
    than dimensions the line is not straight yet, and the result still too high. Raises ScoringError
    below four clips a set.
    """
    rows_1, rows_2 = checked_features(first), checked_features(second)
    if min(len(rows_1), len(rows_2)) < 4:
        raise ScoringError(
            "An extrapolation needs at least four clips in each set.", "Score larger sets."
        )
    random = np.random.default_rng(seed)
    shares = np.linspace(0.5, 1.0, points)
    inverse, distances = [], []
    for share in shares:
        count_1, count_2 = (max(2, round(share * len(rows))) for rows in (rows_1, rows_2))
        part_1 = rows_1[random.permutation(len(rows_1))[:count_1]]
        part_2 = rows_2[random.permutation(len(rows_2))[:count_2]]
        inverse.append(0.5 / count_1 + 0.5 / count_2)
        distances.append(frechet_distance_of_features(part_1, part_2))
    _, intercept = np.polyfit(inverse, distances, 1)
    return float(intercept)
