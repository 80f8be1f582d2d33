"""Pairs of sounds by base and new model: from the validations, and of prompts typed here."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from soundstudio.core.errors import InvalidRequestError
from soundstudio.core.requests import MAX_SEED, GenerationRequest
from soundstudio.jobs.queue import JobState
from soundstudio.ui.finetune_result import SoundPair

if TYPE_CHECKING:
    from pathlib import Path

    from soundstudio.core.errors import StudioError
    from soundstudio.jobs.queue import JobQueue
    from soundstudio.jobs.run_facts import RunFacts
    from soundstudio.jobs.run_thread import RunSounds
    from soundstudio.library.clips import Clip


def pairs_of(sounds: RunSounds | None, best: int | None) -> list[SoundPair]:
    """The sounds from before the training with those of the best weights."""
    steps = {step.step: step for step in sounds.steps} if sounds else {}
    base, new = steps.get(0), steps.get(best) if best is not None else None
    if base is None or new is None:
        return []
    by_file = {sound.file: sound for sound in new.sounds}
    return [
        SoundPair(sound.prompt, sound.seed, base.path_of(sound), new.path_of(by_file[sound.file]))
        for sound in base.sounds
        if sound.file in by_file and by_file[sound.file].prompt == sound.prompt
    ]


@dataclass(slots=True)
class _Wanted:
    """A prompt that both models are making."""

    run: str
    prompt: str
    seed: int
    models: dict[str, str]
    jobs: tuple[str, ...] = ()
    paths: dict[str, Path] = field(default_factory=dict)


class FinetunePairs(QObject):
    """Lets both models make a prompt in the queue; their clips go into the library like all others.

    signals: pair_made(str, SoundPair): the run's name and the pair. failed(StudioError).
    busy_changed(bool): sounds are being made.
    """

    pair_made = Signal(str, object)
    failed = Signal(object)
    busy_changed = Signal(bool)

    def __init__(self, queue: JobQueue, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._queue = queue
        self._wanted: list[_Wanted] = []
        queue.job_ended.connect(self._on_job_ended)

    def make(self, facts: RunFacts, prompt: str) -> None:
        """Queue the prompt for the base model, then for the new one."""
        settings = facts.settings
        if settings is None or not facts.model:
            return
        seed = secrets.randbelow(MAX_SEED + 1)
        models = {"base": facts.base_model, "new": facts.model}
        wanted = _Wanted(facts.name, prompt, seed, models)
        jobs: list[str] = []
        try:
            for model in models.values():
                request = GenerationRequest(
                    prompt=prompt,
                    model=model,
                    guidance=settings.guidance,
                    steps=settings.sampling_steps,
                    seed=seed,
                )
                jobs.append(self._queue.submit(request))
        except InvalidRequestError as error:
            for job in jobs:
                self._queue.cancel(job)
            self.failed.emit(error)
            return
        wanted.jobs = tuple(jobs)
        self._wanted.append(wanted)
        self.busy_changed.emit(True)

    def on_clip_stored(self, clip: Clip) -> None:
        """Any clip is in the library."""
        request = clip.request
        for wanted in list(self._wanted):
            if request is None or (request.prompt, clip.variation_seed) != (
                wanted.prompt, wanted.seed,
            ):  # fmt: skip
                continue
            for which, model in wanted.models.items():
                if request.model == model:
                    wanted.paths[which] = clip.path
            if len(wanted.paths) == len(wanted.models):
                self._drop(wanted)
                pair = SoundPair(
                    wanted.prompt, wanted.seed, wanted.paths["base"], wanted.paths["new"]
                )
                self.pair_made.emit(wanted.run, pair)

    def _on_job_ended(self, job_id: str) -> None:
        wanted = next((w for w in self._wanted if job_id in w.jobs), None)
        job = self._queue.job(job_id)
        if wanted is None or job is None or job.state is JobState.FINISHED:
            return
        self._drop(wanted)
        for other in wanted.jobs:
            self._queue.cancel(other)
        error: StudioError | None = job.error
        if error is not None:
            self.failed.emit(error)

    def _drop(self, wanted: _Wanted) -> None:
        self._wanted.remove(wanted)
        self.busy_changed.emit(bool(self._wanted))
