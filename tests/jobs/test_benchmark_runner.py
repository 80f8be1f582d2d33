"""Benchmarks in their own process: progress, cancel, crash, what does not listen, refusals."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from soundstudio.core.benchmark_requests import BenchmarkRequest
from soundstudio.core.errors import InvalidRequestError
from soundstudio.core.messages import BenchmarkFinished, EngineReady
from soundstudio.jobs.benchmark_runner import BenchmarkRunner
from soundstudio.jobs.engine_thread import EngineThread, RestartPolicy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from soundstudio.core.errors import StudioError
    from soundstudio.jobs.benchmark_runner import BenchmarkState

FAKE = Path(__file__).with_name("fake_scorer.py")
PATIENCE_MS = 20_000


class Watched:
    """A runner, and all that it told."""

    def __init__(self, out: Path) -> None:
        self.thread = EngineThread(
            [sys.executable, str(FAKE)],
            RestartPolicy(most=2, first_wait_s=0.01),
            name="benchmark process",
        )
        self.runner = BenchmarkRunner(self.thread)
        self.out = out
        self.finished: list[BenchmarkFinished] = []
        self.failures: list[StudioError] = []
        self.states: list[BenchmarkState] = []
        self.cancelled = 0
        self.pids: list[int] = []
        self.runner.finished.connect(self.finished.append)
        self.runner.failed.connect(self.failures.append)
        self.runner.changed.connect(self.states.append)
        self.runner.cancelled.connect(self._count)
        self.thread.message_received.connect(
            lambda m: self.pids.append(m.pid) if isinstance(m, EngineReady) else None
        )

    def _count(self) -> None:
        self.cancelled += 1

    def run(self, data: str) -> None:
        self.runner.run(
            BenchmarkRequest(
                benchmark="figure1", dataset="folder", data=data, out=str(self.out),
                models_folder="",
            )
        )  # fmt: skip


@pytest.fixture
def watched(qapp: object, tmp_path: Path) -> Iterator[Watched]:
    made = Watched(tmp_path / "out")
    yield made
    made.thread.shutdown()


def test_from_start_to_report(qtbot: QtBot, watched: Watched) -> None:
    assert not watched.thread.isRunning()
    watched.run("sounds")
    qtbot.waitUntil(lambda: bool(watched.finished), timeout=PATIENCE_MS)
    assert Path(watched.finished[0].path) == watched.out / "figure1.json"
    assert watched.finished[0].note == "1 of 9 clips has no sound file here."
    phases = list(dict.fromkeys(state.phase for state in watched.states))
    assert phases == ["starting", "working", "idle"]
    working = [state for state in watched.states if state.phase == "working"]
    assert working[-1].what == "listening to untouched sounds"
    assert working[-1].fraction == 1.0


def test_refusals(watched: Watched) -> None:
    with pytest.raises(InvalidRequestError, match="no dataset"):
        watched.run("")
    assert not watched.runner.is_busy
    watched.run("slow")
    with pytest.raises(InvalidRequestError, match="under way"):
        watched.run("sounds")


def test_cancel(qtbot: QtBot, watched: Watched) -> None:
    watched.run("slow")
    qtbot.waitUntil(lambda: watched.runner.state.done >= 1, timeout=PATIENCE_MS)
    asked = time.monotonic()
    watched.runner.cancel()
    assert watched.runner.state.phase == "stopping"
    qtbot.waitUntil(lambda: watched.cancelled == 1, timeout=PATIENCE_MS)
    assert time.monotonic() - asked < 3
    assert not watched.runner.is_busy
    assert "stopping" in {state.phase for state in watched.states}


def test_what_does_not_listen_is_ended_by_force(qtbot: QtBot, watched: Watched) -> None:
    watched.runner._patience.setInterval(100)
    watched.run("hang")
    qtbot.waitUntil(lambda: watched.runner.state.done >= 3, timeout=PATIENCE_MS)
    watched.runner.cancel()
    qtbot.waitUntil(lambda: watched.cancelled == 1, timeout=PATIENCE_MS)
    assert watched.failures == []
    watched.run("sounds")
    qtbot.waitUntil(lambda: bool(watched.finished), timeout=PATIENCE_MS)
    assert len(set(watched.pids)) == 2


def test_a_crash_and_a_failure_are_said(qtbot: QtBot, watched: Watched) -> None:
    watched.run("crash")
    qtbot.waitUntil(lambda: len(watched.failures) == 1, timeout=PATIENCE_MS)
    assert watched.failures[0].title == "The benchmark stopped"
    assert "benchmark process ended unexpectedly" in watched.failures[0].message
    watched.run("fail")
    qtbot.waitUntil(lambda: len(watched.failures) == 2, timeout=PATIENCE_MS)
    assert watched.failures[1].message == "fail does not hold it."
