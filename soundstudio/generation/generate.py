"""A request → its sounds, one after the other; of each the best of its candidates."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from soundstudio.audio.files import read_sound
from soundstudio.core.errors import ModelError, OutOfMemoryError
from soundstudio.core.progress import Progress, ProgressCallback, ignore_progress
from soundstudio.engine.audioldm import AudioLDM, Condition
from soundstudio.generation.batches import batch_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import torch

    from soundstudio.core.requests import GenerationRequest

log = logging.getLogger(__name__)

# 30 dB below what a recording's noise floor usually is.
NEARLY_SILENT_DB: Final = -60.0
# Nobody's CLAP listens to more than its first ten seconds; more is not read from the disk.
_LIKE_DURATION_S: Final = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class GeneratedSound:
    """One variation: float32 samples [samples] as the vocoder gave them, full scale at ±1.

    seed: its own, with which one candidate makes it again. similarity: cosine between CLAP's
    embedding of the sound and the condition; None if the model has no audio tower.
    """

    variation: int
    seed: int
    samples: npt.NDArray[np.float32]
    sample_rate: int
    notes: tuple[str, ...] = ()
    similarity: float | None = None


def generate(
    model: AudioLDM, request: GenerationRequest, progress: ProgressCallback = ignore_progress
) -> Iterator[GeneratedSound]:
    """Yield the variations of `request` in order.

    `progress` is called for each step; what it raises ends the work within one step.
    Raises InvalidRequestError, ModelError, AudioFileError (reference clip), OutOfMemoryError,
    DeviceError.
    """
    request.validated()
    if request.candidates > 1:
        check_listens(model)
    condition = make_condition(model, request)
    waiting = [
        _Draft(variation, candidate, request.seed_of(variation, candidate))
        for variation in range(request.variations)
        for candidate in range(request.candidates)
    ]
    size = batch_size(model, request)
    best: GeneratedSound | None = None
    while waiting:
        batch = _next_batch(waiting, size, request)
        seeds = [draft.seed for draft in batch]
        report = _reporter(progress, request, batch)
        try:
            latents = model.denoise(condition, request, seeds, report, batch[0].variation)
        except OutOfMemoryError:
            if size == 1:
                raise
            size = len(batch) // 2 or 1
            log.warning("out of memory; going on with %d sounds at once", size)
            continue
        del waiting[: len(batch)]
        for draft, latent in zip(batch, latents, strict=True):
            is_last = draft.candidate == request.candidates - 1
            sound = _decoded(model, condition, request, draft, latent, progress)
            if best is None or _rank(sound) > _rank(best):
                best = sound
            if is_last:
                progress(Progress("decoding", 1, 1, draft.variation))
                yield best
                best = None


@dataclass(frozen=True, slots=True)
class _Draft:
    """One candidate of one variation, before it is made."""

    variation: int
    candidate: int
    seed: int


def _next_batch(waiting: Sequence[_Draft], size: int, request: GenerationRequest) -> list[_Draft]:
    """At most `size` of the drafts; candidates of one variation only, so that progress is plain."""
    batch = list(waiting[:size])
    if request.candidates > 1:
        batch = [draft for draft in batch if draft.variation == batch[0].variation]
    return batch


def _reporter(
    progress: ProgressCallback, request: GenerationRequest, batch: Sequence[_Draft]
) -> ProgressCallback:
    """Tells how far a variation is with all of its candidates."""
    if request.candidates == 1:
        return progress

    def report(where: Progress) -> None:
        done = batch[0].candidate * where.steps + len(batch) * where.step
        steps = request.candidates * where.steps
        progress(Progress(where.stage, done, steps, batch[0].variation))

    return report


def _decoded(
    model: AudioLDM,
    condition: Condition,
    request: GenerationRequest,
    draft: _Draft,
    latent: torch.Tensor,
    progress: ProgressCallback,
) -> GeneratedSound:
    """The sound of a latent, and how like the condition CLAP hears it."""
    if draft.candidate == request.candidates - 1:
        progress(Progress("decoding", 0, 1, draft.variation))
    samples = model.decode(latent, model.length_samples(request.duration_s))
    similarity = None
    if model.files.has_audio_tower:
        heard = model.embed_clip(samples, model.sample_rate)
        similarity = float(heard @ condition.wanted.to(heard))
    return GeneratedSound(
        draft.variation,
        draft.seed,
        samples,
        model.sample_rate,
        (*condition.notes, *_notes_on(samples)),
        similarity,
    )


def _rank(sound: GeneratedSound) -> float:
    return -1.0 if sound.similarity is None else sound.similarity


def check_listens(model: AudioLDM) -> None:
    """Raise ModelError if a model cannot choose among candidates."""
    if not model.files.has_audio_tower:
        raise ModelError(
            f"{model.row.title} cannot choose among candidates: it has no audio tower of CLAP.",
            "Ask for one candidate, or choose a model that can listen.",
        )


def make_condition(model: AudioLDM, request: GenerationRequest) -> Condition:
    """The embeddings for and against, and notes on prompts that were cut."""
    notes: list[str] = []

    def embed(text: str, name: str) -> torch.Tensor:
        embedding, dropped = model.embed_prompt(text)
        if dropped:
            notes.append(f"The {name} is too long for the model; it did not read “{dropped}”.")
        return embedding

    wanted = _wanted(model, request, embed(request.prompt, "prompt"))
    against = embed(request.negative_prompt, "negative prompt") if request.guidance > 1 else None
    return Condition(wanted, against, tuple(notes))


def _wanted(model: AudioLDM, request: GenerationRequest, text: torch.Tensor) -> torch.Tensor:
    """The prompt's embedding, moved towards the reference clip's by its weight."""
    import torch

    if request.like is None:
        return text
    sound = read_sound(Path(request.like).expanduser(), _LIKE_DURATION_S)
    clip = model.embed_clip(sound.mono(), sound.sample_rate)
    weight = request.like_weight if request.prompt.strip() else 1.0
    return torch.nn.functional.normalize(weight * clip + (1 - weight) * text, dim=-1)


def _notes_on(samples: npt.NDArray[np.float32]) -> list[str]:
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    level_db = 10 * np.log10(max(power, 1e-30))
    if level_db < NEARLY_SILENT_DB:
        return ["This sound is nearly silent; try another seed or prompt."]
    return []
