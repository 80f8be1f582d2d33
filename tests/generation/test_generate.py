"""From a request to its sounds: seeds, lengths, notes, progress, cancelling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
import torch
from tiny_model import build_tiny_model

from soundstudio.core.catalogue import row_of_folder
from soundstudio.core.errors import (
    AudioFileError,
    DeviceError,
    InvalidRequestError,
    ModelError,
    OutOfMemoryError,
)
from soundstudio.core.progress import Cancelled, Progress
from soundstudio.core.requests import SAMPLERS, GenerationRequest
from soundstudio.engine.clap import blend
from soundstudio.engine.loading import load_model
from soundstudio.generation import generate as generate_module
from soundstudio.generation.generate import GeneratedSound, generate, make_condition

if TYPE_CHECKING:
    from pathlib import Path

    from soundstudio.audio.growing_sound import SoundPiece
    from soundstudio.engine.audioldm import AudioLDM


@pytest.fixture(scope="module")
def model(tiny_model_folder: Path) -> AudioLDM:
    return load_model(row_of_folder(tiny_model_folder), "cpu", "float32")


def request_of(**changes: Any) -> GenerationRequest:
    values: dict[str, Any] = {"prompt": "rain", "duration_s": 0.5, "steps": 3, "seed": 3}
    return GenerationRequest(**(values | changes))


def sounds_of(model: AudioLDM, **changes: Any) -> list[GeneratedSound]:
    return list(generate(model, request_of(**changes)))


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_variation_is_the_same_alone_and_in_company(model: AudioLDM, sampler: str) -> None:
    together = sounds_of(model, sampler=sampler, variations=3)
    assert [sound.seed for sound in together] == [3, 4, 5]
    alone = sounds_of(model, sampler=sampler, seed=4)[0]
    np.testing.assert_array_equal(together[1].samples, alone.samples)
    assert not np.array_equal(together[0].samples, together[1].samples)


@pytest.mark.parametrize("sampler", ["dpm++", "euler-a", "ddpm"])
def test_a_batch_on_a_graphics_card_gives_the_same_sounds(
    model: AudioLDM, sampler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batch is made on the processor here: what counts is whose noise is whose."""
    alone = sounds_of(model, sampler=sampler, variations=3)
    monkeypatch.setattr(generate_module, "batch_size", lambda *_: 2)
    batched = sounds_of(model, sampler=sampler, variations=3)
    for one, other in zip(alone, batched, strict=True):
        np.testing.assert_allclose(one.samples, other.samples, atol=1e-4)


def test_eta_draws_from_the_variations_own_generator(model: AudioLDM) -> None:
    together = sounds_of(model, sampler="ddim", eta=1.0, variations=2)
    alone = sounds_of(model, sampler="ddim", eta=1.0, seed=4)
    still = sounds_of(model, sampler="ddim", eta=0.0, seed=4)
    np.testing.assert_array_equal(together[1].samples, alone[0].samples)
    assert not np.array_equal(alone[0].samples, still[0].samples)


def test_the_last_seed_wraps(model: AudioLDM) -> None:
    assert [sound.seed for sound in sounds_of(model, seed=2**32 - 1, variations=2)] == [
        2**32 - 1,
        0,
    ]


@pytest.mark.parametrize("duration_s", [0.5, 0.57, 0.649, 1.0, 2.3, 5.0, 5.12, 30.0])
def test_the_length_is_exact(model: AudioLDM, duration_s: float) -> None:
    (sound,) = sounds_of(model, duration_s=duration_s, steps=1)
    assert sound.samples.shape == (round(duration_s * 16000),)
    assert sound.samples.dtype == np.float32
    assert np.abs(sound.samples[-100:]).max() > 0  # to the end, not padded


def test_prompt_negative_prompt_and_guidance_are_heard(model: AudioLDM) -> None:
    base = sounds_of(model)[0].samples
    for changes in (
        {"prompt": "a dog barks"},
        {"negative_prompt": "thunder"},
        {"guidance": 4.0},
        {"guidance": 1.0},
    ):
        assert not np.allclose(sounds_of(model, **changes)[0].samples, base, atol=1e-4)


