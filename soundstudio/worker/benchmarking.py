"""A benchmark of the paper in the child process: a request in, its progress and a report out."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

from soundstudio.core.messages import (
    BenchmarkFinished,
    BenchmarkProgress,
    RunBenchmark,
)
from soundstudio.worker.answering import JobWords, answer_job, stop_if_cancelled

if TYPE_CHECKING:
    from soundstudio.worker.inbox import Inbox
    from soundstudio.worker.outbox import Outbox

log = logging.getLogger(__name__)

# Sounds that were heard before pass by the thousand in a second.
TELL_EVERY_S: Final = 0.05
OUT_OF_MEMORY_ADVICE: Final = (
    "Close other programs, or choose the device “cpu” in the settings. What was made is kept: "
    "started again with the same folder, it goes on from there."
)


class Benchmarker:
    """Carries out `RunBenchmark`. Each loads its networks anew: minutes to days follow."""

    def __init__(self, inbox: Inbox, outbox: Outbox) -> None:
        self._inbox = inbox
        self._outbox = outbox
        self._told = ("", 0.0)

    def carry_out(self, job: RunBenchmark) -> None:
        """Run it, and answer with BenchmarkFinished, JobCancelled or JobFailed."""
        answer_job(
            self._inbox,
            self._outbox,
            job.job_id,
            lambda started: self._finished(job, started),
            JobWords("running the benchmark", OUT_OF_MEMORY_ADVICE),
        )

    def _finished(self, job: RunBenchmark, started: float) -> BenchmarkFinished:
        from soundstudio.benchmark.carry_out import carry_out
        from soundstudio.engine.failures import explained_failures

        notes: list[str] = []

        def progress(what: str, done: int, total: int) -> None:
            stop_if_cancelled(self._inbox, job.job_id)
            self._tell(job, what, done, total)

        with explained_failures("running the benchmark"):
            result = carry_out(job.benchmark, progress, notes.append)
        seconds = time.monotonic() - started
        report = str(result.paths[0])
        return BenchmarkFinished(job.job_id, report, seconds, " ".join(notes))

    def _tell(self, job: RunBenchmark, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        before, told_s = self._told
        if what == before and done < total and now - told_s < TELL_EVERY_S:
            return
        self._told = (what, now)
        self._outbox.send(BenchmarkProgress(job.job_id, what, done, total))
