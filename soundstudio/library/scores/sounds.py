"""The sounds of a page of scores: small, playable in every browser, as many as it may hold."""

from __future__ import annotations

import base64
import io
import itertools
import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import soundfile

from soundstudio.audio.files import Sound, probe, read_sound
from soundstudio.audio.resampling import resample
from soundstudio.core.errors import AudioFileError
from soundstudio.library import clips, wav_metadata
from soundstudio.library.naming import escaped
from soundstudio.library.scores.page_tables import MAX_ROWS
from soundstudio.library.scores.reports import sound_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from soundstudio.library.scores.reports import Report

log = logging.getLogger(__name__)

Which = Literal["generated", "reference"]
MAX_SOUND_S: Final = 60.0
"""As much as the networks heard of it."""
# MPEG 1 and 2. What lies below 16 kHz (MPEG 2.5) is not played everywhere, so it is raised.
_MP3_RATES: Final = (16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_MP3_QUALITY: Final = 0.5
"""0 is best, 1 smallest: about 75 kbit/s for noisy mono at 44.1 kHz, 25 for 16 kHz."""


@dataclass(frozen=True, slots=True)
class PageSound:
    """One sound in the page. data: base64 of a file of `media_type`."""

    id: str
    name: str
    media_type: str
    data: str


@dataclass(slots=True)
class PageSounds:
    """What could be put into the page, and what could not.

    left_out: names for which there was no room. unreadable: names of files that are gone or
    damaged. cut: names of sounds of which only the beginning is there. makers: "model (licence)"
    → how many generated files name it.
    """

    sounds: dict[Path, PageSound] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    makers: Counter[str] = field(default_factory=Counter)

    def of(self, report: Report, which: Which, name: str) -> PageSound | None:
        """The sound of a clip, if the page holds it."""
        folder = report.generated if which == "generated" else report.reference
        path = sound_path(folder, name)
        return self.sounds.get(path) if path is not None else None


def gather(
    reports: Sequence[Report],
    room_bytes: int,
    progress: Callable[[int, int], None] | None = None,
) -> PageSounds:
    """Encode the sounds of all reports until `room_bytes` of page are full.

    First the worst generated sounds with the references that they are nearest to and paired with,
    of each report in turn, then the other references. progress: told (done, of how many) before
    each; what it raises stops the work.
    """
    wishes = _wishes(reports)
    page, used = PageSounds(), 0
    for done, wish in enumerate(wishes):
        if progress is not None:
            progress(done, len(wishes))
        if wish.is_generated and (maker := _maker(wish.path)):
            page.makers[maker] += 1
        average = used / max(1, len(page.sounds))
        if room_bytes - used < wish.markup_bytes + average / 2:
            page.left_out.append(wish.name)
            continue
        try:
            is_cut = probe(wish.path).duration_s > MAX_SOUND_S
            content, media_type = encoded(read_sound(wish.path, MAX_SOUND_S))
        except AudioFileError as error:
            log.info("%s is not in the page: %s", wish.path, error)
            page.unreadable.append(wish.name)
            continue
        data = base64.b64encode(content).decode("ascii")
        if used + len(data) + wish.markup_bytes > room_bytes:
            page.left_out.append(wish.name)
            continue
        used += len(data) + wish.markup_bytes
        page.sounds[wish.path] = PageSound(f"s{len(page.sounds)}", wish.name, media_type, data)
        if is_cut:
            page.cut.append(wish.name)
    if progress is not None:
        progress(len(wishes), len(wishes))
    return page


def encoded(sound: Sound) -> tuple[bytes, str]:
    """The sound as MP3, which every browser plays, and its media type.

    Its length stays exact to the sample at the rate it has. Where libsndfile was built without
    MP3 it becomes a 16-bit WAV. More than two channels become one. Raises AudioFileError.
    """
    if sound.channels > 2:
        sound = Sound(sound.mono(), sound.sample_rate)
    is_mp3 = "MP3" in soundfile.available_formats()
    if is_mp3:
        higher = (rate for rate in _MP3_RATES if rate >= sound.sample_rate)
        sound = resample(sound, next(higher, _MP3_RATES[-1]))
    frames = np.clip(sound.samples.T, -1.0, 1.0)
    buffer = io.BytesIO()
    options = (
        {"format": "MP3", "subtype": "MPEG_LAYER_III", "bitrate_mode": "VARIABLE",
         "compression_level": _MP3_QUALITY}
        if is_mp3
        else {"format": "WAV", "subtype": "PCM_16"}
    )  # fmt: skip
    try:
        with soundfile.SoundFile(buffer, "w", sound.sample_rate, sound.channels, **options) as file:
            file.write(frames)
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise AudioFileError(f"The sound cannot be written for a browser: {error}.") from error
    return buffer.getvalue(), "audio/mpeg" if is_mp3 else "audio/wav"


@dataclass(slots=True)
class _Wish:
    """A sound that the page would have. mentions: how often a player, button or point names it."""

    path: Path
    name: str
    is_generated: bool
    mentions: int = 0

    @property
    def markup_bytes(self) -> int:
        """What it takes at most beside its data: each mention is an element with labels."""
        return 300 + self.mentions * (400 + 4 * len(escaped(self.name).encode()))


def _wishes(reports: Sequence[Report]) -> list[_Wish]:
    """All sounds, each once, the most wanted first."""
    found: dict[Path, _Wish] = {}
    turns = itertools.zip_longest(*(list(_clip_sounds(report)) for report in reports))
    rest = itertools.zip_longest(*(list(_references(report)) for report in reports))
    # Of a clip whose row is not shown the page names no reference.
    named = itertools.chain(itertools.repeat(1, MAX_ROWS), itertools.repeat(0))
    for counts, turn in itertools.chain(
        zip(named, turns, strict=False), zip(itertools.repeat(1), rest, strict=False)
    ):
        for report, names in zip(reports, turn, strict=True):
            for which, name in names or ():
                folder = report.generated if which == "generated" else report.reference
                path = sound_path(folder, name)
                if path is not None:
                    wish = found.setdefault(path, _Wish(path, name, which == "generated"))
                    wish.mentions += 1 if which == "generated" else counts
    return list(found.values())


def _clip_sounds(report: Report) -> Iterator[list[tuple[Which, str]]]:
    for clip in report.worst_first():
        references = dict.fromkeys(name for name in (clip.nearest, clip.paired_with) if name)
        yield [("generated", clip.name), *(("reference", name) for name in references)]


def _references(report: Report) -> Iterator[list[tuple[Which, str]]]:
    for point in report.sound_map.reference if report.sound_map else ():
        yield [("reference", point.name)]


def _maker(path: Path) -> str:
    """The model that a file says it was made by, with its licence; empty if it says nothing."""
    if path.suffix.lower() != ".wav":
        return ""
    try:
        known = clips.from_json(wav_metadata.read(path).generation_json, path)
    except (AudioFileError, OSError):
        return ""
    if known is None or not known.model_title:
        return ""
    licence = f" ({known.model_licence})" if known.model_licence else ""
    return f"{known.model_title}{licence}"
