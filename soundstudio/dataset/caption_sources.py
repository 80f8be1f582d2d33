"""Where captions come from, best source first: tables, texts, the files themselves, their names.

A folder's name stands before the file's, as in "Dog/0001.wav" — unless most files in it have
telling names of their own: then it is a collection ("Vendor Library Vol 2"), and comes last.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from soundstudio.dataset.caption_files import (
    SPLIT_WORDS,
    CaptionFile,
    TableRow,
    decoded,
    read_caption_file,
)
from soundstudio.dataset.captions import CaptionCandidate, CaptionRow, CaptionTable
from soundstudio.dataset.clip_index import ClipIndex
from soundstudio.dataset.findings import DatasetError, Finding
from soundstudio.dataset.words import (
    as_windows_text,
    plain_label,
    printable,
    shown_name,
    words_of_name,
)
from soundstudio.library import ucs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from soundstudio.dataset.captions import CaptionSource
    from soundstudio.dataset.examine import ScannedClip
    from soundstudio.dataset.scan import Scan

_NAMED_MISSING: Final = 3
_MAX_TEXT_BYTES: Final = 64 << 10
_MAX_TEXT_CHARACTERS: Final = 2000
_TELLING_SHARE: Final = 0.5
_PLAIN_FOLDER: Final = re.compile(
    r"^(?:audio|clips?|data|dataset|fold\s?\d*|samples?|sounds?|sfx|wavs?|flac|ogg|mp3)$",
    re.IGNORECASE,
)


@dataclass(slots=True)
class _Told:
    """What all tables together say of one clip; the first to say a thing is believed.

    edited: the caption of the user's own table, "" if it takes the caption away, None without one.
    """

    edited: str | None = None
    captions: list[str] = field(default_factory=list)
    label: str = ""
    split: str = ""
    fold: str = ""
    recording: str = ""
    is_left_out: bool | None = None

    def add(self, row: TableRow, names: Mapping[str, str]) -> None:
        self.captions += [text for text in row.captions if text not in self.captions]
        # AudioSet's labels are ids, joined by commas.
        words = [names.get(part.strip(), part) for part in row.label.split(",")]
        self.label = self.label or plain_label(", ".join(word for word in words if word.strip()))
        self.split = self.split or row.split
        self.fold = self.fold or row.fold
        self.recording = self.recording or row.recording
        if self.is_left_out is None:
            self.is_left_out = row.is_left_out


class _Tables:
    """Finds the clips that rows mean, and remembers which tables name sounds that are not here."""

    def __init__(self, scan: Scan) -> None:
        folder = scan.contents.folder
        self._usable = ClipIndex(folder, (clip.path for clip in scan.clips))
        self._present = ClipIndex(folder, scan.contents.sounds)
        self.told: dict[Path, _Told] = defaultdict(_Told)
        self.findings: list[Finding] = []

    def read_edited(self, path: Path) -> None:
        """The user's own table. Raises DatasetError."""
        file = read_caption_file(path)
        for row in file.rows:
            if (clip := self._usable.find(row.file, path)) is not None:
                told = self.told[clip]
                if told.edited is None:
                    told.edited = row.captions[0] if row.captions else ""
                told.add(replace(row, captions=()), file.label_names)
        if not self.told:
            raise DatasetError(
                f"{shown_name(path)} names none of the clips.",
                "It needs a column “file” and a column “caption”.",
            )

    def read_found(self, paths: Iterable[Path]) -> None:
        """The tables beside the clips, those nearest to the folder first."""
        files: list[CaptionFile] = []
        for path in sorted(paths, key=lambda path: (len(path.parts), str(path))):
            try:
                files.append(read_caption_file(path))
            except DatasetError as error:
                self.findings.append(Finding("table", error.message, path))
        names = {mid: name for file in files for mid, name in file.label_names.items()}
        for file in files:
            self._take_in(file, names)

    def _take_in(self, file: CaptionFile, names: Mapping[str, str]) -> None:
        missing = []
        matched = 0
        for row in filter(TableRow.says_something, file.rows):
            clip = self._usable.find(row.file, file.path)
            if clip is not None:
                self.told[clip].add(row, names)
                matched += 1
            elif self._present.find(row.file, file.path) is None:
                missing.append(printable(as_windows_text(row.file)))
        # A table that means no clip here is about something else.
        if matched and missing:
            self.findings.append(Finding("table", _missing_sentence(file.path, missing), file.path))
        if matched and not file.is_utf8:
            sentence = (
                f"{shown_name(file.path)} is not all in UTF-8; the rest was read as Windows-1252."
            )
            self.findings.append(Finding("table", sentence, file.path))


def _missing_sentence(path: Path, missing: Sequence[str]) -> str:
    named = ", ".join(missing[:_NAMED_MISSING])
    rest = len(missing) - _NAMED_MISSING
    more = f" and {rest} more" if rest > 0 else ""
    sounds = "one sound that is" if len(missing) == 1 else f"{len(missing)} sounds that are"
    return f"{shown_name(path)} names {sounds} not here: {named}{more}."


