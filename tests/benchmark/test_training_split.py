"""What runs train on and are evaluated on: draws, folds, damaged clips; accuracy by class."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from fake_backbone import FakeSource

from soundstudio.audio.files import Sound, write_wav
from soundstudio.benchmark.dataset import Dataset, DatasetClip
from soundstudio.benchmark.feature_store import FeatureStore
from soundstudio.benchmark.layouts import read_dataset
from soundstudio.benchmark.set_score import KeptBackbone, SetScore
from soundstudio.benchmark.training_split import FoldChoice, draw_split, prepare_clips
from soundstudio.core.errors import InvalidRequestError
from soundstudio.core.finetuning import FinetuneSettings
from soundstudio.dataset.findings import DatasetError
from soundstudio.training.validation import MAX_REFERENCES, reference_files

if TYPE_CHECKING:
    from soundstudio.core.benchmark_requests import DatasetKind


def write_tone(path: Path, pitch_hz: float, seed: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    time_s = np.arange(16_000) / 16_000
    noise = 0.01 * np.random.default_rng(seed).standard_normal(16_000)
    samples = 0.3 * np.sin(2 * np.pi * pitch_hz * time_s) + noise
    write_wav(path, Sound(samples.astype(np.float32)[None], 16_000), "PCM_16")


def made_up(kind: DatasetKind, count: int, folds: tuple[str, ...]) -> Dataset:
    clips = tuple(
        DatasetClip(Path(f"/nowhere/{n}.wav"), str(n), (f"label{n % 5}",),
                    fold=folds[n % len(folds)], source=f"s{n}")
        for n in range(count)
    )  # fmt: skip
    return Dataset(kind, kind, Path("/nowhere"), clips)


def test_the_papers_draw_and_its_share_of_a_smaller_set() -> None:
    esc = made_up("esc50", 2000, ("1", "2", "3", "4", "5"))
    split = draw_split(esc, "paper")
    assert (len(split.clips), len(split.others)) == (400, 1600)
    assert {clip.fold for clip in split.clips} == {"1", "2", "3", "4", "5"}
    assert not set(split.clips) & set(split.others)
    assert draw_split(esc, "paper", seed=1).clips != split.clips
    held_out = draw_split(esc, "held-out")
    assert {clip.fold for clip in held_out.clips} == {"5"}
    assert (len(held_out.clips), len(held_out.others)) == (400, 1600)
    small = draw_split(made_up("esc50", 400, ("1", "2")), "paper")
    assert (len(small.clips), len(small.others)) == (80, 320)
    assert len(draw_split(esc, "paper", count=50).clips) == 50
    urban = draw_split(made_up("urbansound8k", 8732, ("1",)), "paper")
    assert len(urban.clips) == 870


def test_folds_and_published_splits() -> None:
    esc = made_up("esc50", 100, ("1", "2", "3", "4", "5"))
    split = draw_split(esc, "paper", folds=FoldChoice("2"))
    assert {clip.fold for clip in split.clips} == {"2"}
    assert {clip.fold for clip in split.others} == {"1", "3", "4", "5"}
    few = draw_split(esc, "paper", folds=FoldChoice("2", ("4", "5")), count=7)
    assert len(few.clips) == 7
    assert {clip.fold for clip in few.others} == {"4", "5"}
    caps = draw_split(made_up("audiocaps", 30, ("train", "val", "test")), "paper")
    assert {clip.fold for clip in caps.clips} == {"test"}
    assert {clip.fold for clip in caps.others} == {"train"}
    with pytest.raises(InvalidRequestError, match="no fold “9”"):
        draw_split(esc, "paper", folds=FoldChoice("9"))
    with pytest.raises(InvalidRequestError, match="trained on and evaluated"):
        draw_split(esc, "paper", folds=FoldChoice("2", ("1", "2")))
    with pytest.raises(InvalidRequestError, match="nothing to train on"):
        draw_split(esc, "all")


def test_clips_become_a_dataset_to_train_on(esc_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "esc"
    shutil.copytree(esc_folder, folder)
    dataset = read_dataset("esc50", folder)
    split = draw_split(dataset, "paper", folds=FoldChoice("3"))
    split.others[1].path.write_text("no sound")
    write_tone(folder / "audio" / "stranger.wav", 440.0)  # not in the metadata
    clips = prepare_clips(split, folder, "This is {label}.")
    assert list(clips.failures) == [split.others[1].name]
    assert (len(clips.train), len(clips.evaluation)) == (7, 4)
    train, held_out = clips.training.of_split("train"), clips.training.of_split("validation")
    assert {clip.path for clip in train} == {clip.path for clip in clips.train}
    assert {clip.path for clip in held_out} == {clip.path for clip in clips.evaluation}
    bird = next(clip for clip in held_out if clip.label == "chirping birds")
    assert bird.caption == "This is chirping birds."
    for clip in clips.evaluation[1:]:
        clip.path.unlink()
    with pytest.raises(DatasetError, match="1 to evaluate on"):
        prepare_clips(split, folder, "{label}")


def test_as_many_references_as_sounds(esc_folder: Path) -> None:
    dataset = read_dataset("esc50", esc_folder)
    split = draw_split(dataset, "paper", folds=FoldChoice("3"))
    training = prepare_clips(split, dataset.folder, "{label}").training
    one = training.of_split("validation")[0]
    many = dataclasses.replace(training, clips=(one,) * 500)
    assert len(reference_files(many, FinetuneSettings())) == MAX_REFERENCES
    files = reference_files(many, FinetuneSettings(validation_sounds=400))
    assert len(files) == 400
    assert next(iter(files)) == f"000-{one.path.stem}.wav"


def test_accuracy_is_the_nearest_clips_class(tmp_path: Path) -> None:
    labels = {"0.wav": "low", "1.wav": "low", "2.wav": "high", "3.wav": "high"}
    for number, (name, label) in enumerate(labels.items()):
        write_tone(tmp_path / "real" / name, 200.0 if label == "low" else 3000.0, number)
    # The second and the third sound have each the other's pitch.
    for name, pitch_hz in zip(labels, (200.0, 3000.0, 200.0, 3000.0), strict=True):
        write_tone(tmp_path / "made" / name, pitch_hz, 9)
    log = tmp_path / "log"
    score = SetScore(FeatureStore(tmp_path / "features"), KeptBackbone(FakeSource(log)), labels)
    found = score(tmp_path / "made", tmp_path / "real")
    assert found["accuracy"] == 0.5
    assert found["fd"] is not None
    assert found["kl"] is not None
    assert found["is"] is None  # four sounds are too few
    assert score.real_accuracy(tmp_path / "real") == 1.0
    assert log.read_text().count("loaded") == 1
    unlabelled = SetScore(FeatureStore(tmp_path / "features"), FakeSource(), {})
    assert unlabelled(tmp_path / "made", tmp_path / "real")["accuracy"] is None
    assert set(score(tmp_path / "none", tmp_path / "real").values()) == {None}
