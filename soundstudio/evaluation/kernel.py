"""The kernel distance (Bińkowski et al. 2018): unbiased, also for few clips."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from soundstudio.evaluation.statistics import ScoringError, blocks_of, checked_rows

if TYPE_CHECKING:
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]


def polynomial_kernel(first: FloatArray, second: FloatArray) -> FloatArray:
    """(x·y / dimensions + 1)³, the kernel of KID: [n, d], [m, d] -> [n, m]."""
    return np.asarray((first @ second.T / first.shape[1] + 1.0) ** 3)


def kernel_distance(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """The unbiased squared maximum mean discrepancy of two feature sets [clips, dimensions].

    Its expectation is zero for two sets of one distribution whatever their size, so a single value
    may be slightly negative. Raises ScoringError below two clips a set.
    """
    rows_1, rows_2 = checked_rows(first), checked_rows(second)
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


def _mean_within(rows: npt.NDArray[Any]) -> float:
    """The mean kernel of two different rows."""
    own = sum(
        float(((np.square(block).sum(axis=1) / rows.shape[1] + 1.0) ** 3).sum())
        for block in blocks_of(rows)
    )
    return (_kernel_sum(rows, rows) - own) / (len(rows) * (len(rows) - 1))


def _kernel_sum(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> float:
    """The sum over all pairs, a block of rows of each set at a time."""
    return sum(
        float(polynomial_kernel(block, other).sum())
        for block in blocks_of(first)
        for other in blocks_of(second)
    )
