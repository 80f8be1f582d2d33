"""The computed vocoder: tones of steady mels, noise of rippled ones, nothing of silence."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pytest
import torch
from recipe.noise_and_tone import PARTIALS, atoms, compute_vocoder, fit_synthesis, level_map
from recipe.settings import Settings
from recipe.vocoder import build_vocoder

from soundstudio.audio.mel import log_mel

if TYPE_CHECKING:
    from transformers import SpeechT5HifiGan

FloatArray = npt.NDArray[np.float32]
_RATE_HZ, _HOP = 16_000, 160


@pytest.fixture(scope="module")
def vocoder(tmp_path_factory: pytest.TempPathFactory) -> SpeechT5HifiGan:
    folder = tmp_path_factory.mktemp("vocoder")
    built = build_vocoder(Settings(work=folder, sounds=folder)).eval()
    compute_vocoder(built, seed=7, steps=100)
    return built


@torch.no_grad()
def _made(vocoder: SpeechT5HifiGan, mel: FloatArray) -> FloatArray:
    wave: FloatArray = vocoder(torch.from_numpy(mel)[None]).reshape(-1).numpy()
    return wave


def _correlation(wave: FloatArray, lag: int) -> float:
    return float(wave[lag:] @ wave[:-lag] / (wave @ wave))


def test_synthesis_learns_the_windowed_partials(vocoder: SpeechT5HifiGan) -> None:
    wanted = atoms(np.random.default_rng(7))
    torch.manual_seed(7)
    synthesis = fit_synthesis(vocoder, wanted, 100)
    signals = torch.zeros(1, PARTIALS, 9)
    signals[0, 9, 4] = 1.0  # 1 kHz, the fifth frame
    with torch.no_grad():
        made = synthesis(signals)[0].numpy()
    start = 4 * _HOP - 80
    error = made.copy()
    error[start : start + 320] -= wanted[9]
    assert np.square(error).sum() < 1e-3 * np.square(wanted[9]).sum()


def test_silence_stays_silent(vocoder: SpeechT5HifiGan) -> None:
    made = _made(vocoder, np.full((40, 64), -11.513, dtype=np.float32))
    assert made.shape == (40 * _HOP,)
    assert np.abs(made).max() == 0.0


def test_a_steady_tone_comes_back_at_the_nearest_partial(vocoder: SpeechT5HifiGan) -> None:
    time_s = np.arange(_RATE_HZ) / _RATE_HZ
    tone = (0.3 * np.sin(2 * np.pi * 1000.0 * time_s)).astype(np.float32)
    made = _made(vocoder, log_mel(tone))[4000:12_000]
    spectrum = np.abs(np.fft.rfft(made * np.hanning(len(made))))
    assert abs(np.argmax(spectrum) * _RATE_HZ / len(made) - 1000.0) <= 100.0
    assert _correlation(made, _HOP) > 0.95  # its signs stay
    level_db = 20 * np.log10(np.std(made) / np.std(tone))
    assert abs(level_db) < 6.0


def test_noise_comes_back_as_noise_of_the_same_spectrum(vocoder: SpeechT5HifiGan) -> None:
    noise = (0.1 * np.random.default_rng(0).standard_normal(2 * _RATE_HZ)).astype(np.float32)
    mel = log_mel(noise)
    made = _made(vocoder, mel)
    assert _correlation(made, _HOP) < 0.5  # a buzz at the hop's rate has nearly 1
    assert np.abs(log_mel(made).mean(axis=0) - mel.mean(axis=0))[2:].max() < 0.7
    assert abs(float(made.mean())) < 1e-3


def test_a_louder_mel_is_louder_by_as_much(vocoder: SpeechT5HifiGan) -> None:
    mel = log_mel((0.02 * np.random.default_rng(1).standard_normal(_RATE_HZ)).astype(np.float32))
    gain = np.std(_made(vocoder, mel + np.float32(1.0))) / np.std(_made(vocoder, mel))
    assert gain == pytest.approx(np.e, rel=0.2)


def test_levels_of_partials_are_weighted_means_of_bands() -> None:
    weights, offsets = level_map()
    assert weights.shape == (PARTIALS, 64)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0)
    assert np.isfinite(offsets).all()


def test_a_narrow_vocoder_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("narrow")
    settings = Settings(work=folder, sounds=folder)
    narrow = build_vocoder(replace(settings, widths=replace(settings.widths, vocoder=256)))
    with pytest.raises(ValueError, match="hold neither"):
        compute_vocoder(narrow, seed=0, steps=1)
