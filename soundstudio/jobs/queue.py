"""The queue of generations: what waits, what runs, and what became of each variation."""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from soundstudio.core.errors import EngineCrashedError, StudioError
from soundstudio.core.messages import (
    CancelJob,
    EngineReady,
    Generate,
    JobCancelled,
    JobFailed,
    JobFinished,
    JobProgress,
    JobStarted,
    Message,
    VariationReady,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from soundstudio.core.requests import GenerationRequest

log = logging.getLogger(__name__)

# A step of a large model on a slow processor takes seconds; so does loading one.
CANCEL_PATIENCE_MS = 30_000


class JobState(Enum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    CANCELLING = "cancelling"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def has_ended(self) -> bool:
        return self in (JobState.FINISHED, JobState.FAILED, JobState.CANCELLED)


@dataclass(slots=True)
class VariationProgress:
    """Where one variation stands. stage: waiting, loading, sampling, decoding or ready."""

    stage: str = "waiting"
    step: int = 0
    steps: int = 0

    @property
    def fraction(self) -> float:
        """0 to 1; sampling is nearly all of the work, decoding the rest."""
        if self.stage == "ready":
            return 1.0
        if self.stage == "decoding":
            return 0.95 + 0.05 * self.step / max(1, self.steps)
        if self.stage == "sampling" and self.steps:
            return 0.95 * self.step / self.steps
        return 0.0

    def words(self) -> str:
        """A few words for the row."""
        if self.stage == "sampling":
            return f"Sampling, step {self.step} of {self.steps}"
        if self.stage == "decoding" and self.steps > 1:
            return f"Decoding, {self.step} of {self.steps}"
        return {
            "waiting": "Waiting",
            "loading": "Loading the model",
            "decoding": "Decoding",
            "ready": "Saving",
        }.get(self.stage, self.stage)


@dataclass(slots=True)
class Job:
    """One request on its way."""

    id: str
    request: GenerationRequest
    state: JobState = JobState.WAITING
    variations: list[VariationProgress] = field(default_factory=list)
    error: StudioError | None = None
    seconds: float = 0.0

    @property
    def fraction(self) -> float:
        return sum(v.fraction for v in self.variations) / max(1, len(self.variations))

    @property
    def remaining(self) -> int:
        """Sounds that are not there yet."""
        return sum(v.stage != "ready" for v in self.variations)


def error_of(message: JobFailed) -> StudioError:
    """The error a failed job reported, with its own title."""
    error = StudioError(message.message, message.advice)
    error.title = message.title
    return error


class JobQueue(QObject):
    """Sends one job at a time to the engine, so that a crash takes only the running one with it.

    signals:
        job_added(str), job_changed(str): a job's id; look it up with `job`.
        variation_ready(str, VariationReady): a sound lies in the handover folder.
        job_ended(str): finished, failed or cancelled; its state says which.
        engine_unresponsive(str): a cancelled job did not stop in time; the sentence says so.
    """

    job_added = Signal(str)
    job_changed = Signal(str)
    variation_ready = Signal(str, object)
    job_ended = Signal(str)
    engine_unresponsive = Signal(str)

    def __init__(
        self, send: Callable[[Message], None], handover: Path, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._send = send
        self._handover = handover
        self._jobs: dict[str, Job] = {}
        self._running: str | None = None
        self._is_engine_ready = False
        self._device = "auto"
        self._dtype = "auto"
        self._patience = QTimer(self, singleShot=True, interval=CANCEL_PATIENCE_MS)
        self._patience.timeout.connect(self._on_patience_ended)

    def set_device(self, device: str, dtype: str) -> None:
        """Where the next jobs run."""
        self._device, self._dtype = device, dtype

    def submit(self, request: GenerationRequest) -> str:
        """Queue a request and return the job's id. Raises InvalidRequestError."""
        job_id = uuid.uuid4().hex[:12]
        request = request.validated()
        self._jobs[job_id] = Job(
            job_id, request, variations=[VariationProgress() for _ in range(request.variations)]
        )
        self.job_added.emit(job_id)
        self._start_next()
        return job_id

    def job(self, job_id: str) -> Job | None:
        return self._jobs.get(job_id)

    def open_jobs(self) -> list[Job]:
        """Jobs that have not ended, in the order in which they run."""
        return [job for job in self._jobs.values() if not job.state.has_ended]

    def cancel(self, job_id: str) -> None:
        """Cancel a waiting job at once, a running one within one step."""
        job = self._jobs.get(job_id)
        if job is None or job.state.has_ended or job.state is JobState.CANCELLING:
            return
        if job.state is JobState.WAITING:
            self._end(job, JobState.CANCELLED)
            return
        job.state = JobState.CANCELLING
        self._send(CancelJob(job_id))
        self._patience.start()
        self.job_changed.emit(job_id)

    def abandon(self, job: Job, error: StudioError) -> None:
        """Cancel what is left of a job whose sounds cannot be kept; it ends as failed."""
        job.error = error
        if job.state.has_ended:
            job.state = JobState.FAILED
        else:
            self.cancel(job.id)

    def cancel_all(self) -> None:
        for job in reversed(self.open_jobs()):
            self.cancel(job.id)

    def forget(self, job_id: str) -> None:
        """Drop an ended job that nobody looks at any more."""
        job = self._jobs.get(job_id)
        if job is not None and job.state.has_ended:
            del self._jobs[job_id]

    @Slot(object)
    def on_message(self, message: Message) -> None:
        """Take in one message of the engine."""
        if isinstance(message, EngineReady):
            self._is_engine_ready = True
            self._start_next()
            return
        job = self._jobs.get(getattr(message, "job_id", ""))
        if job is None or job.state.has_ended:
            return
        self._on_job_message(job, message)

    def _on_job_message(self, job: Job, message: Message) -> None:
        match message:
            case JobStarted():
                self.job_changed.emit(job.id)
            case JobProgress():
                self._on_progress(job, message)
            case VariationReady():
                if 0 <= message.variation < len(job.variations):
                    job.variations[message.variation].stage = "ready"
                    self.variation_ready.emit(job.id, message)
                    self.job_changed.emit(job.id)
            case JobFinished():
                job.seconds = message.seconds
                self._end(job, JobState.FINISHED)
            case JobCancelled():
                self._end(job, JobState.CANCELLED)
            case JobFailed():
                job.error = error_of(message)
                self._end(job, JobState.FAILED)

    @Slot(str)
    def on_engine_stopped(self, sentence: str) -> None:
        """The engine died: its job fails with the sentence, the waiting ones wait on."""
        self._is_engine_ready = False
        job = self._jobs.get(self._running or "")
        if job is None or job.state.has_ended:
            return
        if job.state is JobState.CANCELLING:
            self._end(job, JobState.CANCELLED)
            return
        job.error = EngineCrashedError(
            sentence, "It is being restarted; try again, with fewer variations or a shorter sound."
        )
        self._end(job, JobState.FAILED)

    def on_engine_failed(self, sentence: str) -> None:
        """The engine is not coming back: nothing waits for it."""
        self.on_engine_stopped(sentence)
        for job in self.open_jobs():
            job.error = EngineCrashedError(sentence, "Restart the engine, then try again.")
            self._end(job, JobState.FAILED)

    def _on_progress(self, job: Job, message: JobProgress) -> None:
        first = message.first_variation
        for variation in job.variations[first : first + message.variations]:
            if variation.stage != "ready":
                variation.stage = message.stage
                variation.step, variation.steps = message.step, message.steps
        self.job_changed.emit(job.id)

    def _start_next(self) -> None:
        if self._running is not None or not self._is_engine_ready:
            return
        job = next((j for j in self._jobs.values() if j.state is JobState.WAITING), None)
        if job is None:
            return
        self._running = job.id
        job.state = JobState.RUNNING
        folder = self._handover / job.id
        self._send(Generate(job.id, job.request, str(folder), self._device, self._dtype))
        self.job_changed.emit(job.id)

    def _end(self, job: Job, state: JobState) -> None:
        job.state = state if job.error is None else JobState.FAILED
        if self._running == job.id:
            self._running = None
            self._patience.stop()
        self.job_changed.emit(job.id)
        self.job_ended.emit(job.id)
        self._start_next()

    @Slot()
    def _on_patience_ended(self) -> None:
        self.engine_unresponsive.emit("The engine did not stop in time and was restarted.")
