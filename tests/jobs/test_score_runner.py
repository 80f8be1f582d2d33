"""Scorings in their own process: progress, cancel, crash, a process that does not listen, rest."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from soundstudio.core.errors import ScoreRequestError
from soundstudio.core.messages import EngineReady
from soundstudio.core.score_requests import ScoreRequest, SetChoice
from soundstudio.jobs.engine_thread import EngineThread, RestartPolicy
from soundstudio.jobs.score_runner import ScoreRunner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

    from soundstudio.core.errors import StudioError

FAKE_SCORER = Path(__file__).with_name("fake_scorer.py")
PATIENCE_MS = 20_000


class Watched:
    """A runner, and all that it told."""

    def __init__(self, history: Path, *arguments: str) -> None:
        self.thread = EngineThread(
            [sys.executable, str(FAKE_SCORER), *arguments],
            RestartPolicy(most=2, first_wait_s=0.01),
            name="scoring process",
        )
        self.runner = ScoreRunner(self.thread, history)
        self.finished: list[str] = []
        self.failures: list[StudioError] = []
        self.cancelled = 0
        self.phases: list[str] = []
        self.pids: list[int] = []
        self.runner.finished.connect(lambda message: self.finished.append(message.path))
        self.runner.failed.connect(self.failures.append)
        self.runner.cancelled.connect(self._count)
        self.runner.changed.connect(lambda state: self.phases.append(state.phase))
        self.thread.message_received.connect(
            lambda m: self.pids.append(m.pid) if isinstance(m, EngineReady) else None
        )

    def _count(self) -> None:
        self.cancelled += 1

    def score(self, title: str) -> None:
        self.runner.score(ScoreRequest(SetChoice(title, folder="/nowhere")))


@pytest.fixture
def make(qapp: object, tmp_path: Path) -> Iterator[Callable[..., Watched]]:
    made: list[Watched] = []

    def make(*arguments: str) -> Watched:
        made.append(Watched(tmp_path / "history", *arguments))
        return made[-1]

    yield make
    for watched in made:
        watched.thread.shutdown()


def test_from_start_to_report_and_the_process_starts_when_needed(
    qtbot: QtBot, make: Callable[..., Watched]
) -> None:
    watched = make()
    assert not watched.thread.isRunning()
    watched.score("rain")
    qtbot.waitUntil(lambda: len(watched.finished) == 1, timeout=PATIENCE_MS)
    assert Path(watched.finished[0]).is_file()
    order = list(dict.fromkeys(watched.phases))
    assert order == ["starting", "loading", "listening", "computing", "idle"]
    watched.score("again")
    qtbot.waitUntil(lambda: len(watched.finished) == 2, timeout=PATIENCE_MS)
    assert len(watched.pids) == 1


def test_one_at_a_time_and_refusals(qtbot: QtBot, make: Callable[..., Watched]) -> None:
    watched = make()
    with pytest.raises(ScoreRequestError):
        watched.runner.score(ScoreRequest(SetChoice("")))
    watched.score("slow")
    with pytest.raises(ScoreRequestError, match="under way"):
        watched.score("rain")


def test_cancel_while_it_hears(qtbot: QtBot, make: Callable[..., Watched]) -> None:
    watched = make()
    watched.score("slow")
    qtbot.waitUntil(lambda: watched.runner.state.done >= 1, timeout=PATIENCE_MS)
    asked = time.monotonic()
    watched.runner.cancel()
    assert watched.runner.state.phase == "stopping"
    qtbot.waitUntil(lambda: watched.cancelled == 1, timeout=PATIENCE_MS)
    assert time.monotonic() - asked < 2
    assert not watched.runner.state.is_busy
    assert len(watched.pids) == 1


def test_cancel_before_the_process_is_up(qtbot: QtBot, make: Callable[..., Watched]) -> None:
    watched = make()
    watched.score("rain")
    watched.runner.cancel()
    qtbot.waitUntil(lambda: watched.cancelled == 1, timeout=PATIENCE_MS)
    assert watched.finished == []
    watched.score("rain")
    qtbot.waitUntil(lambda: len(watched.finished) == 1, timeout=PATIENCE_MS)


def test_what_does_not_listen_is_ended_by_force(qtbot: QtBot, make: Callable[..., Watched]) -> None:
    watched = make()
    watched.runner._patience.setInterval(100)
    watched.score("hang")
    qtbot.waitUntil(lambda: watched.runner.state.done >= 3, timeout=PATIENCE_MS)
    watched.runner.cancel()
    qtbot.waitUntil(lambda: watched.cancelled == 1, timeout=PATIENCE_MS)
    assert watched.failures == []
    watched.score("rain")
    qtbot.waitUntil(lambda: len(watched.finished) == 1, timeout=PATIENCE_MS)
    assert len(set(watched.pids)) == 2


def test_a_crash_is_said_and_the_next_scoring_works(
    qtbot: QtBot, make: Callable[..., Watched]
) -> None:
    watched = make()
    watched.score("crash")
    qtbot.waitUntil(lambda: len(watched.failures) == 1, timeout=PATIENCE_MS)
    (error,) = watched.failures
    assert error.title == "The scoring stopped"
    assert "scoring process ended unexpectedly" in error.message
    assert "goes on from there" in error.advice
    watched.score("rain")
    qtbot.waitUntil(lambda: len(watched.finished) == 1, timeout=PATIENCE_MS)


@pytest.mark.skipif(not hasattr(os, "kill") or os.name == "nt", reason="SIGKILL is POSIX")
def test_a_killed_process_names_the_memory(qtbot: QtBot, make: Callable[..., Watched]) -> None:
    watched = make()
    watched.score("slow")
    qtbot.waitUntil(lambda: watched.runner.state.done >= 1, timeout=PATIENCE_MS)
    os.kill(watched.pids[0], 9)
    qtbot.waitUntil(lambda: len(watched.failures) == 1, timeout=PATIENCE_MS)
    assert "killed, perhaps because the computer ran out of memory" in watched.failures[0].message


def test_out_of_memory_has_its_own_words(qtbot: QtBot, make: Callable[..., Watched]) -> None:
    watched = make()
    watched.score("oom")
    qtbot.waitUntil(lambda: len(watched.failures) == 1, timeout=PATIENCE_MS)
    assert watched.failures[0].title == "Out of memory"


def test_a_process_that_never_starts_is_given_up(
    qtbot: QtBot, make: Callable[..., Watched]
) -> None:
    watched = make("--die-at-start")
    watched.score("rain")
    qtbot.waitUntil(lambda: len(watched.failures) >= 1, timeout=PATIENCE_MS)
    assert not watched.runner.state.is_busy


def test_an_idle_process_ends_and_comes_back(qtbot: QtBot, make: Callable[..., Watched]) -> None:
    watched = make()
    watched.runner._idle.setInterval(50)
    watched.score("rain")
    qtbot.waitUntil(lambda: len(watched.finished) == 1, timeout=PATIENCE_MS)
    with qtbot.waitSignal(
        watched.thread.state_changed,
        timeout=PATIENCE_MS,
        check_params_cb=lambda state: state.phase == "closed",
    ):
        pass
    watched.score("rain")
    qtbot.waitUntil(lambda: len(watched.finished) == 2, timeout=PATIENCE_MS)
    assert len(set(watched.pids)) == 2
    assert watched.failures == []