def test_no_negative_prompt_is_the_empty_prompt(model: AudioLDM) -> None:
    condition = make_condition(model, request_of(negative_prompt=""))
    assert condition.against is not None
    torch.testing.assert_close(condition.against, model.embed_prompt("")[0])
    torch.testing.assert_close(condition.against.norm(), torch.tensor(1.0))
    assert make_condition(model, request_of(guidance=1.0)).against is None


def test_the_first_share_of_the_steps_is_guided(
    model: AudioLDM, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    unet = model.unet

    class Counted:
        config = unet.config

        def __call__(self, batch: torch.Tensor, *args: Any, **options: Any) -> Any:
            sizes.append(len(batch))
            return unet(batch, *args, **options)

    monkeypatch.setattr(model, "unet", Counted())
    half = sounds_of(model, guided_share=0.5, steps=5, sampler="ddim")[0].samples
    assert sizes == [2, 2, 2, 1, 1]
    whole = sounds_of(model, steps=5, sampler="ddim")[0].samples
    assert not np.allclose(half, whole, atol=1e-4)
    unguided = sounds_of(model, guidance=1.0, steps=5, sampler="ddim")[0].samples
    none = sounds_of(model, guided_share=0.0, steps=5, sampler="ddim")[0].samples
    np.testing.assert_allclose(none, unguided, atol=1e-5)
    assert sizes[-10:] == [1] * 10


def test_progress_counts_every_step(model: AudioLDM) -> None:
    seen: list[Progress] = []
    list(generate(model, request_of(variations=2), seen.append))
    assert [(where.stage, where.step, where.steps, where.first_variation) for where in seen] == [
        row
        for variation in (0, 1)
        for row in [
            *(("sampling", step, 3, variation) for step in range(4)),
            ("decoding", 0, 1, variation),
            ("decoding", 1, 1, variation),
        ]
    ]


def test_two_evaluations_a_step_still_count_as_one(model: AudioLDM) -> None:
    seen: list[Progress] = []
    list(generate(model, request_of(sampler="heun", steps=4), seen.append))
    steps = [where.step for where in seen if where.stage == "sampling"]
    assert steps == sorted(steps)
    assert (steps[0], steps[-1]) == (0, 4)


def test_a_long_sound_is_heard_in_pieces(model: AudioLDM) -> None:
    heard: dict[int, list[SoundPiece]] = {0: [], 1: []}
    wish = request_of(duration_s=9.7, variations=2, steps=2)
    sounds = list(generate(model, wish, hear=lambda number, piece: heard[number].append(piece)))
    for sound in sounds:
        pieces = heard[sound.variation]
        assert len(pieces) == 2
        assert [piece.start for piece in pieces] == [0, len(pieces[0].samples)]
        assert {(piece.total, piece.sample_rate) for piece in pieces} == {(155_200, 16_000)}
        assert all(piece.seconds > 0 and not piece.is_whole for piece in pieces)
        np.testing.assert_array_equal(
            np.concatenate([piece.samples for piece in pieces]), sound.samples
        )


def test_nobody_hears_candidates_that_may_not_be_kept(model: AudioLDM) -> None:
    def hear(number: int, piece: SoundPiece) -> None:
        pytest.fail("a candidate was heard")

    assert len(list(generate(model, request_of(candidates=2), hear=hear))) == 1


def test_numbers_that_are_none_are_not_heard(
    model: AudioLDM, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[SoundPiece] = []
    weight = model.vocoder.conv_post.bias
    before = weight.clone()
    try:
        weight.fill_(float("nan"))
        with pytest.raises(DeviceError, match="invalid numbers"):
            list(generate(model, request_of(), hear=lambda _, piece: heard.append(piece)))
    finally:
        weight.copy_(before)
    assert not heard


@pytest.mark.parametrize("at_step", [0, 1, 2])
def test_cancel_stops_within_one_step(model: AudioLDM, at_step: int) -> None:
    calls = 0
    forward = model.unet.forward

    def count(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        return forward(*args, **kwargs)

    def stop(where: Progress) -> None:
        if where.step >= at_step:
            raise Cancelled

    model.unet.forward = count
    try:
        with pytest.raises(Cancelled):
            list(generate(model, request_of(steps=9), stop))
    finally:
        del model.unet.forward
    assert calls == at_step


def test_a_reference_clip_conditions(model: AudioLDM, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, (30_000, 2))
    soundfile.write(tmp_path / "clip.wav", noise, 22050)
    like = str(tmp_path / "clip.wav")
    text = make_condition(model, request_of()).wanted
    clip = make_condition(model, request_of(like=like)).wanted
    half = make_condition(model, request_of(like=like, like_weight=0.5)).wanted
    for embedding in (clip, half):
        torch.testing.assert_close(embedding.norm(), torch.tensor(1.0))
    assert not torch.allclose(clip, text, atol=0.05)
    assert float(half @ text) > float(clip @ text)
    torch.testing.assert_close(
        make_condition(model, request_of(like=like, like_weight=0.0)).wanted, text
    )
    without_prompt = make_condition(model, request_of(prompt="", like=like, like_weight=0.1))
    torch.testing.assert_close(without_prompt.wanted, clip)


def test_a_blend_lies_on_the_arc() -> None:
    text, clip = torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.0, 1.0, 0.0])
    third = blend(text, clip, 1 / 3)
    torch.testing.assert_close(third, torch.tensor([3**0.5 / 2, 0.5, 0.0]))
    torch.testing.assert_close(blend(text, clip, 0.0), text)
    torch.testing.assert_close(blend(text, clip, 1.0), clip)
    torch.testing.assert_close(blend(text, text, 0.4), text)
    assert bool(torch.isfinite(blend(text, -text, 0.5)).all())


def test_every_sound_has_its_score(model: AudioLDM, tmp_path: Path) -> None:
    sounds = sounds_of(model, variations=2)
    wanted = make_condition(model, request_of()).wanted
    for sound in sounds:
        heard = model.ear.embed(sound.samples, sound.sample_rate)
        assert sound.clap_score == pytest.approx(float(heard @ wanted), abs=1e-6)
    deaf = row_of_folder(build_tiny_model(tmp_path / "deaf", audio_tower=False))
    assert sounds_of(load_model(deaf, "cpu", "float32"))[0].clap_score is None


def test_the_best_candidate_is_kept_and_its_seed_makes_it_again(model: AudioLDM) -> None:
    kept = sounds_of(model, variations=2, candidates=3)
    assert [sound.variation for sound in kept] == [0, 1]
    request = request_of(variations=2, candidates=3)
    for sound in kept:
        seeds = [request.candidate_seed(sound.variation, candidate) for candidate in range(3)]
        assert seeds[0] == request.seed_of(sound.variation)
        alone = [sounds_of(model, seed=seed)[0] for seed in seeds]
        best = max(alone, key=lambda candidate: candidate.clap_score or -1.0)
        assert sound.seed == best.seed
        assert sound.clap_score == best.clap_score
        np.testing.assert_array_equal(sound.samples, best.samples)


def test_candidates_in_a_batch_are_the_same(
    model: AudioLDM, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = sounds_of(model, candidates=3)
    monkeypatch.setattr(generate_module, "batch_size", lambda *_: 2)
    told: list[Progress] = []
    together = list(generate(model, request_of(candidates=3), told.append))
    assert [sound.seed for sound in together] == [sound.seed for sound in alone]
    np.testing.assert_allclose(together[0].samples, alone[0].samples, atol=1e-4)
    steps = [where.step / where.steps for where in told if where.stage == "sampling"]
    assert steps == sorted(steps)
    assert steps[-1] == 1.0
    assert {(where.first_variation, where.variations) for where in told} == {(0, 1)}


@pytest.mark.parametrize("calls", [2, 6, 9])
def test_candidates_can_be_cancelled_anywhere(model: AudioLDM, calls: int) -> None:
    seen = []

    def stop(where: Progress) -> None:
        seen.append(where)
        if len(seen) == calls:
            raise Cancelled

    with pytest.raises(Cancelled):
        list(generate(model, request_of(candidates=3), stop))
    assert len(seen) == calls


def test_a_deaf_model_cannot_choose(tmp_path: Path) -> None:
    row = row_of_folder(build_tiny_model(tmp_path / "deaf", audio_tower=False))
    with pytest.raises(ModelError, match="cannot choose the best of 3 candidates"):
        sounds_of(load_model(row, "cpu", "float32"), candidates=3)


def test_a_long_reference_clip_embeds_alike_every_time(model: AudioLDM) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 48_000 * 12).astype(np.float32)
    first, second = (model.ear.embed(noise, 48_000) for _ in range(2))
    torch.testing.assert_close(first, second)


def test_a_model_without_audio_tower_says_so(tmp_path: Path) -> None:
    row = row_of_folder(build_tiny_model(tmp_path / "deaf", audio_tower=False))
    soundfile.write(tmp_path / "clip.wav", np.zeros(8000), 16000)
    with pytest.raises(ModelError, match="no audio tower"):
        sounds_of(load_model(row, "cpu", "float32"), like=str(tmp_path / "clip.wav"))


def test_a_missing_reference_clip_is_named(model: AudioLDM, tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match=r"gone\.wav"):
        sounds_of(model, like=str(tmp_path / "gone.wav"))


@pytest.mark.parametrize(
    "changes", [{"prompt": "  "}, {"duration_s": 0.1}, {"steps": 0}, {"sampler": "x"}]
)
def test_an_impossible_request_is_refused(model: AudioLDM, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError):
        sounds_of(model, **changes)


def test_a_cut_prompt_is_noted(model: AudioLDM) -> None:
    (sound,) = sounds_of(model, prompt="rain on a tin roof " * 60 + "and 🔔")
    assert any("did not read" in note and "🔔" in note for note in sound.notes)


def test_near_silence_is_noted(model: AudioLDM, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sounds_of(model)[0].notes == ()
    monkeypatch.setattr(
        type(model), "decode", lambda _, latent, length, *told: np.full(length, 1e-4, np.float32)
    )
    assert "nearly silent" in sounds_of(model)[0].notes[0]


def test_numbers_that_are_none_are_an_error(model: AudioLDM) -> None:
    forward = model.unet.forward
    model.unet.forward = lambda *args, **kwargs: (forward(*args, **kwargs)[0] * float("nan"),)
    try:
        with pytest.raises(DeviceError, match="invalid numbers"):
            sounds_of(model)
    finally:
        del model.unet.forward


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("[enforce fail at alloc_cpu.cpp:117] . DefaultCPUAllocator: can't allocate "
                     "memory: you tried to allocate 80000000000 bytes."),
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    ],
)  # fmt: skip
def test_out_of_memory_says_what_to_change(model: AudioLDM, error: Exception) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise error

    model.unet.forward = fail
    try:
        with pytest.raises(OutOfMemoryError, match="memory ran out") as failure:
            sounds_of(model)
    finally:
        del model.unet.forward
    assert "shorter duration" in failure.value.advice


