"""One scoring at a time in a process of its own: started when first needed, ended when idle."""

from __future__ import annotations

import logging
import time
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from soundstudio.core.errors import EngineCrashedError, ScoreRequestError
from soundstudio.core.messages import (
    CancelJob,
    EngineReady,
    JobCancelled,
    JobFailed,
    Message,
    ScoreFinished,
    ScoreProgress,
    ScoreSets,
)
from soundstudio.jobs.queue import error_of

if TYPE_CHECKING:
    from pathlib import Path

    from soundstudio.core.errors import StudioError
    from soundstudio.core.score_requests import ScoreRequest
    from soundstudio.jobs.engine_thread import EngineState, EngineThread

log = logging.getLogger(__name__)

ScorePhase = Literal["idle", "starting", "loading", "listening", "computing", "stopping"]

# A clip takes a second at most; what computes on past that is ended by force, and loses nothing:
# the features of every clip that was heard are in the cache.
CANCEL_PATIENCE_MS = 3000
# torch and the networks hold 0.9 GB.
IDLE_MS = 5 * 60_000


@dataclass(frozen=True, slots=True)
class ScoreState:
    """Where the scoring stands. remaining_s: a guess from the speed so far, None at first."""

    phase: ScorePhase = "idle"
    done: int = 0
    total: int = 0
    remaining_s: float | None = None

    @property
    def is_busy(self) -> bool:
        return self.phase != "idle"

    @property
    def fraction(self) -> float:
        """0 to 1."""
        return self.done / self.total if self.total else 0.0


class ScoreRunner(QObject):
    """Sends scorings to their process and tells what becomes of them.

    signals: changed(ScoreState). finished(ScoreFinished). failed(StudioError). cancelled().
    """

    changed = Signal(object)
    finished = Signal(object)
    failed = Signal(object)
    cancelled = Signal()

    def __init__(self, thread: EngineThread, history: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread = thread
        self._history = history
        self.state = ScoreState()
        self._job: ScoreSets | None = None
        self._is_ready = False
        self._phase = "starting"
        self._listening_since: tuple[float, int] | None = None
        self._patience = QTimer(self, singleShot=True, interval=CANCEL_PATIENCE_MS)
        self._patience.timeout.connect(lambda: thread.restart("The scoring was stopped."))
        self._idle = QTimer(self, singleShot=True, interval=IDLE_MS)
        self._idle.timeout.connect(thread.rest)
        thread.message_received.connect(self._on_message)
        thread.engine_stopped.connect(self._on_stopped)
        thread.state_changed.connect(self._on_thread_state)

    def score(self, scoring: ScoreRequest, device: str = "auto") -> None:
        """Begin. Raises ScoreRequestError: an empty set, missing weights, one is under way."""
        if self._job is not None:
            raise ScoreRequestError("A scoring is under way.", "Wait for it, or cancel it.")
        job_id = uuid.uuid4().hex[:12]
        self._job = ScoreSets(job_id, scoring.validated(), str(self._history), device)
        self._idle.stop()
        self._listening_since = None
        self._set(ScoreState("starting"))
        if self._is_ready:
            self._thread.send(self._job)
        elif not self._thread.isRunning():
            self._thread.start()
        elif self._phase in ("closed", "failed"):
            self._thread.restart()
        # Otherwise a process is on its way, and gets the scoring as soon as it is there.

    def cancel(self) -> None:
        """Stop within one clip; what takes longer is ended by force."""
        if self._job is None or self.state.phase == "stopping":
            return
        self._set(replace(self.state, phase="stopping", remaining_s=None))
        self._thread.send(CancelJob(self._job.job_id))
        self._patience.start()

    @Slot(object)
    def _on_message(self, message: Message) -> None:
        if isinstance(message, EngineReady):
            self._is_ready = True
            if self._job is not None and self.state.phase == "stopping":
                self._end()
                self.cancelled.emit()
            elif self._job is not None:
                self._thread.send(self._job)
            return
        if self._job is None or getattr(message, "job_id", "") != self._job.job_id:
            return
        match message:
            case ScoreProgress():
                self._on_progress(message)
            case ScoreFinished():
                # Cancelled in the last moment: it is there all the same, and shown.
                self._end()
                self.finished.emit(message)
            case JobCancelled():
                self._end()
                self.cancelled.emit()
            case JobFailed():
                self._end()
                self.failed.emit(error_of(message))

    def _on_progress(self, message: ScoreProgress) -> None:
        if self.state.phase == "stopping":
            return
        remaining_s = None
        if message.stage == "listening":
            now = time.monotonic()
            since = self._listening_since = self._listening_since or (now, message.done)
            heard = message.done - since[1]
            if heard > 0 and now - since[0] > 1.0:
                remaining_s = (now - since[0]) / heard * (message.total - message.done)
        self._set(ScoreState(message.stage, message.done, message.total, remaining_s))

    @Slot(str)
    def _on_stopped(self, sentence: str) -> None:
        self._is_ready = False
        if self._job is None:
            return
        was_stopping = self.state.phase == "stopping"
        self._end()
        if was_stopping:
            self.cancelled.emit()
        else:
            error: StudioError = EngineCrashedError(
                sentence,
                "Score again: sounds that were heard are kept, and it goes on from there.",
            )
            error.title = "The scoring stopped"
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
        self._set(ScoreState())

    def _set(self, state: ScoreState) -> None:
        self.state = state
        self.changed.emit(state)
