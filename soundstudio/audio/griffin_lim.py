"""From a log mel to a waveform: least-squares magnitudes and the fast Griffin-Lim algorithm."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import fft

from soundstudio.audio.mel import AUDIOLDM_MEL, FloatArray, MelSpec, hann_periodic, mel_filterbank

ComplexArray = npt.NDArray[np.complex64]

DEFAULT_ITERATIONS: Final = 32
_MOMENTUM: Final = 0.99
"""Perraudin, Balazs and Soendergaard, "A fast Griffin-Lim algorithm" (2013)."""
_NNLS_STEPS: Final = 12
_EDGE_FRAMES: Final = 8
"""Silent frames on both sides, so that a sound that starts at sample 0 keeps its attack."""
_TINY: Final = 1e-9


@lru_cache(maxsize=2)
def _inverse(spec: MelSpec) -> tuple[FloatArray, FloatArray]:
    """The filter bank [bands, bins] and its pseudo-inverse [bins, bands]."""
    bank = mel_filterbank(spec)
    return bank, np.linalg.pinv(bank).astype(np.float32)


def magnitudes_from_mel(mel: FloatArray, spec: MelSpec = AUDIOLDM_MEL) -> FloatArray:
    """Non-negative STFT magnitudes [frames, bins] whose mel is the given one [frames, bands].

    Starts at the clipped pseudo-inverse and improves by multiplicative updates (Lee and Seung).
    """
    bank, inverse = _inverse(spec)
    wanted = np.exp(mel) * (mel > spec.silence + 1e-3)
    magnitude = np.maximum(wanted @ inverse.T, 0.02 * (wanted @ bank)) + _TINY
    numerator = wanted @ bank
    for _ in range(_NNLS_STEPS):
        magnitude *= numerator / ((magnitude @ bank.T) @ bank + _TINY)
    return np.asarray(magnitude, dtype=np.float32)


def _overlap_add(spectrum: ComplexArray, window: FloatArray, hop: int) -> FloatArray:
    """Inverse STFT [samples] of [frames, bins] with least-squares weights."""
    size = len(window)
    frames = fft.irfft(spectrum, size, axis=1).astype(np.float32) * window
    count = (len(frames) - 1) * hop + size
    # Hop parts of a frame are added column by column: a loop over parts, not over frames.
    parts = -(-size // hop)
    padded = np.zeros((len(frames), parts * hop), np.float32)
    padded[:, :size] = frames
    signal = np.zeros((len(frames) + parts, hop), np.float32)
    for part in range(parts):
        signal[part : part + len(frames)] += padded[:, part * hop : (part + 1) * hop]
    return signal.reshape(-1)[:count]


def _stft(signal: FloatArray, window: FloatArray, hop: int, frames: int) -> ComplexArray:
    views = np.lib.stride_tricks.sliding_window_view(signal, len(window))[::hop][:frames]
    spectrum = fft.rfft(views * window, axis=1)
    return np.asarray(spectrum, dtype=np.complex64)


def invert_mel(
    mel: FloatArray,
    *,
    iterations: int = DEFAULT_ITERATIONS,
    start: FloatArray | None = None,
    spec: MelSpec = AUDIOLDM_MEL,
) -> FloatArray:
    """A waveform [frames * hop] whose log mel is ``mel`` [frames, bands].

    ``start`` is a first guess of the waveform, such as a neural vocoder's output, whose phases
    begin the iteration; without it phases are random but always the same.
    """
    hop, size = spec.hop_samples, spec.fft_samples
    window = hann_periodic(size)
    edge = np.full((_EDGE_FRAMES, mel.shape[1]), spec.silence, np.float32)
    magnitude = magnitudes_from_mel(np.concatenate([edge, mel, edge]), spec)
    frames = len(magnitude)
    offset = _EDGE_FRAMES * hop + spec.pad_samples
    if start is None:
        rng = np.random.default_rng(0)
        angle = rng.uniform(0, 2 * np.pi, magnitude.shape).astype(np.float32)
        phase = np.exp(1j * angle).astype(np.complex64)
    else:
        guess = np.zeros((frames - 1) * hop + size, np.float32)
        length = min(len(start), len(mel) * hop)
        guess[offset : offset + length] = start[:length]
        phase = _unit(_stft(guess, window, hop, frames))
    weight = np.maximum(_overlap_add_squares(window, hop, frames), _TINY)
    previous = np.zeros_like(phase)
    for _ in range(iterations):
        signal = _overlap_add(magnitude * phase, window, hop) / weight
        rebuilt = _stft(signal, window, hop, frames)
        phase = _unit(rebuilt - np.float32(_MOMENTUM / (1 + _MOMENTUM)) * previous)
        previous = rebuilt
    signal = _overlap_add(magnitude * phase, window, hop) / weight
    return np.asarray(signal[offset : offset + len(mel) * hop], dtype=np.float32)


def _unit(spectrum: ComplexArray) -> ComplexArray:
    return np.asarray(spectrum / (np.abs(spectrum) + np.float32(_TINY)), dtype=np.complex64)


def _overlap_add_squares(window: FloatArray, hop: int, frames: int) -> FloatArray:
    """The sum of squared windows under each sample, at least a tenth of its middle value."""
    total = np.zeros((frames - 1) * hop + len(window), np.float32)
    for frame in range(frames):
        total[frame * hop : frame * hop + len(window)] += window**2
    return np.maximum(total, 0.1 * total[len(total) // 2])
