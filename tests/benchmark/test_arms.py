"""The four arms of Table II from clips to records: resuming, seeds, what is kept."""

from __future__ import annotations

import dataclasses
import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from fake_backbone import FakeSource
from tiny_model import build_tiny_model

from soundstudio.benchmark import arm_runs
from soundstudio.benchmark.arm_runs import run_arms
from soundstudio.benchmark.arms import ARMS, Arm, ArmRun, ArmsPlan
from soundstudio.benchmark.layouts import read_dataset
from soundstudio.benchmark.set_score import MEASURES
from soundstudio.benchmark.training_split import FoldChoice, draw_split, prepare_clips
from soundstudio.core.catalogue import row_of_folder
from soundstudio.core.errors import InvalidRequestError, ModelError, StorageError
from soundstudio.core.finetuning import FinetuneSettings
from soundstudio.core.progress import Cancelled
from soundstudio.core.run_files import RunFolder, read_curves, read_description

if TYPE_CHECKING:
    from pathlib import Path

    from soundstudio.benchmark.training_split import PreparedClips

pytestmark = pytest.mark.usefixtures("one_thread")

QUICK = FinetuneSettings(
    steps=2,
    batch_size=1,
    learning_rate=1e-3,
    warmup_steps=1,
    validate_every=2,
    validation_sounds=2,
    sampling_steps=1,
    best_by="fd",
    device="cpu",
    dtype="float32",
    micro_batch=1,
)
ONE = (Arm("pre-trained", "text"),)


@pytest.fixture(scope="module")
def clips(esc_folder: Path) -> PreparedClips:
    dataset = read_dataset("esc50", esc_folder)
    split = draw_split(dataset, "paper", folds=FoldChoice("3"))
    return prepare_clips(split, dataset.folder, "{label}")


def plan_of(model: Path, **changes: Any) -> ArmsPlan:
    values: dict[str, Any] = {
        "backbone": FakeSource(),
        "model": row_of_folder(model),
        "settings": QUICK,
        "seeds": (0, 1),
    }
    return ArmsPlan(**(values | changes))


def trained_by(
    monkeypatch: pytest.MonkeyPatch, clips: PreparedClips, plan: ArmsPlan, folder: Path
) -> list[str]:
    """The names of the runs that are worked on."""
    names: list[str] = []
    carry_out = arm_runs._carry_out

    def noted(desk: Any, progress: Any, backbone: Any, piece: Any) -> None:
        names.append(piece.name.rpartition("-")[0])
        carry_out(desk, progress, backbone, piece)

    with monkeypatch.context() as patch:
        patch.setattr(arm_runs, "_carry_out", noted)
        run_arms(clips.training, plan, folder)
    return names


def test_four_arms_with_two_seeds(
    clips: PreparedClips, tiny_model_folder: Path, tmp_path: Path
) -> None:
    plan = plan_of(tiny_model_folder)
    found = run_arms(clips.training, plan, tmp_path)
    assert [(run.arm, run.seed) for run in found.runs] == [(a, s) for a in ARMS for s in (0, 1)]
    for run in found.runs:
        assert [point["step"] for point in run.points] == [0, 2]
        assert all(set(MEASURES) < set(point) for point in run.points)
        assert all(point["fd"] > 0 and point["kl"] > 0 for point in run.points)
        assert all(0 <= point["accuracy"] <= 1 for point in run.points)
        folder = RunFolder(tmp_path / "runs" / run.name)
        settings = read_description(folder).settings
        assert settings.from_scratch == (run.arm.start == "scratch")
        assert (settings.condition, settings.seed) == (run.arm.condition, run.seed)
        # The points are the run's own, and what is large and of no use any more is gone.
        assert [row.step for row in read_curves(folder) if row.validation] == [2]
        assert folder.best.is_file()
        assert not folder.checkpoints.exists()
    assert not list((tmp_path / "models").iterdir())
    points = {(run.arm, run.seed): run.points for run in found.runs}
    # The same weights before training on text as on sounds, others from scratch and other seeds.
    text, sound = Arm("pre-trained", "text"), Arm("pre-trained", "audio")
    assert points[text, 0][0] == points[sound, 0][0]
    assert points[text, 0][0] != points[Arm("scratch", "text"), 0][0]
    assert points[text, 0][0]["fd"] != points[text, 1][0]["fd"]
    assert points[text, 0][-1]["fd"] != points[sound, 0][-1]["fd"]
    # Another time, nothing is left to do.
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")}
    again = run_arms(clips.training, plan, tmp_path)
    assert again == found
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")} == before


