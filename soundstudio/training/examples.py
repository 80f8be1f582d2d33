"""Cached clips → batches: scaled latents, noise, timesteps and conditions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from soundstudio.core.errors import ModelError, RunError
from soundstudio.training.encoding import EMPTY_PROMPT

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import torch

    from soundstudio.core.finetuning import TrainingCondition
    from soundstudio.dataset.clips import DatasetClip
    from soundstudio.training.draws import Draws
    from soundstudio.training.encodings import EncodingCache, Posterior

    FloatArray = npt.NDArray[np.float32]


Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class Batch:
    """[batch, channels, time, frequency] twice, [batch], [batch, embedding]; on one device."""

    latents: torch.Tensor
    noise: torch.Tensor
    timesteps: torch.Tensor
    conditions: torch.Tensor

    def __len__(self) -> int:
        return len(self.latents)

    def part(self, start: int, stop: int) -> Batch:
        rows = slice(start, stop)
        return Batch(
            self.latents[rows], self.noise[rows], self.timesteps[rows], self.conditions[rows]
        )


class Examples:
    """The training clips as the cache has them, read when they are needed.

    condition: "text" means the caption's embedding in every example, "audio" the sound's. (The
    released training code mixes them 69 to 31, whatever its settings say.)
    Raises ModelError if the model cannot hear and `condition` is "audio".
    """

    def __init__(
        self,
        cache: EncodingCache,
        clips: Sequence[DatasetClip],
        draws: Draws,
        condition: TrainingCondition,
        scaling_factor: float,
        hears: bool,
    ) -> None:
        if condition == "audio" and not hears:
            raise ModelError(
                "Training on sounds needs CLAP's audio tower, which this model lacks.",
                "Choose --condition text, or a model that can listen.",
            )
        self._cache = cache
        self._clips = clips
        self._draws = draws
        self._condition = condition
        self._scaling_factor = scaling_factor
        self._empty = self._text(EMPTY_PROMPT)
        self.latent_shape = self.posterior(clips[0]).mean.shape

    def batch(self, step: int, places: range, device: torch.device | str) -> Batch:
        """The examples at `places` of the batch of `step` (from 0).

        Raises RunError if the cache has lost an entry meanwhile.
        """
        import torch

        latents, noise, timesteps, conditions = [], [], [], []
        for place in places:
            draw = self._draws.at(step, place, self.latent_shape)
            clip = self._clips[draw.clip]
            sampled = self.posterior(clip).sample(draw.posterior_noise)
            latents.append(sampled * np.float32(self._scaling_factor))
            noise.append(draw.noise)
            timesteps.append(draw.timestep)
            conditions.append(self._empty if draw.drops_condition else self.condition(clip))
        return Batch(
            torch.from_numpy(np.stack(latents)).to(device),
            torch.from_numpy(np.stack(noise)).to(device),
            torch.tensor(timesteps, device=device),
            torch.from_numpy(np.stack(conditions)).to(device),
        )

    def posterior(self, clip: DatasetClip) -> Posterior:
        return _found(self._cache.posterior(clip))

    def condition(self, clip: DatasetClip) -> FloatArray:
        """The unit embedding [embedding] that stands for the clip in training."""
        if self._condition == "audio":
            return _found(self._cache.sound_embedding(clip))
        return self._text(clip.caption)

    def _text(self, text: str) -> FloatArray:
        return _found(self._cache.text_embedding(text))


def _found(entry: Entry | None) -> Entry:
    if entry is None:
        raise RunError(
            "The cache of encoded clips has lost an entry, or it was damaged.",
            "Resume the run: what is missing is made again.",
        )
    return entry
