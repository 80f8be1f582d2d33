"""Two real processes over gloo: the same training as one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch

from soundstudio.core.errors import RunError
from soundstudio.core.progress import Cancelled, Progress
from soundstudio.core.run_files import read_curves, read_status
from soundstudio.training.checkpoints import load_checkpoint
from soundstudio.training.run import train_run
from soundstudio.worker import ranks
from soundstudio.worker.ranks import LostRankError, error_of, train_in_processes

if TYPE_CHECKING:
    from conftest import RunMaker

    from soundstudio.core.run_files import RunFolder

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def one_thread_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def assert_close(run: RunFolder, other: RunFolder) -> None:
    """The same steps and losses, and weights that differ by rounding alone."""
    rows, expected = read_curves(run), read_curves(other)
    assert [row.step for row in rows] == [row.step for row in expected]
    for row, one in zip(rows, expected, strict=True):
        assert row.loss == pytest.approx(one.loss, rel=1e-5)
    first, second = load_checkpoint(run), load_checkpoint(other)
    assert first is not None
    assert second is not None
    name = "average/mid_block.resnets.0.conv1.weight"
    torch.testing.assert_close(first.tensors[name], second.tensors[name], atol=2e-5, rtol=1e-4)


def test_two_processes_train_as_one_does(make_run: RunMaker) -> None:
    changes: dict[str, Any] = {"steps": 4, "batch_size": 4, "micro_batch": 1, "validate_every": 2}
    alone, together = make_run("alone", **changes), make_run("together", **changes)
    train_run(alone)
    said: list[str] = []
    status = train_in_processes(together, 2, lambda _: None, said.append)
    assert status.state == "finished"
    assert status.model == "together"
    assert any("in each of 2 processes" in sentence for sentence in said)
    assert_close(together, alone)


def test_two_processes_stop_at_one_step_and_one_goes_on(make_run: RunMaker) -> None:
    """What begins with two may go on with one: the batch and its noise are the same."""
    changes: dict[str, Any] = {"steps": 6, "batch_size": 2}
    alone, shared = make_run("alone", **changes), make_run("shared", **changes)
    train_run(alone)

    def stop(where: Progress) -> None:
        if where.stage == "training" and where.step >= 2:
            raise Cancelled

    status = train_in_processes(shared, 2, stop, lambda _: None)
    assert status.state == "stopped"
    assert 3 <= status.step <= 6
    train_run(shared)
    assert_close(shared, alone)


def test_a_batch_that_cannot_be_shared_is_refused(make_run: RunMaker) -> None:
    run = make_run(batch_size=3)
    with pytest.raises(RunError, match="evenly"):
        train_in_processes(run, 2, lambda _: None, lambda _: None)


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX")
def test_a_killed_process_ends_the_others(
    make_run: RunMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(steps=100_000, checkpoint_every=1)
    children: list[subprocess.Popen[bytes]] = []
    start = ranks._start

    def noted(*arguments: Any) -> subprocess.Popen[bytes]:
        children.append(start(*arguments))
        return children[-1]

    monkeypatch.setattr(ranks, "_start", noted)
    killed = threading.Event()

    def kill_second(where: Progress) -> None:
        if where.stage == "training" and where.step >= 2 and not killed.is_set():
            killed.set()
            children[1].kill()

    with pytest.raises(LostRankError):
        train_in_processes(run, 2, kill_second, lambda _: None)
    assert all(child.poll() is not None for child in children)
    found = load_checkpoint(run)
    assert found is not None
    assert found.step >= 2


def test_a_process_that_died_explains_what_its_fellows_complain_of() -> None:
    """Whichever is heard first: the lost connection or the silence."""
    complaint = json.dumps({"error": {"kind": "StudioError", "message": "connection reset"}})
    programs = (f"print({complaint!r}, flush=True)", "import time; time.sleep(1)")
    children = [
        subprocess.Popen(
            [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for program in programs
    ]
    with pytest.raises(LostRankError):
        ranks._Conversation(children).outcome(lambda _: None, lambda _: None)


def test_a_parent_that_dies_takes_the_training_along(make_run: RunMaker) -> None:
    """The processes notice the end of their input; the step is finished and kept."""
    run = make_run(steps=100_000)
    child = subprocess.Popen(
        [sys.executable, "-m", "soundstudio", ranks.RANK_ARGUMENT, str(run.folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    with child.stdout:
        for line in child.stdout:
            if b'"training", 2' in line:
                child.stdin.close()
                break
        rest = child.stdout.read()
    assert child.wait(60) == 0
    assert b'"state": "stopped"' in rest
    status = read_status(run)
    assert status is not None
    assert status.state == "stopped"
    assert load_checkpoint(run) is not None


def test_errors_cross_the_process_border() -> None:
    error = error_of({"kind": "RunError", "message": "No.", "advice": "Try."})
    assert type(error) is RunError
    assert error.sentence() == "No. Try."
    assert error_of({"kind": "os", "message": "x"}).kind == "StudioError"
