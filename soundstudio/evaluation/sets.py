"""Two sets of sounds: what lies in them, and which generation belongs to which reference."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from soundstudio.audio.files import SOUND_SUFFIXES
from soundstudio.evaluation.statistics import ScoringError

if TYPE_CHECKING:
    from collections.abc import Sequence

MIN_PAIRED_SHARE: Final = 0.5
"""Fewer generations with a partner than that: the names agree by accident."""


@dataclass(frozen=True, slots=True)
class SoundSet:
    """The sound files of a folder and its subfolders, in the order of their names; or a list.

    folder: where all of them lie below. title: what a set that is no whole folder is called.
    """

    folder: Path
    paths: tuple[Path, ...]
    title: str = ""

    @property
    def label(self) -> str:
        """The set's title, or its folder."""
        return self.title or str(self.folder)

    def name_of(self, path: Path) -> str:
        """How a clip is called in reports: its path within the folder."""
        return path.relative_to(self.folder).as_posix()


def find_sounds(folder: Path) -> SoundSet:
    """All sounds in `folder`, by their suffix; hidden files are passed over.

    Raises ScoringError: no such folder, a file, or no sound in it.
    """
    if folder.is_file():
        raise ScoringError(f"{folder} is a file, not a folder.", "Name the folder it lies in.")
    if not folder.is_dir():
        raise ScoringError(f"There is no folder {folder}.")
    try:
        found = [
            path
            for path in folder.rglob("*")
            if path.suffix.lower() in SOUND_SUFFIXES and not _is_hidden(path, folder)
        ]
        paths = tuple(sorted(path for path in found if not path.is_dir()))
    except OSError as error:
        raise ScoringError(f"{folder} cannot be read: {error.strerror or error}.") from error
    if not paths:
        raise ScoringError(
            f"There are no sounds in {folder}.", "WAV, FLAC, AIFF, OGG and MP3 files are read."
        )
    return SoundSet(folder, paths)


def sounds_of_files(files: Sequence[Path], title: str) -> SoundSet:
    """A set of single files, whatever their suffixes; one that is named twice counts once.

    Raises ScoringError: no file, or files of several drives, which no one folder holds.
    """
    paths = tuple(dict.fromkeys(path.absolute() for path in files))
    if not paths:
        raise ScoringError("The list of sounds is empty.", "Choose some sounds.")
    try:
        folder = Path(os.path.commonpath([path.parent for path in paths]))
    except ValueError as error:
        raise ScoringError(
            "The sounds of a set must lie on one drive.", "Copy them into one folder."
        ) from error
    return SoundSet(folder, paths, title)


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


@dataclass(frozen=True, slots=True)
class Pairing:
    """Which generation belongs to which reference, as indices; KL is computed over them.

    unpaired_generated: generations without a partner. ambiguous: names that stand for several
    sounds of one set. refusal: why there are no pairs although some names agree, or agree not.
    """

    pairs: tuple[tuple[int, int], ...]
    unpaired_generated: tuple[int, ...] = ()
    unpaired_reference: int = 0
    ambiguous: tuple[str, ...] = ()
    refusal: str = ""


def pair_by_name(generated: Sequence[str], reference: Sequence[str]) -> Pairing:
    """Pair clips whose names within their folders agree, apart from suffix and case.

    Failing that, by the file's own name, where it is the only one of that name in each set.
    """
    pairs = _matched([_stem(name) for name in generated], [_stem(name) for name in reference])
    taken_1, taken_2 = {i for i, _ in pairs}, {j for _, j in pairs}
    rest_1 = [i for i in range(len(generated)) if i not in taken_1]
    rest_2 = [j for j in range(len(reference)) if j not in taken_2]
    own_1 = [_stem(generated[i]).rpartition("/")[2] for i in rest_1]
    own_2 = [_stem(reference[j]).rpartition("/")[2] for j in rest_2]
    pairs += [(rest_1[i], rest_2[j]) for i, j in _matched(own_1, own_2)]
    pairs.sort()
    paired = {i for i, _ in pairs}
    return Pairing(
        pairs=() if _is_accident(len(pairs), len(generated)) else tuple(pairs),
        unpaired_generated=tuple(i for i in range(len(generated)) if i not in paired),
        unpaired_reference=len(reference) - len(pairs),
        ambiguous=_ambiguous(own_1, own_2),
        refusal=_refusal(len(pairs), len(generated)),
    )


def _stem(name: str) -> str:
    head, dot, _ = name.rpartition(".")
    return (head if dot else name).casefold()


def _matched(first: Sequence[str], second: Sequence[str]) -> list[tuple[int, int]]:
    """Indices of equal names that occur once on each side."""
    count_1, count_2 = Counter(first), Counter(second)
    places = {name: j for j, name in enumerate(second)}
    return [
        (i, places[name])
        for i, name in enumerate(first)
        if count_1[name] == 1 and count_2[name] == 1
    ]


def _ambiguous(first: Sequence[str], second: Sequence[str]) -> tuple[str, ...]:
    count_1, count_2 = Counter(first), Counter(second)
    shared = count_1.keys() & count_2.keys()
    return tuple(sorted(name for name in shared if count_1[name] > 1 or count_2[name] > 1))


def _is_accident(paired: int, generated: int) -> bool:
    return paired < MIN_PAIRED_SHARE * generated


def _refusal(paired: int, generated: int) -> str:
    if not _is_accident(paired, generated):
        return ""
    if paired == 0:
        return (
            "No generated sound has the name of a reference sound. KL compares each generated "
            "sound with the reference of the same name."
        )
    return (
        f"Only {paired} of {generated} generated sounds have the name of a reference sound, which "
        "looks like an accident. KL needs the same names in both folders."
    )
