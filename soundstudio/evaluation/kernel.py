"""The kernel distance (Bińkowski et al. 2018): unbiased, also for few clips."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from soundstudio.evaluation.statistics import ScoringError, checked_features

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
    rows_1, rows_2 = checked_features(first), checked_features(second)
    count_1, count_2 = len(rows_1), len(rows_2)
    if min(count_1, count_2) < 2:
        raise ScoringError(
            "A kernel distance needs at least two clips in each set.", "Score larger sets."
        )
    within_1 = polynomial_kernel(rows_1, rows_1)
    within_2 = polynomial_kernel(rows_2, rows_2)
    across = polynomial_kernel(rows_1, rows_2)
    return float(
        (within_1.sum() - np.trace(within_1)) / (count_1 * (count_1 - 1))
        + (within_2.sum() - np.trace(within_2)) / (count_2 * (count_2 - 1))
        - 2.0 * across.mean()
    )
