"""The kernel distance (Bińkowski et al. 2018): unbiased, also for few clips."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from soundstudio.evaluation.statistics import ScoringError, checked_features

if TYPE_CHECKING:
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]


_BLOCK_ROWS: Final = 256


def polynomial_kernel(first: FloatArray, second: FloatArray) -> FloatArray:
    """(x·y / dimensions + 1)³, the kernel of KID: [n, d], [m, d] -> [n, m]."""
    return np.asarray((first @ second.T / first.shape[1] + 1.0) ** 3)


def kernel_distance(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """The unbiased squared maximum mean discrepancy of two feature sets [clips, dimensions].

    Its expectation is zero for two sets of one distribution whatever their size, so a single value
    may be slightly negative. Raises ScoringError below two clips a set.
    """
    rows_1, rows_2 = checked_features(first), checked_features(second)
    count_1, count_2 = len(rows_1), len(rows_2)
    if min(count_1, count_2) < 2:
        raise ScoringError(
            "A kernel distance needs at least two clips in each set.", "Score larger sets."
        )
    return float(
        _mean_within(rows_1)
        + _mean_within(rows_2)
        - 2.0 * _kernel_sum(rows_1, rows_2) / (count_1 * count_2)
    )


def _mean_within(rows: FloatArray) -> float:
    """The mean kernel of two different rows."""
    own = (np.square(rows).sum(axis=1) / rows.shape[1] + 1.0) ** 3
    return float((_kernel_sum(rows, rows) - own.sum()) / (len(rows) * (len(rows) - 1)))


def _kernel_sum(first: FloatArray, second: FloatArray) -> float:
    """The sum over all pairs, a block of rows at a time: memory grows with one set, not both."""
    starts = range(0, len(first), _BLOCK_ROWS)
    return float(sum(polynomial_kernel(first[s : s + _BLOCK_ROWS], second).sum() for s in starts))
