"""The engine's message loop: one job after the other, the model kept warm between them."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING

from soundstudio.core.errors import StudioError
from soundstudio.core.messages import (
    Generate,
    JobFinished,
    JobProgress,
    LoadFailed,
    LoadModel,
    Message,
    ModelLoaded,
    ModelLoading,
    PieceReady,
    RunBenchmark,
    ScoreSets,
    Shutdown,
    VariationReady,
    WorkOnModel,
)
from soundstudio.core.progress import Cancelled, Progress, ProgressCallback
from soundstudio.worker.answering import JobWords, answer_job, stop_if_cancelled, unexpected
from soundstudio.worker.benchmarking import Benchmarker
from soundstudio.worker.model_work import ModelWorker
from soundstudio.worker.outbox import ParentGone
from soundstudio.worker.scoring import Scorer
from soundstudio.worker.warm_model import WarmModel

if TYPE_CHECKING:
    from soundstudio.audio.growing_sound import SoundPiece
    from soundstudio.engine.audioldm import AudioLDM
    from soundstudio.generation.generate import GeneratedSound
    from soundstudio.worker.inbox import Inbox
    from soundstudio.worker.outbox import Outbox

log = logging.getLogger(__name__)


class Engine:
    """Carries out what the inbox brings and tells the outbox about it."""

    def __init__(self, inbox: Inbox, outbox: Outbox) -> None:
        self._inbox = inbox
        self._outbox = outbox
        self._warm = WarmModel()
        self._scorer = Scorer(inbox, outbox)
        self._benchmarker = Benchmarker(inbox, outbox)
        self._model_worker = ModelWorker(inbox, outbox)

    def run(self) -> None:
        """Work until the parent asks for the end or is gone."""
        try:
            while not isinstance(message := self._inbox.next(), Shutdown):
                if self._inbox.is_closed:
                    break
                self._carry_out(message)
        except ParentGone:
            log.info("the window is gone; ending")
        finally:
            self._inbox.finish()

    def _carry_out(self, message: Message) -> None:
        if isinstance(message, Generate):
            self._generate(message)
        elif isinstance(message, LoadModel):
            self._load(message)
        elif isinstance(message, ScoreSets):
            self._scorer.score(message)
        elif isinstance(message, RunBenchmark):
            self._benchmarker.carry_out(message)
        elif isinstance(message, WorkOnModel):
            self._model_worker.carry_out(message)
        else:
            log.error("the engine has no use for %s", type(message).__name__)

    def _load(self, message: LoadModel) -> None:
        try:
            self._model(message.model, message.device, message.dtype, self._stop_if_closed)
        except Cancelled:
            log.info("loading was given up")
        except StudioError as error:
            self._outbox.send(_load_failed(message.model, error))
        except ParentGone:
            raise
        except Exception:  # the process border: it becomes a message
            log.exception("loading %s", message.model)
            self._outbox.send(_load_failed(message.model, unexpected("loading the model")))

    def _generate(self, job: Generate) -> None:
        def work(started: float) -> Message:
            self._make_sounds(job)
            return JobFinished(job.job_id, time.monotonic() - started)

        answer_job(self._inbox, self._outbox, job.job_id, work, JobWords("generating"))

    def _make_sounds(self, job: Generate) -> None:
        from soundstudio.generation.generate import generate

        def progress(where: Progress) -> None:
            stop_if_cancelled(self._inbox, job.job_id)
            self._outbox.send(
                JobProgress(
                    job.job_id,
                    where.stage,
                    where.step,
                    where.steps,
                    where.first_variation,
                    where.variations,
                )
            )

        def hear(variation: int, piece: SoundPiece) -> None:
            # Only a job's first sound is played by itself; a short one is there at once.
            if variation == 0 and not piece.is_whole:
                self._outbox.send(_piece_ready(job.job_id, variation, piece))

        request = job.request.validated()
        model = self._model(request.model, job.device, job.dtype, progress)
        for sound in generate(model, request, progress, hear):
            self._outbox.send(_store(job, model, sound))

    def _model(self, model: str, device: str, dtype: str, progress: ProgressCallback) -> AudioLDM:
        """The warm model, or the named one loaded in its place."""
        if (warm := self._warm.find(model, device, dtype)) is not None:
            return warm
        started = time.monotonic()
        self._outbox.send(ModelLoading(model))
        loaded = self._warm.load(model, device, dtype, progress)
        self._outbox.send(
            ModelLoaded(
                model,
                loaded.device.kind,
                loaded.device.title,
                loaded.dtype,
                time.monotonic() - started,
            )
        )
        return loaded

    def _stop_if_closed(self, where: Progress) -> None:
        if self._inbox.is_closed:
            raise Cancelled


def _store(job: Generate, model: AudioLDM, sound: GeneratedSound) -> VariationReady:
    """Write one variation, untouched, and describe it. Raises StorageError."""
    from soundstudio.audio.files import Sound, write_wav

    path = Path(job.folder) / f"{job.job_id}-{sound.variation:03d}.wav"
    samples = Sound(sound.samples[None], sound.sample_rate)
    write_wav(path, samples, "FLOAT")
    return VariationReady(
        job_id=job.job_id,
        variation=sound.variation,
        seed=sound.seed,
        path=str(path),
        sample_rate=sound.sample_rate,
        duration_s=samples.duration_s,
        model_title=model.row.title,
        model_licence=model.row.licence,
        device=model.device.kind,
        dtype=model.dtype,
        notes=sound.notes,
        clap_score=sound.clap_score,
    )


def _piece_ready(job_id: str, variation: int, piece: SoundPiece) -> PieceReady:
    from soundstudio.audio.growing_sound import packed

    return PieceReady(
        job_id,
        variation,
        piece.start,
        piece.total,
        piece.sample_rate,
        piece.seconds,
        packed(piece.samples),
    )


def _load_failed(model: str, error: StudioError) -> LoadFailed:
    return LoadFailed(model, error.kind, error.title, error.message, error.advice)