def collect_captions(
    scan: Scan, caption_table: Path | None = None
) -> tuple[CaptionTable, tuple[Finding, ...]]:
    """The captions of all usable clips of a scan, and what is wrong with the tables.

    caption_table: a table that is believed before those in the folder. Raises DatasetError if it
    cannot be read or names none of the clips.
    """
    tables = _Tables(scan)
    if caption_table is not None:
        tables.read_edited(caption_table)
    tables.read_found(scan.contents.tables)
    texts = set(scan.contents.texts)
    folders = _FolderNames(scan)
    rows = [_row(clip, tables.told.get(clip.path, _Told()), texts, folders) for clip in scan.clips]
    bare = [
        Finding("no caption", f"{shown_name(row.path)} has no caption.", row.path)
        for row in rows
        if not row.caption
    ]
    return CaptionTable(scan.contents.folder, tuple(rows)), (*tables.findings, *bare)


def _row(clip: ScannedClip, told: _Told, texts: set[Path], folders: _FolderNames) -> CaptionRow:
    name = ucs.parse_name(clip.path.stem)
    words = folders.words_above(clip.path)
    by_name: list[tuple[CaptionSource, str]] = [
        ("folder name", words),
        ("file name", words_of_name(clip.path.stem)),
    ]
    if folders.is_collection(clip.path.parent):
        by_name.reverse()
    found: list[tuple[CaptionSource, str]] = [
        ("edited", told.edited or ""),
        *(("table", text) for text in told.captions),
        ("table", told.label),
        ("text file", _text_beside(clip.path, texts)),
        ("embedded", clip.description),
        ("UCS name", words_of_ucs(name) if name else ""),
        *by_name,
    ]
    candidates = tuple(
        CaptionCandidate(source, text) for source, text in dict.fromkeys(found) if text
    )
    chosen = candidates[0] if candidates and told.edited != "" else None
    label = told.label or (_category_of(name) if name else "")
    if not label and not folders.is_collection(clip.path.parent):
        label = words
    return CaptionRow(
        path=clip.path,
        candidates=candidates,
        caption=chosen.text if chosen else "",
        source=chosen.source if chosen else None,
        label=label or None,
        split=told.split or folders.split_above(clip.path),
        fold=told.fold,
        recording=told.recording,
        is_left_out=bool(told.is_left_out),
    )


class _FolderNames:
    """What the folders above the clips say."""

    def __init__(self, scan: Scan) -> None:
        self._root = scan.contents.folder
        inside: dict[Path, list[str]] = defaultdict(list)
        for clip in scan.clips:
            inside[clip.path.parent].append(words_of_name(clip.path.stem))
        self._collections = {
            folder
            for folder, names in inside.items()
            if len(names) > 1 and len(set(filter(None, names))) > _TELLING_SHARE * len(names)
        }
        tops = {clip.path.relative_to(self._root).parts[0].lower() for clip in scan.clips}
        splits = {SPLIT_WORDS[top] for top in tops if top in SPLIT_WORDS}
        self._are_tops_splits = len(splits) > 1

    def is_collection(self, folder: Path) -> bool:
        """Whether most files in it have telling names that differ."""
        return folder in self._collections

    def words_above(self, path: Path) -> str:
        """The words of the nearest folder whose name says something, below the chosen one."""
        for part in reversed(path.relative_to(self._root).parent.parts):
            words = words_of_name(part)
            if words and not _PLAIN_FOLDER.match(words) and words not in SPLIT_WORDS:
                return words
        return ""

    def split_above(self, path: Path) -> str:
        """train, validation or test if the topmost folders are called so."""
        top = path.relative_to(self._root).parts[0].lower()
        return SPLIT_WORDS.get(top, "") if self._are_tops_splits else ""


def _text_beside(path: Path, texts: set[Path]) -> str:
    """What trumpet.txt or trumpet.wav.txt beside trumpet.wav says, on one line."""
    for text in (path.with_suffix(".txt"), path.with_name(path.name + ".txt")):
        if text in texts:
            try:
                with text.open("rb") as file:
                    content = file.read(_MAX_TEXT_BYTES)
            except OSError:
                continue
            plain, _ = decoded(content)
            return printable(as_windows_text(plain))[:_MAX_TEXT_CHARACTERS]
    return ""


def words_of_ucs(name: ucs.UcsName) -> str:
    """A UCS file name as words: its FX name, after what of the category it does not say."""
    words = words_of_name(name.fx_name)
    category = ucs.category(name.cat_id)
    if category is None:
        return words
    is_plain = category.subcategory in ("GENERAL", "MISC")
    parts = (category.category,) if is_plain else (category.category, category.subcategory)
    # Beginnings compared: DOORS is said by "door", SWINGING by "swings".
    stems = {word[:4] for word in words.split()}
    unsaid = " ".join(
        part.lower()
        for part in parts
        if not any(word[:4] in stems for word in part.lower().split())
    )
    return ", ".join(filter(None, (unsaid, words)))


def _category_of(name: ucs.UcsName) -> str:
    category = ucs.category(name.cat_id)
    return category.category.lower() if category else ""
