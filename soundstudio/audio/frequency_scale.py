"""Frequency axes: Hz to a height between 0 (bottom) and 1 (top), and back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from soundstudio.audio.mel import hz_to_mel, mel_to_hz

ScaleName = Literal["mel", "linear", "log"]
LOG_LOW_HZ: Final = 20.0


@dataclass(frozen=True, slots=True)
class FrequencyScale:
    """One axis from its lowest frequency (0 Hz; 20 Hz on the log axis) to `high_hz`."""

    name: ScaleName
    high_hz: float

    @property
    def low_hz(self) -> float:
        return min(LOG_LOW_HZ, self.high_hz / 2) if self.name == "log" else 0.0

    def height_of(self, frequency_hz: float) -> float:
        """Height of a frequency; under 0 or over 1 outside the axis."""
        if self.name == "linear":
            return frequency_hz / self.high_hz
        if self.name == "log":
            low = self.low_hz
            return math.log(max(frequency_hz, 1e-3) / low) / math.log(self.high_hz / low)
        return float(hz_to_mel(frequency_hz, "htk")) / float(hz_to_mel(self.high_hz, "htk"))

    def frequency_at(self, height: float) -> float:
        """The frequency in Hz at a height."""
        return float(self.frequencies_at(np.array([height]))[0])

    def frequencies_at(self, heights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Frequencies in Hz at many heights, same shape."""
        if self.name == "linear":
            return np.asarray(heights * self.high_hz)
        if self.name == "log":
            return np.asarray(self.low_hz * (self.high_hz / self.low_hz) ** heights)
        return mel_to_hz(heights * float(hz_to_mel(self.high_hz, "htk")), "htk")
