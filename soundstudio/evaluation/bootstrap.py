"""How sure a number is: bootstrap intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval at `level`: percentiles of `draws` resamples, 0 if it came another way."""

    low: float
    high: float
    level: float
    draws: int


def bootstrap_interval(
    score: Callable[[Indices], float],
    count: int,
    *,
    draws: int = 200,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """The percentile interval (Efron 1979) of `score` over resampled clips.

    `score` takes indices of clips, drawn with replacement from 0 … count - 1. A Fréchet distance
    of a resample is biased upwards (repeated clips narrow the covariance), so its interval may lie
    above the plain value: callers show both.
    """
    if count < 2:
        raise ValueError(f"an interval needs at least two clips, not {count}")
    random = np.random.default_rng(seed)
    values = [score(random.integers(0, count, count)) for _ in range(draws)]
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(values, [tail, 1.0 - tail])
    return Interval(float(low), float(high), level, draws)


def influence_interval(
    value: float,
    influences: Sequence[npt.NDArray[np.float64]],
    *,
    draws: int = 200,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """The percentile interval of a score whose resamples are taken to first order.

    influences: of the clips of each set that is drawn anew (`soundstudio.evaluation.influence`);
    each resample moves the score by the mean of the influences it drew. Such an interval holds
    `value`, and its width agrees with the scatter of the score over fresh sets also where there
    are fewer clips than dimensions.
    """
    if not influences or any(len(weights) < 2 for weights in influences):
        raise ValueError("an interval needs at least two clips in each set")
    random = np.random.default_rng(seed)
    values = np.full(draws, value)
    for weights in influences:
        for draw in range(draws):
            values[draw] += weights[random.integers(0, len(weights), len(weights))].mean()
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(values, [tail, 1.0 - tail])
    return Interval(float(low), float(high), level, draws)
