"""Work on the models folder in the child process: download, import, verify, remove."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from soundstudio.core.errors import StudioError
from soundstudio.core.messages import (
    JobCancelled,
    JobFailed,
    JobStarted,
    Message,
    ModelFinished,
    ModelProgress,
    ModelStage,
    WorkOnModel,
)
from soundstudio.core.progress import Cancelled
from soundstudio.worker.outbox import ParentGone

if TYPE_CHECKING:
    from collections.abc import Callable

    from soundstudio.core.progress import Progress
    from soundstudio.worker.inbox import Inbox
    from soundstudio.worker.outbox import Outbox

log = logging.getLogger(__name__)

# A fast line brings a thousand pieces in a second.
TELL_EVERY_S: Final = 0.1


class ModelWorker:
    """Carries out `WorkOnModel`."""

    def __init__(self, inbox: Inbox, outbox: Outbox) -> None:
        self._inbox = inbox
        self._outbox = outbox
        self._told = ("", 0.0)

    def carry_out(self, job: WorkOnModel) -> None:
        """Do it, and answer with ModelFinished, JobCancelled or JobFailed."""
        self._told = ("", 0.0)
        try:
            self._stop_if_cancelled(job)
            self._outbox.send(JobStarted(job.job_id))
            answer: Message = ModelFinished(job.job_id, self._done(job))
        except Cancelled:
            answer = JobCancelled(job.job_id)
        except StudioError as error:
            log.info("%s of %s failed: %s", job.action, job.operand, error.sentence())
            answer = JobFailed.from_error(job.job_id, error)
        except ParentGone:
            raise
        except Exception:  # the process border: it becomes a message
            log.exception("%s of %s", job.action, job.operand)
            unexpected = StudioError(
                "Something unexpected happened while working on the model.",
                "The log has the details.",
            )
            answer = JobFailed.from_error(job.job_id, unexpected)
        self._inbox.forget(job.job_id)
        self._outbox.send(answer)

    def _done(self, job: WorkOnModel) -> str:
        """Do it; the sentence about it. Raises StudioError, Cancelled."""
        folder = Path(job.models_folder)

        def tell(stage: ModelStage, done: int, total: int) -> None:
            self._stop_if_cancelled(job)
            self._tell(job, stage, done, total)

        if job.action == "download":
            return _download(job.operand, folder, tell)
        if job.action == "import":
            return _import(Path(job.operand), folder, tell)
        if job.action == "verify":
            return _verify(job.operand, folder, tell)
        return _remove(job.operand, folder)

    def _tell(self, job: WorkOnModel, stage: ModelStage, done: int, total: int) -> None:
        now = time.monotonic()
        before, told_s = self._told
        if stage == before and (not total or done < total) and now - told_s < TELL_EVERY_S:
            return
        self._told = (stage, now)
        self._outbox.send(ModelProgress(job.job_id, stage, done, total))

    def _stop_if_cancelled(self, job: WorkOnModel) -> None:
        if self._inbox.is_cancelled(job.job_id) or self._inbox.is_closed:
            raise Cancelled


def _download(id_: str, folder: Path, tell: Callable[[ModelStage, int, int], None]) -> str:
    from soundstudio.core.catalogue_table import find_item
    from soundstudio.downloads.install import install

    tell("downloading", 0, 0)
    return f"{install(find_item(id_), folder, tell).item.title} is installed."


def _import(source: Path, folder: Path, tell: Callable[[ModelStage, int, int], None]) -> str:
    from soundstudio.engine.import_checkpoint import import_checkpoint
    from soundstudio.engine.model_store import import_model

    tell("importing", 0, 0)
    if not source.is_file():
        return f"{import_model(source, folder).title} is imported."

    def progress(where: Progress) -> None:
        tell("importing", where.step, where.steps)

    return f"{import_checkpoint(source, folder, progress=progress).title} is imported."


def _verify(id_: str, folder: Path, tell: Callable[[ModelStage, int, int], None]) -> str:
    from soundstudio.downloads.verify import verify

    tell("checking", 0, 0)
    return verify(id_, folder, lambda done, total: tell("checking", done, total)).sentence()


def _remove(id_: str, folder: Path) -> str:
    from soundstudio.downloads.verify import remove

    return f"{remove(id_, folder)} is removed."
