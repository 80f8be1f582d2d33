"""Edits: trimming, fading, levelling, loops without a seam."""

from __future__ import annotations

import math

import numpy as np
import pytest

from soundstudio.audio.editing import (
    fade,
    gain_to_loudness,
    gain_to_peak,
    reverse,
    seamless_loop,
    trim_silence,
)
from soundstudio.audio.files import Sound
from soundstudio.audio.loudness import integrated_lufs, peak_db, rms_db

RATE = 16000


def noise(seconds: float, level: float = 0.3, channels: int = 1) -> Sound:
    count = round(seconds * RATE)
    samples = np.random.default_rng(1).standard_normal((channels, count)) * level
    return Sound(samples.astype(np.float32), RATE)


def silence(seconds: float, channels: int = 1) -> Sound:
    return Sound(np.zeros((channels, round(seconds * RATE)), np.float32), RATE)


def joined(*sounds: Sound) -> Sound:
    return Sound(np.concatenate([sound.samples for sound in sounds], axis=1), RATE)


def test_trim_keeps_pre_roll_and_tail() -> None:
    sound = joined(silence(0.5), noise(0.3, channels=1), silence(0.7))
    trimmed = trim_silence(sound, pre_roll_s=0.008, tail_s=0.05)
    assert trimmed.duration_s == pytest.approx(0.358, abs=0.006)
    np.testing.assert_array_equal(trimmed.samples[0, :100], 0.0)
    assert np.abs(trimmed.samples).sum() == pytest.approx(np.abs(sound.samples).sum(), rel=1e-6)


def test_trim_threshold_is_relative_to_the_peak() -> None:
    sound = joined(noise(0.5, 1e-5), noise(0.3, 0.01), noise(0.5, 1e-6))
    assert trim_silence(sound, -40).duration_s == pytest.approx(0.36, abs=0.01)
    assert trim_silence(sound, -90).duration_s > 0.8


def test_silence_is_not_trimmed_away() -> None:
    assert trim_silence(silence(1.0)).length == RATE


def test_trim_starts_on_a_zero_crossing() -> None:
    time_s = np.arange(RATE) / RATE
    hum = 1e-4 * np.sin(2 * np.pi * 300 * time_s)
    hum[8000:] += np.sin(2 * np.pi * 500 * time_s[8000:])
    trimmed = trim_silence(Sound(hum.astype(np.float32), RATE))
    assert abs(trimmed.samples[0, 0]) < 1.3e-5
    assert 0.49 < trimmed.duration_s < 0.52


def test_fades_are_symmetric_cosines_and_touch_nothing_else() -> None:
    sound = Sound(np.ones((2, 1000), np.float32), RATE)
    faded = fade(sound, 100 / RATE, 200 / RATE).samples
    assert (faded[:, 0] < 0.001).all()
    assert (faded[:, -1] < 0.001).all()
    np.testing.assert_array_equal(faded[:, 100:800], 1.0)
    np.testing.assert_allclose(faded[0, :100] + faded[0, :100][::-1], 1.0, atol=1e-6)
    assert sound.samples.min() == 1.0  # the original stays


def test_fades_longer_than_the_sound_share_it() -> None:
    faded = fade(Sound(np.ones((1, 100), np.float32), RATE), 1.0, 1.0).samples
    assert faded.shape == (1, 100)
    assert faded.max() <= 1.0
    assert faded[0, 0] < 0.01
    assert faded[0, -1] < 0.01


def test_levelling_to_peak_and_loudness() -> None:
    assert peak_db(gain_to_peak(noise(1.0), -3.0)) == pytest.approx(-3.0, abs=0.001)
    levelled = gain_to_loudness(noise(2.0), -16.0)
    assert integrated_lufs(levelled) == pytest.approx(-16.0, abs=0.01)


def test_levelling_never_explodes() -> None:
    quiet = noise(2.0, 1e-3)
    assert rms_db(gain_to_loudness(quiet, -16.0)) - rms_db(quiet) == pytest.approx(20.0, abs=0.01)
    assert not gain_to_loudness(silence(1.0), -16.0).samples.any()
    assert not gain_to_peak(silence(1.0), -1.0).samples.any()
    short = gain_to_loudness(noise(0.2), -16.0)
    assert math.isfinite(rms_db(short))
    assert rms_db(short) == pytest.approx(-16.0, abs=0.01)


def test_reverse_twice_is_the_sound() -> None:
    sound = noise(0.1, channels=2)
    np.testing.assert_array_equal(reverse(reverse(sound)).samples, sound.samples)
    assert reverse(sound).samples[0, 0] == sound.samples[0, -1]


def test_a_loop_of_noise_has_no_seam_in_level() -> None:
    loop = seamless_loop(noise(2.0), crossfade_s=0.25)
    assert abs(loop.correlation) < 0.2
    assert abs(loop.seam_level_db) < 0.5
    assert 1.69 < loop.sound.duration_s <= 1.75


def test_a_loop_of_a_tone_is_found_in_phase_and_continuous() -> None:
    time_s = np.arange(2 * RATE) / RATE
    tone = (0.5 * np.sin(2 * np.pi * 441.3 * time_s)).astype(np.float32)
    loop = seamless_loop(Sound(tone, RATE))
    assert loop.correlation > 0.99
    assert abs(loop.seam_level_db) < 0.1
    twice = np.tile(loop.sound.samples[0].astype(np.float64), 2)
    bend = np.abs(np.diff(twice, 2)).max()
    assert bend < 1.3 * 0.5 * (2 * np.pi * 441.3 / RATE) ** 2


def test_a_loop_runs_on_where_the_tail_was_taken() -> None:
    sound = noise(1.0, channels=2)
    loop = seamless_loop(sound).sound.samples
    # After the last sample comes the first; in the original the same two are neighbours.
    end = loop.shape[1]
    np.testing.assert_allclose(loop[:, 0], sound.samples[:, end], atol=1e-6)


@pytest.mark.parametrize("length", [0, 1, 3, 7, 50])
def test_tiny_loops_survive(length: int) -> None:
    sound = Sound(np.ones((1, length), np.float32), RATE)
    assert np.isfinite(seamless_loop(sound).sound.samples).all()
