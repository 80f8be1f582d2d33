"""The history of scorings: one JSON file each, so that a scoring is seen again and compared."""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from soundstudio.audio.atomic_file import TEMPORARY_SUFFIX, sync_folder, written_whole
from soundstudio.core.errors import ReportError, StorageError, StudioError, explain_os_error
from soundstudio.library.clip_files import sweep_abandoned
from soundstudio.library.naming import safe_name
from soundstudio.library.scores.reports import entitled, parsed, understood

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

log = logging.getLogger(__name__)

FORMAT_VERSION: Final = 1
TRASH: Final = "trash"
_SUFFIX: Final = ".json"
_STAMP: Final = "%Y-%m-%dT%H-%M-%SZ"
_STAMPED: Final = re.compile(r"^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ")


@dataclass(frozen=True, slots=True, eq=False)
class ScoreEntry:
    """One scoring of the history.

    made_at: with a time zone. report: as `soundstudio score --json` writes it; empty if `problem`,
    a sentence, says why the file cannot be shown.
    """

    path: Path
    made_at: datetime
    title: str
    report: dict[str, Any] = field(default_factory=dict)
    problem: str = ""

    @property
    def titled_report(self) -> dict[str, Any]:
        """The report under the entry's title: what exports and comparisons take."""
        titled: dict[str, Any] = entitled(self.report, self.title)
        return titled


class ScoreHistory:
    """The scorings in a folder.

    Each call reads or writes files: call it off the window's thread. Several processes may use one
    folder. `user_folders().scorings` is the user's own.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def folder(self) -> Path:
        return self._folder

    def add(
        self,
        report: dict[str, Any],
        *,
        title: str | None = None,
        made_at: datetime | None = None,
    ) -> ScoreEntry:
        """Keep a report: the whole file is there when this returns, or none.

        title: by default the report's own, or the name of the generated folder. made_at: by
        default now; without a time zone it is local time.
        Raises ReportError if it is no report, StorageError.
        """
        shown = " ".join((title or "").split()) or understood(report).title
        moment = (made_at or datetime.now(UTC)).astimezone(UTC)
        name = f"{moment.strftime(_STAMP)} {safe_name(shown, 60)} {secrets.token_hex(4)}{_SUFFIX}"
        path = self._folder / name
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise explain_os_error(error, f"writing into {self._folder}") from error
        sweep_abandoned(self._folder.glob(f".*{TEMPORARY_SUFFIX}"))
        content = {"title": shown, "made_at": moment.isoformat(), "report": report}
        _write(path, {"format": FORMAT_VERSION, **content})
        return ScoreEntry(path, moment, shown, report)

    def entries(self) -> list[ScoreEntry]:
        """All scorings, newest first. A file that cannot be shown is an entry with a problem.

        Raises StorageError if the folder cannot be read.
        """
        return _entries(self._folder)

    def rename(self, entry: ScoreEntry, title: str) -> ScoreEntry:
        """Give a scoring another title; an empty one gives it back the generated folder's name.

        Raises ReportError for a file that cannot be understood, which stays as it is; StorageError.
        """
        value = _checked(_loaded(entry.path), entry.path)
        report = understood({**value["report"], "title": ""})
        shown = " ".join(title.split()) or report.title
        _write(entry.path, {**value, "title": shown})
        return ScoreEntry(entry.path, _moment(value, entry.path), shown, value["report"])

    def remove(self, entry: ScoreEntry) -> ScoreEntry:
        """Put a scoring into the trash, where its file stays until that is emptied.

        Returns it as it lies there. Raises StorageError.
        """
        return self._moved(entry, self._folder / TRASH)

    def removed(self) -> list[ScoreEntry]:
        """What lies in the trash, newest first. Raises StorageError."""
        return _entries(self._folder / TRASH)

    def restore(self, entry: ScoreEntry) -> ScoreEntry:
        """Take a scoring out of the trash. Raises StorageError."""
        return self._moved(entry, self._folder)

    def empty_trash(self) -> int:
        """Delete what lies in the trash for good; returns how many. Raises StorageError."""
        entries = self.removed()
        for entry in entries:
            try:
                entry.path.unlink(missing_ok=True)
            except OSError as error:
                raise explain_os_error(error, f"deleting {entry.path.name}") from error
        return len(entries)

    def _moved(self, entry: ScoreEntry, folder: Path) -> ScoreEntry:
        target = folder / entry.path.name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if target.exists() and target != entry.path:
                target = folder / f"{target.stem} {secrets.token_hex(4)}{_SUFFIX}"
            entry.path.replace(target)
            sync_folder(folder)
            sync_folder(entry.path.parent)
        except OSError as error:
            raise explain_os_error(error, f"moving {entry.path.name}") from error
        return ScoreEntry(target, entry.made_at, entry.title, entry.report, entry.problem)


def _entries(folder: Path) -> list[ScoreEntry]:
    found = [_entry(path) for path in _files(folder)]
    return sorted(found, key=lambda entry: (entry.made_at, entry.path.name), reverse=True)


def _files(folder: Path) -> Iterator[Path]:
    try:
        with os.scandir(folder) as found:
            names = [entry.name for entry in found]
    except FileNotFoundError:
        return
    except OSError as error:
        raise explain_os_error(error, f"reading {folder}") from error
    for name in names:
        if name.endswith(_SUFFIX) and not name.startswith("."):
            yield folder / name


def _entry(path: Path) -> ScoreEntry:
    value: Any = None
    try:
        value = _loaded(path)
        report = _checked(value, path)["report"]
        title = value.get("title")
        named = title if isinstance(title, str) and title else understood(report).title
        return ScoreEntry(path, _moment(value, path), named, report)
    except StudioError as error:
        log.warning("%s cannot be shown: %s", path, error)
        title = value.get("title") if isinstance(value, dict) else None
        named = title if isinstance(title, str) and title else path.stem
        return ScoreEntry(path, _moment(value, path), named, problem=error.sentence())


def _loaded(path: Path) -> Any:
    """The JSON value in a file. Raises ReportError, StorageError."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise explain_os_error(error, f"reading {path.name}") from error
    return parsed(content)


