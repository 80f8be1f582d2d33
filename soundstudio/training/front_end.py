"""A segment of a sound file → what the VAE and CLAP's audio tower are given of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from soundstudio.audio.files import Sound, read_sound
from soundstudio.audio.mel import AUDIOLDM_MEL, log_mel, normalise_waveform
from soundstudio.audio.resampling import resample

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    import numpy.typing as npt

    from soundstudio.dataset.clips import DatasetClip

    FloatArray = npt.NDArray[np.float32]

FRONT_END_VERSION: Final = 1
"""Counted up when the same segment would give other values: old ones are then not found."""
_PEAK: Final = 0.5


def read_segment(clip: DatasetClip) -> Sound:
    """The clip's segment, all channels mixed to one. Raises AudioFileError."""
    sound = read_sound(clip.path, clip.duration_s, clip.start_s)
    return Sound(sound.mono(), sound.sample_rate)


def segment_mel(sound: Sound, frames: int) -> FloatArray:
    """Natural-log mel [frames, bands] of a sound, for the VAE.

    Mean 0 and peak 0.5 first, then silence up to `frames`, so that what was not there has the
    floor's -11.513 and not zero, which is loud. A longer sound is cut.
    """
    spec = AUDIOLDM_MEL
    waveform = normalise_waveform(resample(sound, spec.sample_rate_hz).mono(), _PEAK)
    length = frames * spec.hop_samples
    padded = np.pad(waveform[:length], (0, max(0, length - len(waveform))))
    return log_mel(padded, spec)


def training_frames(
    clips: Iterable[DatasetClip], vae: Mapping[str, Any], unet: Mapping[str, Any]
) -> int:
    """Mel frames of every example: the longest clip, rounded up to what the networks halve evenly.

    5 s become 512 frames and 10 s 1024, as in the original, with its VAE and UNet.
    """
    longest_s = max((clip.duration_s for clip in clips), default=0.0)
    rate = AUDIOLDM_MEL.sample_rate_hz / AUDIOLDM_MEL.hop_samples
    halvings: int = len(vae["block_out_channels"]) - 1 + len(unet["block_out_channels"]) - 1
    unit = 1 << halvings
    # A hundredth of a frame: 10.24 s at 44.1 kHz are not a whole number of samples.
    return max(1, math.ceil((longest_s * rate - 0.01) / unit)) * unit
