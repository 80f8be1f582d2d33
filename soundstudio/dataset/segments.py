"""Long clips as segments of the training length; short ones stay whole and are padded later."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LEVEL_STEP_S: Final = 0.5
LONGEST_SEGMENT_S: Final = 10.24
"""What AudioLDM was trained on."""
# AudioLDM's VAE and UNet halve 0.32 s evenly, a fourth level of either 0.64 s.
_SEGMENT_UNIT_S: Final = 0.64
# Of the sound: in clips that may be longer than the others' segments.
_LONG_SHARE: Final = 0.05
# A rest of less than that of a segment is not worth one that mostly repeats the one before.
_MIN_REST_SHARE: Final = 0.1


def suiting_segment_s(durations_s: Iterable[float]) -> float:
    """The shortest training length [s] that holds the clips whole, but for a few long ones.

    All examples are padded to one length: two clips of 7 s among hundreds of 5 s would have the
    model learn, for a third of its time, that 5 s of sound are followed by silence. Clips that are
    longer hold at most a twentieth of the sound, each counted up to AudioLDM's 10.24 s, which is
    the longest: so one-shots do not cut the ambiences beside them to pieces.
    """
    heard = sorted(min(duration_s, LONGEST_SEGMENT_S) for duration_s in durations_s)
    most = sum(heard) * _LONG_SHARE
    longer = 0.0
    while heard and longer + heard[-1] <= most:
        longer += heard.pop()
    if not heard:
        return LONGEST_SEGMENT_S
    # A thousandth of a unit: 10.24 s at 44.1 kHz are not a whole number of samples.
    units = math.ceil(heard[-1] / _SEGMENT_UNIT_S - 0.001)
    return round(max(1, units) * _SEGMENT_UNIT_S, 2)


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
