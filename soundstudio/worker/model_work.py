"""Work on the models folder in the child process: download, import, verify, remove."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from soundstudio.core.messages import (
    ModelFinished,
    ModelProgress,
    ModelStage,
    WorkOnModel,
)
from soundstudio.worker.answering import JobWords, answer_job, stop_if_cancelled

if TYPE_CHECKING:
    from collections.abc import Callable

    from soundstudio.core.progress import Progress
    from soundstudio.worker.inbox import Inbox
    from soundstudio.worker.outbox import Outbox

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
        answer_job(
            self._inbox,
            self._outbox,
            job.job_id,
            lambda _: ModelFinished(job.job_id, self._done(job)),
            JobWords("working on the model"),
        )

    def _done(self, job: WorkOnModel) -> str:
        """Do it; the sentence about it. Raises StudioError, Cancelled."""
        folder = Path(job.models_folder)

        def tell(stage: ModelStage, done: int, total: int) -> None:
            stop_if_cancelled(self._inbox, job.job_id)
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
