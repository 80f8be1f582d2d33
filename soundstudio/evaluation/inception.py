"""The Inception Score (Salimans et al. 2016) on a sound classifier's logits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import log_softmax, stdtrit

from soundstudio.evaluation.bootstrap import Interval
from soundstudio.evaluation.statistics import ScoringError, checked_features

if TYPE_CHECKING:
    import numpy.typing as npt

DEFAULT_SPLITS = 10
DEFAULT_SEED = 2020


@dataclass(frozen=True, slots=True)
class InceptionScore:
    """Mean and population standard deviation over the splits.

    interval: of the mean, by Student's t from the scatter of the splits, which are draws of their
    own; None below two splits. Parts of two clips are not compared with parts of three.
    """

    mean: float
    deviation: float
    splits: int
    interval: Interval | None


def inception_score(
    logits: npt.ArrayLike, *, splits: int = DEFAULT_SPLITS, seed: int | None = DEFAULT_SEED
) -> InceptionScore:
    """exp of the mean KL(p(y|x) ‖ p(y)), the mean over `splits` contiguous parts.

    logits [clips, classes] are the classifier's outputs before its sigmoid; the score uses their
    softmax. `seed` shuffles the clips first, with NumPy's legacy generator as the paper's
    evaluator does; None leaves their order. Fewer clips than splits raise ScoringError: the score
    depends on both, and a part without clips has none.
    """
    rows = checked_features(logits, "logits")
    count = len(rows)
    if count < splits:
        raise ScoringError(
            f"An inception score over {splits} splits needs at least {splits} clips; "
            f"there {'is' if count == 1 else 'are'} {count}.",
            "Score a set of more sounds.",
        )
    if seed is not None:
        rows = rows[np.random.RandomState(seed).permutation(count)]
    log_p = log_softmax(rows, axis=1)
    p = np.exp(log_p)
    scores, sizes = [], []
    for part in range(splits):
        cut = slice(part * count // splits, (part + 1) * count // splits)
        sizes.append(cut.stop - cut.start)
        # log of the mean over the part, floored where every clip's probability underflowed.
        log_marginal = np.log(np.maximum(p[cut].mean(axis=0), np.finfo(np.float64).tiny))
        divergence = (p[cut] * (log_p[cut] - log_marginal)).sum(axis=1)
        scores.append(np.exp(divergence.mean()))
    return InceptionScore(
        float(np.mean(scores)), float(np.std(scores)), splits, _interval(scores, sizes)
    )


def _interval(scores: list[float], sizes: list[int], level: float = 0.95) -> Interval | None:
    """Where the mean over the splits would lie with fresh sounds, no score being below 1."""
    groups = [
        np.array([s for s, n in zip(scores, sizes, strict=True) if n == size])
        for size in sorted(set(sizes))
    ]
    freedom = len(scores) - len(groups)
    if freedom < 1:
        return None
    squares = sum(float(np.square(group - group.mean()).sum()) for group in groups)
    error = np.sqrt(squares / freedom / len(scores))
    reach = float(stdtrit(freedom, 0.5 + level / 2.0) * error)
    mean = float(np.mean(scores))
    return Interval(max(1.0, mean - reach), mean + reach, level, draws=0)
