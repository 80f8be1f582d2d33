"""A map of both sets: the plane in which their features vary most (principal components).

Why this and not a neighbour embedding such as t-SNE: the question is how the two sets lie to each
other, and only a linear map answers it. A distance on it is never larger than the distance between
the features, so sounds that lie apart on the map were heard as different, and a gap between the
sets is a gap. A neighbour embedding keeps neighbours better, but sets its own distances, gaps and
densities, comes out otherwise with another seed, and would have to be installed.

What the map cannot be trusted for: sounds that lie together may differ in all that it leaves out,
of which `explained` tells the amount; two maps have axes of their own, and cannot be laid over
each other; and FD, which is made of all dimensions, cannot be read from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import scipy.linalg

from soundstudio.evaluation.statistics import BLOCK_ROWS, ScoringError, blocks_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from soundstudio.evaluation.listening import HeardClip

    FloatArray = npt.NDArray[np.float64]

METHOD: Final = "principal components"
_DISTINCT: Final = 1e-9
"""Share of the spread along an axis below which the sets' means do not decide on its sign."""


@dataclass(frozen=True, slots=True, eq=False)
class SoundMap:
    """Where each clip lies: points [clips, 2] beside its name, for both sets.

    explained: the share of the variance that the two axes show, 0 to 1.
    """

    generated: tuple[str, ...]
    generated_points: FloatArray
    reference: tuple[str, ...]
    reference_points: FloatArray
    explained: float

    def as_json(self) -> dict[str, Any]:
        """The entry `map` of a report."""
        return {
            "method": METHOD,
            "explained": self.explained,
            "generated": _points_json(self.generated, self.generated_points),
            "reference": _points_json(self.reference, self.reference_points),
        }


def map_of(generated: Sequence[HeardClip], reference: Sequence[HeardClip]) -> SoundMap:
    """The map of clips that were heard; `reference` may be empty. Raises ScoringError."""
    names_1, features_1 = _named(generated)
    names_2, features_2 = _named(reference)
    if not names_2:
        features_2 = np.empty((0, features_1.shape[1]))
    points_1, points_2, explained = project(features_1, features_2)
    return SoundMap(names_1, points_1, names_2, points_2, explained)


def project(
    generated: npt.ArrayLike, reference: npt.ArrayLike
) -> tuple[FloatArray, FloatArray, float]:
    """Features [n, d] and [m, d] → points [n, 2] and [m, 2], and the share of variance they show.

    Each set weighs one half, however many clips it has, as in FD: otherwise twenty generations
    would vanish in the axes of a thousand references. One of the sets may be empty. A sign has no
    meaning; it is chosen so that the generated set lies to the right of the reference and above.
    Computed in float64, block by block: beside the features there are only matrices [d, d].

    Raises ScoringError for no clips at all and for values that are not finite.
    """
    sets = [np.asarray(features) for features in (generated, reference)]
    if any(rows.ndim != 2 for rows in sets) or sets[0].shape[1] != sets[1].shape[1]:
        shapes = " and ".join(str(rows.shape) for rows in sets)
        raise ValueError(f"features must be [clips, dimensions] of equal dimensions, not {shapes}")
    if not any(len(rows) for rows in sets):
        raise ScoringError("There are no sounds to draw a map of.")
    means = [_mean(rows) for rows in sets]
    present = [mean for mean in means if mean is not None]
    centre = np.mean(present, axis=0)
    axes, spreads, total = _axes(sets, centre)
    if total <= _noise(sets, centre):
        return np.zeros((len(sets[0]), 2)), np.zeros((len(sets[1]), 2)), 1.0
    axes = _oriented(axes, spreads, means)
    points = [_points(rows, centre, axes) for rows in sets]
    return points[0], points[1], min(1.0, float(spreads.sum() / total))


def _axes(sets: list[npt.NDArray[Any]], centre: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """The axes [d, 1 or 2], the variance along each, larger first, and that in all dimensions."""
    dimensions = len(centre)
    scatter = np.zeros((dimensions, dimensions))
    share = 1.0 / sum(1 for rows in sets if len(rows))
    for rows in sets:
        for block in blocks_of(rows):
            centred = block - centre
            scatter += centred.T @ centred * (share / len(rows))
    last = dimensions - 1
    values, vectors = scipy.linalg.eigh(scatter, subset_by_index=(max(0, last - 1), last))
    return vectors[:, ::-1], np.maximum(values[::-1], 0.0), float(np.trace(scatter))


def _noise(sets: list[npt.NDArray[Any]], centre: FloatArray) -> float:
    """What rounding alone leaves as variance of clips that are all equal."""
    loudest = max(float(np.abs(rows).max()) for rows in sets if len(rows))
    return float(len(centre) * np.square(BLOCK_ROWS * np.finfo(np.float64).eps * loudest))


def _oriented(axes: FloatArray, spreads: FloatArray, means: list[FloatArray | None]) -> FloatArray:
    """The axes with their signs: by the sets' means, or by the largest part where those agree."""
    signs = np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    if means[0] is not None and means[1] is not None:
        shifts = (means[0] - means[1]) @ axes
        decided = np.abs(shifts) > _DISTINCT * np.sqrt(spreads.max())
        signs = np.where(decided, np.sign(shifts), signs)
    return np.asarray(axes * signs)


def _points(rows: npt.NDArray[Any], centre: FloatArray, axes: FloatArray) -> FloatArray:
    points = np.zeros((len(rows), 2))
    for start, block in zip(range(0, len(rows), BLOCK_ROWS), blocks_of(rows), strict=True):
        points[start : start + len(block), : axes.shape[1]] = (block - centre) @ axes
    return points


def _mean(rows: npt.NDArray[Any]) -> FloatArray | None:
    """The mean of all rows [d], None of none. Raises ScoringError for what is not finite."""
    if not len(rows):
        return None
    mean = sum(block.sum(axis=0) for block in blocks_of(rows)) / len(rows)
    if not np.isfinite(mean).all():
        raise ScoringError(
            "Some features are not finite numbers.",
            "Remove the damaged sounds and score again.",
        )
    return np.asarray(mean, dtype=np.float64)


def _named(clips: Sequence[HeardClip]) -> tuple[tuple[str, ...], npt.NDArray[Any]]:
    heard = [(clip.name, clip.features.embedding) for clip in clips if clip.features is not None]
    names = tuple(name for name, _ in heard)
    return names, np.stack([row for _, row in heard]) if heard else np.empty((0, 0))


def _points_json(names: Sequence[str], points: FloatArray) -> list[dict[str, Any]]:
    return [
        {"name": name, "x": float(x), "y": float(y)}
        for name, (x, y) in zip(names, points, strict=True)
    ]
