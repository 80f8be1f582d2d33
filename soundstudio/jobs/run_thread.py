"""The background thread that begins, follows, stops and resumes fine-tunings.

Each of them is a process of its own that goes on when the window closes; all that the thread knows
lies in the runs' folders.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import shutil
import time
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QThread, Signal

from soundstudio.core.errors import RunError, StudioError, explain_os_error
from soundstudio.core.run_files import RunFolder
from soundstudio.core.run_orders import ask_to_stop, claim_run
from soundstudio.core.run_sounds import read_step_sounds
from soundstudio.jobs.curves_reader import CurvesReader
from soundstudio.jobs.run_facts import RunFacts, list_runs
from soundstudio.jobs.run_process import end_by_force, last_words_of, let_go, start_process
from soundstudio.jobs.run_steps import steps_of_runs
from soundstudio.jobs.serial_thread import explained

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from soundstudio.core.finetuning import FinetuneOrder
    from soundstudio.core.run_sounds import StepSounds

log = logging.getLogger(__name__)

POLL_S: Final = 0.4
IDLE_POLL_S: Final = 3.0
_PAINTING_MS: Final = 15
# A step on a processor may take half a minute, and loading as long.
STOP_PATIENCE_S: Final = 40.0
TRASH: Final = ".trash"


@dataclass(frozen=True, slots=True)
class RemovedRun:
    """A run in the trash, which is emptied when the window closes."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class RunSounds:
    """The sounds of all validations of a run, by step."""

    name: str
    steps: tuple[StepSounds, ...]


