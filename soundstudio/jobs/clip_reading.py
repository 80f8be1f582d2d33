"""A folder looked at in the background: the scan, its captions, and the dataset they make."""

from __future__ import annotations

import dataclasses
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from soundstudio.core.errors import explain_os_error
from soundstudio.core.progress import Cancelled, Progress
from soundstudio.dataset.caption_sources import collect_captions
from soundstudio.dataset.dataset import Dataset, build_dataset, save_dataset
from soundstudio.dataset.findings import DatasetError, Finding
from soundstudio.dataset.scan import Scan, scan_folder
from soundstudio.dataset.words import shown_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from soundstudio.core.errors import StudioError
    from soundstudio.dataset.captions import CaptionCandidate, CaptionTable
    from soundstudio.dataset.clips import DatasetOptions
    from soundstudio.jobs.background import Background


@dataclass(frozen=True, slots=True, eq=False)
class ReadClips:
    """What a folder holds, the captions as they were found, and as they are chosen now.

    findings: about the tables of captions. dataset: what all that comes to.
    """

    scan: Scan
    original: CaptionTable
    table: CaptionTable
    findings: tuple[Finding, ...]
    dataset: Dataset


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
    ) -> None:
        """Look at every sound below the folder; `choices` are captions of an earlier time."""
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
                return _read_again(scan, options, choices)
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
    scan: Scan, options: DatasetOptions, choices: Mapping[Path, CaptionCandidate]
) -> ReadClips:
    """The captions of a scan with earlier choices put in again. Raises DatasetError."""
    original, findings = collect_captions(scan, options.caption_table)
    table = original.with_choices(choices) if choices else original
    return ReadClips(scan, original, table, findings, build_dataset(scan, table, options, findings))


def _read_again(
    scan: Scan, options: DatasetOptions, choices: Mapping[Path, CaptionCandidate]
) -> ReadClips:
    """As `read_captions`; a table of an earlier time that is gone becomes a finding."""
    try:
        return read_captions(scan, options, choices)
    except DatasetError as error:
        if options.caption_table is None:
            raise
        gone = Finding("table", error.message, options.caption_table)
    options = dataclasses.replace(options, caption_table=None)
    read = read_captions(scan, options, choices)
    findings = (*read.findings, gone)
    dataset = build_dataset(scan, read.table, options, findings)
    return dataclasses.replace(read, findings=findings, dataset=dataset)


def rebuilt(read: ReadClips, table: CaptionTable, options: DatasetOptions) -> ReadClips:
    """The same folder with other captions or other choices."""
    dataset = build_dataset(read.scan, table, options, read.findings)
    return ReadClips(read.scan, read.original, table, read.findings, dataset)


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
