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
    similarity = np.zeros(len(embeddings))
    rows, targets = _directions(embeddings), _directions(references)
    for start in range(0, len(rows), _BLOCK):
        cosines = rows[start : start + _BLOCK] @ targets.T
        if kin is not None:
            cosines[kin[start : start + _BLOCK, None] == kin[None, :]] = -np.inf
        nearest[start : start + _BLOCK] = cosines.argmax(axis=1)
        similarity[start : start + _BLOCK] = cosines.max(axis=1)
    return nearest, similarity


def _directions(rows: npt.NDArray[Any]) -> FloatArray:
    rows = np.asarray(rows, dtype=np.float64)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-12), dtype=np.float64)
