"""Sessions that resume, windows of sound and batches for the diffusion model."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from recipe.clips import Clip, load_clips, save_clips
from recipe.diffusion import (
    Examples,
    build_optimiser,
    build_scheduler,
    build_unet,
    diffusion_loss,
    drawn_steps,
    lent_captions,
    typical_windows,
    window_probabilities,
)
from recipe.examples import place, sampling_weights, window_of
from recipe.latents import LatentCache, planned_windows
from recipe.sampling import sample_latents, starting_noise
from recipe.settings import LATENT_CHANNELS, TINY_WIDTHS, Settings, StageBudget
from recipe.training import Session, start_from

if TYPE_CHECKING:
    from pathlib import Path


def _clip(seconds: float, *, is_real: bool, label: str = "dog") -> Clip:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, int(seconds * 16_000))
    return Clip(label, label, (label, f"a {label}"), noise.astype(np.float32), is_real)


def test_session_stops_at_its_steps_and_resumes(tmp_path: Path) -> None:
    budget = StageBudget(3, 10.0, 1, 1e-3)
    layer = torch.nn.Linear(2, 2)
    session = Session(tmp_path, {"layer": layer}, budget, 5.0)
    while session.is_running():
        session.tick({"loss": 1.0})
    session.save()
    other = torch.nn.Linear(2, 2)
    again = Session(tmp_path, {"layer": other}, budget, 5.0)
    assert again.step == 3
    assert not again.is_running()
    assert torch.equal(layer.weight, other.weight)


def test_learning_rate_warms_up_and_decays(tmp_path: Path) -> None:
    session = Session(tmp_path, {}, StageBudget(1000, 99.0, 1, 1.0), 5.0)
    assert session.learning_rate() == pytest.approx(0.01)
    session.step = 500
    assert session.learning_rate() == pytest.approx(1.0)
    session.step = 950
    assert session.learning_rate() < 0.3


def test_a_group_may_learn_faster_than_the_others(tmp_path: Path) -> None:
    session = Session(tmp_path, {}, StageBudget(1000, 99.0, 1, 1e-3), 5.0)
    session.step = 500
    optimiser = build_optimiser(build_unet(Settings(tmp_path, tmp_path, widths=TINY_WIDTHS)))
    session.apply_learning_rate(optimiser)
    assert [group["lr"] for group in optimiser.param_groups] == pytest.approx([1e-2, 1e-3])
    assert [p.shape[1] for p in optimiser.param_groups[0]["params"] if p.ndim == 2] == [512]


def test_clips_survive_the_disk(tmp_path: Path) -> None:
    dog = replace(_clip(0.1, is_real=True), concept="dog barking", words=("terrier",))
    clips = [dog, _clip(0.2, is_real=False, label="rain")]
    save_clips(tmp_path / "some", clips)
    loaded = load_clips(tmp_path / "some")
    assert [c.label for c in loaded] == ["dog", "rain"]
    assert loaded[1].captions == ("rain", "a rain")
    assert (loaded[0].concept, loaded[0].words) == ("dog barking", ("terrier",))
    np.testing.assert_allclose(loaded[0].waveform, clips[0].waveform, atol=1e-4)


@pytest.mark.parametrize("repeat", [False, True])
def test_short_sounds_are_padded_or_repeated(repeat: bool) -> None:
    rng = np.random.default_rng(0)
    window = place(_clip(0.5, is_real=True).waveform, 80_000, rng, repeat)
    assert window.shape == (80_000,)
    assert bool(np.abs(window[40_000:]).max() > 0) is repeat


def test_window_has_the_length_and_level() -> None:
    window = window_of(_clip(9.0, is_real=True), 81_920, np.random.default_rng(1))
    assert window.shape == (81_920,)
    assert np.abs(window).max() == pytest.approx(0.5, abs=1e-3)


def test_real_clips_are_drawn_as_often_as_asked() -> None:
    clips = [_clip(1, is_real=True), _clip(1, is_real=False), _clip(2, is_real=False)]
    weights = sampling_weights(clips, 0.7)
    assert weights[0] == pytest.approx(0.7)
    assert weights.sum() == pytest.approx(1.0)


def test_every_recording_and_a_few_of_each_synthetic_family_are_seen() -> None:
    synthetic = [_clip(0.1, is_real=False, label=name) for name in ("rain", "bell") * 4]
    clips = [_clip(0.1, is_real=True, label="rain") for _ in range(3)] + synthetic
    assert planned_windows(clips, 2) == [0, 1, 2, 3, 4, 5, 6]


def test_rare_concepts_are_drawn_more_often_than_their_clips_are() -> None:
    many, few = (replace(_clip(0.1, is_real=True), concept=name) for name in ("click", "dog"))
    clips = [*[many] * 9, few, _clip(0.1, is_real=False)]
    cache = LatentCache(np.zeros((11, 1), np.float16), np.arange(11, dtype=np.int32))
    chances = window_probabilities(clips, cache)
    assert chances.sum() == pytest.approx(1.0)
    assert chances[:10].sum() == pytest.approx(0.9)
    assert chances[9] / chances[0] == pytest.approx(9**0.55)
    assert chances[9] < chances[:9].sum()


def test_the_most_typical_clips_of_each_concept_are_learnt() -> None:
    dog = replace(_clip(0.1, is_real=True), concept="dog barking")
    cat, none = replace(dog, concept="cat meowing"), replace(dog, concept="")
    clips = [dog, dog, dog, cat, none]
    audio = torch.nn.functional.normalize(
        torch.tensor([[-1.0, 1.0], [1.0, 0.1], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]), dim=1
    )
    cache = LatentCache(np.zeros((5, 1), np.float16), np.arange(5, dtype=np.int32))
    assert typical_windows(clips, cache, audio, 2).tolist() == [1, 2, 3]
    assert typical_windows(clips, cache, None, 1).tolist() == [0, 3]


def test_synthesised_clips_fill_up_where_recordings_are_too_few() -> None:
    dog = replace(_clip(0.1, is_real=True), concept="dog barking")
    made = replace(dog, is_real=False)
    clips = [made, dog, dog, replace(made, concept="rain"), made]
    cache = LatentCache(np.zeros((5, 1), np.float16), np.arange(5, dtype=np.int32))
    assert typical_windows(clips, cache, None, 2).tolist() == [1, 2, 3]
    assert typical_windows(clips, cache, None, 3).tolist() == [0, 1, 2, 3]
    towards_made = torch.nn.functional.normalize(
        torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.5], [0.0, 1.0], [1.0, 0.0]]), dim=1
    )
    assert typical_windows(clips, cache, towards_made, 1).tolist() == [1, 3]


def test_recordings_are_called_what_synthesised_clips_of_their_concept_are() -> None:
    wind = replace(_clip(0.1, is_real=False, label="wind"), concept="wind blowing")
    gale = replace(wind, captions=("gale", "wind"))
    real = replace(_clip(0.1, is_real=True, label="breeze"), concept="wind blowing")
    assert lent_captions([wind, gale, real]) == {"wind blowing": ("wind", "a wind", "gale")}


def test_clips_with_words_are_asked_for_by_words_too() -> None:
    examples = _examples()
    examples.probabilities = np.array([0.0, 0.0, 0.5, 0.5])
    drawn = torch.cat([examples.batch(16)[1] for _ in range(20)])
    nearest = (drawn @ examples.text.T).argmax(dim=1)
    assert int((nearest == 0).sum()) > 50
    assert int((nearest == 1).sum()) > 50


def _examples() -> Examples:
    rng = np.random.default_rng(0)
    mean = rng.standard_normal((4, LATENT_CHANNELS, 32, 4)).astype(np.float16)
    vectors = torch.nn.functional.normalize(torch.randn(3, 512), dim=-1)
    return Examples(
        cache=LatentCache(mean, np.array([0, 0, 1, 1], np.int32)),
        probabilities=np.full(4, 0.25),
        captions_of_clip=[np.array([0]), np.array([1])],
        words_of_clip=[np.array([], np.int64), np.array([0])],
        text=vectors,
        audio=None,
        empty=vectors[2],
        scaling_factor=0.5,
        rng=rng,
    )


def test_batches_are_scaled_windows_and_unit_conditions() -> None:
    examples = _examples()
    frames = set()
    for _ in range(20):
        latents, conditions = examples.batch(4)
        frames.add(latents.shape[2])
        assert latents.shape[0] == conditions.shape[0]
        torch.testing.assert_close(conditions.norm(dim=-1), torch.ones(len(conditions)))
    assert frames <= {8, 16, 32}
    assert len(frames) > 1


def test_loss_and_sampling_are_finite(tmp_path: Path) -> None:
    unet = build_unet(Settings(work=tmp_path, sounds=tmp_path, widths=TINY_WIDTHS))
    latents, conditions = _examples().batch(2)
    assert torch.isfinite(
        diffusion_loss(unet, build_scheduler(), latents, conditions, torch.ones(LATENT_CHANNELS))
    )
    noise = starting_noise([1, 2], 9)
    made = sample_latents(unet, noise, conditions[:1].expand(2, -1), conditions[:1], steps=2)
    assert made.shape == (2, LATENT_CHANNELS, 9, 4)
    assert torch.isfinite(made).all()
    torch.testing.assert_close(starting_noise([2], 9)[0], noise[1])


def test_sampling_guides_the_first_share_of_the_steps(tmp_path: Path) -> None:
    unet = build_unet(Settings(work=tmp_path, sounds=tmp_path, widths=TINY_WIDTHS))
    sizes: list[int] = []
    unet.register_forward_pre_hook(lambda _, args: sizes.append(len(args[0])))
    wanted, empty = torch.eye(512)[:1], torch.eye(512)[1:2]
    sample_latents(unet, starting_noise([1], 9), wanted, empty, steps=5)
    assert sizes == [2, 2, 2, 1, 1]


def test_two_steps_in_three_are_drawn_where_the_text_decides() -> None:
    scheduler = build_scheduler()
    torch.manual_seed(0)
    steps = drawn_steps(scheduler, 4000)
    assert steps.min() >= 0
    assert steps.max() <= 999
    signal = scheduler.alphas_cumprod[steps]
    ratio = ((1 - signal) / signal).sqrt()
    assert 0.6 < float((steps >= 500).float().mean()) < 0.8
    assert float(ratio[steps >= 500].min()) > 2.5
    details = ratio[steps < 500]
    assert 0.5 < float(details.median()) < 1.1
    assert float((details > 0.2).float().mean()) > 0.8


def test_training_starts_from_saved_half_precision_weights(tmp_path: Path) -> None:
    settings = Settings(work=tmp_path, sounds=tmp_path, widths=TINY_WIDTHS)
    saved = build_unet(settings)
    with torch.no_grad():
        saved.conv_in.bias.fill_(0.25)
    saved.half().save_pretrained(tmp_path / "unet")
    fresh = build_unet(settings)
    start_from(fresh, tmp_path / "unet")
    assert fresh.conv_in.bias.dtype == torch.float32
    torch.testing.assert_close(fresh.conv_in.bias, torch.full_like(fresh.conv_in.bias, 0.25))
    with pytest.raises(FileNotFoundError, match="no weights"):
        start_from(fresh, tmp_path)