def test_a_batch_that_does_not_fit_is_halved(
    model: AudioLDM, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = sounds_of(model, variations=3)
    forward = model.unet.forward

    def small_memory(batch: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        if batch.shape[0] > 4:  # two guided variations
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return forward(batch, *args, **kwargs)

    monkeypatch.setattr(generate_module, "batch_size", lambda *_: 16)
    model.unet.forward = small_memory
    try:
        sounds = sounds_of(model, variations=3)
    finally:
        del model.unet.forward
    assert [sound.variation for sound in sounds] == [0, 1, 2]
    for one, other in zip(sounds, expected, strict=True):
        np.testing.assert_allclose(one.samples, other.samples, atol=1e-4)


def test_a_real_allocation_failure_is_recognised() -> None:
    from soundstudio.engine.failures import explained_failures

    with pytest.raises(OutOfMemoryError), explained_failures("testing"):
        torch.empty(2**46)


def test_a_defect_is_not_hidden(model: AudioLDM) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("shapes cannot be multiplied")

    model.unet.forward = fail
    try:
        with pytest.raises(RuntimeError, match="multiplied"):
            sounds_of(model)
    finally:
        del model.unet.forward


def test_latents_that_run_away_are_clipped_each_by_itself(model: AudioLDM) -> None:
    latents = torch.ones(2, 8, 4, 16)
    latents[0, 0, 0, 0] = 1000.0
    latents[1, 0, 0, 0] = 50.0
    clipped = model._checked(latents, clip=True)
    assert float(clipped[0].max()) == 10.0
    assert float(clipped[1].max()) == 50.0


def test_bfloat16_is_close_to_float32(tiny_model_folder: Path, model: AudioLDM) -> None:
    half = load_model(row_of_folder(tiny_model_folder), "cpu", "bfloat16")
    ours, exact = sounds_of(half)[0].samples, sounds_of(model)[0].samples
    assert not np.array_equal(ours, exact)
    assert float(np.corrcoef(ours, exact)[0, 1]) > 0.95
