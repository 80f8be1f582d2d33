"""Figure 1's corruptions do what their sentences in the paper say, and the choices as named."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest

from soundstudio.benchmark import corruption
from soundstudio.benchmark.corruption import CorruptionChoices
from soundstudio.benchmark.mel_domain import MEL_DOMAINS, MelDomain

if TYPE_CHECKING:
    from typing import Any

SCALED, AUDIOLDM = MEL_DOMAINS["scaled"], MEL_DOMAINS["audioldm"]
BOTH = pytest.mark.parametrize("domain", [SCALED, AUDIOLDM], ids=["scaled", "audioldm"])


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def tone(domain: MelDomain, hz: float = 800.0, seconds: float = 1.0) -> np.ndarray:
    rate = domain.spec.sample_rate_hz
    samples = 0.3 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)
    return samples.astype(np.float32)


def test_ten_seconds_are_about_860_frames_in_the_papers_domain() -> None:
    assert len(SCALED.of(tone(SCALED, seconds=10.0))) == 861
    assert len(AUDIOLDM.of(tone(AUDIOLDM, seconds=10.0))) == 1000


@BOTH
def test_domains_go_there_and_back(domain: MelDomain) -> None:
    mel = domain.of(tone(domain))
    assert mel.min() >= domain.lowest
    np.testing.assert_allclose(domain.of_log_mel(domain.log_mel_of(mel)), mel, atol=1e-5)
    silence = np.full((100, domain.spec.band_count), domain.lowest, np.float32)
    assert np.abs(domain.sound_of(silence, 2)).max() < 1e-4
    made = domain.sound_of(mel, 16)
    spectrum = np.abs(np.fft.rfft(made[: domain.spec.sample_rate_hz // 2]))
    assert abs(int(spectrum.argmax()) * 2 - 800) < 40
    np.testing.assert_array_equal(domain.sound_of(mel, 2), domain.sound_of(mel, 2))


def noisy(mel: np.ndarray, domain: MelDomain = SCALED, **changes: Any) -> np.ndarray:
    return corruption.add_noise(mel, domain, CorruptionChoices(**changes), random())


def test_noise_has_the_papers_mean_and_variance() -> None:
    # Low enough that clipping to 0 … 1 touches almost nothing.
    mel = np.full((2000, 80), 0.5, np.float32)
    mel[0, 0], mel[0, 1] = 0.48, 0.52
    added = noisy(mel, noise_range_share=0.1, noise_mean="zero") - mel
    assert added.mean() == pytest.approx(0.0, abs=1e-3)
    assert added.var() == pytest.approx(0.1 * 0.04, rel=0.02)
    added = noisy(mel, noise_range_share=0.1, noise_mean="zero", noise_spread="deviation") - mel
    assert added.std() == pytest.approx(0.1 * 0.04, rel=0.02)
    mel[:] = 0.25
    mel[0, 0], mel[0, 1] = 0.23, 0.27
    assert (noisy(mel, noise_range_share=0.1) - mel).mean() == pytest.approx(0.25, abs=2e-3)


@BOTH
def test_noise_stays_on_the_scale(domain: MelDomain) -> None:
    mel = domain.of(tone(domain))
    made = noisy(mel, domain)
    assert made.min() >= domain.lowest
    assert made.max() <= min(domain.highest, max(1.0, float(mel.max())))
    assert made.dtype == np.float32
    assert not np.array_equal(made, mel)


@BOTH
def test_masks_silence_two_stretches_of_a_tenth(domain: MelDomain) -> None:
    mel = np.full((860, domain.spec.band_count), domain.lowest + 0.5, np.float32)
    masked = corruption.mask(mel, domain, CorruptionChoices(), random())
    silent = (masked == domain.lowest).all(axis=1)
    assert silent.sum() == 2 * 86
    np.testing.assert_array_equal(masked[~silent], mel[~silent])
    assert (mel > domain.lowest).all()  # the input is left alone


def test_masks_fall_anywhere_and_never_overlap() -> None:
    seen = set()
    for seed in range(300):
        first, second = corruption.mask_places(10, 3, 2, random(seed))
        assert 0 <= first <= second - 3 <= 4
        seen.add((first, second))
    assert len(seen) == 15
    with pytest.raises(ValueError, match="do not fit"):
        corruption.mask_places(5, 3, 2, random())


@BOTH
@pytest.mark.parametrize("snr_db", [0.0, 10.0])
def test_interference_has_the_snr(domain: MelDomain, snr_db: float) -> None:
    mel, other = domain.of(tone(domain, 500.0)), domain.of(tone(domain, 3000.0, 0.4))
    mixed = corruption.mix(mel, other, domain, snr_db)
    assert mixed.shape == mel.shape
    power, mixed_power = corruption._power(domain, mel), corruption._power(domain, mixed)
    added = mixed_power.sum() - power.sum()
    assert 10 * np.log10(power.sum() / added) == pytest.approx(snr_db, abs=0.2)
    # The shorter sound is repeated to the end.
    late = mixed_power[-20:, np.argmax(other.mean(axis=0))]
    assert (late > 100 * power[-20:, np.argmax(other.mean(axis=0))]).all()


def test_silence_neither_mixes_nor_breaks() -> None:
    mel = SCALED.of(tone(SCALED))
    silence = np.zeros((50, 80), np.float32)
    np.testing.assert_array_equal(corruption.mix(mel, silence, SCALED, 0.0), mel)
    np.testing.assert_array_equal(corruption.mix(silence, mel, SCALED, 0.0), silence)


def test_the_loudest_part() -> None:
    waveform = np.zeros(1000, np.float32)
    waveform[600:700] = 0.5
    part = corruption.loudest_part(waveform, 150)
    assert part.shape == (150,)
    assert np.square(part).sum() == pytest.approx(25.0)
    assert corruption.loudest_part(waveform[:50], 80).shape == (80,)


def test_sequences_follow_their_order_and_fade() -> None:
    events = [np.full(1000, value, np.float32) for value in (0.1, 0.2, 0.3)]
    made = corruption.sequence_of(events, (2, 0, 1), 10_000)
    np.testing.assert_allclose(made[[500, 1500, 2500]], [0.3, 0.1, 0.2])
    assert made[[0, 1000, 2000]].max() == 0.0
    assert np.abs(np.diff(made)).max() <= 0.3 / 50 + 1e-6
    assert (events[0] == np.float32(0.1)).all()


def test_another_order_is_another_one() -> None:
    orders = {corruption.other_order(3, random(seed)) for seed in range(100)}
    assert len(orders) == 5
    assert (0, 1, 2) not in orders
    with pytest.raises(ValueError, match="no other order"):
        corruption.other_order(1, random())


def test_shares_are_nested() -> None:
    before = np.zeros(37, dtype=bool)
    for share in np.linspace(0, 1, 11):
        chosen = corruption.corrupted_clips(37, float(share), seed=4)
        assert chosen.sum() == round(share * 37)
        assert (chosen | ~before).all()
        before = chosen
    assert not np.array_equal(
        corruption.corrupted_clips(37, 0.5, 0), corruption.corrupted_clips(37, 0.5, 1)
    )


def test_defaults_are_sound() -> None:
    choices = CorruptionChoices().validated()
    assert dataclasses.replace(choices, mask_share=0.5).validated().mask_count == 2
