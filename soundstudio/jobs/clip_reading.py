"""A folder looked at in the background: the scan, its captions, and the dataset they make."""

from __future__ import annotations

import dataclasses
import gc
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from soundstudio.core.errors import explain_os_error
from soundstudio.core.progress import Cancelled, Progress
from soundstudio.dataset.caption_sources import collect_captions
from soundstudio.dataset.dataset import Dataset, build_dataset, save_dataset
from soundstudio.dataset.findings import DatasetError, Finding
from soundstudio.dataset.scan import Scan, scan_folder
from soundstudio.dataset.words import printable, shown_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from soundstudio.core.errors import StudioError
    from soundstudio.dataset.captions import CaptionCandidate, CaptionSource, CaptionTable
    from soundstudio.dataset.clips import DatasetOptions, Split
    from soundstudio.jobs.background import Background

_MANY_CLIPS: Final = 2000


@dataclass(frozen=True, slots=True)
class ClipNumbers:
    """What of 10,000 clips would take the window too long to count.

    used, left_out: files. segments, counts, seconds, longest_s: of the dataset. bare: used without
    a caption. near: clips that nearly repeat another, left out or not. unused: clips that could be
    used and are left out. sources: that know a caption.
    """

    used: int
    left_out: int
    segments: int
    counts: dict[Split, int]
    seconds: float
    longest_s: float
    bare: int
    near: frozenset[Path]
    unused: frozenset[Path]
    sources: frozenset[CaptionSource]


@dataclass(frozen=True, slots=True, eq=False)
class ReadClips:
    """What a folder holds, the captions as they were found, and as they are chosen now.

    findings: about the tables of captions. dataset: what all that comes to. names: of the clips as
    they can be shown, in the order of the tables' rows. numbers: see `ClipNumbers`.
    """

    scan: Scan
    original: CaptionTable
    table: CaptionTable
    findings: tuple[Finding, ...]
    dataset: Dataset
    names: tuple[str, ...]
    numbers: ClipNumbers


