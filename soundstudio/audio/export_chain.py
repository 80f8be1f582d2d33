"""The chain from a sound in the library to the samples of an exported file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from soundstudio.audio.editing import fade, gain, gain_to_loudness, gain_to_peak, seamless_loop
from soundstudio.audio.editing import trim_silence as trim
from soundstudio.audio.files import Sound, WavSubtype, write_wav
from soundstudio.audio.loudness import true_peak_db
from soundstudio.audio.resampling import resample

if TYPE_CHECKING:
    from pathlib import Path

ExportFormat = Literal["wav16", "wav24", "wav32f"]
LevelKind = Literal["none", "peak", "lufs"]

SUBTYPES: Final[dict[ExportFormat, WavSubtype]] = {
    "wav16": "PCM_16",
    "wav24": "PCM_24",
    "wav32f": "FLOAT",
}
TRUE_PEAK_CEILING_DB: Final = -1.0
# How far the loop is repeated on either side for the resampling filter to see no edge.
_LOOP_MARGIN_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class ExportSpec:
    """How a file is to sound and which format it has.

    sample_rate: Hz, or None for the sound's own. level: "none", or to `level_target_db` as the
    largest sample (dBFS) or as integrated loudness (LUFS). loop: crossfade into a seamless loop
    (then there are no fades). fade_ms applies at both ends.
    """

    format: ExportFormat = "wav24"
    sample_rate: int | None = 48000
    level: LevelKind = "none"
    level_target_db: float = -1.0
    trim: bool = False
    fade_ms: float = 3.0
    loop: bool = False
    ceiling_db: float = TRUE_PEAK_CEILING_DB

    @property
    def is_untouched(self) -> bool:
        """Own rate and float: the file holds the model's samples as they are."""
        return self.sample_rate is None and self.format == "wav32f" and not self.loop

    @property
    def subtype(self) -> WavSubtype:
        return SUBTYPES[self.format]


def render(sound: Sound, spec: ExportSpec) -> Sound:
    """Trim, fade or loop, gain, rate, true-peak ceiling: in this order. Dither comes in writing.

    With the sound's own rate and 32-bit float nothing is done at all.
    """
    if spec.is_untouched:
        return sound
    if spec.trim:
        sound = trim(sound)
    if spec.loop:
        sound = seamless_loop(sound).sound
    elif spec.fade_ms > 0:
        sound = fade(sound, spec.fade_ms / 1000, spec.fade_ms / 1000)
    if spec.level == "peak":
        sound = gain_to_peak(sound, spec.level_target_db)
    elif spec.level == "lufs":
        sound = gain_to_loudness(sound, spec.level_target_db)
    if spec.sample_rate is not None:
        sound = (
            _resample_loop(sound, spec.sample_rate)
            if spec.loop
            else resample(sound, spec.sample_rate)
        )
    return under_ceiling(sound, spec.ceiling_db)


def under_ceiling(sound: Sound, ceiling_db: float) -> Sound:
    """Turn the whole sound down if its true peak lies above `ceiling_db`."""
    excess_db = true_peak_db(sound) - ceiling_db
    return sound if math.isinf(excess_db) or excess_db <= 0.0 else gain(sound, -excess_db)


def write_rendered(path: Path, rendered: Sound, spec: ExportSpec) -> None:
    """Write what `render` made, with dither at 16 bit. Raises StorageError, AudioFileError."""
    write_wav(path, rendered, spec.subtype, dither=spec.format == "wav16")


def _resample_loop(sound: Sound, rate: int) -> Sound:
    """Convert a loop so that it still meets itself: the filter sees it repeated at both ends."""
    if rate == sound.sample_rate or sound.length == 0:
        return resample(sound, rate)
    margin = min(round(_LOOP_MARGIN_S * sound.sample_rate), sound.length)
    repeated = np.concatenate(
        (sound.samples[:, sound.length - margin :], sound.samples, sound.samples[:, :margin]),
        axis=1,
    )
    converted = resample(Sound(repeated, sound.sample_rate), rate).samples
    first = round(margin * rate / sound.sample_rate)
    length = round(sound.length * rate / sound.sample_rate)
    return Sound(np.ascontiguousarray(converted[:, first : first + length]), rate)
