"""The fine-tuning process in itself: whatever ends it is a sentence in the run's status."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from soundstudio.core.errors import StudioError
from soundstudio.core.finetuning import FinetuneSettings
from soundstudio.core.progress import Cancelled, Progress
from soundstudio.core.run_files import RunDescription, RunFolder, RunStatus, read_status
from soundstudio.core.run_orders import ask_to_stop
from soundstudio.training.run_records import write_status
from soundstudio.worker import finetuning, process
from soundstudio.worker.finetuning import StopWatch
from soundstudio.worker.run_process import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """A run after step 5; the process is this one, so it keeps its signals and priority."""
    monkeypatch.setattr(process, "step_back", lambda: None)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    folder = tmp_path / "bells"
    folder.mkdir()
    run = RunFolder(folder)
    description = RunDescription(
        "bells", "2026-03-04T05:06:07+00:00", FinetuneSettings(steps=10), {}, "/models", "/cache"
    )
    run.description.write_text(description.to_json(), encoding="utf-8")
    write_status(run, RunStatus("training", step=5, steps=10, notes=("Mind.",)))
    return run


def train_with(monkeypatch: pytest.MonkeyPatch, error: BaseException | None) -> list[Any]:
    calls: list[Any] = []

    def carry_out(*arguments: Any) -> None:
        calls.append(arguments)
        if error is not None:
            raise error

    monkeypatch.setattr(finetuning, "carry_out", carry_out)
    return calls


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (KeyError("weights"), "Something unexpected happened in training (KeyError: 'weights')."),
        (MemoryError(), "The memory ran out."),
        (StudioError("The disk is full.", "Free some."), "The disk is full."),
    ],
)
def test_every_failure_is_a_sentence_in_the_status(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch, error: Exception, message: str
) -> None:
    train_with(monkeypatch, error)
    assert main([str(run.folder)]) == 1
    status = read_status(run)
    assert status is not None
    assert (status.state, status.step, status.notes) == ("failed", 5, ("Mind.",))
    assert status.error is not None
    assert status.error["message"] == message
    assert status.error["advice"]


def test_a_run_that_another_process_holds_keeps_its_status(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = run.status.read_bytes()
    train_with(monkeypatch, StudioError("It is being worked on already."))
    monkeypatch.setattr("soundstudio.worker.run_process.holder_of", lambda _: 1)
    assert main([str(run.folder)]) == 1
    assert run.status.read_bytes() == before


def test_one_that_is_asked_to_stop_at_once_does_not_train(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = train_with(monkeypatch, None)
    ask_to_stop(run, os.getpid() + 1)
    assert main([str(run.folder)]) == 0
    assert len(calls) == 1
    ask_to_stop(run, os.getpid())
    assert main([str(run.folder)]) == 0
    assert len(calls) == 1
    status = read_status(run)
    assert status is not None
    assert status.state == "stopped"


def test_more_steps_are_written_down(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    from soundstudio.core.run_files import read_description

    train_with(monkeypatch, None)
    assert main([str(run.folder), "--steps", "30"]) == 0
    assert read_description(run).settings.steps == 30


def test_a_request_to_stop_is_seen_between_steps(run: RunFolder) -> None:
    seen: list[Progress] = []
    watch = StopWatch(run, seen.append)
    where = Progress("training", 1, 10)
    watch(where)
    ask_to_stop(run, os.getpid())
    watch(where)  # it looked a moment ago
    watch._looked_s -= 1
    with pytest.raises(Cancelled):
        watch(where)
    assert seen == [where] * 3
