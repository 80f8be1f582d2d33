"""Which real clip a sound is nearest to, by the direction of its features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]

_BLOCK: Final = 512


def nearest_of(
    embeddings: FloatArray, references: FloatArray, *, without_own: bool = False
) -> tuple[npt.NDArray[np.intp], FloatArray]:
    """Index and cosine of the nearest reference [m, dimensions] for each embedding [n, dimensions].

    without_own: the reference at a row's own place does not count (a set against itself). Works
    in blocks, so that memory stays bounded.
    """
    nearest = np.zeros(len(embeddings), dtype=np.intp)
    similarity = np.zeros(len(embeddings))
    rows, targets = _directions(embeddings), _directions(references)
    for start in range(0, len(rows), _BLOCK):
        cosines = rows[start : start + _BLOCK] @ targets.T
        if without_own:
            places = np.arange(len(cosines))
            cosines[places, start + places] = -np.inf
        nearest[start : start + _BLOCK] = cosines.argmax(axis=1)
        similarity[start : start + _BLOCK] = cosines.max(axis=1)
    return nearest, similarity


def _directions(rows: FloatArray) -> FloatArray:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-12), dtype=np.float64)
