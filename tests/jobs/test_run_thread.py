"""Real fine-tunings in processes of their own: begun, followed, stopped, killed, found again."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from training.small_clips import make_dataset

from soundstudio.core.catalogue import find_model
from soundstudio.core.finetuning import FinetuneOrder, FinetuneSettings
from soundstudio.core.paths import user_folders
from soundstudio.core.run_files import RunFolder, read_curves, read_status
from soundstudio.core.run_lock import holder_of
from soundstudio.dataset.dataset import save_dataset
from soundstudio.jobs.run_thread import TRASH, RunThread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from soundstudio.core.errors import StudioError
    from soundstudio.jobs.run_facts import RunFacts

LONG_MS = 200_000


class Told:
    """What a thread told."""

    def __init__(self, thread: RunThread) -> None:
        self.runs: dict[str, RunFacts] = {}
        self.phases: list[str] = []
        self.steps: list[float] = []
        self.resets = 0
        self.sounds: list[int] = []
        self.failures: list[StudioError] = []
        self.removed: list[Any] = []
        thread.listed.connect(self._on_listed)
        thread.curves_read.connect(self._on_curves)
        thread.sounds_read.connect(self._on_sounds)
        thread.failed.connect(self.failures.append)
        thread.removed.connect(self.removed.append)

    def _on_listed(self, runs: tuple[RunFacts, ...]) -> None:
        self.runs = {facts.name: facts for facts in runs}
        for facts in runs:
            if not self.phases or self.phases[-1] != facts.phase:
                self.phases.append(facts.phase)

    def _on_curves(self, piece: Any) -> None:
        if piece.is_reset:
            self.steps = []
            self.resets += 1
        self.steps += piece.steps.tolist()

    def _on_sounds(self, sounds: Any) -> None:
        self.sounds = [step.step for step in sounds.steps]

    def phase(self, name: str) -> str:
        return self.runs[name].phase if name in self.runs else ""


@pytest.fixture
def open_thread(
    qapp: object, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., tuple[RunThread, Told]]]:
    """`open_thread()` is what a window that opens does; all processes end after the test."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    threads: list[RunThread] = []
    # A signal that is on its way must not find another object where its receiver was.
    listeners: list[Told] = []

    def open_one(**options: Any) -> tuple[RunThread, Told]:
        thread = RunThread(user_folders().runs, **options)
        told = Told(thread)
        threads.append(thread)
        listeners.append(told)
        thread.start()
        return thread, told

    yield open_one
    for thread in threads:
        thread.shutdown()
    for folder in user_folders().runs.glob("*/"):
        if pid := holder_of(RunFolder(folder)):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def order(tmp_path: Path, tiny_model_folder: Path) -> Callable[..., FinetuneOrder]:
    """`order(name, **settings)` of seven short clips and the tiny model."""
    file = tmp_path / "dataset.jsonl"
    save_dataset(make_dataset(tmp_path / "clips"), file)

    def make(name: str = "bells", **changes: Any) -> FinetuneOrder:
        values: dict[str, Any] = {
            "model": str(tiny_model_folder),
            "method": "full",
            "steps": 4,
            "batch_size": 2,
            "micro_batch": 2,
            "warmup_steps": 2,
            "validate_every": 2,
            "validation_sounds": 2,
            "sampling_steps": 2,
            "device": "cpu",
            "dtype": "float32",
        }
        return FinetuneOrder(name, FinetuneSettings(**(values | changes)), str(file))

    return make


def run_of(name: str = "bells") -> RunFolder:
    return RunFolder(user_folders().runs / name)


def test_from_an_order_to_a_model(
    qtbot: QtBot,
    open_thread: Callable[..., tuple[RunThread, Told]],
    order: Callable[..., FinetuneOrder],
) -> None:
    thread, told = open_thread()
    with qtbot.waitSignal(thread.begun, timeout=5000) as begun:
        thread.begin(order())
    assert begun.args == ["bells"]
    thread.follow("bells")
    qtbot.waitUntil(lambda: told.phase("bells") == "finished", timeout=LONG_MS)
    qtbot.waitUntil(lambda: told.sounds == [0, 2, 4], timeout=5000)
    assert told.steps == [1, 2, 3, 4]
    facts = told.runs["bells"]
    assert (facts.model, facts.step, facts.steps, facts.problem) == ("bells", 4, 4, "")
    assert facts.best_step in (2, 4)
    assert find_model("bells", user_folders().models).kind == "fine-tuned"
    assert told.phases[0] == "starting"
    assert told.phases[-1] == "finished"
    thread.begin(order())
    qtbot.waitUntil(lambda: len(told.failures) == 1, timeout=5000)
    assert told.failures[0].sentence() == (
        "There is a run called “bells” already. Choose another name."
    )
    # To the trash, back, and away for good with the thread.
    thread.remove("bells")
    qtbot.waitUntil(lambda: told.removed != [] and told.runs == {}, timeout=5000)
    thread.restore(told.removed[0])
    qtbot.waitUntil(lambda: told.phase("bells") == "finished", timeout=5000)
    thread.remove("bells")
    qtbot.waitUntil(lambda: told.runs == {}, timeout=5000)
    assert any((user_folders().runs / TRASH).iterdir())
    thread.shutdown()
    assert not (user_folders().runs / TRASH).exists()
    assert find_model("bells", user_folders().models).kind == "fine-tuned"


