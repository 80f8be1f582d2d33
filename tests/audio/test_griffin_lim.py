"""Log mels back to waveforms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from soundstudio.audio.griffin_lim import invert_mel, magnitudes_from_mel
from soundstudio.audio.mel import AUDIOLDM_MEL, log_mel, normalise_waveform

if TYPE_CHECKING:
    from collections.abc import Callable


def _tone(seconds: float = 1.0) -> np.ndarray:
    t = np.arange(int(seconds * 16_000)) / 16_000
    return normalise_waveform((np.sin(2 * np.pi * 443 * t) * np.exp(-2 * t)).astype(np.float32))


def _noise(seconds: float = 1.0) -> np.ndarray:
    signal = np.random.default_rng(0).normal(0, 0.1, int(seconds * 16_000))
    return normalise_waveform(signal.astype(np.float32))


@pytest.mark.parametrize("make", [_tone, _noise])
def test_mel_survives_the_round_trip(make: Callable[[], np.ndarray]) -> None:
    mel = log_mel(make())
    made = invert_mel(mel)
    assert made.shape == (16_000,)
    assert made.dtype == np.float32
    assert np.isfinite(made).all()
    loud = mel > mel.max() - 3.0
    assert np.abs(log_mel(made) - mel)[loud].mean() < 0.3


def test_tone_keeps_its_pitch() -> None:
    spectrum = np.abs(np.fft.rfft(invert_mel(log_mel(_tone()))))
    assert abs(int(spectrum.argmax()) - 443) <= 12


def test_a_click_at_the_first_sample_survives() -> None:
    signal = np.zeros(8_000, np.float32)
    signal[:40] = 0.5
    made = invert_mel(log_mel(signal))
    assert np.abs(made[:400]).max() > 0.1
    assert np.abs(made[2_000:]).max() < 0.02


def test_silence_stays_silent() -> None:
    mel = np.full((50, 64), AUDIOLDM_MEL.silence, np.float32)
    assert np.abs(invert_mel(mel)).max() < 1e-4


def test_a_good_start_is_used() -> None:
    signal = _tone()
    mel = log_mel(signal)
    from_truth = invert_mel(mel, iterations=2, start=signal)
    assert np.corrcoef(from_truth[800:-800], signal[800:-800])[0, 1] > 0.9


def test_magnitudes_fit_the_mel() -> None:
    mel = log_mel(_noise())
    magnitude = magnitudes_from_mel(mel)
    assert magnitude.shape == (100, 513)
    assert (magnitude >= 0).all()
