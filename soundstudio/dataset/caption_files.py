"""Tables of captions beside the clips: CSV, TSV, JSON Lines and JSON, read and written.

Any table counts that has a column for the file and one of captions, labels, splits or recordings;
so ESC-50's meta/esc50.csv, UrbanSound8K.csv, Hugging Face's metadata.jsonl and the JSON of
AudioLDM's training code (`{"data": [{"wav": …, "caption": …, "labels": …}]}`) are read alike.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from soundstudio.audio.atomic_file import written_whole
from soundstudio.audio.files import SOUND_SUFFIXES
from soundstudio.dataset.findings import DatasetError
from soundstudio.dataset.words import as_windows_text, printable, shown_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from soundstudio.dataset.clips import Split

_FILE_COLUMNS: Final = (
    "file", "filename", "file_name", "filepath", "file_path", "path", "wav", "wav_path", "audio",
    "audio_path", "audio_file", "audio_filepath", "slice_file_name", "sound", "clip", "fname",
    "location", "name",
)  # fmt: skip
_CAPTION_COLUMNS: Final = ("text", "prompt", "description", "sentence")
_LABEL_COLUMNS: Final = ("label", "labels", "category", "class", "class_name")
_SPLIT_COLUMNS: Final = ("split", "subset", "set", "partition")
_RECORDING_COLUMNS: Final = (
    "recording", "src_file", "source_id", "fsid", "freesound_id", "youtube_id", "ytid",
)  # fmt: skip
_LEFT_OUT_COLUMNS: Final = ("left_out", "leave_out", "exclude", "excluded")
_ANSWERS: Final = {
    "yes": True, "y": True, "true": True, "1": True, "x": True,
    "no": False, "n": False, "false": False, "0": False,
}  # fmt: skip
_MAX_BYTES: Final = 256 << 20
_MAX_CAPTION_CHARACTERS: Final = 2000
WRITTEN_COLUMNS: Final = ("file", "caption", "label", "split", "recording", "left_out")


@dataclass(frozen=True, slots=True)
class TableRow:
    """What a table says of one file; `file` as it stands there, the rest cleaned, "" for nothing.

    split: as it stands there, or the table's own split. fold: the number of a fold, or "".
    is_left_out: whether the clip is left out of the dataset, None if nothing is said of it.
    """

    file: str
    captions: tuple[str, ...] = ()
    label: str = ""
    split: str = ""
    fold: str = ""
    recording: str = ""
    is_left_out: bool | None = None

    def says_something(self) -> bool:
        told = (self.captions, self.label, self.split, self.fold, self.recording)
        return any(told) or self.is_left_out is not None


@dataclass(frozen=True, slots=True)
class CaptionFile:
    """A table's rows in its order. label_names: display names of label ids, where it gives some."""

    path: Path
    rows: tuple[TableRow, ...] = ()
    label_names: Mapping[str, str] = field(default_factory=dict)
    is_utf8: bool = True


def read_caption_file(path: Path) -> CaptionFile:
    """Read a table; one without a column of files has no rows.

    Raises DatasetError if it cannot be read at all.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise DatasetError(f"{shown_name(path)} is too large for a table of captions.")
        text, is_utf8 = decoded(path.read_bytes())
    except OSError as error:
        raise DatasetError(
            f"{shown_name(path)} cannot be read: {error.strerror or error}."
        ) from error
    try:
        if path.suffix.lower() in (".csv", ".tsv"):
            records = _csv_records(text)
        elif path.suffix.lower() == ".json":
            records = _json_records(json.loads(text), path)
        else:
            lines = (line for line in text.split("\n") if line.strip())
            records = [record for line in lines if isinstance(record := json.loads(line), dict)]
    except (ValueError, csv.Error, RecursionError) as error:
        raise DatasetError(
            f"{shown_name(path)} is damaged, or no table: {printable(str(error))}."
        ) from error
    names = {
        str(record["mid"]): printable(str(record["display_name"]))
        for record in records
        if record.get("mid") and record.get("display_name")
    }
    rows = (_row(record, path) for record in records)
    return CaptionFile(path, tuple(row for row in rows if row is not None), names, is_utf8)


def write_caption_file(rows: Iterable[TableRow], path: Path) -> None:
    """Write rows as CSV in UTF-8 that `read_caption_file` reads in again equal.

    A second caption of a file gets a row of its own columns. Complete or not at all: StorageError.
    """
    rows = list(rows)
    most = max((len(row.captions) for row in rows), default=1)
    more = [f"caption_{number}" for number in range(2, most + 1)]
    # A file name may hold bytes that are no text; they go out as they came in.
    with (
        written_whole(path) as temporary,
        temporary.open("x", encoding="utf-8", errors="surrogateescape", newline="") as file,
    ):
        writer = csv.writer(file)
        writer.writerow([*WRITTEN_COLUMNS, "fold", *more])
        for row in rows:
            first, *others = row.captions or ("",)
            left_out = "" if row.is_left_out is None else "yes" if row.is_left_out else "no"
            facts = (row.file, first, row.label, row.split, row.recording, left_out, row.fold)
            writer.writerow([*facts, *others])


def decoded(content: bytes) -> tuple[str, bool]:
    """The text, and whether it is proper Unicode; stray bytes become lone surrogates."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", "replace"), True
    try:
        return content.decode("utf-8-sig"), True
    except UnicodeDecodeError:
        return content.decode("utf-8-sig", "surrogateescape"), False


