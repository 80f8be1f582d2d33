"""A sound whose rest is still being made, so that it can be heard before it is finished."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from soundstudio.audio.files import FloatArray

_CAUTION: Final = 1.25
"""How much slower the next pieces may come than the ones before."""


@dataclass(frozen=True, slots=True, eq=False)
class SoundPiece:
    """A stretch of a mono sound of `total` samples: samples [n], float32, from `start` on.

    seconds: how long it took to make.
    """

    samples: FloatArray
    start: int
    total: int
    sample_rate: int
    seconds: float

    @property
    def is_whole(self) -> bool:
        return len(self.samples) == self.total


def packed(samples: FloatArray) -> str:
    """Samples as text: base64 of little-endian float32."""
    return base64.b64encode(samples.astype("<f4").tobytes()).decode("ascii")


def unpacked(text: str) -> FloatArray:
    """The samples [n] that `packed` made text of. Raises ValueError."""
    return np.frombuffer(base64.b64decode(text, validate=True), "<f4").astype(np.float32)


class GrowingSound:
    """Samples [1, total], silence where nothing came yet; pieces come one after the other.

    One thread adds, others read: what lies before `filled` changes no more.
    """

    def __init__(self, total: int, sample_rate: int) -> None:
        self.samples: FloatArray = np.zeros((1, total), dtype=np.float32)
        self.sample_rate = sample_rate
        self.filled = 0
        self._made_s = 0.0
        self._longest_s = 0.0
        self._largest = 0

    @property
    def duration_s(self) -> float:
        return self.samples.shape[1] / self.sample_rate

    @property
    def is_complete(self) -> bool:
        return self.filled >= self.samples.shape[1]

    def add(self, piece: SoundPiece) -> bool:
        """Take in the next piece; False, and nothing is done, if it is not the next one."""
        end = self.filled + len(piece.samples)
        if piece.start != self.filled or end > self.samples.shape[1]:
            return False
        self.samples[0, piece.start : end] = piece.samples
        self._made_s += piece.seconds
        self._longest_s = max(self._longest_s, piece.seconds)
        self._largest = max(self._largest, len(piece.samples))
        self.filled = end
        return True

    def can_start(self) -> bool:
        """Whether play that starts now should not overtake the pieces that are still to come.

        The next one must be there before what is filled has been heard, and so must the last one:
        in between both grow evenly.
        """
        if self.is_complete:
            return True
        if not self.filled:
            return False
        heard_s = self.filled / self.sample_rate
        left_s = self.duration_s - heard_s
        piece_s = min(self._largest / self.sample_rate, left_s)
        next_s = _CAUTION * self._longest_s
        last_s = _CAUTION * self._made_s / heard_s * left_s
        return next_s <= heard_s and last_s <= heard_s + left_s - piece_s
