"""EngineThread: speaks, restarts after a crash, gives up on a crash loop, leaves nothing behind."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from soundstudio.core.messages import EngineReady, Generate, JobFinished, JobProgress
from soundstudio.core.requests import GenerationRequest
from soundstudio.jobs.engine_thread import EngineThread, RestartPolicy, describe_exit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

Make = "Callable[..., EngineThread]"


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def start(qtbot: QtBot, engine: EngineThread) -> int:
    """Start the engine and return its process id."""
    with qtbot.waitSignal(
        engine.message_received, timeout=10000, check_params_cb=lambda m: isinstance(m, EngineReady)
    ) as ready:
        engine.start()
    return int(ready.args[0].pid)


def generate(job_id: str, prompt: str, folder: Path) -> Generate:
    return Generate(job_id, GenerationRequest(prompt=prompt, duration_s=0.5), str(folder))


def test_messages_arrive_in_order(
    qtbot: QtBot, make_engine: Callable[..., EngineThread], tmp_path: Path
) -> None:
    engine = make_engine()
    messages: list[object] = []
    engine.message_received.connect(messages.append)
    start(qtbot, engine)
    engine.send(generate("a", "noise", tmp_path))
    qtbot.waitUntil(lambda: any(isinstance(m, JobFinished) for m in messages), timeout=10000)
    steps = [m.step for m in messages if isinstance(m, JobProgress) and m.stage == "sampling"]
    assert steps == list(range(9))


def test_shutdown_ends_the_process_even_when_it_hangs(
    qtbot: QtBot, make_engine: Callable[..., EngineThread], tmp_path: Path
) -> None:
    engine = make_engine()
    pid = start(qtbot, engine)
    engine.send(generate("a", "hang", tmp_path))
    engine.shutdown()
    assert not is_alive(pid)
    assert engine.isFinished()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="SIGKILL is POSIX")
def test_killed_engine_comes_back_and_works(
    qtbot: QtBot, make_engine: Callable[..., EngineThread], tmp_path: Path
) -> None:
    engine = make_engine()
    pid = start(qtbot, engine)
    engine.send(generate("a", "slow", tmp_path))
    with qtbot.waitSignal(
        engine.message_received, timeout=10000, check_params_cb=lambda m: isinstance(m, JobProgress)
    ):
        pass
    with (
        qtbot.waitSignal(engine.engine_stopped, timeout=10000) as stopped,
        qtbot.waitSignal(
            engine.message_received,
            timeout=10000,
            check_params_cb=lambda m: isinstance(m, EngineReady),
        ) as again,
    ):
        os.kill(pid, signal.SIGKILL)
    assert "killed" in stopped.args[0]
    assert again.args[0].pid != pid
    with qtbot.waitSignal(
        engine.message_received, timeout=10000, check_params_cb=lambda m: isinstance(m, JobFinished)
    ):
        engine.send(generate("b", "rain", tmp_path))


def test_crash_loop_ends_in_a_sentence_and_can_be_restarted_by_hand(
    qtbot: QtBot, make_engine: Callable[..., EngineThread]
) -> None:
    engine = make_engine("--die-at-start")
    states: list[str] = []
    engine.state_changed.connect(lambda state: states.append(state.phase))
    with qtbot.waitSignal(
        engine.state_changed, timeout=20000, check_params_cb=lambda s: s.phase == "failed"
    ) as failed:
        engine.start()
    assert "several times" in failed.args[0].sentence
    assert states.count("starting") == 3
    with qtbot.waitSignal(
        engine.state_changed, timeout=10000, check_params_cb=lambda s: s.phase == "starting"
    ):
        engine.restart()


def test_program_that_is_not_there_is_a_sentence(qtbot: QtBot, tmp_path: Path) -> None:
    engine = EngineThread([str(tmp_path / "nothing")], RestartPolicy(most=1, first_wait_s=0.01))
    with qtbot.waitSignal(
        engine.state_changed, timeout=10000, check_params_cb=lambda s: s.phase == "failed"
    ) as failed:
        engine.start()
    engine.shutdown()
    assert "could not be started" in failed.args[0].sentence


def test_restart_policy_waits_longer_forgives_and_gives_up() -> None:
    policy = RestartPolicy(most=2, first_wait_s=1, forget_after_s=100)
    assert policy.wait_after_crash(0) == 1
    assert policy.wait_after_crash(1) == 2
    assert policy.wait_after_crash(2) is None
    policy.forgive()
    assert policy.wait_after_crash(3) == 1
    assert policy.wait_after_crash(200) == 1


def test_exit_is_described_by_its_cause() -> None:
    assert "memory" in describe_exit(9, crashed=True)
    assert "signal 11" in describe_exit(11, crashed=True)
    assert "exit code 3" in describe_exit(3, crashed=False)