def _csv_records(text: str) -> list[dict[str, Any]]:
    """Rows by the names of their columns; a table without a head is one of file and caption."""
    first_line = text.split("\n", 1)[0]
    delimiter = max(",;\t|", key=first_line.count)
    rows = [
        row
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        if any(cell.strip() for cell in row)
    ]
    if not rows:
        return []
    head = [cell.strip() for cell in rows[0]]
    if _is_sound_name(head[0]):
        head = ["file", "caption"]
    else:
        rows = rows[1:]
    return [dict(zip(head, row, strict=False)) for row in rows]


def _is_sound_name(text: str) -> bool:
    return text.lower().endswith(tuple(SOUND_SUFFIXES))


def _json_records(content: Any, path: Path) -> list[dict[str, Any]]:
    """The records of a JSON file: a list, AudioLDM's {"data": […]}, or one for a single clip."""
    if isinstance(content, dict):
        inner = content.get("data")
        if not isinstance(inner, list):
            # trumpet.json beside trumpet.wav says something of that clip.
            return [{"file": path.stem} | content] if _says_something(content) else []
        content = inner
    if not isinstance(content, list):
        return []
    split = _split_in_name(path.stem)
    return [{"split": split} | record for record in content if isinstance(record, dict)]


def _says_something(record: Mapping[str, Any]) -> bool:
    keys = {str(key).lower() for key in record}
    return bool(keys & {*_CAPTION_COLUMNS, *_LABEL_COLUMNS, "caption"})


def _split_in_name(stem: str) -> str:
    words = stem.lower().replace("-", "_").split("_")
    return next((word for word in words if word in SPLIT_WORDS), "")


SPLIT_WORDS: Final[dict[str, Split]] = {
    "train": "train", "training": "train", "tr": "train",
    "val": "validation", "valid": "validation", "validation": "validation", "dev": "validation",
    "test": "test", "testing": "test", "eval": "test", "evaluation": "test",
}  # fmt: skip


def _row(record: Mapping[str, Any], path: Path) -> TableRow | None:
    """A record as a row; None if it names no file."""
    cells = {str(key).strip().lower(): value for key, value in record.items() if key is not None}
    file = _first(cells, _FILE_COLUMNS)
    if not isinstance(file, str) or not file.strip():
        return None
    captions = [
        text
        for key, value in cells.items()
        if "caption" in key or key in _CAPTION_COLUMNS
        for text in _texts(value)
    ]
    # A column "label" is there as often as "labels"; AudioLDM's code reads only the latter.
    label = ", ".join(_texts(_first(cells, _LABEL_COLUMNS)))
    return TableRow(
        file=file.strip(),
        captions=tuple(dict.fromkeys(captions)),
        label=label,
        split=_plain(_first(cells, _SPLIT_COLUMNS)),
        fold=_plain(cells.get("fold")),
        recording=_plain(_first(cells, _RECORDING_COLUMNS)),
        is_left_out=_answer(_first(cells, _LEFT_OUT_COLUMNS)),
    )


def _first(cells: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((cells[name] for name in names if cells.get(name) not in (None, "")), None)


def _answer(value: Any) -> bool | None:
    """A cell as yes or no; None if it is empty, or says something else."""
    return _ANSWERS.get(str(value).strip().lower())


def _texts(value: Any) -> list[str]:
    """A cell as texts: JSON may hold a list of them."""
    values = value if isinstance(value, list) else [value]
    return [text for one in values if (text := _plain(one)[:_MAX_CAPTION_CHARACTERS])]


def _plain(value: Any) -> str:
    """A cell as one line of clean text; bytes that are no UTF-8 are taken for Windows-1252."""
    if value is None or isinstance(value, (bool, list, dict)):
        return ""
    return printable(as_windows_text(str(value)))
