"""The NumPy mel front end against librosa and its own invariants."""

from __future__ import annotations

import librosa
import numpy as np
import pytest

from soundstudio.audio.mel import (
    AUDIOLDM_MEL,
    MelSpec,
    frame_signal,
    hz_to_mel,
    log_mel,
    mel_filterbank,
    mel_to_hz,
    normalise_waveform,
)


@pytest.mark.parametrize("htk", [False, True])
@pytest.mark.parametrize("norm", ["slaney", "none"])
def test_filterbank_equals_librosa(htk: bool, norm: str) -> None:
    expected = librosa.filters.mel(
        sr=16000,
        n_fft=1024,
        n_mels=64,
        fmin=0,
        fmax=8000,
        htk=htk,
        norm="slaney" if norm == "slaney" else None,
    )
    bank = mel_filterbank(scale="htk" if htk else "slaney", norm=norm)
    np.testing.assert_allclose(bank, expected, atol=2e-7)


def test_unit_sum_rows_sum_to_one() -> None:
    spec = MelSpec(44_100, 2048, 1024, 96, 0.0, 22_050.0)
    bank = mel_filterbank(spec, scale="htk", norm="unit_sum", triangles_in_mel=True)
    np.testing.assert_allclose(bank.sum(axis=1), 1.0, rtol=1e-5)


@pytest.mark.parametrize("scale", ["slaney", "htk"])
def test_mel_scale_inverts(scale: str) -> None:
    hz = np.array([0.0, 60.0, 999.0, 1000.0, 1001.0, 7999.0])
    np.testing.assert_allclose(mel_to_hz(hz_to_mel(hz, scale), scale), hz, rtol=1e-9)


def test_log_mel_equals_librosa_on_padded_noise() -> None:
    signal = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    padded = np.pad(signal, AUDIOLDM_MEL.pad_samples, mode="reflect")
    magnitude = np.abs(librosa.stft(padded, n_fft=1024, hop_length=160, center=False))
    bank = librosa.filters.mel(sr=16000, n_fft=1024, n_mels=64, fmin=0, fmax=8000)
    expected = np.log(np.maximum(bank @ magnitude, 1e-5)).T
    mel = log_mel(signal)
    assert mel.shape == (100, 64)
    assert mel.dtype == np.float32
    np.testing.assert_allclose(mel, expected, atol=2e-4)


def test_silence_is_the_floor_and_not_zero() -> None:
    mel = log_mel(np.zeros(3200, dtype=np.float32))
    np.testing.assert_allclose(mel, AUDIOLDM_MEL.silence)
    assert AUDIOLDM_MEL.silence == pytest.approx(-11.513, abs=1e-3)


def test_normalise_waveform_centres_and_scales() -> None:
    wave = normalise_waveform(np.array([1.0, 3.0, 2.0], dtype=np.float32))
    assert np.abs(wave).max() == pytest.approx(0.5, rel=1e-5)
    assert wave.mean() == pytest.approx(0.0, abs=1e-6)
    assert not normalise_waveform(np.zeros(4, dtype=np.float32)).any()


def test_frame_signal_refuses_short_input() -> None:
    with pytest.raises(ValueError, match="at least 8"):
        frame_signal(np.zeros(4, dtype=np.float32), 8, 2)
