"""A run from its folder to its model, interrupted in every way and not."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch

from soundstudio.core.catalogue import find_model, read_card
from soundstudio.core.errors import ModelError, OutOfMemoryError, RunError, StorageError
from soundstudio.core.progress import Cancelled, Progress
from soundstudio.core.requests import GenerationRequest
from soundstudio.core.run_files import RunFolder, read_curves, read_description, read_status
from soundstudio.core.run_sounds import read_step_sounds
from soundstudio.engine.loading import load_model
from soundstudio.engine.model_store import verify_model
from soundstudio.generation.generate import generate
from soundstudio.training import recorder
from soundstudio.training import trainer as trainer_module
from soundstudio.training.checkpoints import load_checkpoint
from soundstudio.training.new_run import change_settings
from soundstudio.training.run import train_run
from soundstudio.training.tensor_file import read_tensors

if TYPE_CHECKING:
    from conftest import RunMaker

ROOT = Path(__file__).resolve().parents[2]


def stop_after(step: int) -> Any:
    def progress(where: Progress) -> None:
        if where.stage == "training" and where.step >= step:
            raise Cancelled

    return progress


def losses(run: RunFolder) -> list[tuple[int, float]]:
    return [(row.step, row.loss) for row in read_curves(run)]


def final_tensors(run: RunFolder) -> dict[str, torch.Tensor]:
    found = load_checkpoint(run)
    assert found is not None
    return found.tensors


def assert_same_run(run: RunFolder, other: RunFolder) -> None:
    """Losses, weights, averages and moments, bit for bit; and no step twice in the curves."""
    assert losses(run) == losses(other)
    first, second = final_tensors(run), final_tensors(other)
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)
    one, two = (
        [(row.step, row.validation) for row in read_curves(each) if row.validation]
        for each in (run, other)
    )
    assert one == two
    assert read_tensors(run.best)[1] == read_tensors(other.best)[1]


def test_a_run_becomes_a_model_that_generates(make_run: RunMaker) -> None:
    run = make_run(validate_every=2)
    status = train_run(run)
    assert status.state == "finished"
    assert [row.step for row in read_curves(run)] == [1, 2, 3, 4]
    assert read_status(run) == status
    row = find_model("bells", make_run.models)
    assert row.kind == "fine-tuned"
    assert row.licence == "CC0-1.0"
    assert "audio" in row.capabilities
    assert verify_model(row) > 100
    model = load_model(row, "cpu", "float32")
    average = final_tensors(run)["average/conv_in.weight"]
    assert torch.equal(model.unet.conv_in.weight, average)
    start = load_model(find_model(str(make_run.model), make_run.models), "cpu", "float32")
    assert not torch.equal(start.unet.conv_in.weight, average)
    assert torch.equal(start.vae.decoder.conv_in.weight, model.vae.decoder.conv_in.weight)
    (sound,) = generate(model, GenerationRequest(prompt="rain", duration_s=0.5, steps=2))
    assert len(sound.samples) == 8000


def test_the_status_counts_what_is_encoded(
    make_run: RunMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "_STATUS_EVERY_S", 0.0)
    run, seen = make_run(), []

    def progress(where: Progress) -> None:
        if where.stage == "encoding" and (status := read_status(run)) is not None:
            seen.append((status.state, status.encoded, status.to_encode))

    train_run(run, progress)
    count = seen[0][2]
    assert count > 7  # the clips by their latents and their sound, and the captions
    assert seen[0] == ("preparing", 0, count)
    assert seen[-1] == ("preparing", count, count)


def test_the_model_says_where_it_comes_from(make_run: RunMaker) -> None:
    train_run(make_run(validate_every=2, from_scratch=True))
    folder = make_run.models / "bells"
    card = read_card(folder)
    assert card["base"] == {"id": "tiny", "title": "Tiny test model", "licence": "CC0-1.0"}
    assert card["clips"] == {"train": 5, "validation": 2, "test": 0}
    settings: Any = card["settings"]
    assert settings["learning_rate"] == 1e-3
    words = (folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "random weights" in words
    assert "CC0-1.0" in words
    assert sorted(path.name for path in (folder / "unet").iterdir()) == [
        "config.json",
        "diffusion_pytorch_model.safetensors",
    ]


def test_from_scratch_forgets_the_weights_and_keeps_the_shape(make_run: RunMaker) -> None:
    kinds: list[dict[str, Any]] = [
        {},
        {"from_scratch": True},
        {"from_scratch": True, "seed": 1},
    ]
    runs = [
        make_run(f"run{number}", steps=1, learning_rate=1e-9, **kind)
        for number, kind in enumerate(kinds)
    ]
    weights = []
    for run in runs:
        train_run(run)
        weights.append(final_tensors(run)["unet/mid_block.resnets.0.conv1.weight"])
    assert not torch.allclose(weights[0], weights[1], atol=1e-3)
    assert not torch.allclose(weights[1], weights[2], atol=1e-3)
    assert weights[0].shape == weights[1].shape


def test_a_model_stored_in_half_precision_is_trained_in_full(
    make_run: RunMaker, tmp_path: Path
) -> None:
    from tiny_model import build_tiny_model

    half = build_tiny_model(tmp_path / "half", half=True)
    run = make_run(model=str(half), validate_every=2, steps=2)
    assert train_run(run).state == "finished"
    weights = final_tensors(run)["unet/conv_in.weight"]
    assert weights.dtype == torch.float32
    assert not torch.equal(weights, weights.half().float())  # learned below half's resolution


def test_stopped_and_resumed_is_as_if_never_stopped(make_run: RunMaker) -> None:
    whole, parts = (
        make_run("whole", steps=6, validate_every=3),
        make_run("parts", steps=6, validate_every=3),
    )
    train_run(whole)
    status = train_run(parts, stop_after(2))
    assert status.state == "stopped"
    assert losses(parts) == losses(whole)[:3]
    said: list[str] = []
    assert train_run(parts, stop_after(4), said.append).state == "stopped"
    assert "Going on after step 3." in said
    seen: list[int] = []

    def watch(_: Progress) -> None:
        status = read_status(parts)
        seen.append(-1 if status is None else status.step)

    assert train_run(parts, watch).state == "finished"
    assert min(seen) >= 5  # never back at 0, not even while it prepares
    assert_same_run(whole, parts)


TRAINING = """
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from soundstudio.core.run_files import RunFolder
from soundstudio.training.run import train_run
train_run(RunFolder(Path(sys.argv[1])))
"""


def start_child(run: RunFolder) -> subprocess.Popen[bytes]:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", TRAINING, str(run.folder)], cwd=ROOT, env=environment
    )


def wait_for(condition: Any, child: subprocess.Popen[bytes], limit_s: float = 120) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert child.poll() is None, "the child ended by itself"
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX")
def test_killed_and_resumed_is_as_if_never_killed(make_run: RunMaker) -> None:
    """SIGKILL in the middle, twice: between checkpoints, and while one is being written."""
    changes: dict[str, Any] = {"steps": 12, "validate_every": 5, "checkpoint_every": 2}
    whole, killed = make_run("whole", **changes), make_run("killed", **changes)
    train_run(whole)
    with start_child(killed) as child:
        wait_for(lambda: len(read_curves(killed)) >= 3, child)
        child.send_signal(signal.SIGKILL)
    at_first = len(read_curves(killed))
    assert at_first < 12
    with start_child(killed) as child:
        # A name with a dot exists only while a checkpoint is being written.
        wait_for(
            lambda: len(read_curves(killed)) > at_first and any(killed.checkpoints.glob(".*.part")),
            child,
        )
        child.send_signal(signal.SIGKILL)
    assert len(read_curves(killed)) < 12
    assert train_run(killed).state == "finished"
    assert_same_run(whole, killed)
    assert not list(killed.folder.rglob(".*.part"))


def test_a_validation_that_was_cut_off_is_made_again(make_run: RunMaker) -> None:
    changes: dict[str, Any] = {"steps": 4, "validate_every": 2}
    whole, cut = make_run("whole", **changes), make_run("cut", **changes)
    train_run(whole)

    def stop_in_validation(where: Progress) -> None:
        if where.stage == "sampling" and where.step == 1:
            raise Cancelled

    assert train_run(cut, stop_in_validation).state == "stopped"
    assert not cut.before.exists()  # it was the one of the base model
    assert losses(cut) == []
    cut.before.write_bytes(whole.before.read_bytes())
    assert train_run(cut, stop_in_validation).state == "stopped"
    assert losses(cut) == losses(whole)[:1]  # the second row waits for its validation
    train_run(cut)
    assert_same_run(whole, cut)


def test_the_base_model_is_heard_before_the_first_step(make_run: RunMaker) -> None:
    run = make_run(steps=2, validate_every=2)
    train_run(run)
    before, after = read_step_sounds(run)
    assert (before.step, after.step) == (0, 2)
    assert [s.seed for s in before.sounds] == [s.seed for s in after.sounds] == [0, 1]
    assert [s.prompt for s in before.sounds] == [s.prompt for s in after.sounds]
    assert before.path_of(before.sounds[0]).read_bytes() != (
        after.path_of(after.sounds[0]).read_bytes()
    )
    found = json.loads(run.before.read_text(encoding="utf-8"))
    assert found["loss"] != read_curves(run)[-1].validation["loss"]  # type: ignore[index]
    scratch = make_run("scratch", steps=1, validate_every=1, from_scratch=True)
    train_run(scratch)
    assert [sounds.step for sounds in read_step_sounds(scratch)] == [1]


def test_a_damaged_checkpoint_costs_its_steps_and_nothing_else(make_run: RunMaker) -> None:
    changes: dict[str, Any] = {"steps": 6, "validate_every": 6, "checkpoint_every": 2}
    whole, damaged = make_run("whole", **changes), make_run("damaged", **changes)
    train_run(whole)
    train_run(damaged, stop_after(4))
    newest = sorted(damaged.checkpoints.iterdir())[-1]
    newest.write_bytes(newest.read_bytes()[:-5])
    said: list[str] = []
    status = train_run(damaged, say=said.append)
    assert any("was damaged" in note for note in status.notes)
    assert "Going on after step 4." in said
    assert_same_run(whole, damaged)


def test_more_steps_can_be_asked_for(make_run: RunMaker) -> None:
    long, short = make_run("long", steps=6), make_run("short", steps=4)
    train_run(long)
    train_run(short)
    change_settings(short, steps=6)
    assert train_run(short).state == "finished"
    assert losses(short) == losses(long)


def test_a_checkpoint_comes_in_time(make_run: RunMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the interval in steps, no more than `checkpoint_s` of work is ever at stake."""
    from soundstudio.training import recorder as recorder_module

    saved: list[float] = []
    save = recorder_module.save_checkpoint

    def timed_save(*arguments: Any) -> int:
        saved.append(time.monotonic())
        return save(*arguments)

    monkeypatch.setattr(recorder_module, "save_checkpoint", timed_save)
    run = make_run(steps=12, checkpoint_every=1000, checkpoint_s=1.0)
    began: list[float] = []

    def progress(where: Progress) -> None:
        if where.stage == "training":
            began.append(time.monotonic())
            time.sleep(0.2)

    train_run(run, progress)
    marks = [began[0], *saved]
    assert len(saved) >= 2
    assert max(b - a for a, b in itertools.pairwise(marks)) < 2.0


