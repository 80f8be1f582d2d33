"""A request → its sounds, one after the other."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from soundstudio.audio.files import read_sound
from soundstudio.core.errors import OutOfMemoryError
from soundstudio.core.progress import Progress, ProgressCallback, ignore_progress
from soundstudio.engine.audioldm import AudioLDM, Condition
from soundstudio.generation.batches import batch_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch

    from soundstudio.core.requests import GenerationRequest

log = logging.getLogger(__name__)

# 30 dB below what a recording's noise floor usually is.
NEARLY_SILENT_DB: Final = -60.0
# Nobody's CLAP listens to more than its first ten seconds; more is not read from the disk.
_LIKE_DURATION_S: Final = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class GeneratedSound:
    """One variation: float32 samples [samples] as the vocoder gave them, full scale at ±1."""

    variation: int
    seed: int
    samples: npt.NDArray[np.float32]
    sample_rate: int
    notes: tuple[str, ...] = ()


def generate(
    model: AudioLDM, request: GenerationRequest, progress: ProgressCallback = ignore_progress
) -> Iterator[GeneratedSound]:
    """Yield the variations of `request` in order.

    `progress` is called for each step; what it raises ends the work within one step.
    Raises InvalidRequestError, ModelError, AudioFileError (reference clip), OutOfMemoryError,
    DeviceError.
    """
    request.validated()
    condition = make_condition(model, request)
    length = model.length_samples(request.duration_s)
    size = batch_size(model, request)
    first = 0
    while first < request.variations:
        numbers = range(first, min(first + size, request.variations))
        seeds = [request.seed_of(number) for number in numbers]
        try:
            latents = model.denoise(condition, request, seeds, progress, first)
        except OutOfMemoryError:
            if size == 1:
                raise
            size = len(numbers) // 2 or 1
            log.warning("out of memory; going on with %d variations at once", size)
            continue
        first = numbers.stop
        for number, seed, latent in zip(numbers, seeds, latents, strict=True):
            progress(Progress("decoding", 0, 1, number))
            samples = model.decode(latent, length)
            progress(Progress("decoding", 1, 1, number))
            notes = (*condition.notes, *_notes_on(samples))
            yield GeneratedSound(number, seed, samples, model.sample_rate, notes)


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
