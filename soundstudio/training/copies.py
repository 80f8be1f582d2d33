"""Whether a generated sound is one of the training clips again: the nearest by CLAP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from soundstudio.engine.nearest import nearest_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from soundstudio.dataset.clips import DatasetClip

    FloatArray = npt.NDArray[np.float32]

_CLOSE: Final = 0.9
"""Below this cosine nothing is called a copy, however unlike the training clips are."""
_QUANTILE: Final = 0.99
_COMPARED: Final = 2000
"""So many clips are enough to know how alike different recordings get."""


@dataclass(frozen=True, slots=True)
class Nearest:
    """The training clip that a sound is most like. similarity: cosine of unit embeddings."""

    clip: DatasetClip
    similarity: float
    is_copy: bool


class TrainingSounds:
    """The CLAP embeddings [clips, embedding] of all training clips.

    A sound is called a copy if it is nearer to one of them than 99 % of them are to any clip of
    another recording. With a single recording there is no such measure, and nothing is.
    """

    def __init__(self, clips: Sequence[DatasetClip], embeddings: FloatArray) -> None:
        self._clips = clips
        self._embeddings = embeddings
        self.threshold = _copy_threshold(clips, embeddings)

    def nearest(self, embedding: FloatArray) -> Nearest:
        """The nearest clip to a sound's unit embedding [embedding]."""
        (number,), (similarity,) = nearest_of(embedding[None], self._embeddings)
        is_copy = self.threshold is not None and bool(similarity > self.threshold)
        return Nearest(self._clips[number], float(similarity), is_copy)


def _copy_threshold(clips: Sequence[DatasetClip], embeddings: FloatArray) -> float | None:
    chosen = np.linspace(0, len(clips) - 1, min(len(clips), _COMPARED)).round().astype(int)
    recordings = np.array([clips[number].recording for number in chosen])
    if len(set(recordings.tolist())) < 2:
        return None
    part = embeddings[chosen]
    _, similarities = nearest_of(part, part, kin=recordings)
    return max(_CLOSE, float(np.quantile(similarities, _QUANTILE)))
