"""The loss of a step, held against a plain computation with diffusers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from tiny_model import SCHEDULER

from soundstudio.audio.files import read_sound
from soundstudio.audio.mel import log_mel, normalise_waveform
from soundstudio.core.catalogue import row_of_folder
from soundstudio.core.errors import ModelError
from soundstudio.core.run_files import read_description
from soundstudio.engine.loading import load_model
from soundstudio.training.draws import Draws
from soundstudio.training.objective import Objective
from soundstudio.training.preparation import Prepared, make_accelerator, prepare

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import RunMaker

    from soundstudio.dataset.dataset import Dataset


def prepared_run(make_run: RunMaker, dataset: Dataset, **changes: Any) -> Prepared:
    description = read_description(make_run(**changes))
    return prepare(make_accelerator(description.settings), description, dataset)


@pytest.mark.parametrize("condition", ["text", "audio"])
@pytest.mark.parametrize("dropout", [0.0, 1.0])
def test_the_loss_of_a_step_is_diffusers_own(
    make_run: RunMaker, dataset: Dataset, condition: str, dropout: float
) -> None:
    """From the WAV files on: front end, VAE, CLAP, noise, UNet, mean squared error."""
    prepared = prepared_run(
        make_run, dataset, condition=condition, condition_dropout=dropout, batch_size=4
    )
    loss = prepared.trainer.step(3).loss

    folder = make_run.model
    vae = AutoencoderKL.from_pretrained(folder / "vae").eval()
    unet = UNet2DConditionModel.from_pretrained(folder / "unet").eval()
    model = load_model(row_of_folder(folder), "cpu", "float32")
    scheduler = DDIMScheduler(**SCHEDULER)
    draws = Draws(0, 5, 1000, 4, dropout)
    errors = []
    for place in range(4):
        draw = draws.at(3, place, (8, 8, 16))
        clip = dataset.of_split("train")[draw.clip]
        sound = read_sound(clip.path)
        waveform = np.zeros(32 * 160, dtype=np.float32)
        waveform[: sound.length] = normalise_waveform(sound.mono())
        with torch.no_grad():
            posterior = vae.encode(torch.from_numpy(log_mel(waveform))[None, None]).latent_dist
            z = posterior.mean + posterior.std * torch.from_numpy(draw.posterior_noise)
            z = z * vae.config.scaling_factor
            noise = torch.from_numpy(draw.noise)[None]
            time = torch.tensor([draw.timestep])
            if dropout == 1.0:
                told = model.embed_prompt("")[0]
            elif condition == "text":
                told = model.embed_prompt(clip.caption)[0]
            else:
                told = model.ear.embed_condition(sound.mono(), sound.sample_rate)
            noisy = scheduler.add_noise(z, noise, time)
            answer = unet(noisy, time, None, class_labels=told[None]).sample
        errors.append(float((answer - noise).square().mean()))
    assert loss == pytest.approx(np.mean(errors), rel=2e-5)


def test_the_schedule_says_what_is_predicted() -> None:
    latents, noise = torch.randn(2, 3, 4, 4), torch.randn(2, 3, 4, 4)
    times = torch.tensor([10, 900])
    alphas = torch.linspace(0.0015**0.5, 0.0195**0.5, 1000) ** 2
    signal = torch.cumprod(1 - alphas, 0)[times].reshape(2, 1, 1, 1)
    velocity = signal.sqrt() * noise - (1 - signal).sqrt() * latents
    expected = {"epsilon": noise, "v_prediction": velocity, "sample": latents}
    for name, target in expected.items():
        objective = Objective({**SCHEDULER, "prediction_type": name})
        torch.testing.assert_close(objective.target(latents, noise, times), target)
    mixed = signal.sqrt() * latents + (1 - signal).sqrt() * noise
    torch.testing.assert_close(objective.noisy(latents, noise, times), mixed)
    with pytest.raises(ModelError, match="flow"):
        Objective({**SCHEDULER, "prediction_type": "flow"})


def test_conditions_are_what_was_asked_for_in_every_example(
    make_run: RunMaker, dataset: Dataset
) -> None:
    """Not the 69 to 31 mixture of the released training code."""
    model = load_model(row_of_folder(make_run.model), "cpu", "float32")
    clips = dataset.of_split("train")
    heard = [model.ear.embed_condition(read_sound(clip.path).mono(), 16000) for clip in clips]
    read = [model.embed_prompt(clip.caption)[0] for clip in clips]
    for name, condition, expected in (("a", "audio", heard), ("b", "text", read)):
        prepared = prepared_run(
            make_run, dataset, name=name, condition=condition, condition_dropout=0.0
        )
        draws = Draws(0, 5, 1000, 2, 0.0)
        for step in range(20):
            batch = prepared.trainer.examples.batch(step, range(2), "cpu")
            for place in range(2):
                told = expected[draws.clip_at(step, place)]
                torch.testing.assert_close(batch.conditions[place], told)


def test_dropout_gives_the_empty_prompt_that_often(make_run: RunMaker, dataset: Dataset) -> None:
    prepared = prepared_run(make_run, dataset, condition_dropout=0.1)
    empty = torch.from_numpy(prepared.cache.text_embedding(""))  # type: ignore[arg-type]
    dropped = sum(
        int(
            (prepared.trainer.examples.batch(step, range(2), "cpu").conditions == empty)
            .all(1)
            .sum()
        )
        for step in range(500)
    )
    assert 70 <= dropped <= 130  # 1,000 draws at 0.1: three deviations


def test_every_epoch_brings_each_clip_once_and_a_new_sample() -> None:
    draws = Draws(0, 5, 1000, 2, 0.1)
    clips = [draws.clip_at(step, place) for step in range(5) for place in range(2)]
    assert sorted(clips[:5]) == sorted(clips[5:]) == list(range(5))
    assert clips[:5] != clips[5:]
    first, second = (draws.at(step, 0, (2, 3)) for step in (0, 1))
    assert not np.array_equal(first.posterior_noise, second.posterior_noise)
    assert not np.array_equal(first.posterior_noise, first.noise)
    np.testing.assert_array_equal(first.noise, draws.at(0, 0, (2, 3)).noise)
    times = [draws.at(step, 0, (1,)).timestep for step in range(3000)]
    assert min(times) < 5
    assert max(times) > 994
    assert abs(np.mean(times) - 499.5) < 20


def test_training_on_sounds_needs_an_ear(
    make_run: RunMaker, tmp_path: Path, dataset: Dataset
) -> None:
    from tiny_model import build_tiny_model

    deaf = build_tiny_model(tmp_path / "deaf", audio_tower=False)
    with pytest.raises(ModelError, match="audio tower"):
        make_run(model=str(deaf), condition="audio")
    prepared = prepared_run(make_run, dataset, model=str(deaf))
    assert prepared.trainer.step(0).loss > 0
