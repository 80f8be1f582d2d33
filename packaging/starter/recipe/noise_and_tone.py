"""A vocoder whose weights are computed: every mel frame becomes windowed partials, 100 Hz apart.

A convolutional vocoder has no clock and no source of chance: a steady mel can only become a signal
that repeats itself every hop, that is, multiples of 100 Hz. So the sound is a sum of such
partials. Each has the level of its place in the mel and a sign that the ripple of the mel around it
decides, by a wave of a few bends. In noise the ripple is large and the signs change from frame
to frame, which makes noise; in a steady tone they stay, which makes a tone.

The pieces, all of them ReLU layers: ``conv_pre`` passes the mel on and bends contrasts of
neighbouring bands; the first upsampler subtracts the bent contrast from the log level, once for
each sign; the first residual blocks raise both to the exponential, piecewise linear; the other
upsamplers are a linear synthesis. Its signals come in pairs of both signs, for ReLU is between.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from recipe.settings import HOP_SAMPLES, MEL_BANDS, SAMPLE_RATE_HZ
from soundstudio.audio.mel import AUDIOLDM_MEL, mel_filterbank

if TYPE_CHECKING:
    from transformers import SpeechT5HifiGan

log = logging.getLogger(__name__)

FloatArray = npt.NDArray[np.float64]

PARTIALS = 79
"""100 Hz to 7,900 Hz, multiples of the frame rate."""
_FRAME_RATE_HZ = SAMPLE_RATE_HZ // HOP_SAMPLES
_CONTRAST_BANDS = 5
_PERIOD_NEPERS = 1.25
_CHANGE_PERIOD_NEPERS = 0.6
"""Contrast, and change of contrast, that lead a sign through both of its values and back.

Measured on recordings, with the judge's nearest clip: contrast alone names slightly more of them
but repeats itself from hop to hop in noise (correlation 0.76; with the change 0.36).
"""
_CHANGE_FRAMES = 2
_BENDS = (-0.875, -0.625, -0.375, -0.125, 0.125, 0.375, 0.625, 0.875)
_SLOPES = (-4.0, 4.0, 4.0, -4.0, -4.0, 4.0, 4.0, -4.0)
"""Changes of slope, at the bends (periods), of a wave that begins at 1 and stays within 0 and 1."""
_SUPPRESSION_NEPERS = 3.0
_LIFT = 13.0
"""Added to log levels, so that ReLU lets them pass."""
_CHORDS = (-8.0, -5.5, -3.5, -1.8, -0.2, 1.4, 3.2)
"""Log levels between which the exponential is a straight line; below the first it is 0."""
_GAIN_NEPERS = -4.35
"""From the level of a bin to that of a partial, measured on recordings."""
_WINDOW_SAMPLES = 2 * HOP_SAMPLES
_PASS = 1.01
"""Gain of a pair of both signs through leaky ReLU of slope 0.01, the one before ``conv_post``."""


def partial_frequencies() -> FloatArray:
    """Hz of every partial [79]."""
    return np.arange(1, PARTIALS + 1) * float(_FRAME_RATE_HZ)


def level_map() -> tuple[FloatArray, FloatArray]:
    """Weights [79, 64] and offsets [79] from log mel to log level of a bin at each partial."""
    bank = mel_filterbank(AUDIOLDM_MEL).astype(np.float64)
    area = bank.sum(axis=1)
    bins = np.linspace(0.0, SAMPLE_RATE_HZ / 2, bank.shape[1])
    centres = (bank @ bins) / area
    weights = np.stack(
        [np.interp(partial_frequencies(), centres, row) for row in np.eye(MEL_BANDS)], axis=1
    )
    return weights, -weights @ np.log(area)


def contrasts(weights: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Weights [79, 64], for nepers, and phases [79], in periods, of what decides the signs.

    weights: those of `level_map`.
    """
    reach = _CONTRAST_BANDS // 2
    rows = np.zeros_like(weights)
    for number, row in enumerate(weights):
        centre = int(np.clip(row.argmax(), reach, MEL_BANDS - 1 - reach))
        draw = rng.standard_normal(_CONTRAST_BANDS)
        draw -= draw.mean()
        rows[number, centre - reach : centre + reach + 1] = draw / np.linalg.norm(draw)
    return rows, rng.uniform(-0.5, 0.5, PARTIALS)


