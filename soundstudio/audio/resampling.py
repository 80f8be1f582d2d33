"""Sample-rate conversion with soxr's VHQ filter."""

from __future__ import annotations

import numpy as np
import soxr

from soundstudio.audio.files import Sound


def resample(sound: Sound, rate: int) -> Sound:
    """The sound at `rate` Hz; the very same object if it already is.

    Loud sounds overshoot by up to half a per cent: measure peaks after converting, not before.
    """
    if rate == sound.sample_rate:
        return sound
    if sound.length == 0:
        return Sound(sound.samples, rate)
    frames = soxr.resample(
        np.ascontiguousarray(sound.samples.T), sound.sample_rate, rate, quality="VHQ"
    )
    return Sound(np.ascontiguousarray(frames.T, dtype=np.float32), rate)
