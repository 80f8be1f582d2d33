"""What can be wrong with a sound before any network hears it: silence, clipping, its rate."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from soundstudio.audio.files import Sound

SILENT_BELOW: Final = 10.0 ** (-70.0 / 20.0)
"""A sound whose peak stays under -70 dB is silent: dither and noise floors lie there."""
CLIPPED_RUN: Final = 3
"""So many equal samples in a row at the sound's own peak are a flattened wave, not a peak."""
_CLIPPED_FROM: Final = 0.99
_CLIPPED_SHARE: Final = 1e-4


@dataclass(frozen=True, slots=True)
class ClipMeasurements:
    """Of the part that was heard; duration_s is the whole file's.

    clipped_share: the share of samples in flattened peaks.
    """

    duration_s: float
    heard_s: float
    sample_rate_hz: float
    channels: float
    peak: float
    clipped_share: float

    @classmethod
    def of(cls, sound: Sound, duration_s: float) -> ClipMeasurements:
        """Measure the heard part of a file that lasts `duration_s`."""
        magnitude = np.abs(sound.samples)
        peak = float(magnitude.max(initial=0.0))
        return cls(
            duration_s=duration_s,
            heard_s=sound.duration_s,
            sample_rate_hz=float(sound.sample_rate),
            channels=float(sound.channels),
            peak=peak,
            clipped_share=_flattened_share(magnitude, peak),
        )

    @property
    def is_silent(self) -> bool:
        return self.peak < SILENT_BELOW

    @property
    def is_clipped(self) -> bool:
        return self.clipped_share > _CLIPPED_SHARE

    @property
    def is_cut(self) -> bool:
        """True if only the beginning was heard."""
        return self.duration_s > self.heard_s + 1e-3

    def as_array(self) -> npt.NDArray[np.float64]:
        """The numbers in the order of the fields."""
        return np.array(astuple(self), dtype=np.float64)

    @classmethod
    def from_array(cls, values: npt.ArrayLike) -> ClipMeasurements:
        """The inverse of `as_array`. Raises ValueError."""
        numbers = np.asarray(values, dtype=np.float64)
        if numbers.shape != (len(fields(cls)),) or not np.isfinite(numbers).all():
            raise ValueError(f"these are no measurements: {numbers.shape}")
        return cls(*numbers.tolist())


def _flattened_share(magnitude: npt.NDArray[np.float32], peak: float) -> float:
    """The share of samples in runs of at least CLIPPED_RUN at full scale, over all channels."""
    if peak < _CLIPPED_FROM or magnitude.shape[1] < CLIPPED_RUN:
        return 0.0
    at_peak = magnitude >= peak * (1.0 - 1e-4)
    runs = at_peak[:, : 1 - CLIPPED_RUN or None].copy()
    for shift in range(1, CLIPPED_RUN):
        runs &= at_peak[:, shift : at_peak.shape[1] - CLIPPED_RUN + 1 + shift]
    return float(runs.sum() / magnitude.size)
