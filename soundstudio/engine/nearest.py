"""Which clip a sound is nearest to, by the direction of its features or of its embedding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]

_BLOCK: Final = 512


def nearest_of(
    embeddings: npt.NDArray[Any],
    references: npt.NDArray[Any],
    *,
    kin: npt.NDArray[Any] | None = None,
) -> tuple[npt.NDArray[np.intp], FloatArray]:
    """Index and cosine of the nearest reference [m, dimensions] for each embedding [n, dimensions].

    kin: of a set compared with itself, a mark for each row [n]; rows of one mark do not count as
    near to each other, nor does a row to itself. A row that has only kin gets the cosine -inf.
    Computed in float64 and in blocks, so that memory stays bounded.
    """
    nearest = np.zeros(len(embeddings), dtype=np.intp)
    similarity = np.full(len(embeddings), -np.inf)
    for first in range(0, len(references), _BLOCK):
        targets = _directions(references[first : first + _BLOCK])
        for start in range(0, len(embeddings), _BLOCK):
            part = slice(start, start + _BLOCK)
            cosines = _directions(embeddings[part]) @ targets.T
            if kin is not None:
                cosines[kin[part, None] == kin[None, first : first + _BLOCK]] = -np.inf
            best = cosines.max(axis=1)
            is_nearer = best > similarity[part]
            nearest[part][is_nearer] = first + cosines.argmax(axis=1)[is_nearer]
            similarity[part][is_nearer] = best[is_nearer]
    return nearest, similarity


def _directions(rows: npt.NDArray[Any]) -> FloatArray:
    rows = np.asarray(rows, dtype=np.float64)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-12), dtype=np.float64)
