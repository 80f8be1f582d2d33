"""A request → its sounds, one after the other."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from soundstudio.audio.files import read_sound
from soundstudio.audio.growing_sound import SoundPiece
from soundstudio.core.errors import ModelError, OutOfMemoryError, StudioError
from soundstudio.core.progress import Progress, ProgressCallback, ignore_progress
from soundstudio.engine.audioldm import AudioLDM, Condition
from soundstudio.engine.clap import blend
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


HearCallback = Callable[[int, SoundPiece], None]
"""Takes a variation's number and its next piece."""


@dataclass(frozen=True, slots=True, eq=False)
class GeneratedSound:
    """One variation: float32 samples [samples] as the vocoder gave them, full scale at ±1.

    seed: makes this sound again as variation 0 without candidates. clap_score: see `clap_score`.
    """

    variation: int
    seed: int
    samples: npt.NDArray[np.float32]
    sample_rate: int
    notes: tuple[str, ...] = ()
    clap_score: float | None = None


def generate(
    model: AudioLDM,
    request: GenerationRequest,
    progress: ProgressCallback = ignore_progress,
    hear: HearCallback | None = None,
) -> Iterator[GeneratedSound]:
    """Yield the variations of `request` in order.

    `progress` is called for each step; what it raises ends the work within one step. hear: is
    given the pieces of each sound as they are decoded, before the sound itself; of candidates
    nothing, as nobody knows which is kept.
    Raises InvalidRequestError, ModelError, AudioFileError (reference clip), OutOfMemoryError,
    DeviceError.
    """
    request.validated()
    if request.candidates > 1 and not model.files.has_audio_tower:
        raise ModelError(
            f"{model.row.title} cannot choose the best of {request.candidates} candidates: it has "
            "no audio tower.",
            "Switch “best of” off, or choose a model that can listen.",
        )
    condition = make_condition(model, request)
    if request.candidates > 1:
        yield from best_of_candidates(model, condition, request, progress)
        return
    seeds = [request.seed_of(number) for number in range(request.variations)]
    for number, samples in make_sounds(model, condition, request, seeds, progress, hear):
        score = clap_score(model, condition, samples)
        yield _described(model, condition, number, seeds[number], samples, score)


def best_of_candidates(
    model: AudioLDM, condition: Condition, request: GenerationRequest, progress: ProgressCallback
) -> Iterator[GeneratedSound]:
    """Of each variation the candidate that CLAP finds nearest to the condition.

    Only the best so far is kept in memory; of equal ones the first. A variation's progress counts
    the steps of all its candidates.
    """
    for number in range(request.variations):
        best: tuple[float, int, npt.NDArray[np.float32]] | None = None
        seeds = [request.candidate_seed(number, which) for which in range(request.candidates)]
        counted = _over_candidates(progress, number, request.candidates)
        for candidate, samples in make_sounds(model, condition, request, seeds, counted):
            score = clap_score(model, condition, samples, must=True)
            assert score is not None
            if best is None or score > best[0]:
                best = score, seeds[candidate], samples
        assert best is not None
        yield _described(model, condition, number, best[1], best[2], best[0])


def make_sounds(
    model: AudioLDM,
    condition: Condition,
    request: GenerationRequest,
    seeds: Sequence[int],
    progress: ProgressCallback,
    hear: HearCallback | None = None,
) -> Iterator[tuple[int, npt.NDArray[np.float32]]]:
    """A sound for each of `seeds`, as many at once as fit; told of as the variations from 0 on.

    Yields (place in seeds, samples) in order. Raises OutOfMemoryError if not even one fits.
    """
    length = model.length_samples(request.duration_s)
    size = batch_size(model, request, len(seeds))
    first = 0
    while first < len(seeds):
        batch = seeds[first : first + size]
        try:
            latents = model.denoise(condition, request, batch, progress, first)
        except OutOfMemoryError:
            if size == 1:
                raise
            size = len(batch) // 2 or 1
            log.warning("out of memory; going on with %d sounds at once", size)
            continue
        for number, latent in enumerate(latents, start=first):
            heard = None if hear is None else partial(hear, number)
            yield number, model.decode(latent, length, progress, number, heard)
        first += len(batch)


def _over_candidates(progress: ProgressCallback, number: int, count: int) -> ProgressCallback:
    """Tell of one variation's candidates as one piece of work, decoding once at its end."""

    furthest = Progress("sampling", 0, count, number)

    def report(where: Progress) -> None:
        nonlocal furthest
        if where.stage == "sampling":
            # `variations` candidates go through the model at once.
            step = where.first_variation * where.steps + where.step * where.variations
            furthest = Progress("sampling", step, count * where.steps, number)
        elif where.first_variation == count - 1:
            furthest = Progress(where.stage, where.step, where.steps, number)
        # Decoding an earlier candidate moves nothing, but may be cancelled.
        progress(furthest)

    return report


def clap_score(
    model: AudioLDM, condition: Condition, samples: npt.NDArray[np.float32], must: bool = False
) -> float | None:
    """Cosine of the condition and the sound, by the model's own CLAP; -1 to 1.

    None if the model has no audio tower, or (unless `must`) if the tower cannot be used: a sound
    that is there is worth more than its score. Raises ModelError, OutOfMemoryError with `must`.
    """
    if not model.files.has_audio_tower:
        return None
    try:
        heard = model.ear.embed(samples, model.sample_rate)
    except StudioError as error:
        if must:
            raise
        log.warning("no CLAP score: %s", error.sentence())
        return None
    return float(heard @ condition.wanted.to(heard))


def _described(
    model: AudioLDM,
    condition: Condition,
    number: int,
    seed: int,
    samples: npt.NDArray[np.float32],
    score: float | None,
) -> GeneratedSound:
    notes = (*condition.notes, *_notes_on(samples))
    return GeneratedSound(number, seed, samples, model.sample_rate, notes, score)


def make_condition(model: AudioLDM, request: GenerationRequest) -> Condition:
    """The embeddings for and against, and notes on prompts that were cut."""
    notes: list[str] = []

    def embed(text: str, name: str) -> torch.Tensor:
        embedding, dropped = model.embed_prompt(text)
        if dropped:
            notes.append(f"The {name} is too long for the model; it did not read “{dropped}”.")
        return embedding

    wanted = _wanted(model, request, embed(request.prompt, "prompt"))
    against = embed(request.negative_prompt, "negative prompt") if request.is_guided else None
    return Condition(wanted, against, tuple(notes))


def _wanted(model: AudioLDM, request: GenerationRequest, text: torch.Tensor) -> torch.Tensor:
    """The prompt's embedding, moved towards the reference clip's by its weight."""
    if request.like is None:
        return text
    sound = read_sound(Path(request.like).expanduser(), _LIKE_DURATION_S)
    clip = model.ear.embed_condition(sound.mono(), sound.sample_rate)
    weight = request.like_weight if request.prompt.strip() else 1.0
    return blend(text, clip, weight)


def _notes_on(samples: npt.NDArray[np.float32]) -> list[str]:
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    level_db = 10 * np.log10(max(power, 1e-30))
    if level_db < NEARLY_SILENT_DB:
        return ["This sound is nearly silent; try another seed or prompt."]
    return []
