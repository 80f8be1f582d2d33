"""How large a distance is when nothing but chance tells two sets of paired sounds apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from soundstudio.evaluation.frechet import frechet_distance_of_features
from soundstudio.evaluation.inception import inception_score
from soundstudio.evaluation.statistics import ScoringError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from soundstudio.benchmark.score_facts import MetricName
    from soundstudio.evaluation.backbones import ClipFeatures

    FloatArray = npt.NDArray[np.float64]
    Statistic = Callable[[Sequence[ClipFeatures], Sequence[ClipFeatures]], float]


@dataclass(frozen=True, slots=True)
class Floor:
    """The median and the 95 % quantile of a change under random swaps of before and after."""

    median: float
    high: float
    draws: int


def swap_floors(
    before: Sequence[ClipFeatures], after: Sequence[ClipFeatures], *, draws: int, seed: int
) -> dict[MetricName, Floor]:
    """By metric: what a permutation test of paired sets finds (KL, a mean over pairs, has none).

    A coin decides for each clip which set its two sounds go to. A corruption that does not shift
    the distribution of sounds, such as one random order for another, changes the metric by no more
    than this, however different the single sounds are: a Fréchet distance of finite sets that are
    not the same sounds is never zero.
    """
    random = np.random.default_rng([seed, draws])
    coins = random.random((draws, len(before))) < 0.5
    floors: dict[MetricName, Floor] = {}
    for metric, statistic in _STATISTICS.items():
        try:
            values = [_swapped(before, after, coin, statistic) for coin in coins]
        except ScoringError:
            continue
        floors[metric] = Floor(float(np.median(values)), float(np.quantile(values, 0.95)), draws)
    return floors


def _swapped(
    before: Sequence[ClipFeatures],
    after: Sequence[ClipFeatures],
    coin: npt.NDArray[np.bool_],
    statistic: Statistic,
) -> float:
    pairs = [
        (two, one) if is_swapped else (one, two)
        for one, two, is_swapped in zip(before, after, coin, strict=True)
    ]
    return statistic([one for one, _ in pairs], [two for _, two in pairs])


def _fd(first: Sequence[ClipFeatures], second: Sequence[ClipFeatures]) -> float:
    return frechet_distance_of_features(
        np.stack([clip.embedding for clip in first]), np.stack([clip.embedding for clip in second])
    )


def _fad(first: Sequence[ClipFeatures], second: Sequence[ClipFeatures]) -> float:
    if any(len(clip.frames) == 0 for clip in first):
        raise ScoringError("There are no frames.")
    return frechet_distance_of_features(
        np.concatenate([clip.frames for clip in first]),
        np.concatenate([clip.frames for clip in second]),
    )


def _loss_of_inception(first: Sequence[ClipFeatures], second: Sequence[ClipFeatures]) -> float:
    scores = [inception_score(np.stack([clip.logits for clip in s])).mean for s in (first, second)]
    return scores[0] - scores[1]


_STATISTICS: dict[MetricName, Statistic] = {"fd": _fd, "is": _loss_of_inception, "fad": _fad}
