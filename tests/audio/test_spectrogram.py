"""Pictures of sound: right level at the right height and time."""

from __future__ import annotations

import numpy as np
import pytest

from soundstudio.audio.frequency_scale import FrequencyScale, ScaleName
from soundstudio.audio.spectrogram import (
    hop_for,
    level_rows,
    mip_chain,
    quantise,
    spectrogram_image,
    stft_power,
    waveform_envelope,
)

RATE = 16000
SCALES: tuple[ScaleName, ...] = ("mel", "linear", "log")


def sine(frequency_hz: float, seconds: float = 1.0, level: float = 1.0) -> np.ndarray:
    time_s = np.arange(round(RATE * seconds)) / RATE
    return (level * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.float32)


def test_a_full_scale_sine_has_zero_db() -> None:
    power = stft_power(sine(1000.0), 1024, 256)
    assert power.shape == (513, 63)
    assert power.dtype == np.float32
    assert power[64, 30] == pytest.approx(1.0, rel=1e-3)
    assert stft_power(sine(1000.0, level=0.1), 1024, 256)[64, 30] == pytest.approx(0.01, rel=1e-3)


def test_frames_are_centred_on_their_time() -> None:
    click = np.zeros(RATE, np.float32)
    click[4096] = 1.0
    energy = stft_power(click, 512, 128).sum(axis=0)
    assert energy.argmax() == 4096 // 128


@pytest.mark.parametrize("length", [0, 1, 100, 511, 513, 4097])
def test_any_length_gives_a_picture(length: int) -> None:
    sound = np.random.default_rng(0).standard_normal(length).astype(np.float32)
    power = stft_power(sound, 512, 128)
    assert power.shape == (257, 1 + length // 128)
    assert np.isfinite(power).all()
    assert spectrogram_image(power, RATE, "mel", 64).shape == (64, power.shape[1])


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("frequency_hz", [60.0, 440.0, 1000.0, 3100.0, 7000.0])
@pytest.mark.parametrize("rows", [100, 384, 1500])
def test_a_tone_stands_at_its_height(scale: ScaleName, frequency_hz: float, rows: int) -> None:
    levels = level_rows(stft_power(sine(frequency_hz), 4096, 512), RATE, scale, rows)
    row = int(levels[:, 15].argmax())
    axis = FrequencyScale(scale, RATE / 2)
    low, high = (axis.frequency_at(edge / rows) for edge in (row - 1, row + 2))
    bin_hz = RATE / 4096
    assert low - bin_hz <= frequency_hz <= high + bin_hz
    assert levels[row, 15] == pytest.approx(0.0, abs=1.6)  # a Hann window scallops by 1.4 dB


@pytest.mark.parametrize("scale", SCALES)
def test_no_bin_falls_between_two_rows(scale: ScaleName) -> None:
    # Above the lowest rows, whichever bin is loud must be seen in some row.
    for bin_ in range(20, 1025, 37):
        power = np.full((1025, 2), 1e-12, np.float32)
        power[bin_] = 1.0
        assert level_rows(power, RATE, scale, 120).max() > -3.1


def test_the_lowest_frequency_is_row_zero() -> None:
    levels = level_rows(stft_power(sine(50.0), 2048, 512), RATE, "linear", 100)
    assert levels[:, 10].argmax() <= 1


def test_levels_become_bytes_between_floor_and_ceiling() -> None:
    levels = np.array([[-200.0, -90.0, -45.0, 0.0, 12.0]], np.float32)
    image = quantise(levels, -90.0, 0.0)
    assert image.dtype == np.uint8
    assert image.flags["C_CONTIGUOUS"]
    assert image.tolist() == [[0, 0, 128, 255, 255]]
    assert levels[0, 0] == -200.0
    assert quantise(levels, -10.0, -10.0).shape == levels.shape  # an empty range does not divide


def test_the_mip_chain_keeps_the_brightest() -> None:
    image = np.zeros((4, 4097), np.uint8)
    image[2, 4096] = 200
    image[1, 1001] = 100
    chain = mip_chain(image, 512)
    assert [level.shape[1] for level in chain] == [4097, 2049, 1025, 513]
    assert all(level[2].max() == 200 and level[1].max() == 100 for level in chain)


def test_the_envelope_holds_the_extremes_of_each_column() -> None:
    sound = np.random.default_rng(2).standard_normal(10_007).astype(np.float32)
    envelope = waveform_envelope(sound, 100)
    assert envelope.shape == (2, 100)
    assert (envelope.min(), envelope.max()) == (sound.min(), sound.max())
    assert waveform_envelope(sound[:10], 40).shape == (2, 40)
    assert waveform_envelope(sound[:0], 7).tolist() == [[0.0] * 7] * 2


def test_the_hop_follows_the_columns() -> None:
    assert hop_for(160_000, 1600) == 100
    assert hop_for(1000, 5000) == 64
    assert hop_for(10_000_000, 100) == 1024


@pytest.mark.parametrize("scale", SCALES)
def test_axes_turn_back(scale: ScaleName) -> None:
    axis = FrequencyScale(scale, 8000.0)
    assert axis.frequency_at(1.0) == pytest.approx(8000.0)
    for frequency_hz in (25.0, 440.0, 7999.0):
        assert axis.frequency_at(axis.height_of(frequency_hz)) == pytest.approx(frequency_hz)
    assert axis.height_of(0.0) <= 0.0
