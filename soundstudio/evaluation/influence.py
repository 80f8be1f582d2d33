"""How much each clip weighs in a score: influence functions (Hampel 1974).

The influence of a clip is the derivative of the score towards a set made of that clip alone; their
mean is zero. They give two things at the cost of one score: an interval that is centred on the
score (a bootstrap of a Fréchet distance is not: repeated clips narrow the covariance, and at 512
dimensions and 400 clips lift it by two fifths), and what a score would be without a clip.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import log_softmax

from soundstudio.evaluation.inception import DEFAULT_SEED, DEFAULT_SPLITS
from soundstudio.evaluation.statistics import (
    GaussianStatistics,
    blocks_of,
    checked_features,
    checked_rows,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]


def frechet_influences(
    first: npt.ArrayLike, second: npt.ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Influences on the Fréchet distance of the rows of both sets [clips, dimensions].

    The trace of the root R depends on a row's weight w as ½ x'Gx, where G is the optimal map
    between the two Gaussians; with fewer clips than dimensions the same comes from the singular
    vectors of the small matrix X1 X2'.
    """
    rows_1, rows_2 = checked_rows(first), checked_rows(second)
    if len(rows_1) + len(rows_2) <= 2 * rows_1.shape[1]:
        root_1, root_2 = _shares_of_few(rows_1, rows_2)
    else:
        root_1, root_2 = _root_shares(rows_1, rows_2), _root_shares(rows_2, rows_1)
    shift = _mean(rows_1) - _mean(rows_2)
    of_first = _shares_of_place(rows_1, shift) - root_1
    of_second = _shares_of_place(rows_2, -shift) - root_2
    return of_first - of_first.mean(), of_second - of_second.mean()


def _mean(rows: npt.NDArray[Any]) -> FloatArray:
    return np.asarray(sum(block.sum(axis=0) for block in blocks_of(rows)) / len(rows))


def _shares_of_place(rows: npt.NDArray[Any], shift: FloatArray) -> FloatArray:
    """Of each row in |m1 - m2|² and in its own set's trace; with ddof 1 it weighs n / (n - 1)."""
    mean, weight = _mean(rows), len(rows) / (len(rows) - 1)
    return np.concatenate(
        [
            2.0 * (block - mean) @ shift + np.square(block - mean).sum(axis=1) * weight
            for block in blocks_of(rows)
        ]
    )


def _shares_of_few(
    first: npt.NDArray[Any], second: npt.NDArray[Any]
) -> tuple[FloatArray, FloatArray]:
    """As `_root_shares` of both sets, from the small matrix X1 X2'."""
    centred_1, centred_2 = first - _mean(first), second - _mean(second)
    scale = np.sqrt((len(first) - 1) * (len(second) - 1))
    left, values, right = np.linalg.svd(centred_1 @ centred_2.T / scale, full_matrices=False)
    return np.square(left) @ values * len(first), np.square(right.T) @ values * len(second)


def _root_shares(rows: npt.NDArray[Any], other: npt.NDArray[Any]) -> FloatArray:
    """x'Gx n / (n - 1) of each row, G = C^-½ (C^½ D C^½)^½ C^-½ on the space that C spans."""
    statistics = GaussianStatistics.of(rows)
    values, vectors = np.linalg.eigh(statistics.covariance)
    kept = values > values[-1] * len(values) * np.finfo(np.float64).eps
    if not kept.any():
        return np.zeros(len(rows))
    half = vectors[:, kept] * np.sqrt(values[kept])
    inner = half.T @ GaussianStatistics.of(other).covariance @ half
    squares, axes = np.linalg.eigh(inner)
    whitening = (vectors[:, kept] / np.sqrt(values[kept])) @ axes
    roots = np.sqrt(np.maximum(squares, 0.0)) * len(rows) / (len(rows) - 1)
    return np.concatenate(
        [np.square((block - statistics.mean) @ whitening) @ roots for block in blocks_of(rows)]
    )


def inception_influences(
    logits: npt.ArrayLike, *, splits: int = DEFAULT_SPLITS, seed: int | None = DEFAULT_SEED
) -> FloatArray:
    """Influences on the Inception Score [clips], with the splits that the score itself has.

    Each part's score is exp(mean k), k the divergence of a clip's classes from the part's mean.
    """
    rows = checked_features(logits, "logits")
    count = len(rows)
    order = np.arange(count) if seed is None else np.random.RandomState(seed).permutation(count)
    influences = np.zeros(count)
    for part in range(splits):
        members = order[part * count // splits : (part + 1) * count // splits]
        log_p = log_softmax(rows[members], axis=1)
        p = np.exp(log_p)
        log_marginal = np.log(np.maximum(p.mean(axis=0), np.finfo(np.float64).tiny))
        divergences = (p * (log_p - log_marginal)).sum(axis=1)
        mean = divergences.mean()
        # A part is 1 / splits of the score and about as much of the clips.
        share = count / (splits * len(members))
        influences[members] = np.exp(mean) * (divergences - mean) * share
    return influences


def change_without(influences: FloatArray) -> FloatArray:
    """The change of the score if a clip were left out [clips], to first order."""
    return np.asarray(-influences / max(1, len(influences) - 1))
