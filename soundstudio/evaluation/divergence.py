"""KL divergence from target to generated clip, over pairs, on a sound classifier's logits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import expit, log_softmax

from soundstudio.evaluation.statistics import checked_features

if TYPE_CHECKING:
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]

Kind = Literal["softmax", "sigmoid"]

# Added to the generated probabilities, which are not renormalised: identical pairs give slightly
# less than zero (-0.0005 at 527 classes).
EPSILON = 1e-6


def kl_per_pair(
    target_logits: npt.ArrayLike, generated_logits: npt.ArrayLike, kind: Kind = "softmax"
) -> FloatArray:
    """KL(target ‖ generated) of each pair [pairs], in nats; row i of both belongs together.

    logits [pairs, classes]. `softmax` is the usual one; `sigmoid` treats each class by itself and
    is no proper divergence, because it leaves out the absence of a class.
    """
    targets = checked_features(target_logits, "target logits")
    generated = checked_features(generated_logits, "generated logits")
    if targets.shape != generated.shape:
        raise ValueError(f"pairs of different shape: {targets.shape} and {generated.shape}")
    if kind == "softmax":
        log_p = log_softmax(targets, axis=1)
        q = np.exp(log_softmax(generated, axis=1))
    else:
        # log sigmoid(x) = -log(1 + e^-x), exact for large |x|.
        log_p = -np.logaddexp(0.0, -targets)
        q = expit(generated)
    p = np.exp(log_p)
    terms = np.where(p > 0, p * (log_p - np.log(q + EPSILON)), 0.0)
    return np.asarray(terms.sum(axis=1))


def kl_divergence(
    target_logits: npt.ArrayLike, generated_logits: npt.ArrayLike, kind: Kind = "softmax"
) -> float:
    """The mean of `kl_per_pair`."""
    return float(kl_per_pair(target_logits, generated_logits, kind).mean())
