"""Long clips as segments of the training length; short ones stay whole and are padded later."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

LEVEL_STEP_S: Final = 0.5
# A rest of less than that of a segment is not worth one that mostly repeats the one before.
_MIN_REST_SHARE: Final = 0.1


def segments_of(duration_s: float, segment_s: float) -> list[tuple[float, float]]:
    """(start, duration) of each segment in seconds.

    Segments do not overlap, but for the last: it ends with the clip. A rest of less than a tenth
    of a segment is left out. `segment_s` 0 leaves the clip whole.
    """
    if segment_s == 0 or duration_s <= segment_s * (1 + _MIN_REST_SHARE):
        whole_s = duration_s if segment_s == 0 else min(duration_s, segment_s)
        return [(0.0, whole_s)]
    count = int(duration_s / segment_s)
    segments = [(number * segment_s, segment_s) for number in range(count)]
    if duration_s - count * segment_s >= segment_s * _MIN_REST_SHARE:
        segments.append((duration_s - segment_s, segment_s))
    return segments


def is_silent(
    start_s: float, duration_s: float, peaks: Sequence[float], silent_peak: float
) -> bool:
    """Whether a segment stays below a peak, given that of every `LEVEL_STEP_S` of the clip."""
    first = int(start_s / LEVEL_STEP_S)
    last = math.ceil((start_s + duration_s) / LEVEL_STEP_S)
    return max(peaks[first:last], default=0.0) <= silent_peak
