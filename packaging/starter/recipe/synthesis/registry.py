"""All families by name, and the way from a family to a finished clip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recipe.synthesis import animals, impacts, machines, nature, signals_and_weapons, tones

Made = tuple[npt.NDArray[np.float64], list[str]]
Family = Callable[[np.random.Generator], Made]

FAMILIES: dict[str, Family] = {
    **nature.FAMILIES,
    **machines.FAMILIES,
    **impacts.FAMILIES,
    **signals_and_weapons.FAMILIES,
    **animals.FAMILIES,
    **tones.FAMILIES,
}


@dataclass(frozen=True, slots=True)
class SyntheticClip:
    """A finished synthetic sound."""

    name: str
    family: str
    captions: tuple[str, ...]
    waveform: npt.NDArray[np.float32]


def finish(waveform: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Zero mean, 4 ms fades and a peak of 0.5."""
    x = waveform - waveform.mean()
    fade = min(64, len(x) // 4)
    ramp = np.linspace(0, 1, fade)
    x[:fade] *= ramp
    x[-fade:] *= ramp[::-1]
    return np.asarray(0.5 * x / (np.abs(x).max() + 1e-9), dtype=np.float32)


def synthesise(
    per_family: int, seed: int, families: Sequence[str] | None = None
) -> list[SyntheticClip]:
    """``per_family`` clips of each family; each depends on its own name and the seed only."""
    clips = []
    for number, name in enumerate(FAMILIES):
        if families is not None and name not in families:
            continue
        for index in range(per_family):
            rng = np.random.default_rng((seed, number, index))
            waveform, captions = FAMILIES[name](rng)
            distinct = tuple(dict.fromkeys(captions))
            clips.append(SyntheticClip(f"{name}-{index:04d}", name, distinct, finish(waveform)))
    return clips
