"""Whether a run has begun to learn its clips by heart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_PATIENCE: Final = 2
_RISE: Final = 1.01


@dataclass(frozen=True, slots=True)
class LossPair:
    """Fixed-noise losses after `step`, on validation clips and on as many training clips."""

    step: int
    validation: float
    training: float


def overfitting_note(losses: Sequence[LossPair]) -> str:
    """A sentence if the run overfits now, otherwise nothing.

    It does when the validation loss has been more than 1 % above its lowest value for the last two
    validations or more, while the loss on training clips went on falling.
    """
    if len(losses) <= _PATIENCE:
        return ""
    lowest = min(losses, key=lambda pair: pair.validation)
    since = [pair for pair in losses if pair.step > lowest.step]
    latest = since[-_PATIENCE:]
    if len(latest) < _PATIENCE:
        return ""
    rises = all(pair.validation > lowest.validation * _RISE for pair in latest)
    if not rises or latest[-1].training >= lowest.training:
        return ""
    return (
        f"The run overfits: on sounds it was not trained on it was best at step {lowest.step:,} "
        f"(loss {lowest.validation:.4g}, now {latest[-1].validation:.4g}), while it still improves "
        "on those it was."
    )
