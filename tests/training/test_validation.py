"""Validations: comparable losses, sounds, scores, the best weights, overfitting, copies."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
import torch

from soundstudio.core.run_files import RunFolder, read_curves, read_description
from soundstudio.training.copies import TrainingSounds
from soundstudio.training.overfitting import LossPair, overfitting_note
from soundstudio.training.preparation import Prepared, make_accelerator, prepare
from soundstudio.training.run import train_run
from soundstudio.training.tensor_file import read_tensors
from soundstudio.training.validation import Validator

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from conftest import RunMaker

    from soundstudio.dataset.clips import DatasetClip
    from soundstudio.dataset.dataset import Dataset


class NotedScore:
    """Scores by the order of the validations, and notes what it was asked to compare."""

    def __init__(self, *values: float) -> None:
        self.values = list(values)
        self.asked: list[tuple[list[str], list[str]]] = []

    def __call__(self, generated: Path, reference: Path) -> Mapping[str, float | None]:
        names = [sorted(p.name for p in each.glob("*.wav")) for each in (generated, reference)]
        self.asked.append((names[0], names[1]))
        value = self.values.pop(0)
        return {"fd": value, "is": None, "kl": 1.0, "fad": None}


def validator_of(
    make_run: RunMaker, dataset: Dataset, **changes: Any
) -> tuple[RunFolder, Prepared, Validator]:
    run = make_run(**changes)
    description = read_description(run)
    prepared = prepare(make_accelerator(description.settings), description, dataset)
    validator = Validator(
        run, dataset, prepared.files, prepared.cache, prepared.objective, description.settings
    )
    return run, prepared, validator


def test_the_best_by_a_score_is_kept_and_becomes_the_model(make_run: RunMaker) -> None:
    run = make_run(steps=6, validate_every=2, best_by="fd")
    score = NotedScore(2.0, 9.0, 3.0, 5.0)  # the first is the base model's, which is none to keep
    status = train_run(run, score=score)
    assert status.best == {"step": 4, "best_by": "fd", "value": 3.0}
    rows = [row for row in read_curves(run) if row.validation is not None]
    assert [row.step for row in rows] == [2, 4, 6]
    assert [row.validation["scores"]["fd"] for row in rows if row.validation] == [9.0, 3.0, 5.0]
    generated, reference = score.asked[0]
    assert generated == reference == ["000-clip5.wav", "001-clip6.wav"]  # names pair them for KL
    published = make_run.models / "bells" / "unet" / "diffusion_pytorch_model.safetensors"
    assert published.read_bytes() == run.best.read_bytes()
    assert read_tensors(run.best)[1]["step"] == 4


def test_the_best_survives_a_resumption(make_run: RunMaker) -> None:
    from soundstudio.core.progress import Cancelled, Progress

    run = make_run(steps=6, validate_every=2, best_by="is")

    def stop(where: Progress) -> None:
        if where.stage == "training" and where.step >= 2:
            raise Cancelled

    class Rising(NotedScore):
        def __call__(self, generated: Path, reference: Path) -> Mapping[str, float | None]:
            return {"is": self.values.pop(0)}

    train_run(run, stop, score=Rising(9.0, 7.0))
    status = train_run(run, score=Rising(2.0, 3.0))
    assert status.best == {"step": 2, "best_by": "is", "value": 7.0}


def test_sounds_are_the_same_whenever_weights_are(make_run: RunMaker, dataset: Dataset) -> None:
    run, prepared, validator = validator_of(make_run, dataset)
    unet = prepared.trainer.average
    first, again = validator.run(1, unet, "cpu"), validator.run(2, unet, "cpu")
    assert first == again
    names = sorted(path.name for path in run.sounds(1).glob("*.wav"))
    assert names == ["000-clip5.wav", "001-clip6.wav"]
    for name in names:
        sound, rate = soundfile.read(run.sounds(1) / name)
        assert rate == 16000
        assert len(sound) == 4800  # as long as the clip whose caption it has
        np.testing.assert_array_equal(sound, soundfile.read(run.sounds(2) / name)[0])
    told = json.loads((run.sounds(1) / "sounds.json").read_text(encoding="utf-8"))
    assert [row["prompt"] for row in told] == ["a dog barks", "heavy thunder"]
    assert [row["seed"] for row in told] == [0, 1]
    training = {str(clip.path) for clip in dataset.of_split("train")}
    assert all(row["nearest"] in training for row in told)
    assert all(-1 <= row["similarity"] <= 1 for row in told)


def test_the_validation_loss_is_what_it_says(make_run: RunMaker, dataset: Dataset) -> None:
    """By hand: mean latents, four timesteps, the noise of seed and place, the caption."""
    from soundstudio.training.draws import validation_noise

    _, prepared, validator = validator_of(make_run, dataset, condition="audio")
    unet, cache = prepared.trainer.average, prepared.cache
    clips = dataset.of_split("validation")
    errors = []
    for number, clip in enumerate(clips):
        posterior, text = cache.posterior(clip), cache.text_embedding(clip.caption)
        assert posterior is not None
        assert text is not None
        z = torch.from_numpy(posterior.mean)[None] * 0.92
        noises = validation_noise(0, number, 4, posterior.mean.shape)
        for timestep, noise in zip((125, 375, 625, 875), noises, strict=True):
            added = torch.from_numpy(noise)[None]
            time = torch.tensor([timestep])
            with torch.no_grad():
                noisy = prepared.objective.noisy(z, added, time)
                answer = unet(noisy, time, None, class_labels=torch.from_numpy(text)[None]).sample
            errors.append(float((answer - added).square().mean()))
    assert validator.loss(clips, unet, "cpu") == pytest.approx(np.mean(errors), rel=1e-5)


def test_a_folder_without_validation_clips(make_run: RunMaker, dataset: Dataset) -> None:
    """The sounds then have training captions; there is no loss and no score to choose by."""
    only = dataclasses.replace(dataset, clips=dataset.of_split("train"))
    run = dataclasses.replace(make_run, dataset=only)(validate_every=2)
    status = train_run(run, score=NotedScore())
    (first, last) = [row.validation for row in read_curves(run) if row.validation]
    assert first["loss"] is None
    assert last["scores"] == {}
    assert len(list(run.sounds(4).glob("*.wav"))) == 2
    assert status.best == {"step": 4, "best_by": "loss", "value": None}
    assert status.model == "bells"


def test_a_run_that_overfits_says_so() -> None:
    def pairs(*values: tuple[float, float]) -> list[LossPair]:
        return [LossPair(100 * n, *value) for n, value in enumerate(values, start=1)]

    note = overfitting_note(pairs((1.0, 1.0), (0.8, 0.8), (0.85, 0.7), (0.9, 0.6)))
    assert "step 200" in note
    assert "0.8" in note
    assert not overfitting_note(pairs((1.0, 1.0), (0.9, 0.9), (0.8, 0.8), (0.7, 0.7)))
    assert not overfitting_note(pairs((0.8, 0.8), (0.85, 0.7)))  # once may be chance
    assert not overfitting_note(pairs((0.8, 0.8), (0.85, 0.85), (0.9, 0.9)))  # diverges, both
    assert not overfitting_note(pairs((0.8, 0.8), (0.801, 0.7), (0.803, 0.6)))  # noise
    assert not overfitting_note([])


def unit_rows(count: int, size: int = 64) -> Any:
    rows = np.random.default_rng(0).standard_normal((count, size)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_a_copy_is_nearer_than_different_recordings_are(dataset: Dataset) -> None:
    vectors = unit_rows(5)
    clips: list[DatasetClip] = list(dataset.of_split("train"))
    sounds = TrainingSounds(clips, vectors)
    exact = sounds.nearest(vectors[3])
    assert exact.clip == clips[3]
    assert exact.similarity == pytest.approx(1.0)
    assert exact.is_copy
    stranger = sounds.nearest(unit_rows(6)[5])
    assert not stranger.is_copy
    # Recordings that are all alike: only what is nearer still is a copy.
    alike = vectors[0] + 0.02 * unit_rows(5)
    alike /= np.linalg.norm(alike, axis=1, keepdims=True)
    among = TrainingSounds(clips, alike)
    assert among.threshold is not None
    assert among.threshold > 0.999
    same = [dataclasses.replace(clip, recording="one") for clip in clips]
    assert not TrainingSounds(same, vectors).nearest(vectors[3]).is_copy


def test_a_copied_clip_is_named_in_the_run(
    make_run: RunMaker, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that answers with a training clip: its sampling is replaced by the clip itself."""
    from soundstudio.audio.files import read_sound
    from soundstudio.training import validation as validation_module

    clip = dataset.of_split("train")[2]
    monkeypatch.setattr(validation_module, "sample_sound", lambda *_: read_sound(clip.path).mono())
    # The tiny CLAP finds all sounds alike; what is asked is whether the nearest is found and said.
    monkeypatch.setattr("soundstudio.training.copies._copy_threshold", lambda *_: 0.9999)
    run = make_run(steps=2, validate_every=2)
    status = train_run(run)
    (told, _) = json.loads((run.sounds(2) / "sounds.json").read_text(encoding="utf-8"))
    assert told["nearest"] == str(clip.path)
    assert told["is_copy"]
    assert any("2 sounds copy training clips" in note for note in status.notes)
