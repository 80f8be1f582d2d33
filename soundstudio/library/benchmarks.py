"""Which benchmarks were run and in which folders, and what their results say."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from soundstudio.audio.atomic_file import written_whole
from soundstudio.core.benchmark_requests import BENCHMARK_TITLES, BenchmarkName, BenchmarkRequest
from soundstudio.core.errors import ReportError, StudioError, explain_os_error
from soundstudio.core.json_pieces import loads_in_pieces

log = logging.getLogger(__name__)

FORMAT_VERSION: Final = 1
MOST_KEPT: Final = 50
_PICTURE: Final = ".png"


@dataclass(frozen=True, slots=True)
class RunBenchmarkEntry:
    """A benchmark that was started: the request, and when (with a time zone)."""

    request: BenchmarkRequest
    started_at: datetime

    @property
    def report(self) -> Path:
        """Where its report lies once it is finished."""
        return Path(self.request.out) / f"{self.request.benchmark}.json"


class BenchmarkList:
    """The benchmarks of the window, in one file: results themselves stay in the user's folders.

    Each call reads or writes the file: call it off the window's thread.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def entries(self) -> list[RunBenchmarkEntry]:
        """Newest first. What cannot be understood is passed over. Raises StorageError."""
        try:
            value = json.loads(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise explain_os_error(error, f"reading {self._file.name}") from error
        except ValueError as error:
            log.warning("%s is damaged: %s", self._file, error)
            return []
        rows = value.get("benchmarks") if isinstance(value, dict) else None
        known = rows if isinstance(rows, list) else []
        found = [entry for row in known if (entry := _entry(row)) is not None]
        return sorted(found, key=lambda entry: entry.started_at, reverse=True)

    def add(self, request: BenchmarkRequest) -> list[RunBenchmarkEntry]:
        """Put a request in front, in the place of the one with its report. Raises StorageError."""
        entry = RunBenchmarkEntry(request, datetime.now(UTC))
        others = [other for other in self.entries() if other.report != entry.report]
        return self._write([entry, *others][:MOST_KEPT])

    def remove(self, entry: RunBenchmarkEntry) -> list[RunBenchmarkEntry]:
        """Forget a benchmark; its folder stays as it is. Raises StorageError."""
        return self._write([other for other in self.entries() if other.report != entry.report])

    def _write(self, entries: list[RunBenchmarkEntry]) -> list[RunBenchmarkEntry]:
        rows = [
            {"started_at": entry.started_at.isoformat(), "request": entry.request.to_dict()}
            for entry in entries
        ]
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise explain_os_error(error, f"writing {self._file.name}") from error
        text = json.dumps({"format": FORMAT_VERSION, "benchmarks": rows}, indent=1)
        with written_whole(self._file) as temporary:
            temporary.write_text(f"{text}\n", encoding="utf-8")
        return entries


@dataclass(frozen=True, slots=True)
class BenchmarkReport:
    """What the report of a finished benchmark says, and the picture beside it.

    facts: of the dataset, the model and the networks in a few words. rows: a table with a head.
    lines: verdicts. differences: sentences on what differs from the paper. failures: sentences on
    clips that were left out. picture: a PNG, None where it is missing.
    """

    path: Path
    benchmark: BenchmarkName
    finished_at: datetime | None
    head: str
    facts: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[str, ...]
    differences: tuple[str, ...]
    failures: tuple[str, ...]
    picture: Path | None


def read_benchmark(path: Path) -> BenchmarkReport:
    """The report in a file that a benchmark wrote. Raises ReportError, StorageError."""
    try:
        value = loads_in_pieces(path.read_bytes())
    except OSError as error:
        raise explain_os_error(error, f"reading {path.name}") from error
    except (ValueError, RecursionError) as error:
        raise ReportError(
            f"{path} is damaged ({error}).", "Run the benchmark again: what was made is reused."
        ) from error
    try:
        return _report(path, value)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ReportError(
            f"{path} is not a benchmark's report, or from another version.",
            "Run the benchmark again: what was made is reused.",
        ) from error


def _report(path: Path, value: dict[str, Any]) -> BenchmarkReport:
    name: BenchmarkName = value["benchmark"]
    if name not in BENCHMARK_TITLES:
        raise ValueError(name)
    summary, dataset = value["summary"], value["dataset"]
    facts = [f"{dataset['title']}, {int(dataset['clips_used']):,} clips"]
    if "model" in value:
        facts.append(str(value["model"]["title"]))
    facts.append(f"backbone {value['backbone']['name']}")
    picture = path.with_suffix(_PICTURE)
    return BenchmarkReport(
        path=path,
        benchmark=name,
        finished_at=_moment(value.get("finished_at")),
        head=str(summary["head"]),
        facts=tuple(facts),
        rows=tuple(tuple(str(cell) for cell in row) for row in summary["rows"]),
        lines=tuple(str(line) for line in summary["lines"]),
        differences=tuple(str(line) for line in value["differences"]),
        failures=tuple(f"{clip}: {why}" for clip, why in value["failures"].items()),
        picture=picture if picture.is_file() else None,
    )


def _entry(row: Any) -> RunBenchmarkEntry | None:
    try:
        moment = _moment(row["started_at"]) or datetime.fromtimestamp(0, UTC)
        return RunBenchmarkEntry(BenchmarkRequest.from_dict(row["request"]), moment)
    except (KeyError, TypeError, StudioError) as error:
        log.warning("a benchmark of the list cannot be understood: %s", error)
        return None


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
