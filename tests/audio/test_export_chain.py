"""The export chain: untouched where promised, under the ceiling everywhere else."""

from __future__ import annotations

import numpy as np
import pytest

from soundstudio.audio.export_chain import ExportSpec, render
from soundstudio.audio.files import Sound
from soundstudio.audio.loudness import integrated_lufs, peak_db, true_peak_db


def noise(level: float = 0.3, seconds: float = 1.0) -> Sound:
    samples = np.random.default_rng(5).standard_normal(round(16000 * seconds)) * level
    return Sound(samples.astype(np.float32), 16000)


def test_own_rate_and_float_is_the_very_sound() -> None:
    loud = noise(5.0)
    spec = ExportSpec("wav32f", None, level="peak", trim=True, fade_ms=50)
    assert render(loud, spec) is loud


@pytest.mark.parametrize("rate", [None, 44100, 48000, 88200, 96000, 192000])
@pytest.mark.parametrize("level", ["none", "peak", "lufs"])
def test_the_true_peak_stays_under_the_ceiling(rate: int | None, level: str) -> None:
    spec = ExportSpec("wav24", rate, level=level, level_target_db=-0.1)  # type: ignore[arg-type]
    rendered = render(noise(0.5), spec)
    assert rendered.sample_rate == (rate or 16000)
    assert true_peak_db(rendered) <= -1.0 + 0.02
    assert rendered.duration_s == pytest.approx(1.0, abs=0.001)


def test_a_little_too_loud_is_too_loud() -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(16000) / 16000) * 10 ** (-0.5 / 20)
    rendered = render(Sound(tone.astype(np.float32), 16000), ExportSpec("wav24", None))
    assert true_peak_db(rendered) == pytest.approx(-1.0, abs=0.02)


def test_conversion_overshoots_and_is_brought_down() -> None:
    square = np.sign(np.sin(2 * np.pi * 200 * np.arange(16000) / 16000)) * 0.89
    rendered = render(Sound(square.astype(np.float32), 16000), ExportSpec("wav24", 48000))
    assert peak_db(rendered) <= -0.99


def test_quiet_sounds_keep_their_level() -> None:
    quiet = noise(0.01)
    spec = ExportSpec("wav24", None, fade_ms=0)
    np.testing.assert_array_equal(render(quiet, spec).samples, quiet.samples)


def test_levels_are_reached() -> None:
    peak = render(noise(0.05), ExportSpec("wav24", None, level="peak", level_target_db=-6.0))
    assert peak_db(peak) == pytest.approx(-6.0, abs=0.01)
    loud = render(noise(0.05), ExportSpec("wav24", 48000, level="lufs", level_target_db=-23.0))
    assert integrated_lufs(loud) == pytest.approx(-23.0, abs=0.5)


def test_trim_comes_before_the_fade() -> None:
    padded = np.concatenate((np.zeros(8000), noise(0.1).samples[0])).astype(np.float32)
    rendered = render(Sound(padded, 16000), ExportSpec("wav24", None, trim=True, fade_ms=5))
    assert rendered.duration_s < 1.02
    assert np.abs(rendered.samples[0, :4]).max() < 0.001
    assert np.abs(rendered.samples[0, -4:]).max() < 0.01


def test_a_converted_loop_still_meets_itself() -> None:
    time_s = np.arange(32000) / 16000
    tone = Sound((0.5 * np.sin(2 * np.pi * 300.7 * time_s)).astype(np.float32), 16000)
    loop = render(tone, ExportSpec("wav24", 48000, loop=True))
    twice = np.tile(loop.samples[0].astype(np.float64), 2)
    assert np.abs(np.diff(twice, 2)).max() < 1.5 * 0.5 * (2 * np.pi * 300.7 / 48000) ** 2