def test_a_loss_that_is_no_number_stops_with_a_sentence(
    make_run: RunMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(steps=8, checkpoint_every=1, validate_every=4)
    train_run(run, stop_after(2))
    before = final_tensors(run)
    from soundstudio.training.objective import Objective

    honest = Objective.losses
    monkeypatch.setattr(Objective, "losses", lambda *a: honest(*a) * float("nan"))
    with pytest.raises(RunError, match="became invalid at step 4"):
        train_run(run)
    monkeypatch.undo()
    status = read_status(run)
    assert status is not None
    assert status.state == "failed"
    assert status.error is not None
    assert "learning-rate" in status.error["advice"]
    after = final_tensors(run)
    assert all(torch.equal(before[name], after[name]) for name in before)
    change_settings(run, learning_rate=1e-4)
    assert train_run(run).state == "finished"
    assert [row.step for row in read_curves(run)] == list(range(1, 9))


def test_weights_that_run_away_are_noticed_by_themselves(make_run: RunMaker) -> None:
    with pytest.raises(RunError, match="became invalid"):
        train_run(make_run(steps=200, learning_rate=1.0, warmup_steps=0, checkpoint_every=1000))


def test_out_of_memory_makes_smaller_pieces(
    make_run: RunMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The processor does not run out of memory on demand: the refusal is torch's, but ordered."""
    calm, tight = make_run("calm", batch_size=4), make_run("tight", batch_size=4)
    train_run(calm)
    from soundstudio.training.objective import Objective

    honest = Objective.losses

    def refusing(self: Objective, unet: Any, latents: torch.Tensor, *rest: Any) -> torch.Tensor:
        if len(latents) > 1:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 1 PB")
        return honest(self, unet, latents, *rest)

    monkeypatch.setattr(Objective, "losses", refusing)
    train_run(tight)
    for (step, loss), (_, expected) in zip(losses(tight), losses(calm), strict=True):
        assert loss == pytest.approx(expected, rel=1e-4), step
    found = load_checkpoint(tight)
    assert found is not None
    assert found.facts["micro_batch"] == 1


def test_out_of_memory_for_good_can_be_resumed(
    make_run: RunMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, run = make_run("whole"), make_run("run")
    train_run(whole)
    honest = trainer_module.Trainer.accumulate

    def refusing(self: Any, number: int, micro_batch: int, count: int | None = None) -> float:
        if number == 2:
            raise OutOfMemoryError("The memory ran out while training.")
        return honest(self, number, micro_batch, count)

    monkeypatch.setattr(trainer_module.Trainer, "accumulate", refusing)
    with pytest.raises(OutOfMemoryError):
        train_run(run)
    monkeypatch.undo()
    found = load_checkpoint(run)
    assert found is not None
    assert found.step == 2  # nothing was lost
    train_run(run)
    for (step, loss), (_, expected) in zip(losses(run), losses(whole), strict=True):
        assert loss == pytest.approx(expected, rel=1e-4), step


@pytest.mark.skipif(os.name == "nt", reason="file size limits are POSIX")
def test_a_disk_that_fills_up_in_the_middle(make_run: RunMaker) -> None:
    """A child whose files may not grow as large as a checkpoint, from its third step on."""
    run, whole = make_run("run", checkpoint_every=2), make_run("whole", checkpoint_every=2)
    train_run(whole)
    train_run(run, stop_after(1))
    before = {path.name: path.read_bytes() for path in run.checkpoints.iterdir()}
    program = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (400000, 400000))\n"
    program += TRAINING.replace("train_run(RunFolder", "print(train_run)\ntrain_run(RunFolder")
    result = subprocess.run(
        [sys.executable, "-c", program, str(run.folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "StorageError" in result.stderr
    assert "checkpoint" in result.stderr or "step-00000004" in result.stderr
    assert {path.name: path.read_bytes() for path in run.checkpoints.iterdir()} == before
    status = read_status(run)
    assert status is not None
    assert status.state == "failed"
    train_run(run)
    assert losses(run) == losses(whole)


def test_a_disk_that_is_too_small_is_refused_before_the_first_step(
    make_run: RunMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    run = make_run()
    with pytest.raises(StorageError, match="MB of the disk are free"):
        train_run(run)
    assert read_curves(run) == []


def test_two_at_once_on_one_run(make_run: RunMaker) -> None:
    run = make_run(steps=100000)
    with start_child(run) as child:
        wait_for(lambda: len(read_curves(run)) >= 1, child)
        before = read_status(run)
        with pytest.raises(RunError, match=f"already, by process {child.pid}"):
            train_run(run)
        with pytest.raises(RunError, match="already"):
            change_settings(run, steps=5)
        after = read_status(run)
        assert before is not None
        assert after is not None
        assert after.pid == child.pid
        assert after.state in ("training", "preparing")
        child.kill()


def test_a_run_of_a_newer_version_is_refused_in_a_sentence(make_run: RunMaker) -> None:
    run = make_run()
    values = json.loads(run.description.read_text(encoding="utf-8"))
    run.description.write_text(json.dumps(values | {"version": 2, "x": []}), encoding="utf-8")
    with pytest.raises(RunError) as refusal:
        train_run(run)
    assert refusal.value.sentence() == (
        "The run “bells” was made by a newer version of Sound Studio; update to go on."
    )
    run.description.write_text("{", encoding="utf-8")
    with pytest.raises(RunError, match="damaged"):
        train_run(run)


def test_names_that_are_taken(make_run: RunMaker) -> None:
    make_run("once")
    with pytest.raises(RunError, match="a run called “once” already"):
        make_run("once")
    (make_run.models / "taken").mkdir(parents=True)
    with pytest.raises(ModelError, match="taken"):
        make_run("taken")
    with pytest.raises(ModelError, match="already"):
        make_run("starter")
    assert not (make_run.home / "runs" / "taken").exists()


def test_another_base_model_in_its_place_is_noticed(make_run: RunMaker, tmp_path: Path) -> None:
    from tiny_model import build_tiny_model

    base = build_tiny_model(tmp_path / "base")
    run = make_run(model=str(base))
    train_run(run, stop_after(1))
    build_tiny_model(base, seed=1)
    with pytest.raises(RunError, match="not the one"):
        train_run(run)


def test_the_description_survives_its_file(make_run: RunMaker) -> None:
    run = make_run(condition="audio", batch_size=3)
    description = read_description(run)
    assert description.settings.condition == "audio"
    assert read_description(run) == dataclasses.replace(description)
    assert json.loads(description.to_json())["settings"]["batch_size"] == 3