class ClipReader(QObject):
    """One folder at a time; a newer one ends the older.

    signals: progressed(int, int): files looked at, of all; 0 of 0 while they are counted.
    finished(ReadClips). failed(StudioError). cancelled().
    """

    progressed = Signal(int, int)
    finished = Signal(object)
    failed = Signal(object)
    cancelled = Signal()

    def __init__(self, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background = background
        self._stop = threading.Event()
        self.is_busy = False

    def read(
        self,
        folder: Path,
        options: DatasetOptions,
        choices: Mapping[Path, CaptionCandidate],
        ticks: Mapping[Path, bool] | None = None,
    ) -> None:
        """Look at every sound below the folder.

        choices, ticks: captions, and what was left out, of an earlier time.
        """
        self._stop.set()
        stop = self._stop = threading.Event()
        self.is_busy = True
        self.progressed.emit(0, 0)

        def progress(where: Progress) -> None:
            if stop.is_set():
                raise Cancelled
            self.progressed.emit(where.step, where.steps)

        def work() -> ReadClips | None:
            try:
                scan = scan_folder(folder, progress, min_duration_s=options.min_duration_s)
                if stop.is_set():
                    return None
                return _read_again(scan, options, choices, ticks or {})
            except Cancelled:
                return None

        self._background.run("clips", work, self._on_done, self._on_failed, "reading the clips")

    def cancel(self) -> None:
        """End the reading after the files at hand."""
        if self.is_busy:
            self._stop.set()

    def close(self) -> None:
        """Let a running scan end; no signal comes after."""
        self._stop.set()
        self.blockSignals(True)

    def _on_done(self, read: ReadClips | None) -> None:
        self.is_busy = False
        if read is None:
            self.cancelled.emit()
        else:
            self.finished.emit(read)

    def _on_failed(self, error: StudioError) -> None:
        self.is_busy = False
        self.failed.emit(error)


def read_captions(
    scan: Scan,
    options: DatasetOptions,
    choices: Mapping[Path, CaptionCandidate],
    ticks: Mapping[Path, bool],
) -> ReadClips:
    """The captions of a scan with earlier choices put in again. Raises DatasetError."""
    original, findings = collect_captions(scan, options.caption_table)
    table = original.with_choices(choices) if choices else original
    if ticks:
        table = table.with_left_out(ticks)
    names = tuple(name_below(row.path, scan.contents.folder) for row in original.rows)
    dataset = build_dataset(scan, table, options, findings)
    numbers = _numbers_of(scan, table, dataset)
    _spare_the_collector(len(scan.clips))
    return ReadClips(scan, original, table, findings, dataset, names, numbers)


def read_own_table(read: ReadClips, table: CaptionTable, options: DatasetOptions) -> ReadClips:
    """The captions of a table of the user's own; clips stay left out if it says nothing of that.

    table: as it stands now. Raises DatasetError.
    """
    again = read_captions(read.scan, options, {}, {})
    if any(row.is_left_out for row in again.original.rows):
        return again
    ticked = again.table.with_left_out(table.left_out_beside(again.original))
    return rebuilt(again, ticked, options)


def _read_again(
    scan: Scan,
    options: DatasetOptions,
    choices: Mapping[Path, CaptionCandidate],
    ticks: Mapping[Path, bool],
) -> ReadClips:
    """As `read_captions`; a table of an earlier time that is gone becomes a finding."""
    try:
        return read_captions(scan, options, choices, ticks)
    except DatasetError as error:
        if options.caption_table is None:
            raise
        gone = Finding("table", error.message, options.caption_table)
    options = dataclasses.replace(options, caption_table=None)
    read = read_captions(scan, options, choices, ticks)
    findings = (*read.findings, gone)
    dataset = build_dataset(scan, read.table, options, findings)
    return dataclasses.replace(read, findings=findings, dataset=dataset)


def rebuilt(read: ReadClips, table: CaptionTable, options: DatasetOptions) -> ReadClips:
    """The same folder with other captions or other choices."""
    dataset = build_dataset(read.scan, table, options, read.findings)
    numbers = _numbers_of(read.scan, table, dataset)
    _spare_the_collector(len(table.rows))
    return dataclasses.replace(read, table=table, dataset=dataset, numbers=numbers)


def _spare_the_collector(clips: int) -> None:
    """Take what is there now out of the garbage collector's rounds.

    With 10,000 clips a full round holds every thread for 100 ms, and each edit brings one on. Rows
    of clips refer to nothing that refers back, so that counting references frees them as before.
    """
    if clips >= _MANY_CLIPS:
        gc.freeze()


def _numbers_of(scan: Scan, table: CaptionTable, dataset: Dataset) -> ClipNumbers:
    used = {clip.path for clip in dataset.clips}
    known = {row.path for row in table.rows}
    refused = {finding.path for finding in dataset.findings if finding.excludes}
    return ClipNumbers(
        used=len(used),
        left_out=len(refused | known) - len(used),
        segments=len(dataset.clips),
        counts=dataset.counts(),
        seconds=sum(dataset.durations_s().values()),
        longest_s=max((clip.duration_s for clip in dataset.clips), default=0.0),
        bare=sum(not row.caption and row.path in used for row in table.rows),
        near=frozenset(scan.clips[index].path for index in scan.near),
        unused=frozenset(known - used),
        sources=frozenset(c.source for row in table.rows for c in row.candidates),
    )


def name_below(path: Path | None, folder: Path | None) -> str:
    """A file's path below the chosen folder, as it can be shown."""
    if path is None:
        return ""
    if folder is not None and path.is_relative_to(folder):
        path = path.relative_to(folder)
    return printable(path.as_posix())


def write_for_run(read: ReadClips, path: Path, runs_folder: Path) -> str:
    """Write the dataset of a run that begins, and remove those of runs that have their own copy.

    Raises DatasetError if the clips are gone or none is left to train on, StorageError.
    """
    folder = read.scan.contents.folder
    if not folder.is_dir():
        raise DatasetError(
            f"The folder {shown_name(folder)} is not there any more.",
            "Is the disk still connected? All answers are kept.",
        )
    if not read.dataset.clips:
        raise DatasetError(
            "Every clip is left out: there is nothing to train on.",
            "Tick some under Captions again.",
        )
    if not read.dataset.of_split("train"):
        raise DatasetError("No clip is left to train on.", "Use a smaller share for validation.")
    gone = [c.path for c in read.dataset.clips if c.start_s == 0 and not c.path.exists()]
    if gone:
        more = f" and {len(gone) - 1} more" if len(gone) > 1 else ""
        raise DatasetError(
            f"{shown_name(gone[0])}{more} vanished since the folder was looked at.",
            "Go back to the first step and look at the folder again.",
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain_os_error(error, "writing the list of clips") from error
    for old in path.parent.glob(f"*{path.suffix}"):
        if (runs_folder / old.stem / "dataset.jsonl").is_file():
            old.unlink(missing_ok=True)
    save_dataset(read.dataset, path)
    return str(path)
