"""The Fréchet distance between two Gaussians (Dowson and Landau 1982): FD and FAD.

The matrices go through torch: its LAPACK is there wherever a score is, and on some processors
several times as quick as the one that numpy's wheels bring (docs/benchmarks.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from soundstudio.evaluation.statistics import (
    GaussianStatistics,
    ScoringError,
    blocks_of,
    checked_rows,
)

if TYPE_CHECKING:
    import numpy.typing as npt
    import torch

    FloatArray = npt.NDArray[np.float64]


_ROUNDING: Final = 1e-12
_CLIPS_DRAWN: Final = 2000
"""So many clips of thinned sets are looked at: few clips are thinned out in many ways."""
_MOST_DRAWS: Final = 32


def frechet_distance(first: GaussianStatistics, second: GaussianStatistics) -> float:
    """|m1 - m2|² + tr(C1) + tr(C2) - 2 tr((C1 C2)^½); what rounding leaves of equal sets is zero.

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
    spread = float(covariance_1.trace() + covariance_2.trace())
    return _rounded(float(shift @ shift) + spread - 2.0 * float(root_trace), spread)


def _rounded(distance: float, spread: float) -> float:
    """Zero for what cannot be told from it beside the terms that it is the difference of."""
    return distance if distance > _ROUNDING * spread else 0.0


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

    rows_1, rows_2 = checked_rows(first), checked_rows(second)
    statistics_needed = len(rows_1) + len(rows_2) > rows_1.shape[1]
    if statistics_needed or min(len(rows_1), len(rows_2)) < 2:
        return frechet_distance(GaussianStatistics.of(rows_1), GaussianStatistics.of(rows_2))
    if rows_1.shape[1] != rows_2.shape[1]:
        raise ValueError(f"dimensions differ: {rows_1.shape[1]} and {rows_2.shape[1]}")
    rows_1, rows_2 = rows_1.astype(np.float64), rows_2.astype(np.float64)
    mean_1, mean_2 = rows_1.mean(axis=0), rows_2.mean(axis=0)
    centred_1 = (rows_1 - mean_1) / np.sqrt(len(rows_1) - 1)
    centred_2 = (rows_2 - mean_2) / np.sqrt(len(rows_2) - 1)
    between = torch.from_numpy(centred_1) @ torch.from_numpy(centred_2).mT
    root_trace = float(torch.linalg.svdvals(between).sum())
    shift = mean_1 - mean_2
    spread = float(np.square(centred_1).sum() + np.square(centred_2).sum())
    return _rounded(float(shift @ shift) + spread - 2.0 * root_trace, spread)


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
    rows = checked_rows(generated)
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


def _in_an_order_of_their_own(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    sums = [(block.sum(axis=1), np.square(block).sum(axis=1)) for block in blocks_of(rows)]
    return np.asarray(rows[np.lexsort(np.concatenate(sums, axis=1))])


def extrapolated_distance_of_sets(
    first: npt.ArrayLike, second: npt.ArrayLike, *, points: int = 8, seed: int = 0
) -> float:
    """The distance that two infinitely large sets would have: both are thinned out alike.

    As `extrapolated_frechet_distance`, without the bias of the reference set, and over several
    draws, the more the fewer clips there are; the order of the clips does not matter. With far
    fewer clips than dimensions the line is not straight yet, and the result still too high. It may
    be negative. Raises ScoringError below four clips a set.
    """
    rows_1, rows_2 = checked_rows(first), checked_rows(second)
    if min(len(rows_1), len(rows_2)) < 4:
        raise ScoringError(
            "An extrapolation needs at least four clips in each set.", "Score larger sets."
        )
    rows_1, rows_2 = _in_an_order_of_their_own(rows_1), _in_an_order_of_their_own(rows_2)
    random = np.random.default_rng(seed)
    draws = min(_MOST_DRAWS, max(1, _CLIPS_DRAWN // (len(rows_1) + len(rows_2))))
    inverse, distances = [], []
    for share in np.linspace(0.5, 1.0, points):
        count_1, count_2 = (max(2, round(share * len(rows))) for rows in (rows_1, rows_2))
        # The whole sets are one draw, however often.
        for _ in range(draws if share < 1.0 else 1):
            part_1 = rows_1[random.permutation(len(rows_1))[:count_1]]
            part_2 = rows_2[random.permutation(len(rows_2))[:count_2]]
            inverse.append(0.5 / count_1 + 0.5 / count_2)
            distances.append(frechet_distance_of_features(part_1, part_2))
    _, intercept = np.polyfit(inverse, distances, 1)
    return float(intercept)