def _checked(value: Any, path: Path) -> dict[str, Any]:
    """The content of an entry's file with a report that is understood. Raises ReportError."""
    version = value.get("format") if isinstance(value, dict) else None
    if isinstance(version, bool) or not isinstance(version, int):
        raise ReportError(
            f"{path.name} is not a scoring of Sound Studio, or it is damaged.",
            "Move it to the trash, and score the sounds again.",
        )
    if version > FORMAT_VERSION:
        raise ReportError(
            f"{path.name} was written by a newer version of Sound Studio.",
            "It is left as it is; update to see it.",
        )
    understood(value.get("report"))
    known: dict[str, Any] = value
    return known


def _moment(value: Any, path: Path) -> datetime:
    """When a scoring was made: by its content, or else by its name, or else by its file."""
    try:
        return datetime.fromisoformat(value["made_at"]).astimezone(UTC)
    except (KeyError, TypeError, ValueError, OverflowError):
        pass
    stamp = _STAMPED.match(path.name)
    try:
        if stamp:
            return datetime.strptime(stamp[0], _STAMP).replace(tzinfo=UTC)
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except (OSError, ValueError, OverflowError):
        return datetime.fromtimestamp(0, UTC)


def _write(path: Path, value: dict[str, Any]) -> None:
    try:
        # ASCII: names of files need not be valid Unicode on Linux.
        text = json.dumps(value, ensure_ascii=True, indent=1, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise StorageError(f"The scoring cannot be kept: {error}.") from error
    with written_whole(path) as temporary:
        temporary.write_text(f"{text}\n", encoding="utf-8", newline="\n")
