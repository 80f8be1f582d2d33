"""The arithmetic of the map: places to pixels, the point that is meant, dots in an image."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]

MARGIN = 0.06
MOST_ZOOM = 400.0


@dataclass(frozen=True, slots=True)
class MapView:
    """Which part of the plane is seen: its centre, and pixels per unit; both axes alike."""

    x: float
    y: float
    scale: float

    @classmethod
    def whole(cls, xy: FloatArray, width: int, height: int) -> MapView:
        """All points [points, 2] with a margin."""
        low, high = xy.min(axis=0), xy.max(axis=0)
        spans = np.maximum(high - low, 1e-9)
        room = (max(width, 1) * (1 - 2 * MARGIN), max(height, 1) * (1 - 2 * MARGIN))
        centre = (low + high) / 2
        scale = min(room[0] / spans[0], room[1] / spans[1])
        return cls(float(centre[0]), float(centre[1]), float(min(scale, 1e9)))

    def pixels(self, xy: FloatArray, width: int, height: int) -> FloatArray:
        """Pixels [points, 2] of places [points, 2]; up is up."""
        out = np.empty_like(xy)
        out[:, 0] = width / 2 + (xy[:, 0] - self.x) * self.scale
        out[:, 1] = height / 2 - (xy[:, 1] - self.y) * self.scale
        return out

    def zoomed(self, factor: float, at: tuple[float, float], size: tuple[int, int]) -> MapView:
        """Closer or farther; what lies at the pixel `at` stays there."""
        dx, dy = at[0] - size[0] / 2, size[1] / 2 - at[1]
        scale = self.scale * factor
        return MapView(
            self.x + dx / self.scale - dx / scale, self.y + dy / self.scale - dy / scale, scale
        )

    def moved(self, dx_px: float, dy_px: float) -> MapView:
        """Dragged by so many pixels."""
        return MapView(self.x - dx_px / self.scale, self.y + dy_px / self.scale, self.scale)


def nearest_point(pixels: FloatArray, at: tuple[float, float], within_px: float) -> int | None:
    """The point [points, 2] nearest to a pixel, if it is near enough."""
    if not len(pixels):
        return None
    distances = np.hypot(pixels[:, 0] - at[0], pixels[:, 1] - at[1])
    place = int(distances.argmin())
    return place if distances[place] <= within_px else None


def next_point(pixels: FloatArray, start: int, direction: tuple[int, int]) -> int | None:
    """The nearest point from `start` within 45 degrees of a direction (1, 0), (0, -1) …

    Points that lie where `start` lies are passed over.
    """
    offsets = pixels - pixels[start]
    along = offsets @ np.array(direction, dtype=np.float64)
    across = np.abs(offsets @ np.array((-direction[1], direction[0]), dtype=np.float64))
    candidates = np.flatnonzero((along > 1e-6) & (across <= along + 1e-9))
    if not len(candidates):
        return None
    distances = np.hypot(along[candidates], across[candidates])
    return int(candidates[distances.argmin()])


def stamp_of(radius_px: float, inner_px: float = 0.0) -> list[tuple[int, int, float]]:
    """Offsets and coverage of a disc, or of a ring, the faint ones first."""
    reach = math.ceil(radius_px)
    found = []
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            distance = math.hypot(dx, dy)
            cover = min(max(radius_px + 0.5 - distance, 0.0), 1.0)
            if inner_px:
                cover = min(cover, max(distance - inner_px + 0.5, 0.0))
            if cover > 0.02:
                found.append((dx, dy, cover))
    return sorted(found, key=lambda entry: entry[2])


@dataclass(frozen=True, slots=True, eq=False)
class Dots:
    """Points [points, 2] in pixels, drawn with one stamp in one colour."""

    pixels: FloatArray
    rgb: tuple[int, int, int]
    stamp: list[tuple[int, int, float]]


def image_of_dots(width: int, height: int, layers: list[Dots]) -> npt.NDArray[np.uint32]:
    """Layers of dots as premultiplied ARGB [height, width], the first one lowest.

    An offset of the stamp at a time over all points: 20,000 dots take milliseconds, one by one a
    second.
    """
    reach = max((abs(dx) for layer in layers for dx, _, _ in layer.stamp), default=0) + 1
    padded = np.zeros((height + 2 * reach, width + 2 * reach), dtype=np.uint32)
    flat, stride = padded.reshape(-1), padded.shape[1]
    for layer in layers:
        columns = np.rint(layer.pixels[:, 0]).astype(np.int64) + reach
        rows = np.rint(layer.pixels[:, 1]).astype(np.int64) + reach
        seen = (columns >= reach) & (columns < width + reach)
        seen &= (rows >= reach) & (rows < height + reach)
        places = np.unique(rows[seen] * stride + columns[seen])
        for dx, dy, cover in layer.stamp:
            alpha = round(cover * 255)
            red, green, blue = (channel * alpha // 255 for channel in layer.rgb)
            flat[places + (dy * stride + dx)] = alpha << 24 | red << 16 | green << 8 | blue
    return np.ascontiguousarray(padded[reach : reach + height, reach : reach + width])
