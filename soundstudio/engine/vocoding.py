"""The vocoder on a long sound, piece by piece: less memory, and it can be stopped in between."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

PIECE_FRAMES: Final = 512
"""Mel frames of a piece; AudioLDM's are 10 ms long."""


def pieces_of(frames: int) -> int:
    """In how many pieces so many frames are vocoded; a small rest is not worth a piece."""
    return max(1, round(frames / PIECE_FRAMES))


def reach_frames(config: Any) -> int:
    """How far to either side, in mel frames, a sample depends on the mel (HiFi-GAN: Kong 2020).

    The sum of what every layer sees, counted in the samples of its own level.
    """
    levels = list(zip(config.upsample_rates, config.upsample_kernel_sizes, strict=True))
    branches = zip(config.resblock_kernel_sizes, config.resblock_dilation_sizes, strict=True)
    # A residual branch: for each dilation a dilated convolution and a plain one.
    widest = max(
        (kernel - 1) // 2 * (sum(dilations) + len(dilations)) for kernel, dilations in branches
    )
    reach = 3.0  # the first convolution has 7 taps
    samples = 1.0  # of a level in one frame
    for rate, kernel in levels:
        reach += math.ceil(kernel / rate) / samples
        samples *= rate
        reach += widest / samples
    return math.ceil(reach + 3.0 / samples)  # the last one, too


def vocode(
    vocoder: Any,
    mel: torch.Tensor,
    report: Callable[[int, int], None] = lambda done, of: None,
    hear: Callable[[torch.Tensor], None] = lambda piece: None,
) -> torch.Tensor:
    """The waveform [samples] of a log-mel [frames, bands], as the vocoder makes it of the whole.

    Every piece sees as much on both sides as reaches into it. Gives each to `hear`, then calls
    `report` with how many of how many are done; what they raise stops the work.
    """
    import torch

    frames = mel.shape[0]
    count = pieces_of(frames)
    hop = math.prod(vocoder.config.upsample_rates)
    reach = reach_frames(vocoder.config)
    borders = [frames * number // count for number in range(count + 1)]
    made = []
    for number, (start, stop) in enumerate(itertools.pairwise(borders), start=1):
        first = max(0, start - reach)
        wave = vocoder(mel[None, first : stop + reach])[0]
        # Odd differences of kernel and rate make AudioLDM's whole a little longer: keep its end.
        end = None if stop == frames else (stop - first) * hop
        made.append(wave[(start - first) * hop : end])
        hear(made[-1])
        report(number, count)
    return torch.cat(made)
