"""What lies in a folder: sounds, and the tables and texts that may describe them."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from soundstudio.audio.files import SOUND_SUFFIXES
from soundstudio.dataset.findings import DatasetError, Finding
from soundstudio.dataset.words import shown_name

TABLE_SUFFIXES: Final = frozenset((".csv", ".tsv", ".jsonl", ".ndjson", ".json"))
_FOREIGN_SUFFIXES: Final = frozenset(
    (".m4a", ".aac", ".mp4", ".wma", ".ac3", ".amr", ".ape", ".wv", ".mka", ".webm", ".dsf",
     ".mov", ".mkv", ".3gp")
)  # fmt: skip
_FOREIGN_FOLDERS: Final = frozenset(("__MACOSX", "@eaDir", "System Volume Information"))


@dataclass(slots=True)
class FolderContents:
    """Absolute paths, each list sorted. Findings are about what cannot be read at all."""

    folder: Path
    sounds: list[Path] = field(default_factory=list)
    tables: list[Path] = field(default_factory=list)
    texts: list[Path] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def look_into(folder: Path) -> FolderContents:
    """Walk the folder to any depth; hidden files are passed over, no sound is opened.

    Links to folders are followed, each folder is read once. Raises DatasetError if there is no
    such folder or it cannot be read.
    """
    folder = Path(os.path.abspath(folder))  # noqa: PTH100 - resolve() would follow the user's links
    contents = FolderContents(folder)
    if not folder.exists():
        raise DatasetError(f"There is no folder {shown_name(folder)}.", "Choose another folder.")
    if not folder.is_dir():
        raise DatasetError(
            f"{shown_name(folder)} is a file, not a folder.", "Choose the folder it lies in."
        )
    seen: set[tuple[int, int]] = set()
    # Links last: a folder that is there and linked to is read under its own name.
    waiting: list[Path] = [folder]
    links: list[Path] = []
    while waiting or links:
        current = waiting.pop() if waiting else links.pop(0)
        try:
            facts = current.stat()
            if (facts.st_dev, facts.st_ino) in seen:
                continue
            seen.add((facts.st_dev, facts.st_ino))
            with os.scandir(current) as entries:
                for entry in entries:
                    _sort_in(entry, contents, waiting, links)
        except OSError as error:
            if current == folder:
                raise DatasetError(
                    f"The folder {shown_name(folder)} cannot be read: {error.strerror or error}."
                ) from error
            sentence = f"The folder {shown_name(current)} cannot be read: {error.strerror}."
            contents.findings.append(Finding("folder", sentence, current))
    for paths in (contents.sounds, contents.tables, contents.texts):
        paths.sort()
    contents.findings.sort(key=lambda finding: str(finding.path))
    return contents


def _sort_in(
    entry: os.DirEntry[str], contents: FolderContents, waiting: list[Path], links: list[Path]
) -> None:
    path = Path(entry.path)
    if entry.name.startswith(".") or entry.name in _FOREIGN_FOLDERS:
        return
    if entry.is_dir(follow_symlinks=False):
        waiting.append(path)
        return
    try:
        mode = entry.stat().st_mode
    except OSError as error:
        _refuse(path, f"cannot be read: {error.strerror or error}.", contents)
        return
    if stat.S_ISDIR(mode):
        links.append(path)
    elif stat.S_ISREG(mode):
        _sort_file_in(path, contents)
    else:  # opening a pipe would wait for ever
        _refuse(path, "is no ordinary file.", contents)


def _sort_file_in(path: Path, contents: FolderContents) -> None:
    suffix = path.suffix.lower()
    if suffix in SOUND_SUFFIXES:
        contents.sounds.append(path)
    elif suffix in TABLE_SUFFIXES:
        contents.tables.append(path)
    elif suffix == ".txt":
        contents.texts.append(path)
    elif suffix in _FOREIGN_SUFFIXES:
        sentence = (
            f"{shown_name(path)} is in a format that is not read here; "
            "WAV, FLAC, AIFF, OGG and MP3 are."
        )
        contents.findings.append(Finding("unsupported", sentence, path, excludes=True))


def _refuse(path: Path, what: str, contents: FolderContents) -> None:
    if path.suffix.lower() in SOUND_SUFFIXES:
        sentence = f"{shown_name(path)} {what}"
        contents.findings.append(Finding("unreadable", sentence, path, excludes=True))
