"""One job at a time in a process of its own: started when first needed, ended when idle."""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from soundstudio.core.errors import EngineCrashedError
from soundstudio.core.messages import CancelJob, EngineReady, JobCancelled, JobFailed, Message
from soundstudio.jobs.queue import error_of

if TYPE_CHECKING:
    from soundstudio.core.errors import StudioError
    from soundstudio.jobs.engine_thread import EngineState, EngineThread

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JobState:
    """Where a job stands; `phase` is "idle" without one, "stopping" after a cancel."""

    phase: str = "idle"

    @property
    def is_busy(self) -> bool:
        return self.phase != "idle"


@dataclass(frozen=True, slots=True)
class CountedState(JobState):
    """A job that counts its pieces: `done` of `total`, which is 0 as long as it is not known."""

    done: int = 0
    total: int = 0

    @property
    def fraction(self) -> float:
        """0 to 1."""
        return self.done / self.total if self.total else 0.0


class OneJob(QObject):
    """Sends a job to its process and tells what becomes of it; subclasses know which kind it is.

    signals: changed(state). finished(Message). failed(StudioError). cancelled().
    """

    changed = Signal(object)
    finished = Signal(object)
    failed = Signal(object)
    cancelled = Signal()

    # The words of a subclass: of a cancel by force, of a crash, and what to do after it.
    STOPPED: ClassVar[str]
    CRASH_TITLE: ClassVar[str]
    CRASH_ADVICE: ClassVar[str]
    FINISHED: ClassVar[type[Message]]

    def __init__(
        self, thread: EngineThread, patience_ms: int, idle_ms: int, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._thread = thread
        self._job: Message | None = None
        self._job_id = ""
        self._state = self.state_in("idle")
        self._is_ready = False
        self._phase = "closed"
        self._patience = QTimer(self, singleShot=True, interval=patience_ms)
        self._patience.timeout.connect(lambda: thread.restart(self.STOPPED))
        self._idle = QTimer(self, singleShot=True, interval=idle_ms)
        self._idle.timeout.connect(thread.rest)
        thread.message_received.connect(self._on_message)
        thread.engine_stopped.connect(self._on_stopped)
        thread.state_changed.connect(self._on_thread_state)

    def state_in(self, phase: str) -> JobState:
        """The state of a job in a phase without numbers."""
        raise NotImplementedError

    def take(self, message: Message) -> None:
        """A message about the job that is none of its end."""
        raise NotImplementedError

    @property
    def is_busy(self) -> bool:
        return self._job is not None

    @staticmethod
    def new_id() -> str:
        return uuid.uuid4().hex[:12]

    def begin(self, job: Message, job_id: str) -> None:
        """Send the job as soon as there is a process; none may be under way."""
        self._job, self._job_id = job, job_id
        self._idle.stop()
        self._set(self.state_in("starting"))
        if self._is_ready:
            self._thread.send(job)
        elif not self._thread.isRunning():
            self._thread.start()
        elif self._phase in ("closed", "failed"):
            self._thread.restart()
        # Otherwise a process is on its way, and gets the job as soon as it is there.

    def cancel(self) -> None:
        """Stop at the next step; what takes longer than the patience is ended by force."""
        if self._job is None or self._is_stopping:
            return
        self._set(self.state_in("stopping"))
        self._thread.send(CancelJob(self._job_id))
        self._patience.start()

    @property
    def _is_stopping(self) -> bool:
        return self._state.phase == "stopping"

    @Slot(object)
    def _on_message(self, message: Message) -> None:
        if isinstance(message, EngineReady):
            self._is_ready = True
            if self._job is not None and self._is_stopping:
                self._end()
                self.cancelled.emit()
            elif self._job is not None:
                self._thread.send(self._job)
            return
        if self._job is None or getattr(message, "job_id", "") != self._job_id:
            return
        if isinstance(message, self.FINISHED):
            # Cancelled in the last moment: it is there all the same, and shown.
            self._end()
            self.finished.emit(message)
        elif isinstance(message, JobCancelled):
            self._end()
            self.cancelled.emit()
        elif isinstance(message, JobFailed):
            self._end()
            self.failed.emit(error_of(message))
        elif not self._is_stopping:
            self.take(message)

    @Slot(str)
    def _on_stopped(self, sentence: str) -> None:
        self._is_ready = False
        if self._job is None:
            return
        was_stopping = self._is_stopping
        self._end()
        if was_stopping:
            self.cancelled.emit()
        else:
            error: StudioError = EngineCrashedError(sentence, self.CRASH_ADVICE)
            error.title = self.CRASH_TITLE
            self.failed.emit(error)

    @Slot(object)
    def _on_thread_state(self, state: EngineState) -> None:
        self._phase = state.phase
        if state.phase != "ready":
            self._is_ready = False
        if state.phase == "closed" and self._job is not None:
            self._thread.restart()  # it was asked for just as the idle process ended
        if state.phase == "failed" and self._job is not None:
            self._end()
            self.failed.emit(EngineCrashedError(state.sentence, "The log folder says more."))

    def _end(self) -> None:
        self._job = None
        self._patience.stop()
        self._idle.start()
        self._set(self.state_in("idle"))

    def _set(self, state: JobState) -> None:
        self._state = state
        self.changed.emit(state)