class RunThread(QThread):
    """signals:
    listed(tuple[RunFacts, ...]): the runs, newest first, whenever one of them changed.
    steps_listed(tuple[RunSteps, ...]): what the runs have made, as it was asked for.
    curves_read(CurvesPiece), sounds_read(RunSounds): of the run that is followed.
    begun(str): the run of this name has its folder and its process.
    removed(RemovedRun), restored(str). failed(StudioError): what was asked for could not be done.
    """

    listed = Signal(object)
    steps_listed = Signal(object)
    curves_read = Signal(object)
    sounds_read = Signal(object)
    begun = Signal(str)
    removed = Signal(object)
    restored = Signal(str)
    failed = Signal(object)

    def __init__(
        self,
        runs: Path,
        command: Sequence[str] | None = None,
        parent: QObject | None = None,
        *,
        stop_patience_s: float = STOP_PATIENCE_S,
    ) -> None:
        super().__init__(parent)
        self._runs = runs
        self._command = command
        self._patience_s = stop_patience_s
        self._asked: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._last_words: dict[str, str] = {}
        self._stopping: dict[str, float] = {}
        self._facts: tuple[RunFacts, ...] | None = None
        self._reader: CurvesReader | None = None
        self._sounds: RunSounds | None = None

    # from any thread

    def begin(self, order: FinetuneOrder) -> None:
        """Begin a run; `begun` or `failed` follows."""
        self._asked.put(lambda: self._begin(order))

    def resume(self, name: str, steps: int | None = None) -> None:
        """Go on with a run that nobody works on. steps: its new number of them, if another."""
        self._asked.put(lambda: self._resume(name, steps))

    def stop(self, name: str) -> None:
        """Ask a run to stop after its step; by force if it does not within the patience."""
        self._asked.put(lambda: self._stop(name))

    def stop_now(self, name: str) -> None:
        """End a run's process at once; it can be resumed from its last checkpoint."""
        self._asked.put(lambda: self._stop_now(name))

    def follow(self, name: str) -> None:
        """Read this run's curves and sounds from now on, from their beginning; "" follows none."""
        self._asked.put(lambda: self._follow(name))

    def remove(self, name: str) -> None:
        """Move a run that nobody works on to the trash."""
        self._asked.put(lambda: self._remove(name))

    def restore(self, removed: RemovedRun) -> None:
        """Take a run out of the trash."""
        self._asked.put(lambda: self._restore(removed))

    def refresh(self) -> None:
        """Look at all runs now, and tell them even if nothing changed."""
        self._asked.put(self._forget_facts)

    def list_steps(self) -> None:
        """Look what sounds all runs have made; `steps_listed` follows."""
        self._asked.put(self._list_steps)

    def shutdown(self) -> None:
        """End the thread; runs that are under way go on."""
        if self.isRunning():
            self._asked.put(None)
            self.wait()

    # in the thread

    def run(self) -> None:
        """The thread itself."""
        self._empty_trash()
        self._poll()
        while True:
            try:
                ask = self._asked.get(timeout=self._pause_s())
            except Empty:
                ask = _nothing
            if ask is None:
                break
            try:
                ask()
            except Exception as error:  # noqa: BLE001 - thread border: becomes a message
                self.failed.emit(explained(error, "working on the run"))
            self._poll()
        for process in self._processes.values():
            let_go(process)
        self._empty_trash()

    def _pause_s(self) -> float | None:
        """None waits for the next question: nothing changes by itself."""
        if any(facts.is_busy for facts in self._facts or ()):
            return POLL_S
        return IDLE_POLL_S if self._reader is not None else None

    def _poll(self) -> None:
        try:
            self._reap()
            self._insist()
            self._list()
            self._read()
        except Exception:  # thread border: the next look may succeed
            log.exception("looking at the runs")

    def _reap(self) -> None:
        """Forget processes that ended, and keep how."""
        for name, process in list(self._processes.items()):
            if process.poll() is not None:
                del self._processes[name]
                self._stopping.pop(name, None)
                self._last_words[name] = last_words_of(process)

    def _insist(self) -> None:
        """What is asked to stop and does not is ended by force."""
        busy = {facts.name: facts for facts in self._facts or () if facts.is_busy}
        for name, deadline in list(self._stopping.items()):
            facts = busy.get(name)
            if facts is None and name not in self._processes:
                del self._stopping[name]
            elif time.monotonic() > deadline:
                log.warning("the run %s did not stop; it is ended by force", name)
                end_by_force(RunFolder(self._runs / name), self._processes.get(name))
            elif facts is not None:
                self._ask_to_stop(facts)

    def _list(self) -> None:
        facts = list_runs(
            self._runs, frozenset(self._processes), frozenset(self._stopping), self._last_words
        )
        if facts != self._facts:
            self._facts = facts
            self.listed.emit(facts)

    def _read(self) -> None:
        reader = self._reader
        if reader is None:
            return
        has_validations = False
        while (piece := reader.read()) is not None:
            has_validations |= bool(piece.validations) or piece.before is not None or piece.is_reset
            self.curves_read.emit(piece)
            if not self._asked.empty():
                break
            # The window paints meanwhile: each of its calls to Qt would wait for this thread.
            self.msleep(_PAINTING_MS)
        if has_validations:
            sounds = RunSounds(reader.run.name, read_step_sounds(reader.run))
            if sounds != self._sounds:
                self._sounds = sounds
                self.sounds_read.emit(sounds)

    def _facts_of(self, name: str) -> RunFacts:
        """How a run stands now. Raises RunError."""
        self._reap()
        self._list()
        for facts in self._facts or ():
            if facts.name == name:
                return facts
        raise RunError(f"There is no run called “{name}” any more.")

    # what was asked for

    def _forget_facts(self) -> None:
        self._facts = None

    def _list_steps(self) -> None:
        self._list()
        self.steps_listed.emit(steps_of_runs(self._facts or ()))

    def _begin(self, order: FinetuneOrder) -> None:
        run = claim_run(order, self._runs)
        try:
            self._start(run)
        except StudioError:
            shutil.rmtree(run.folder, ignore_errors=True)
            raise
        self.begun.emit(run.name)

    def _resume(self, name: str, steps: int | None) -> None:
        facts = self._facts_of(name)
        if facts.is_busy:
            raise RunError(f"The run “{name}” is under way already.")
        self._start(facts.run, steps)
        self.begun.emit(name)

    def _start(self, run: RunFolder, steps: int | None = None) -> None:
        self._last_words.pop(run.name, None)
        self._stopping.pop(run.name, None)
        self._processes[run.name] = start_process(run, steps, self._command)

    def _stop(self, name: str) -> None:
        facts = self._facts_of(name)
        if facts.is_busy and name not in self._stopping:
            per_step_s = facts.status.seconds_per_step if facts.status else 0.0
            patience_s = max(self._patience_s, 3 * per_step_s)
            self._stopping[name] = time.monotonic() + patience_s
            self._ask_to_stop(facts)

    def _ask_to_stop(self, facts: RunFacts) -> None:
        """The holder of the lock, or the process that has not got it yet."""
        process = self._processes.get(facts.name)
        pid = facts.pid or (process.pid if process else 0)
        if pid:
            with contextlib.suppress(StudioError):  # the patience ends it all the same
                ask_to_stop(facts.run, pid)

    def _stop_now(self, name: str) -> None:
        facts = self._facts_of(name)
        self._stopping.pop(name, None)
        if facts.is_busy:
            end_by_force(facts.run, self._processes.get(name))
            if (process := self._processes.get(name)) is not None:
                process.wait()

    def _follow(self, name: str) -> None:
        self._sounds = None
        self._reader = CurvesReader(RunFolder(self._runs / name)) if name else None

    def _remove(self, name: str) -> None:
        facts = self._facts_of(name)
        if facts.is_busy:
            raise RunError(f"The run “{name}” is under way.", "Stop it first.")
        if self._reader is not None and self._reader.run.name == name:
            self._reader = None
        target = self._runs / TRASH / f"{secrets.token_hex(4)}-{name}"
        try:
            target.parent.mkdir(exist_ok=True)
            facts.run.folder.rename(target)
        except OSError as error:
            raise explain_os_error(error, f"moving the run {name} to the trash") from error
        self.removed.emit(RemovedRun(name, target))

    def _restore(self, removed: RemovedRun) -> None:
        folder = self._runs / removed.name
        if folder.exists():
            raise RunError(f"There is another run called “{removed.name}” now.")
        try:
            removed.path.rename(folder)
        except OSError as error:
            raise explain_os_error(error, f"bringing back the run {removed.name}") from error
        self.restored.emit(removed.name)

    def _empty_trash(self) -> None:
        """Runs hold gigabytes: the trash keeps them as long as the window could bring them back."""
        shutil.rmtree(self._runs / TRASH, ignore_errors=True)


def _nothing() -> None:
    """Nobody asked."""
