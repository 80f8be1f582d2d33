"""One job of the child process from its start to the one message that answers it."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from soundstudio.core.errors import OutOfMemoryError, StudioError
from soundstudio.core.messages import JobCancelled, JobFailed, JobStarted, Message
from soundstudio.core.progress import Cancelled
from soundstudio.worker.outbox import ParentGone

if TYPE_CHECKING:
    from collections.abc import Callable

    from soundstudio.worker.inbox import Inbox
    from soundstudio.worker.outbox import Outbox

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JobWords:
    """doing: as in “while scoring”. out_of_memory: what to do then, None keeps the error's own."""

    doing: str
    out_of_memory: str | None = None


def answer_job(
    inbox: Inbox,
    outbox: Outbox,
    job_id: str,
    work: Callable[[float], Message],
    words: JobWords,
) -> bool:
    """Carry out `work`, which is told when it began, and send what came of it.

    Returns False after an out-of-memory: the caller lets go of what it keeps warm.
    """
    started = time.monotonic()
    is_fine = True
    try:
        stop_if_cancelled(inbox, job_id)
        outbox.send(JobStarted(job_id))
        answer = work(started)
    except Cancelled:
        answer = JobCancelled(job_id)
    except StudioError as error:
        log.info("%s, job %s failed: %s", words.doing, job_id, error.sentence())
        explained = error
        if isinstance(error, OutOfMemoryError):
            is_fine = False
            if words.out_of_memory is not None:
                explained = OutOfMemoryError(error.message, words.out_of_memory)
        answer = JobFailed.from_error(job_id, explained)
    except ParentGone:
        raise
    except Exception:  # the process border: it becomes a message
        log.exception("%s, job %s", words.doing, job_id)
        answer = JobFailed.from_error(job_id, unexpected(words.doing))
    inbox.forget(job_id)
    outbox.send(answer)
    return is_fine


def stop_if_cancelled(inbox: Inbox, job_id: str) -> None:
    """Raise Cancelled if this job was cancelled, or if nobody waits for anything any more."""
    if inbox.is_cancelled(job_id) or inbox.is_closed:
        raise Cancelled


def unexpected(doing: str) -> StudioError:
    """What the user is told of an error that nobody thought of."""
    return StudioError(
        f"Something unexpected happened while {doing}.", "The log has the details; try again."
    )
