"""The paper's benchmarks, one at a time, in a process of their own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, cast

from soundstudio.core.errors import InvalidRequestError
from soundstudio.core.messages import (
    BenchmarkFinished,
    BenchmarkProgress,
    Message,
    RunBenchmark,
)
from soundstudio.jobs.one_job import CountedState, OneJob

if TYPE_CHECKING:
    from PySide6.QtCore import QObject

    from soundstudio.core.benchmark_requests import BenchmarkRequest
    from soundstudio.jobs.engine_thread import EngineThread

BenchmarkPhase = Literal["idle", "starting", "working", "stopping"]

# One sound of a large model, or one training step with its checkpoint, on a slow processor. Past
# that the process is ended by force: what was made before lies in the result's folder.
CANCEL_PATIENCE_MS: Final = 20_000
IDLE_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class BenchmarkState(CountedState):
    """Where a benchmark stands. what: is being done, `done` of `total` pieces of it."""

    phase: BenchmarkPhase = "idle"
    what: str = ""


class BenchmarkRunner(OneJob):
    """Sends benchmarks to their process and tells what becomes of them.

    signals: changed(BenchmarkState). finished(BenchmarkFinished). failed(StudioError). cancelled().
    """

    STOPPED = "The benchmark was stopped."
    CRASH_TITLE = "The benchmark stopped"
    CRASH_ADVICE = "Start it again: what was made is kept, and it goes on from there."
    FINISHED = BenchmarkFinished

    def __init__(self, thread: EngineThread, parent: QObject | None = None) -> None:
        super().__init__(thread, CANCEL_PATIENCE_MS, IDLE_MS, parent)

    @property
    def state(self) -> BenchmarkState:
        return cast("BenchmarkState", self._state)

    def state_in(self, phase: str) -> BenchmarkState:
        if phase == "stopping":
            return replace(self.state, phase="stopping")
        return BenchmarkState(cast("BenchmarkPhase", phase))

    def run(self, request: BenchmarkRequest) -> None:
        """Begin, or go on with it. Raises InvalidRequestError: a part is missing, one runs."""
        if self.is_busy:
            raise InvalidRequestError("A benchmark is under way.", "Wait for it, or cancel it.")
        job_id = self.new_id()
        self.begin(RunBenchmark(job_id, request.validated()), job_id)

    def take(self, message: Message) -> None:
        if isinstance(message, BenchmarkProgress):
            self._set(BenchmarkState("working", message.done, message.total, message.what))
