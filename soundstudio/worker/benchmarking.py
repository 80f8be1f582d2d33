"""A benchmark of the paper in the child process: a request in, its progress and a report out."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

from soundstudio.core.errors import OutOfMemoryError, StudioError
from soundstudio.core.messages import (
    BenchmarkFinished,
    BenchmarkProgress,
    JobCancelled,
    JobFailed,
    JobStarted,
    Message,
    RunBenchmark,
)
from soundstudio.core.progress import Cancelled
from soundstudio.worker.outbox import ParentGone

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
        started = time.monotonic()
        try:
            self._stop_if_cancelled(job)
            self._outbox.send(JobStarted(job.job_id))
            answer: Message = self._finished(job, started)
        except Cancelled:
            answer = JobCancelled(job.job_id)
        except OutOfMemoryError as error:
            explained = OutOfMemoryError(error.message, OUT_OF_MEMORY_ADVICE)
            answer = JobFailed.from_error(job.job_id, explained)
        except StudioError as error:
            log.info("benchmark %s failed: %s", job.job_id, error.sentence())
            answer = JobFailed.from_error(job.job_id, error)
        except ParentGone:
            raise
        except Exception:  # the process border: it becomes a message
            log.exception("benchmark %s", job.job_id)
            unexpected = StudioError(
                "Something unexpected happened in the benchmark.", "The log has the details."
            )
            answer = JobFailed.from_error(job.job_id, unexpected)
        self._inbox.forget(job.job_id)
        self._outbox.send(answer)

    def _finished(self, job: RunBenchmark, started: float) -> BenchmarkFinished:
        from soundstudio.benchmark.carry_out import carry_out
        from soundstudio.engine.failures import explained_failures

        notes: list[str] = []

        def progress(what: str, done: int, total: int) -> None:
            self._stop_if_cancelled(job)
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

    def _stop_if_cancelled(self, job: RunBenchmark) -> None:
        if self._inbox.is_cancelled(job.job_id) or self._inbox.is_closed:
            raise Cancelled
