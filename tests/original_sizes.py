"""Sizes of the original AudioLDM, and attention as all of its parts compute it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Sizes:
    """Widths of all parts; the default is tiny."""

    base: int = 32
    multipliers: tuple[int, ...] = (1, 2, 3)
    head_channels: int = 32
    vae: tuple[int, ...] = (32, 64, 64)
    vocoder: int = 64
    vocabulary: int = 300
    text: tuple[int, int, int] = (128, 2, 256)  # hidden, layers, intermediate
    positions: int = 66
    embedding: int = 32
    spectrogram: int = 64
    mel_bins: int = 16
    window: int = 4
    swin: int = 32
    depths: tuple[int, ...] = (2, 2)
    swin_heads: tuple[int, ...] = (2, 4)


FULL_S = Sizes(
    base=128, multipliers=(1, 2, 3, 5), vae=(128, 256, 512), vocoder=1024, vocabulary=50265,
    text=(768, 12, 3072), positions=514, embedding=512, spectrogram=256, mel_bins=64, window=8,
    swin=96, depths=(2, 2, 6, 2), swin_heads=(4, 8, 16, 32),
)  # fmt: skip


def attend(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | float = 0.0) -> Tensor:
    """softmax(q kᵀ / √d + bias) v over [..., tokens, d]."""
    scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]) + bias
    return scores.softmax(-1) @ v


def by_heads(x: Tensor, heads: int) -> Tensor:
    return x.unflatten(-1, (heads, -1)).transpose(-2, -3)


def joined(x: Tensor) -> Tensor:
    return x.transpose(-2, -3).flatten(-2)