def test_killed_found_by_another_window_stopped_and_gone_on_with(
    qtbot: QtBot,
    open_thread: Callable[..., tuple[RunThread, Told]],
    order: Callable[..., FinetuneOrder],
) -> None:
    first, told = open_thread()
    first.begin(order(steps=100_000, validate_every=0, checkpoint_every=2))
    first.follow("bells")
    qtbot.waitUntil(lambda: len(told.steps) >= 4, timeout=LONG_MS)
    pid = told.runs["bells"].pid
    assert pid != os.getpid()
    os.kill(pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: told.phase("bells") == "interrupted", timeout=10_000)
    assert told.runs["bells"].problem == (
        "The fine-tuning process was killed, perhaps because the computer ran out of memory."
    )
    reached = told.runs["bells"].step
    first.resume("bells")
    qtbot.waitUntil(
        lambda: told.phase("bells") == "training" and told.runs["bells"].step > reached,
        timeout=LONG_MS,
    )
    # No step is missing or there twice, wherever its checkpoint was.
    assert told.steps == list(range(1, len(told.steps) + 1))
    # The window closes: the run does not notice.
    first.shutdown()
    before = len(read_curves(run_of()))
    second, told = open_thread()
    qtbot.waitUntil(lambda: told.phase("bells") == "training", timeout=10_000)
    second.follow("bells")
    qtbot.waitUntil(lambda: len(told.steps) > before, timeout=20_000)
    second.resume("bells")
    qtbot.waitUntil(lambda: len(told.failures) == 1, timeout=5000)
    assert "under way already" in told.failures[0].message
    second.remove("bells")
    qtbot.waitUntil(lambda: len(told.failures) == 2, timeout=5000)
    assert "Stop it first" in told.failures[1].sentence()
    # Gently, though it is none of this window's own processes.
    second.stop("bells")
    qtbot.waitUntil(lambda: told.phase("bells") == "stopped", timeout=30_000)
    assert "stopping" in told.phases
    status = read_status(run_of())
    assert status is not None
    assert status.state == "stopped"
    assert status.step == read_curves(run_of())[-1].step


def test_what_does_not_stop_is_ended_by_force(
    qtbot: QtBot,
    open_thread: Callable[..., tuple[RunThread, Told]],
    order: Callable[..., FinetuneOrder],
    tmp_path: Path,
) -> None:
    """A process that hangs while it starts looks at no request."""
    program = tmp_path / "hangs.py"
    program.write_text("import time\ntime.sleep(600)\n", encoding="utf-8")
    thread, told = open_thread(command=[sys.executable, str(program)], stop_patience_s=0.5)
    thread.begin(order())
    qtbot.waitUntil(lambda: told.phase("bells") == "starting", timeout=10_000)
    started = time.monotonic()
    thread.stop("bells")
    qtbot.waitUntil(lambda: told.phase("bells") == "interrupted", timeout=10_000)
    assert 0.4 < time.monotonic() - started < 6
    assert "stopping" in told.phases


def test_a_run_that_cannot_begin_says_why(
    qtbot: QtBot,
    open_thread: Callable[..., tuple[RunThread, Told]],
    order: Callable[..., FinetuneOrder],
    tmp_path: Path,
) -> None:
    thread, told = open_thread()
    thread.begin(order(model=str(tmp_path / "nowhere")))
    qtbot.waitUntil(lambda: told.phase("bells") == "failed", timeout=LONG_MS)
    assert "nowhere" in told.runs["bells"].problem
    assert told.runs["bells"].can_go_on
    assert "nowhere" in run_of().log.read_text(encoding="utf-8")
    # The disk, or who may write on it.
    runs = user_folders().runs
    runs.chmod(0o500)
    try:
        if os.access(runs, os.W_OK):
            blocked = order("nested")
            blocked = FinetuneOrder("nested", blocked.settings, str(tmp_path / "missing.jsonl"))
            thread.begin(blocked)
        else:
            thread.begin(order("nested"))
        qtbot.waitUntil(lambda: len(told.failures) == 1, timeout=5000)
    finally:
        runs.chmod(0o700)
    assert told.failures[0].kind == "StorageError"
    assert not (runs / "nested").exists()


@pytest.mark.skipif(os.name == "nt", reason="file size limits are POSIX")
def test_a_disk_that_fills_up_is_a_sentence_and_the_run_goes_on_later(
    qtbot: QtBot,
    open_thread: Callable[..., tuple[RunThread, Told]],
    order: Callable[..., FinetuneOrder],
    tmp_path: Path,
) -> None:
    """A process whose files may not grow as large as a checkpoint."""
    program = tmp_path / "small_disk.py"
    program.write_text(
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (300000, 300000))\n"
        "from soundstudio.worker.run_process import main\n"
        "sys.exit(main(sys.argv[1:]))\n",
        encoding="utf-8",
    )
    small, told = open_thread(command=[sys.executable, str(program)])
    small.begin(order(steps=3, validate_every=0, checkpoint_every=1))
    qtbot.waitUntil(lambda: told.phase("bells") == "failed", timeout=LONG_MS)
    assert "disk" in told.runs["bells"].problem or "large" in told.runs["bells"].problem
    small.shutdown()
    large, told = open_thread()
    large.resume("bells")
    qtbot.waitUntil(lambda: told.phase("bells") == "finished", timeout=LONG_MS)
    assert [row.step for row in read_curves(run_of())] == [1, 2, 3]
