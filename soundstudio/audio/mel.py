"""Mel filter banks and AudioLDM's log-mel front end, in NumPy alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
MelScale = Literal["slaney", "htk"]
MelNorm = Literal["slaney", "unit_sum", "none"]

# Slaney's Auditory Toolbox: linear below 1 kHz, logarithmic above.
_SLANEY_HZ_PER_MEL: Final = 200.0 / 3.0
_SLANEY_BREAK_HZ: Final = 1000.0
_SLANEY_BREAK_MEL: Final = _SLANEY_BREAK_HZ / _SLANEY_HZ_PER_MEL
_SLANEY_LOG_STEP: Final = float(np.log(6.4) / 27.0)
_PEAK_GUARD: Final = 1e-8


@dataclass(frozen=True, slots=True)
class MelSpec:
    """The numbers of a log-mel front end; the defaults are AudioLDM's."""

    sample_rate_hz: int = 16_000
    fft_samples: int = 1024
    hop_samples: int = 160
    band_count: int = 64
    low_hz: float = 0.0
    high_hz: float = 8_000.0
    floor: float = 1e-5

    @property
    def pad_samples(self) -> int:
        """Reflect padding on each side, so that n samples give n / hop frames."""
        return (self.fft_samples - self.hop_samples) // 2

    @property
    def silence(self) -> float:
        """The value of a silent cell: ln(1e-5) = -11.513, not zero."""
        return float(np.log(self.floor))


AUDIOLDM_MEL: Final = MelSpec()


def hz_to_mel(frequency_hz: npt.ArrayLike, scale: MelScale = "slaney") -> npt.NDArray[np.float64]:
    """Convert Hz to mel on Slaney's or HTK's scale."""
    hz = np.asarray(frequency_hz, dtype=np.float64)
    if scale == "htk":
        return np.asarray(2595.0 * np.log10(1.0 + hz / 700.0))
    log_part = np.log(np.maximum(hz, _SLANEY_BREAK_HZ) / _SLANEY_BREAK_HZ) / _SLANEY_LOG_STEP
    linear = hz / _SLANEY_HZ_PER_MEL
    return np.where(hz < _SLANEY_BREAK_HZ, linear, _SLANEY_BREAK_MEL + log_part)


def mel_to_hz(mel: npt.ArrayLike, scale: MelScale = "slaney") -> npt.NDArray[np.float64]:
    """Convert mel on Slaney's or HTK's scale to Hz."""
    mels = np.asarray(mel, dtype=np.float64)
    if scale == "htk":
        return np.asarray(700.0 * (10.0 ** (mels / 2595.0) - 1.0))
    log_part = np.exp(_SLANEY_LOG_STEP * (np.maximum(mels, _SLANEY_BREAK_MEL) - _SLANEY_BREAK_MEL))
    linear = mels * _SLANEY_HZ_PER_MEL
    return np.where(mels < _SLANEY_BREAK_MEL, linear, _SLANEY_BREAK_HZ * log_part)


def mel_filterbank(
    spec: MelSpec = AUDIOLDM_MEL,
    *,
    scale: MelScale = "slaney",
    norm: MelNorm = "slaney",
    triangles_in_mel: bool = False,
) -> FloatArray:
    """Triangular filters [bands, fft_samples // 2 + 1].

    The defaults equal librosa's (Slaney scale, each triangle of unit area over Hz).
    ``unit_sum`` makes each row sum to one and ``triangles_in_mel`` draws the slopes over mel
    instead of Hz: together with HTK's scale these are Essentia's MelBands, which aisfx expects.
    """
    bin_hz = np.fft.rfftfreq(spec.fft_samples, 1.0 / spec.sample_rate_hz)
    low_mel, high_mel = hz_to_mel([spec.low_hz, spec.high_hz], scale)
    edge_mel = np.linspace(low_mel, high_mel, spec.band_count + 2)
    edge_hz = mel_to_hz(edge_mel, scale)
    axis, edge = (hz_to_mel(bin_hz, scale), edge_mel) if triangles_in_mel else (bin_hz, edge_hz)
    rising = (axis[None, :] - edge[:-2, None]) / (edge[1:-1] - edge[:-2])[:, None]
    falling = (edge[2:, None] - axis[None, :]) / (edge[2:] - edge[1:-1])[:, None]
    bank = np.maximum(0.0, np.minimum(rising, falling))
    if norm == "slaney":
        bank *= (2.0 / (edge_hz[2:] - edge_hz[:-2]))[:, None]
    elif norm == "unit_sum":
        bank /= np.maximum(bank.sum(axis=1, keepdims=True), np.finfo(np.float64).tiny)
    return np.asarray(bank, dtype=np.float32)


@lru_cache(maxsize=4)
def _cached_filterbank(spec: MelSpec) -> FloatArray:
    return mel_filterbank(spec)


def hann_periodic(length_samples: int) -> FloatArray:
    """The periodic Hann window that STFTs use (scipy's ``hann(n, sym=False)``)."""
    phase = 2.0 * np.pi * np.arange(length_samples) / length_samples
    return np.asarray(0.5 - 0.5 * np.cos(phase), dtype=np.float32)


def frame_signal(waveform: FloatArray, frame_samples: int, hop_samples: int) -> FloatArray:
    """Cut a 1-D signal into overlapping frames [frames, frame_samples], as a read-only view."""
    if waveform.ndim != 1 or len(waveform) < frame_samples:
        raise ValueError(
            f"expected a 1-D signal of at least {frame_samples} samples, got {waveform.shape}"
        )
    windows = np.lib.stride_tricks.sliding_window_view(waveform, frame_samples)
    return windows[::hop_samples]


def normalise_waveform(waveform: FloatArray, peak: float = 0.5) -> FloatArray:
    """Subtract the mean and scale to ``peak``, as AudioLDM does before its front end."""
    centred = waveform - waveform.mean()
    scaled = centred / (np.abs(centred).max(initial=0.0) + _PEAK_GUARD) * peak
    return np.asarray(scaled, dtype=np.float32)


def log_mel(waveform: FloatArray, spec: MelSpec = AUDIOLDM_MEL) -> FloatArray:
    """Natural-log mel magnitudes [frames, bands] of a mono signal at ``spec.sample_rate_hz``.

    n samples give n // hop frames: reflect padding of (fft - hop) / 2 and no centring, the
    convention of HiFi-GAN and of AudioLDM's training code, which is the one a vocoder inverts.
    """
    signal = np.asarray(waveform, dtype=np.float32)
    padded = np.pad(signal, spec.pad_samples, mode="reflect")
    frames = frame_signal(padded, spec.fft_samples, spec.hop_samples)
    magnitude = np.abs(np.fft.rfft(frames * hann_periodic(spec.fft_samples), axis=1))
    bands = magnitude.astype(np.float32) @ _cached_filterbank(spec).T
    return np.asarray(np.log(np.maximum(bands, spec.floor)), dtype=np.float32)