def test_a_run_is_interrupted_and_goes_on_to_the_same_numbers(
    clips: PreparedClips,
    tiny_model_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = plan_of(tiny_model_folder, arms=ONE)
    whole = run_arms(clips.training, plan, tmp_path / "whole")

    def stop(what: str, done: int, total: int) -> None:
        if (what, done) == ("pre-trained, text, seed 1", 1):
            raise Cancelled

    folder = tmp_path / "stopped"
    with pytest.raises(Cancelled):
        run_arms(clips.training, plan, folder, stop)
    assert len(list((folder / "arms").iterdir())) == 1
    assert trained_by(monkeypatch, clips, plan, folder) == ["pretrained-text-seed1"]
    assert run_arms(clips.training, plan, folder).runs == whole.runs


def test_killed_between_arms_and_before_the_record(
    clips: PreparedClips,
    tiny_model_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = plan_of(tiny_model_folder, arms=ARMS[:2], seeds=(0,))

    def full(path: Path, value: Any) -> None:
        raise StorageError("The disk is full.")

    with monkeypatch.context() as patch:
        write = arm_runs.write_json
        patch.setattr(
            arm_runs, "write_json", lambda p, v: (full if p.parent.name == "arms" else write)(p, v)
        )
        with pytest.raises(StorageError):
            run_arms(clips.training, plan, tmp_path)
    (run,) = (tmp_path / "runs").iterdir()
    rows = (run / "curves.jsonl").read_bytes()
    names = trained_by(monkeypatch, clips, plan, tmp_path)
    assert names == ["pretrained-text-seed0", "pretrained-audio-seed0"]
    assert (run / "curves.jsonl").read_bytes() == rows  # it was finished: no step was made again
    # A record that is damaged, and a run whose folder is all there is of it.
    for path in (tmp_path / "arms").iterdir():
        path.write_text("{")
    shutil.rmtree(run)
    run.mkdir()
    (run / "dataset.jsonl").write_text("torn")
    assert len(trained_by(monkeypatch, clips, plan, tmp_path)) == 2
    assert trained_by(monkeypatch, clips, plan, tmp_path) == []


def test_other_choices_are_other_runs(
    clips: PreparedClips,
    tiny_model_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = plan_of(tiny_model_folder, arms=ONE, seeds=(0,), settings=changed(steps=1))
    run_arms(clips.training, plan, tmp_path)
    same = dataclasses.replace(plan, settings=changed(steps=1, checkpoint_every=7))
    assert trained_by(monkeypatch, clips, same, tmp_path) == []
    model = build_tiny_model(tmp_path / tiny_model_folder.name, seed=1)
    for other in (
        dataclasses.replace(plan, settings=changed(steps=1, guidance=1.0)),
        dataclasses.replace(plan, backbone=FakeSource(name="other")),
        dataclasses.replace(plan, model=row_of_folder(model)),
    ):
        assert len(trained_by(monkeypatch, clips, other, tmp_path)) == 1
    kept = clips.training.clips[:-1]
    fewer = dataclasses.replace(clips, training=dataclasses.replace(clips.training, clips=kept))
    assert len(trained_by(monkeypatch, fewer, plan, tmp_path)) == 1
    assert len(list((tmp_path / "runs").iterdir())) == 5


def changed(**values: Any) -> FinetuneSettings:
    return dataclasses.replace(QUICK, **values)


def test_two_processes_find_the_same(
    clips: PreparedClips, tiny_model_folder: Path, tmp_path: Path
) -> None:
    plan = plan_of(tiny_model_folder, arms=ONE, settings=changed(steps=1))
    alone = run_arms(clips.training, plan, tmp_path / "1")
    told: list[tuple[str, int, int]] = []
    both = run_arms(
        clips.training,
        dataclasses.replace(plan, processes=2),
        tmp_path / "2",
        lambda *what: told.append(what),
    )
    assert both == alone
    assert ("fine-tuning", 2, 2) in told
    assert [what for what in told if what[0] == "encoding"][-1] == ("encoding", 2, 2)


@pytest.mark.parametrize(
    "changes",
    [
        {"arms": ()},
        {"seeds": ()},
        {"seeds": (1, 1)},
        {"seeds": (-1,)},
        {"processes": 0},
        {"settings": changed(validate_every=0)},
        {"settings": changed(validation_sounds=0)},
        {"settings": changed(steps=0)},
    ],
)
def test_impossible_plans_are_refused(
    clips: PreparedClips, tiny_model_folder: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRequestError):
        run_arms(clips.training, plan_of(tiny_model_folder, **changes), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_model_that_cannot_listen(clips: PreparedClips, tmp_path: Path) -> None:
    model = build_tiny_model(tmp_path / "deaf", audio_tower=False)
    with pytest.raises(ModelError, match="cannot be trained on sounds"):
        run_arms(clips.training, plan_of(model), tmp_path / "out")


def test_the_best_point_is_one_after_training() -> None:
    points = [
        {"step": step, "fd": fd, "is": inception, "loss": None}
        for step, fd, inception in ((0, 1.0, 9.0), (10, 5.0, 2.0), (20, 3.0, None), (30, 4.0, 1.0))
    ]
    run = ArmRun(ONE[0], 0, "a", tuple(points))
    assert run.best("fd")["step"] == 20
    assert run.best("is")["step"] == 10
    assert run.best("loss")["step"] == 30  # nothing to choose by: the last


def test_records_say_where_the_numbers_come_from(
    clips: PreparedClips, tiny_model_folder: Path, tmp_path: Path
) -> None:
    plan = plan_of(tiny_model_folder, arms=ONE, seeds=(7,), settings=changed(steps=1))
    (run,) = run_arms(clips.training, plan, tmp_path).runs
    record = json.loads((tmp_path / "arms" / f"{run.name}.json").read_text())
    assert (record["arm"], record["seed"]) == ({"start": "pre-trained", "condition": "text"}, 7)
    assert record["settings"]["validation_sounds"] == 2
    assert len(record["base"]["fingerprints"]["vae"]) == 64
    assert 0 <= record["real_accuracy"] <= 1
