"""Work on the models folder in a process of its own: one piece at a time, the others wait."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, cast

from PySide6.QtCore import QTimer

from soundstudio.core.messages import (
    ONLINE,
    Message,
    ModelAction,
    ModelFinished,
    ModelProgress,
    WorkOnModel,
)
from soundstudio.core.transfer_rate import TransferRate, transfer_words
from soundstudio.jobs.engine_thread import engine_command
from soundstudio.jobs.one_job import JobState, OneJob

if TYPE_CHECKING:
    from PySide6.QtCore import QObject

    from soundstudio.jobs.engine_thread import EngineThread

ModelPhase = Literal[
    "idle", "starting", "downloading", "importing", "checking", "removing", "stopping"
]

# A server may be silent for long: then the process is ended, and the next one goes on with what
# has arrived. An import or a check stops at its next piece, and cleans up.
DOWNLOAD_PATIENCE_MS: Final = 250
PATIENCE_MS: Final = 10_000
# Checking a model imports torch.
IDLE_MS: Final = 30_000
_WORDS: Final = {
    "starting": "Starting…",
    "importing": "Importing",
    "checking": "Checking",
    "removing": "Removing…",
    "stopping": "Stopping…",
}


@dataclass(frozen=True, slots=True)
class ModelTask:
    """What is wanted. operand: an id, or the path of what is imported."""

    action: ModelAction
    operand: str
    title: str
    models_folder: str


@dataclass(frozen=True, slots=True)
class ModelState(JobState):
    """Where the work stands. words: for people. waiting: what comes after."""

    phase: ModelPhase = "idle"
    task: ModelTask | None = None
    waiting: tuple[ModelTask, ...] = ()
    words: str = ""
    fraction: float = 0.0


def models_command() -> list[str]:
    """The command of the models process, the only one of the window's that may go online."""
    return [*engine_command(), ONLINE]


class ModelRunner(OneJob):
    """Sends the work to its process and tells what becomes of it.

    signals: changed(ModelState). finished(ModelFinished). failed(StudioError). cancelled().
    `ended` is the task that the last of them is about.
    """

    STOPPED = "The work on the model was stopped."
    CRASH_TITLE = "The work on the model stopped"
    CRASH_ADVICE = "Start it again: what has arrived is kept, and it goes on from there."
    FINISHED = ModelFinished

    def __init__(self, thread: EngineThread, parent: QObject | None = None) -> None:
        self._task: ModelTask | None = None
        self._waiting: tuple[ModelTask, ...] = ()
        self._rate = TransferRate()
        self.ended: ModelTask | None = None
        super().__init__(thread, PATIENCE_MS, IDLE_MS, parent)
        for signal in (self.finished, self.failed, self.cancelled):
            signal.connect(self._note_end)

    @property
    def state(self) -> ModelState:
        return cast("ModelState", self._state)

    def state_in(self, phase: str) -> ModelState:
        task = None if phase == "idle" else self._task
        words = _WORDS.get(phase, "")
        return ModelState(cast("ModelPhase", phase), task, self._waiting, words)

    def ask(self, task: ModelTask) -> None:
        """Do it, now or after what is under way; the same wish twice is one."""
        if task == self._task or task in self._waiting:
            return
        if self.is_busy:
            self._waiting += (task,)
            self._set(replace(self.state, waiting=self._waiting))
            return
        self._task = task
        self._rate = TransferRate()
        self._patience.setInterval(PATIENCE_MS)
        job_id = self.new_id()
        self.begin(WorkOnModel(job_id, task.action, task.operand, task.models_folder), job_id)

    def stop(self, operand: str) -> None:
        """Stop, or no longer wait for, the work on this; a download can be gone on with."""
        self._waiting = tuple(task for task in self._waiting if task.operand != operand)
        self._set(replace(self.state, waiting=self._waiting))
        if self._task is not None and self._task.operand == operand:
            self.cancel()

    def task_of(self, operand: str) -> ModelTask | None:
        """The task on this that is under way or waits."""
        tasks = (*((self._task,) if self._task else ()), *self._waiting)
        return next((task for task in tasks if task.operand == operand), None)

    def take(self, message: Message) -> None:
        if not isinstance(message, ModelProgress):
            return
        is_download = message.stage == "downloading"
        self._patience.setInterval(DOWNLOAD_PATIENCE_MS if is_download else PATIENCE_MS)
        fraction = message.done / message.total if message.total else 0.0
        words = _WORDS.get(message.stage, "")
        if is_download:
            self._rate.note(message.done, time.monotonic())
            words = transfer_words(message.done, message.total, self._rate)
        elif message.total:
            words += f" {fraction:.0%}"
        self._set(ModelState(message.stage, self._task, self._waiting, words, fraction))

    def _note_end(self) -> None:
        """Runs before every other slot of the end; the next begins when those are through."""
        self.ended, self._task = self._task, None
        if self._waiting:
            QTimer.singleShot(0, self, self._go_on)

    def _go_on(self) -> None:
        if not self.is_busy and self._waiting:
            task, *rest = self._waiting
            self._waiting = tuple(rest)
            self.ask(task)
