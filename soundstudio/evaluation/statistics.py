"""Mean and covariance of features, gathered as a stream, so that no set must fit into memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from soundstudio.core.errors import StudioError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]


BLOCK_ROWS: Final = 1024


class ScoringError(StudioError):
    """A score that cannot be computed, or would mean nothing."""

    title = "The sounds cannot be scored"


def checked_rows(features: npt.ArrayLike, name: str = "features") -> npt.NDArray[Any]:
    """`features` [clips, dimensions] in their own number format, all of them finite.

    Raises ValueError for another shape, ScoringError for no rows or a value that is not finite: a
    NaN that reaches an eigenvalue routine may never come back.
    """
    rows = np.asarray(features)
    if rows.ndim != 2 or rows.shape[1] == 0:
        raise ValueError(f"{name} must be [clips, dimensions], not {rows.shape}")
    if len(rows) == 0:
        raise ScoringError(f"There are no {name} to score.")
    bad = sum(int((~np.isfinite(block).all(axis=1)).sum()) for block in blocks_of(rows))
    if bad:
        raise ScoringError(
            f"{bad} of {len(rows)} rows of {name} are not finite numbers.",
            "Remove the damaged sounds and score again.",
        )
    return rows


def blocks_of(rows: npt.NDArray[Any]) -> Iterator[FloatArray]:
    """Some rows at a time, in float64: of many clips no copy in twice the size is made."""
    for start in range(0, len(rows), BLOCK_ROWS):
        yield rows[start : start + BLOCK_ROWS].astype(np.float64)


def checked_features(features: npt.ArrayLike, name: str = "features") -> FloatArray:
    """As `checked_rows`, all of them in float64."""
    return np.asarray(checked_rows(features, name), dtype=np.float64)


class GaussianStatistics:
    """Count, mean and covariance (ddof 1) of features [clips, dimensions], in float64.

    Batches are merged by the pairwise update of Chan, Golub and LeVeque (1983), which stays
    accurate where a plain sum of squares cancels. Memory: dimensions squared, whatever the count.
    """

    def __init__(self, dimensions: int) -> None:
        self.count = 0
        self.mean: FloatArray = np.zeros(dimensions)
        self._scatter: FloatArray = np.zeros((dimensions, dimensions))

    @classmethod
    def of(cls, features: npt.ArrayLike) -> GaussianStatistics:
        """The statistics of one array."""
        rows = checked_rows(features)
        statistics = cls(rows.shape[1])
        for block in blocks_of(rows):
            statistics._take_in(block)
        return statistics

    def add(self, features: npt.ArrayLike) -> None:
        """Take in features [clips, dimensions]."""
        rows = checked_features(features)
        if rows.shape[1] != len(self.mean):
            raise ValueError(f"expected {len(self.mean)} dimensions, got {rows.shape[1]}")
        self._take_in(rows)

    def _take_in(self, rows: FloatArray) -> None:
        mean = rows.mean(axis=0)
        centred = rows - mean
        self._merge(len(rows), mean, centred.T @ centred)

    def merge(self, other: GaussianStatistics) -> None:
        """Take in what another process gathered."""
        if other.count:
            self._merge(other.count, other.mean, other._scatter)

    def _merge(self, count: int, mean: FloatArray, scatter: FloatArray) -> None:
        total = self.count + count
        shift = mean - self.mean
        self._scatter += scatter
        self._scatter += np.outer(shift, shift) * (self.count * count / total)
        self.mean = self.mean + shift * (count / total)
        self.count = total

    @property
    def covariance(self) -> FloatArray:
        """The unbiased covariance [dimensions, dimensions]. Raises ScoringError below 2 rows."""
        if self.count < 2:
            raise ScoringError(
                f"A covariance needs at least two rows of features; there is {self.count}.",
                "Score a set of more sounds.",
            )
        return np.asarray(self._scatter / (self.count - 1))