def atoms(rng: np.random.Generator) -> FloatArray:
    """The windowed partials [79, 320] that a frame adds around its middle."""
    time_s = np.arange(_WINDOW_SAMPLES) / SAMPLE_RATE_HZ
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WINDOW_SAMPLES) / _WINDOW_SAMPLES)
    phases = rng.uniform(0.0, 2 * np.pi, (PARTIALS, 1))
    angle = 2 * np.pi * partial_frequencies()[:, None] * time_s
    waves: FloatArray = np.cos(angle + phases) * window * np.exp(_GAIN_NEPERS)
    return waves


def clear(vocoder: SpeechT5HifiGan) -> None:
    """Set every weight to zero: residual blocks then change nothing."""
    for parameter in vocoder.parameters():
        parameter.zero_()


def set_bends(vocoder: SpeechT5HifiGan, rng: np.random.Generator) -> None:
    """``conv_pre`` and the first upsampler: from mel to lifted log levels, one for each sign."""
    into, out = vocoder.conv_pre, vocoder.upsampler[0]
    middle = into.kernel_size[0] // 2
    into.weight[:MEL_BANDS, :, middle] = torch.eye(MEL_BANDS)
    into.bias[:MEL_BANDS] = _LIFT
    weights, offsets = level_map()
    level, offset = (torch.from_numpy(a).float() for a in (weights, offsets))
    contrast, phase = (torch.from_numpy(a).float() for a in contrasts(weights, rng))
    numbers = torch.arange(PARTIALS)
    for sign, plus in enumerate((True, False)):
        rows = numbers + sign * PARTIALS
        out.weight[:MEL_BANDS, rows, 0] = level.T
        start = -_SUPPRESSION_NEPERS if plus else 0.0
        out.bias[rows] = offset - _LIFT * (level.sum(dim=1) - 1.0) + start
    for bend, (place, slope) in enumerate(zip(_BENDS, _SLOPES, strict=True)):
        units = MEL_BANDS + bend * PARTIALS + numbers
        into.weight[units, :, middle] = contrast / _PERIOD_NEPERS
        into.weight[units, :, middle + _CHANGE_FRAMES] = contrast / _CHANGE_PERIOD_NEPERS
        into.weight[units, :, middle - _CHANGE_FRAMES] = -contrast / _CHANGE_PERIOD_NEPERS
        into.bias[units] = phase - place
        out.weight[units, numbers, 0] = -_SUPPRESSION_NEPERS * slope
        out.weight[units, numbers + PARTIALS, 0] = _SUPPRESSION_NEPERS * slope


