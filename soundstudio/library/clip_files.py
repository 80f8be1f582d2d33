"""The WAV files behind the clips: taking new ones in, finding them again, reading what they say."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import re
import secrets
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from soundstudio.audio.atomic_file import TEMPORARY_SUFFIX, temporary_beside
from soundstudio.audio.files import Sound, probe, read_sound, write_wav
from soundstudio.audio.loudness import measure
from soundstudio.core.errors import AudioFileError, StudioError, explain_os_error
from soundstudio.library.clips import Clip, from_json, to_json
from soundstudio.library.naming import cut_to_bytes, safe_name
from soundstudio.library.wav_metadata import SoundMetadata, embed, read

if TYPE_CHECKING:
    from collections.abc import Iterable

    from soundstudio.core.messages import VariationReady
    from soundstudio.core.requests import GenerationRequest

log = logging.getLogger(__name__)

NAME_CHARACTERS: Final = 60
MAX_FILE_DURATION_S: Final = 3600.0
_ABANDONED_AFTER_S: Final = 600.0
_FORGOTTEN_AFTER_S: Final = 7 * 86_400.0


def clip_of_variation(ready: VariationReady, request: GenerationRequest, sound: Sound) -> Clip:
    """The clip of a sound that the engine has just made; its path is still the engine's."""
    levels = measure(sound)
    return Clip(
        path=Path(ready.path),
        name=name_of_request(request),
        created_at=datetime.now(UTC),
        request=request,
        variation_seed=ready.seed,
        model_title=ready.model_title,
        model_licence=ready.model_licence,
        device=ready.device,
        dtype=ready.dtype,
        sample_rate=sound.sample_rate,
        duration_s=sound.duration_s,
        channels=sound.channels,
        peak_db=levels.peak_db,
        true_peak_db=levels.true_peak_db,
        rms_db=levels.rms_db,
        lufs=levels.lufs,
        notes=tuple(ready.notes),
        clap_score=ready.clap_score,
    )


def clip_of_file(path: Path) -> Clip:
    """The clip of any sound file, with what it says about itself. Raises AudioFileError."""
    if probe(path).duration_s > MAX_FILE_DURATION_S:
        raise AudioFileError(
            f"{path.name} is longer than an hour.", "Cut out the part that you need first."
        )
    sound = read_sound(path)
    levels = measure(sound)
    known = from_json(_generation_json(path), path)
    clip = known or Clip(path=path, name=path.stem or "sound", created_at=datetime.now(UTC))
    return dataclasses.replace(
        clip,
        id=0,
        sample_rate=sound.sample_rate,
        duration_s=sound.duration_s,
        channels=sound.channels,
        peak_db=levels.peak_db,
        true_peak_db=levels.true_peak_db,
        rms_db=levels.rms_db,
        lufs=levels.lufs,
    )


def name_of_request(request: GenerationRequest) -> str:
    """A short name: the prompt's beginning up to a word's end."""
    text = " ".join(request.prompt.split())
    if not text and request.like:
        text = f"like {Path(request.like).stem}"
    if len(text) <= NAME_CHARACTERS:
        return text or "sound"
    head, _, _ = text[: NAME_CHARACTERS + 1].rpartition(" ")
    return (head or text[:NAME_CHARACTERS]).rstrip(" ,.;:")


def new_clip_path(clips_folder: Path, clip: Clip) -> Path:
    """A name in the clip's month that no other clip has."""
    month = clip.created_at.strftime("%Y-%m")
    name = cut_to_bytes(safe_name(clip.name), 80).rstrip(". ")
    return clips_folder / month / f"{name}_{clip.variation_seed}_{secrets.token_hex(4)}.wav"


def take_in(source: Path, clip: Clip, target: Path) -> Clip:
    """Lay a copy of `source` with the clip's metadata at `target`, whole or not at all.

    Sounds that are not WAV become 32-bit float WAV. Raises AudioFileError, StorageError.
    """
    clip = dataclasses.replace(clip, path=target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain_os_error(error, f"writing into {target.parent}") from error
    if _is_wav(source):
        embed(source, metadata_of(clip), target)
        return clip
    converted = temporary_beside(target)
    try:
        write_wav(converted, read_sound(source), "FLOAT")
        embed(converted, metadata_of(clip), target)
    finally:
        with contextlib.suppress(OSError):
            converted.unlink(missing_ok=True)
    return clip


def metadata_of(clip: Clip) -> SoundMetadata:
    """What the file of a library clip says: everything, for the library to be rebuilt from."""
    return SoundMetadata(
        title=clip.name,
        description=clip.prompt,
        keywords=clip.tags,
        is_generated=clip.is_generated,
        model=clip.model_title,
        seed=clip.variation_seed if clip.is_generated else None,
        created_at=clip.created_at,
        generation_json=to_json(clip),
        peak_db=clip.peak_db,
        true_peak_db=clip.true_peak_db,
        rms_db=clip.rms_db,
        loudness_lufs=clip.lufs,
    )


def clip_at(path: Path) -> Clip | None:
    """The clip that a file in the clips folder describes; measured anew if it says nothing."""
    try:
        known = from_json(_generation_json(path), path)
        return known if known is not None else clip_of_file(path)
    except StudioError as error:
        log.warning("%s cannot be taken into the library: %s", path, error)
        return None


def scan(clips_folder: Path, changed_after_s: float = 0.0) -> tuple[list[str], list[Path]]:
    """The finished WAV files as "month/name.wav", and the half-written ones.

    Only of months whose folder was changed after a moment (seconds since 1970). By scandir and
    strings: a hundred thousand Path objects would take seconds.
    """
    finished, abandoned = [], []
    for month in _entries(clips_folder):
        if not month.is_dir() or month.stat().st_mtime < changed_after_s:
            continue
        for entry in _entries(Path(month.path)):
            if entry.name.endswith(TEMPORARY_SUFFIX):
                abandoned.append(Path(entry.path))
            elif entry.name.endswith(".wav") and not entry.name.startswith("."):
                finished.append(f"{month.name}/{entry.name}")
    return finished, abandoned


def sweep_abandoned(paths: Iterable[Path], after_s: float = _ABANDONED_AFTER_S) -> int:
    """Remove files that nobody has touched for ten minutes (or `after_s`); returns how many.

    Younger ones may be another process's work.
    """
    removed = 0
    oldest = time.time() - after_s
    for path in paths:
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < oldest:
                path.unlink()
                removed += 1
    return removed


def sweep_handover(handover: Path) -> None:
    """Remove what no window took in for a week, and the empty folders of jobs."""
    if not handover.is_dir():
        return
    sweep_abandoned(handover.glob("**/*.wav"), _FORGOTTEN_AFTER_S)
    for folder in handover.iterdir():
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > _FORGOTTEN_AFTER_S:
                folder.rmdir()  # refuses if it is not empty, or not a folder


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        log.debug("%s cannot be listed: %s", folder, error)
        return []


def _generation_json(path: Path) -> str:
    try:
        return read(path).generation_json
    except AudioFileError:
        return ""


def _is_wav(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError:
        return False
    return bool(re.match(rb"(RIFF|RF64)....WAVE", head, re.DOTALL))
