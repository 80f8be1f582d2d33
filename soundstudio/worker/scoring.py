"""Scoring in the child process: two sets in, a report out, the networks kept warm."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from soundstudio.core.errors import StorageError
from soundstudio.core.messages import (
    ScoreFinished,
    ScoreProgress,
    ScoreSets,
    ScoreStage,
)
from soundstudio.worker.answering import JobWords, answer_job, stop_if_cancelled

if TYPE_CHECKING:
    from soundstudio.core.progress import Progress
    from soundstudio.core.score_requests import ScoreRequest, SetChoice
    from soundstudio.evaluation.backbones import Backbone
    from soundstudio.evaluation.sets import SoundSet
    from soundstudio.worker.inbox import Inbox
    from soundstudio.worker.outbox import Outbox

log = logging.getLogger(__name__)

# Thousands of sounds that were heard before pass in a second; the window shows 20 steps of it.
TELL_EVERY_S: Final = 0.05
OUT_OF_MEMORY_ADVICE: Final = (
    "Close other programs, score fewer sounds at once, or choose the device “cpu” in the settings. "
    "What was heard is kept: scoring again goes on from there."
)


class Scorer:
    """Carries out `ScoreSets`; the last backbone stays loaded."""

    def __init__(self, inbox: Inbox, outbox: Outbox) -> None:
        self._inbox = inbox
        self._outbox = outbox
        self._key: tuple[str, ...] = ()
        self._backbone: Backbone | None = None
        self._told_s = 0.0

    def score(self, job: ScoreSets) -> None:
        """Score, and answer with ScoreFinished, JobCancelled or JobFailed."""
        is_fine = answer_job(
            self._inbox,
            self._outbox,
            job.job_id,
            lambda started: self._finished(job, started),
            JobWords("scoring", OUT_OF_MEMORY_ADVICE),
        )
        if not is_fine:
            self._forget_backbone()

    def _finished(self, job: ScoreSets, started: float) -> ScoreFinished:
        from soundstudio.engine.failures import explained_failures

        with explained_failures("scoring"):
            report = self._report(job)
        problem, path = "", ""
        try:
            path = _keep(report, job)
        except StorageError as error:
            log.warning("the report is not kept: %s", error.sentence())
            problem = error.sentence()
        seconds = time.monotonic() - started
        return ScoreFinished(job.job_id, path, seconds, problem, report if problem else None)

    def _report(self, job: ScoreSets) -> dict[str, Any]:
        from soundstudio.evaluation.feature_cache import FeatureCache
        from soundstudio.evaluation.listening import listen
        from soundstudio.evaluation.prompts import read_prompts
        from soundstudio.evaluation.score_report import as_json
        from soundstudio.evaluation.scoring import ScoringOptions, score_clips

        wish = job.scoring.validated()
        sets = [sounds_of(c) for c in (wish.generated, wish.reference) if c is not None]
        prompts = read_prompts(Path(wish.prompts)) if wish.prompts else None
        total = sum(len(each.paths) for each in sets)
        self._tell(job, "loading", 0, total)
        backbone = self._load(wish, job.device)

        def progress(where: Progress) -> None:
            stop_if_cancelled(self._inbox, job.job_id)
            self._tell(job, "listening", where.step, where.steps)

        cache = FeatureCache(backbone) if wish.is_cached else None
        clips = listen(sets, backbone, cache, progress)
        self._tell(job, "computing", total, total)
        options = ScoringOptions(wish.draws, wish.seed, prompts)
        result = score_clips(sets, clips, backbone, options)
        stop_if_cancelled(self._inbox, job.job_id)
        return as_json(result)

    def _load(self, wish: ScoreRequest, device: str) -> Backbone:
        """The warm backbone, or the named one in its place. Raises ModelError, DeviceError."""
        key = (wish.backbone, wish.panns, wish.vggish, wish.clap, device)
        if self._backbone is None or key != self._key:
            self._forget_backbone()
            from soundstudio.evaluation.backbones import load_bundled, load_paper

            if wish.backbone == "paper":
                self._backbone = load_paper(Path(wish.panns), Path(wish.vggish), device)
            else:
                self._backbone = load_bundled(Path(wish.clap) if wish.clap else None, device)
            self._key = key
        return self._backbone

    def _forget_backbone(self) -> None:
        self._key, self._backbone = (), None

    def _tell(self, job: ScoreSets, stage: ScoreStage, done: int, total: int) -> None:
        now = time.monotonic()
        if stage == "listening" and done and now - self._told_s < TELL_EVERY_S:
            return
        self._told_s = now
        self._outbox.send(ScoreProgress(job.job_id, stage, done, total))


def sounds_of(choice: SetChoice) -> SoundSet:
    """The sounds of a set as it was chosen. Raises ScoringError, DatasetError."""
    from soundstudio.evaluation.sets import find_sounds, sounds_of_files

    if choice.files:
        return sounds_of_files([Path(file) for file in choice.files], choice.title)
    if choice.fold:
        return _fold_of(choice)
    return find_sounds(Path(choice.folder))


def _fold_of(choice: SetChoice) -> SoundSet:
    from soundstudio.benchmark.layouts import read_dataset
    from soundstudio.evaluation.sets import sounds_of_files
    from soundstudio.evaluation.statistics import ScoringError

    clips = read_dataset("esc50", Path(choice.folder)).clips
    paths = [clip.path for clip in clips if clip.fold == choice.fold]
    if not paths:
        raise ScoringError(
            f"{choice.folder} holds no sounds of fold {choice.fold}.", "Choose another fold."
        )
    return sounds_of_files(paths, choice.title)


def _keep(report: dict[str, Any], job: ScoreSets) -> str:
    """Put a report into the history; where it lies. Raises StorageError."""
    from soundstudio.library.scores.history import ScoreHistory

    entry = ScoreHistory(Path(job.history)).add(report, title=job.scoring.title())
    return str(entry.path)
