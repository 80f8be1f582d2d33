"""The part of a sound that a viewer shows: times, pixels, ticks and note names. No Qt."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from soundstudio.audio.files import FloatArray

MIN_SPAN_S: Final = 0.002
_NOTE_NAMES: Final = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")
_STEPS: Final = (1.0, 2.0, 5.0, 10.0)
_FREQUENCY_TICKS_HZ: Final = (
    20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 3000.0, 4000.0, 5000.0, 6000.0, 8000.0,
    10000.0, 12000.0, 16000.0, 20000.0, 24000.0, 32000.0, 48000.0, 64000.0, 96000.0,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Viewport:
    """The visible span from `start_s` to `end_s` of a sound that lasts `duration_s`."""

    start_s: float
    end_s: float
    duration_s: float

    @classmethod
    def whole(cls, duration_s: float) -> Viewport:
        """All of a sound."""
        return cls(0.0, max(duration_s, MIN_SPAN_S), max(duration_s, MIN_SPAN_S))

    @property
    def span_s(self) -> float:
        return self.end_s - self.start_s

    @property
    def is_whole(self) -> bool:
        return self.span_s >= self.duration_s

    def zoomed(self, at_s: float, factor: float) -> Viewport:
        """Magnify by `factor` (over 1: closer) with `at_s` staying where it is."""
        span = min(max(self.span_s / factor, min(MIN_SPAN_S, self.duration_s)), self.duration_s)
        share = (at_s - self.start_s) / self.span_s
        return self._from(at_s - min(max(share, 0.0), 1.0) * span, span)

    def panned(self, by_s: float) -> Viewport:
        """Move along the sound, up to its ends."""
        return self._from(self.start_s + by_s, self.span_s)

    def fitted_to(self, start_s: float, end_s: float) -> Viewport:
        """Show a selection, the ends in either order."""
        low, high = min(start_s, end_s), max(start_s, end_s)
        span = min(max(high - low, min(MIN_SPAN_S, self.duration_s)), self.duration_s)
        return self._from((low + high - span) / 2 if high - low < span else low, span)

    def with_visible(self, time_s: float) -> Viewport:
        """Turn the page if `time_s` lies outside, so that it is near the left edge."""
        if self.start_s <= time_s <= self.end_s:
            return self
        return self._from(time_s - 0.05 * self.span_s, self.span_s)

    def pixel_of(self, time_s: float, width: float) -> float:
        """Horizontal position of a time in a view that is `width` pixels wide."""
        return (time_s - self.start_s) / self.span_s * width

    def time_at(self, pixel: float, width: float) -> float:
        """The time at a horizontal position, clamped to the sound."""
        time_s = self.start_s + pixel / max(width, 1e-9) * self.span_s
        return min(max(time_s, 0.0), self.duration_s)

    def ticks_s(self, width: float, min_distance: float = 80.0) -> tuple[float, ...]:
        """Round times at least `min_distance` pixels apart, inside the span."""
        step = nice_step(self.span_s * min_distance / max(width, 1.0))
        first = math.ceil(self.start_s / step - 1e-9)
        last = math.floor(self.end_s / step + 1e-9)
        return tuple(index * step for index in range(first, last + 1))

    def _from(self, start_s: float, span_s: float) -> Viewport:
        start = min(max(start_s, 0.0), max(self.duration_s - span_s, 0.0))
        return dataclasses.replace(self, start_s=start, end_s=start + span_s)


def nice_step(least: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is at least `least`."""
    if not math.isfinite(least) or least <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in _STEPS if step * power >= least * (1 - 1e-9))


def time_label(time_s: float, step_s: float = 0.001) -> str:
    """Minutes and seconds with as many decimals as ticks `step_s` apart need."""
    decimals = 0 if step_s >= 1 else min(math.ceil(-math.log10(step_s) - 1e-9), 4)
    minutes, seconds = divmod(round(time_s, decimals), 60)
    if minutes:
        return f"{int(minutes)}:{seconds:0{3 + decimals if decimals else 2}.{decimals}f}"
    return f"{seconds:.{decimals}f}"


def frequency_label(frequency_hz: float) -> str:
    """Hz or kHz without needless decimals: 440, 1k, 2.5k."""
    if frequency_hz < 1000:
        return f"{frequency_hz:.0f}"
    return f"{frequency_hz / 1000:.1f}".removesuffix(".0") + "k"


def frequency_ticks_hz(low_hz: float, high_hz: float) -> tuple[float, ...]:
    """Round frequencies between the two, for any of the axes."""
    return tuple(tick for tick in _FREQUENCY_TICKS_HZ if low_hz <= tick <= high_hz)


def note_name(frequency_hz: float) -> str:
    """The nearest equal-tempered note and its distance: "A4", "A4 +12 cents"; "" under 16 Hz."""
    if frequency_hz < 16.0 or not math.isfinite(frequency_hz):
        return ""
    exact = 69.0 + 12.0 * math.log2(frequency_hz / 440.0)
    nearest = round(exact)
    cents = round((exact - nearest) * 100)
    name = f"{_NOTE_NAMES[nearest % 12]}{nearest // 12 - 1}"
    return name if cents == 0 else f"{name} {cents:+d} cents"


def snap_to_zero_crossing(
    mono: FloatArray, sample_rate: int, time_s: float, reach_s: float = 0.005
) -> float:
    """The zero crossing nearest to `time_s` within `reach_s`, or `time_s` itself."""
    centre, reach = round(time_s * sample_rate), max(round(reach_s * sample_rate), 1)
    low, high = max(centre - reach, 0), min(centre + reach + 1, len(mono))
    piece = mono[low:high]
    crossings = np.flatnonzero(np.signbit(piece[1:]) != np.signbit(piece[:-1])) + low + 1
    if crossings.size == 0:
        return time_s
    nearest = int(crossings[np.argmin(np.abs(crossings - centre))])
    return nearest / sample_rate
