"""All chance of a training, drawn from counters: step, place in the batch, and the seed.

Nothing has to be remembered from one step to the next. So a run that goes on after an interruption
draws what it would have drawn, and a batch is the same whether one process works on it or several.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float32]

# What a stream of numbers is for: two uses of one seed must never meet.
_ORDER, _EXAMPLE, _VALIDATION, _WEIGHTS = range(4)


@dataclass(frozen=True, slots=True)
class Draw:
    """What chance decides for one place of one batch.

    clip: which training clip. timestep: uniform over the schedule. posterior_noise, noise: unit
    normal, of the latent's shape.
    """

    clip: int
    timestep: int
    drops_condition: bool
    posterior_noise: FloatArray
    noise: FloatArray


class Draws:
    """The draws of a training with `clips` clips. Clips come in shuffled epochs."""

    def __init__(
        self,
        seed: int,
        clips: int,
        timesteps: int,
        batch_size: int,
        condition_dropout: float,
    ) -> None:
        self._seed = seed
        self._clips = clips
        self._timesteps = timesteps
        self._batch_size = batch_size
        self._dropout = condition_dropout

    def clip_at(self, step: int, place: int) -> int:
        """Which clip stands at `place` of the batch of `step` (from 0)."""
        epoch, position = divmod(step * self._batch_size + place, self._clips)
        return int(_shuffled(self._seed, epoch, self._clips)[position])

    def at(self, step: int, place: int, latent_shape: tuple[int, ...]) -> Draw:
        rng = np.random.default_rng((_EXAMPLE, self._seed, step, place))
        return Draw(
            clip=self.clip_at(step, place),
            timestep=int(rng.integers(self._timesteps)),
            drops_condition=bool(rng.random() < self._dropout),
            posterior_noise=rng.standard_normal(latent_shape, dtype=np.float32),
            noise=rng.standard_normal(latent_shape, dtype=np.float32),
        )


def validation_noise(
    seed: int, clip: int, count: int, latent_shape: tuple[int, ...]
) -> list[FloatArray]:
    """The fixed noises of a clip's validation losses, the same at every validation."""
    rng = np.random.default_rng((_VALIDATION, seed, clip))
    return [rng.standard_normal(latent_shape, dtype=np.float32) for _ in range(count)]


def weights_seed(seed: int) -> int:
    """The seed of weights that start at random."""
    return int(np.random.SeedSequence((_WEIGHTS, seed)).generate_state(1)[0])


@lru_cache(maxsize=2)
def _shuffled(seed: int, epoch: int, count: int) -> npt.NDArray[np.int64]:
    return np.random.default_rng((_ORDER, seed, epoch)).permutation(count)
