"""Scorings, one at a time, in a process of their own."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, cast

from soundstudio.core.errors import ScoreRequestError
from soundstudio.core.messages import Message, ScoreFinished, ScoreProgress, ScoreSets
from soundstudio.jobs.one_job import CountedState, OneJob

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtCore import QObject

    from soundstudio.core.score_requests import ScoreRequest
    from soundstudio.jobs.engine_thread import EngineThread

ScorePhase = Literal["idle", "starting", "loading", "listening", "computing", "stopping"]

# A clip takes a second at most; what computes on past that is ended by force, and loses nothing:
# the features of every clip that was heard are in the cache.
CANCEL_PATIENCE_MS = 3000
# torch and the networks hold 0.9 GB.
IDLE_MS = 5 * 60_000


@dataclass(frozen=True, slots=True)
class ScoreState(CountedState):
    """Where the scoring stands. remaining_s: a guess from the speed so far, None at first."""

    phase: ScorePhase = "idle"
    remaining_s: float | None = None


class ScoreRunner(OneJob):
    """Sends scorings to their process and tells what becomes of them.

    signals: changed(ScoreState). finished(ScoreFinished). failed(StudioError). cancelled().
    """

    STOPPED = "The scoring was stopped."
    CRASH_TITLE = "The scoring stopped"
    CRASH_ADVICE = "Score again: sounds that were heard are kept, and it goes on from there."
    FINISHED = ScoreFinished

    def __init__(self, thread: EngineThread, history: Path, parent: QObject | None = None) -> None:
        super().__init__(thread, CANCEL_PATIENCE_MS, IDLE_MS, parent)
        self._history = history
        self._listening_since: tuple[float, int] | None = None

    @property
    def state(self) -> ScoreState:
        return cast("ScoreState", self._state)

    def state_in(self, phase: str) -> ScoreState:
        if phase == "stopping":
            return replace(self.state, phase="stopping", remaining_s=None)
        return ScoreState(cast("ScorePhase", phase))

    def score(self, scoring: ScoreRequest, device: str = "auto") -> None:
        """Begin. Raises ScoreRequestError: an empty set, missing weights, one is under way."""
        if self.is_busy:
            raise ScoreRequestError("A scoring is under way.", "Wait for it, or cancel it.")
        job_id = self.new_id()
        self._listening_since = None
        self.begin(ScoreSets(job_id, scoring.validated(), str(self._history), device), job_id)

    def take(self, message: Message) -> None:
        if not isinstance(message, ScoreProgress):
            return
        remaining_s = None
        if message.stage == "listening":
            now = time.monotonic()
            since = self._listening_since = self._listening_since or (now, message.done)
            heard = message.done - since[1]
            if heard > 0 and now - since[0] > 1.0:
                remaining_s = (now - since[0]) / heard * (message.total - message.done)
        self._set(ScoreState(message.stage, message.done, message.total, remaining_s))
