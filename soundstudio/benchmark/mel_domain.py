"""The mel spectrograms that Figure 1 corrupts, and the way back to sound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from soundstudio.audio.griffin_lim import invert_mel
from soundstudio.audio.mel import AUDIOLDM_MEL, MelSpec, log_mel

if TYPE_CHECKING:
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float32]

MelDomainName = Literal["scaled", "audioldm"]

_DB_PER_NEPER: Final = 20.0 / float(np.log(10.0))
# The scaled mel's 0 lies at -80 dB, its 1 at +20 dB.
_SCALED_ZERO_DB: Final = -80.0
_SCALED_RANGE_DB: Final = 100.0


@dataclass(frozen=True, slots=True)
class MelDomain:
    """A mel spectrogram [frames, bands] with a lowest value, which is silence.

    `scaled`: 22.05 kHz, hop 256, 80 bands, decibels mapped to 0 … 1. Ten seconds are 861 frames
    and zero is silence, which the paper's example ("a length of 86 into zero for a 860 long
    mel-spectrogram") asks for. `audioldm`: AudioLDM's own natural-log mel, where zero is loud.
    """

    name: MelDomainName
    spec: MelSpec

    @property
    def lowest(self) -> float:
        """The value of silence."""
        return 0.0 if self.name == "scaled" else self.spec.silence

    @property
    def highest(self) -> float:
        """Where the scale ends; infinity where it does not."""
        return 1.0 if self.name == "scaled" else float("inf")

    @property
    def frames_per_second(self) -> float:
        return self.spec.sample_rate_hz / self.spec.hop_samples

    def of(self, waveform: FloatArray) -> FloatArray:
        """The mel [frames, bands] of samples at the domain's rate, at least one FFT long."""
        mel = log_mel(waveform, self.spec)
        if self.name == "audioldm":
            return mel
        scaled = (mel * _DB_PER_NEPER - _SCALED_ZERO_DB) / _SCALED_RANGE_DB
        return np.asarray(np.clip(scaled, 0.0, 1.0), dtype=np.float32)

    def log_mel_of(self, mel: FloatArray) -> FloatArray:
        """Natural-log magnitudes of a mel in this domain; silence stays silence."""
        if self.name == "audioldm":
            return mel
        neper = (mel * _SCALED_RANGE_DB + _SCALED_ZERO_DB) / _DB_PER_NEPER
        return np.asarray(np.where(mel > 0.0, neper, self.spec.silence), dtype=np.float32)

    def of_log_mel(self, log_magnitude: FloatArray) -> FloatArray:
        """The inverse of `log_mel_of`, clipped to the scale."""
        if self.name == "audioldm":
            return np.asarray(np.maximum(log_magnitude, self.spec.silence), dtype=np.float32)
        scaled = (log_magnitude * _DB_PER_NEPER - _SCALED_ZERO_DB) / _SCALED_RANGE_DB
        return np.asarray(np.clip(scaled, 0.0, 1.0), dtype=np.float32)

    def sound_of(self, mel: FloatArray, iterations: int) -> FloatArray:
        """A waveform [frames * hop] by the fast Griffin-Lim algorithm, the same every time."""
        return invert_mel(self.log_mel_of(mel), iterations=iterations, spec=self.spec)


_SCALED_MEL: Final = MelSpec(
    sample_rate_hz=22_050,
    fft_samples=1024,
    hop_samples=256,
    band_count=80,
    low_hz=125.0,
    high_hz=7_600.0,
)
MEL_DOMAINS: Final[dict[MelDomainName, MelDomain]] = {
    "scaled": MelDomain("scaled", _SCALED_MEL),
    "audioldm": MelDomain("audioldm", AUDIOLDM_MEL),
}
