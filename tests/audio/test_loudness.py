"""Levels against known signals and against pyloudnorm."""

from __future__ import annotations

import math

import numpy as np
import pyloudnorm
import pytest

from soundstudio.audio.files import Sound
from soundstudio.audio.loudness import (
    integrated_lufs,
    measure,
    peak_db,
    rms_db,
    true_peak_db,
)


def sine(frequency_hz: float, rate: int = 48000, seconds: float = 2.0, level: float = 1.0) -> Sound:
    time_s = np.arange(round(rate * seconds)) / rate
    return Sound((level * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.float32), rate)


def test_a_full_scale_sine_at_997_hz_has_minus_3_01_lufs() -> None:
    assert integrated_lufs(sine(997)) == pytest.approx(-3.01, abs=0.02)


@pytest.mark.parametrize("rate", [16000, 44100, 48000])
@pytest.mark.parametrize("channels", [1, 2])
def test_loudness_agrees_with_pyloudnorm(rate: int, channels: int) -> None:
    rng = np.random.default_rng(3)
    envelope = np.abs(np.sin(np.arange(rate * 5) / rate)) + 0.01
    samples = (0.1 * envelope * rng.standard_normal((channels, rate * 5))).astype(np.float32)
    meter = pyloudnorm.Meter(rate, filter_class="DeMan")
    expected = meter.integrated_loudness(samples.T.astype(np.float64))
    assert integrated_lufs(Sound(samples, rate)) == pytest.approx(expected, abs=0.1)


def test_quiet_parts_are_gated_out() -> None:
    loud = sine(997, seconds=2.0, level=0.5).samples
    with_pause = np.concatenate((loud, np.zeros((1, 48000 * 4), np.float32)), axis=1)
    alone, paused = integrated_lufs(Sound(loud, 48000)), integrated_lufs(Sound(with_pause, 48000))
    assert alone is not None
    assert paused == pytest.approx(alone, abs=0.5)


def test_short_sounds_have_no_loudness_and_silence_has_minus_infinity() -> None:
    assert integrated_lufs(sine(997, seconds=0.39)) is None
    assert integrated_lufs(sine(997, seconds=0.4)) is not None
    levels = measure(Sound(np.zeros((1, 48000), np.float32), 48000))
    assert levels.lufs == levels.peak_db == levels.rms_db == levels.true_peak_db == -math.inf
    assert measure(Sound(np.zeros((1, 0), np.float32), 48000)).lufs is None


def test_true_peak_finds_what_lies_between_the_samples() -> None:
    phase = 2 * np.pi * 12000 * np.arange(48000) / 48000 + np.pi / 4
    sound = Sound(np.sin(phase).astype(np.float32), 48000)
    assert peak_db(sound) == pytest.approx(-3.01, abs=0.01)
    assert true_peak_db(sound) == pytest.approx(0.0, abs=0.15)


def test_levels_of_a_sine() -> None:
    sound = sine(440, level=0.5)
    assert peak_db(sound) == pytest.approx(-6.02, abs=0.01)
    assert rms_db(sound) == pytest.approx(-9.03, abs=0.01)


def test_true_peak_by_blocks_equals_that_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = np.random.default_rng(4).standard_normal((2, 48000 * 3)).astype(np.float32) * 0.2
    sound = Sound(samples, 48000)
    whole = true_peak_db(sound)
    monkeypatch.setattr("soundstudio.audio.loudness._TRUE_PEAK_BLOCK_S", 1)
    assert true_peak_db(sound) == pytest.approx(whole, abs=1e-3)