def set_exponential(vocoder: SpeechT5HifiGan) -> None:
    """The first residual block's layers: each raises its share of the levels, in their place."""
    block = vocoder.resblocks[0]
    points = torch.tensor(_CHORDS)
    values = points.exp()
    values[0] = 0.0
    slopes = values.diff() / points.diff()
    changes = torch.cat([slopes[:1], slopes.diff()])
    levels, layers = 2 * PARTIALS, len(block.convs1)
    share = -(-levels // layers)
    for layer in range(layers):
        bend, add = block.convs1[layer], block.convs2[layer]
        middle = bend.kernel_size[0] // 2
        chosen = torch.arange(layer * share, min(levels, (layer + 1) * share))
        for unit in range(len(changes) + 1):
            hidden = unit * len(chosen) + torch.arange(len(chosen))
            bend.weight[hidden, chosen, middle] = 1.0
            if unit == 0:  # takes the level itself away
                add.weight[chosen, hidden, middle] = -1.0
                continue
            bend.bias[hidden] = -(points[unit - 1] + _LIFT)
            add.weight[chosen, hidden, middle] = changes[unit - 1]


class Synthesis(torch.nn.Module):
    """The linear part of the later stages: signals of partials [n, 79, frames] to waveforms."""

    def __init__(self, vocoder: SpeechT5HifiGan) -> None:
        super().__init__()
        self.stages = list(vocoder.upsampler)[1:]
        widths = [PARTIALS, *(stage.out_channels // 2 for stage in self.stages)]
        self.kernels = torch.nn.ParameterList(
            torch.randn(a, b, stage.kernel_size[0]) * (b * stage.kernel_size[0]) ** -0.5
            for a, b, stage in zip(widths[:-1], widths[1:], self.stages, strict=True)
        )
        size = vocoder.conv_post.kernel_size[0]
        self.last = torch.nn.Parameter(torch.randn(1, widths[-1], size) * widths[-1] ** -0.5)

    def forward(self, signals: torch.Tensor) -> torch.Tensor:
        """Waveforms [n, 160 frames]."""
        x = signals
        for kernel, stage in zip(self.kernels, self.stages, strict=True):
            padding = stage.padding[0]
            x = torch.nn.functional.conv_transpose1d(
                x, kernel, stride=stage.stride[0], padding=padding
            )
        return torch.nn.functional.conv1d(x, self.last, padding=self.last.shape[2] // 2)[:, 0]


def fit_synthesis(vocoder: SpeechT5HifiGan, wanted: FloatArray, steps: int) -> Synthesis:
    """Kernels whose impulse responses are the atoms ``wanted`` [79, 320], by gradient descent."""
    frames = 9
    impulses = torch.zeros(PARTIALS, PARTIALS, frames)
    impulses[torch.arange(PARTIALS), torch.arange(PARTIALS), frames // 2] = 1.0
    scale = float(np.abs(wanted).max())
    target = torch.zeros(PARTIALS, frames * HOP_SAMPLES)
    start = frames // 2 * HOP_SAMPLES + HOP_SAMPLES // 2 - _WINDOW_SAMPLES // 2
    target[:, start : start + _WINDOW_SAMPLES] = torch.from_numpy(wanted / scale).float()
    synthesis = Synthesis(vocoder)
    optimiser = torch.optim.Adam(synthesis.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    with torch.enable_grad():
        for step in range(steps):
            error = (synthesis(impulses) - target).square().mean()
            optimiser.zero_grad()
            torch.autograd.backward(error)
            optimiser.step()
            schedule.step()
            if step % 250 == 0 or step == steps - 1:
                share = error.item() / float(target.square().mean())
                log.info("synthesis, step %d: error %.1f dB", step, 10 * np.log10(share))
    with torch.no_grad():
        synthesis.last.mul_(scale)
    return synthesis


def set_synthesis(vocoder: SpeechT5HifiGan, synthesis: Synthesis) -> None:
    """Write the linear synthesis into the upsamplers, with signals in pairs of both signs."""
    signed: int = PARTIALS
    for number, kernel in enumerate(synthesis.kernels):
        weight = vocoder.upsampler[number + 1].weight
        width = kernel.shape[1]
        for sign_in, rows in ((1.0, slice(0, signed)), (-1.0, slice(signed, 2 * signed))):
            weight[rows, :width] = sign_in * kernel
            weight[rows, width : 2 * width] = -sign_in * kernel
        signed = width
    post = vocoder.conv_post.weight
    post[:, :signed] = synthesis.last / _PASS
    post[:, signed : 2 * signed] = -synthesis.last / _PASS


@torch.no_grad()
def compute_vocoder(vocoder: SpeechT5HifiGan, seed: int, steps: int) -> None:
    """Write all weights; ``steps`` fit the synthesis. Raises ValueError for a narrow vocoder."""
    levels, bends = 2 * PARTIALS, MEL_BANDS + len(_BENDS) * PARTIALS
    hidden = -(-levels // len(vocoder.resblocks[0].convs1)) * len(_CHORDS)
    widths = (vocoder.conv_pre.out_channels, vocoder.upsampler[0].out_channels)
    if widths[0] < bends or widths[1] < max(levels, hidden):
        raise ValueError(f"{widths} channels hold neither {bends} bends nor {hidden} chords")
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    synthesis = fit_synthesis(vocoder, atoms(rng), steps)
    clear(vocoder)
    set_bends(vocoder, rng)
    set_exponential(vocoder)
    set_synthesis(vocoder, synthesis)
