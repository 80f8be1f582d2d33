"""The table model of the library: pages of clips fetched as they come into view."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import (
    QAbstractTableModel,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from soundstudio.jobs.queue import JobState
from soundstudio.ui.clip_rows import (
    ClipRows,
    FailedRow,
    PendingRow,
    is_doomed,
    rows_of_job,
)
from soundstudio.ui.request_form import title_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from soundstudio.jobs.queue import Job
    from soundstudio.library.clips import Clip

ROW_ROLE = Qt.ItemDataRole.UserRole + 1
Index = QModelIndex | QPersistentModelIndex


class Column(IntEnum):
    """The columns from left to right."""

    FAVOURITE = 0
    WAVE = 1
    NAME = 2
    RATING = 3
    DURATION = 4
    CLAP = 5
    CREATED = 6


TITLES = ("", "", "Name", "Rating", "Length", "CLAP", "Made")


def moment_text(moment: datetime, now: datetime) -> str:
    """A time as a list shows it: today's by the clock, this year's without the year."""
    local, today = moment.astimezone(), now.astimezone()
    if local.date() == today.date():
        return f"{local:%H:%M}"
    if local.year == today.year:
        return f"{local.day} {local:%b %H:%M}"
    return f"{local.day} {local:%b %Y}"


def spoken_text(row: PendingRow | FailedRow | Clip | None) -> str:
    """A row in words, for a screen reader."""
    if row is None:
        return "Loading"
    if isinstance(row, PendingRow):
        return f"{row.title}, variation {row.variation + 1}: {row.words()}"
    if isinstance(row, FailedRow):
        return f"{row.title} failed: {row.error.sentence()}"
    parts = [row.name, f"{row.duration_s:.1f} seconds"]
    if row.favourite:
        parts.append("favourite")
    if row.rating:
        parts.append(f"{row.rating} stars")
    if row.is_missing:
        parts.append("file missing")
    return ", ".join(parts)


class ClipTableModel(QAbstractTableModel):
    """signals:
    clips_wanted(list): ids of clips that come into view and are not known yet.
    rename_requested(int, str): a clip's id and the name that was typed.
    clips_arrived(): clips that were wanted are there, or have changed.
    """

    clips_wanted = Signal(list)
    rename_requested = Signal(int, str)
    clips_arrived = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows = ClipRows()
        self._asked: set[int] = set()

    # Qt's side

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(Column)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self.rows.at(index.row())
        if row is None:
            self._want_page(index.row())
        if role == ROW_ROLE:
            return row
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return spoken_text(row)
        if role == Qt.ItemDataRole.EditRole and index.column() == Column.NAME:
            return getattr(row, "name", "")
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return _text(row, index.column(), role == Qt.ItemDataRole.ToolTipRole)
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return TITLES[section]
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if index.isValid() and self.rows.id_at(index.row()) is not None:
            flags |= Qt.ItemFlag.ItemIsDragEnabled
            if index.column() == Column.NAME:
                flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        clip_id = self.rows.id_at(index.row()) if index.isValid() else None
        name = str(value).strip()
        if role != Qt.ItemDataRole.EditRole or clip_id is None or not name:
            return False
        self.rename_requested.emit(clip_id, name)
        return True

    def supportedDragActions(self) -> Qt.DropAction:
        # A file manager must never be allowed to move the library's file.
        return Qt.DropAction.CopyAction

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        # The view starts its own drag, with a file that has been exported first.
        return QMimeData()

    # the clips

    def set_ids(
        self, ids: npt.NDArray[np.int64] | Sequence[int], *, shows_top: bool = True
    ) -> None:
        """Show what a query found, with or without failures and what is on its way."""
        self.beginResetModel()
        self.rows.shows_top = shows_top
        self.rows.ids = ids
        self._asked.clear()
        self.endResetModel()

    def add_clips(self, clips: Sequence[Clip]) -> None:
        """Clips that were wanted, or that have changed."""
        self.rows.keep(clips)
        self._asked.difference_update(clip.id for clip in clips)
        if len(self.rows):
            last = self.index(len(self.rows) - 1, len(Column) - 1)
            self.dataChanged.emit(self.index(0, 0), last)
        self.clips_arrived.emit()

    def forget_ids(self, gone: set[int]) -> None:
        """Take clips out of the list without asking the library again."""
        self.beginResetModel()
        ids = np.asarray(self.rows.ids, dtype=np.int64)
        self.rows.ids = ids[~np.isin(ids, list(gone))]
        self.endResetModel()

    def _want_page(self, row: int) -> None:
        wanted = [i for i in self.rows.page_around(row) if i not in self._asked]
        if wanted:
            self._asked.update(wanted)
            self.clips_wanted.emit(wanted)

    # the jobs

    def add_job(self, job: Job) -> None:
        """Add a row for each variation, above those that will be done before."""
        rows, first = rows_of_job(job), self.rows.failed_count()
        self._insert(first, rows)

    def change_job(self, job: Job) -> None:
        """Show a job's progress."""
        for row, entry in enumerate(self.rows.top):
            if isinstance(entry, PendingRow) and entry.job_id == job.id:
                entry.state = job.state
                entry.progress = job.variations[entry.variation]
                self._changed(row)

    def set_variation_clip(self, job_id: str, variation: int, clip: Clip) -> int | None:
        """A variation became a clip, the first one of the list. Its row, None if none shows it."""
        self.rows.keep([clip])
        row = self.row_of_variation(job_id, variation)
        if row is None:
            return None
        if not self.rows.shows_top:
            del self.rows.top[row]
            return None
        last = len(self.rows.top) - 1
        if row < last:
            # It overtook another one, which stays on its way above it.
            self.beginMoveRows(QModelIndex(), row, row, QModelIndex(), last + 1)
        del self.rows.top[row]
        self.rows.put_first(clip.id)
        if row < last:
            self.endMoveRows()
        self._changed(last)
        return last

    def end_job(self, job: Job) -> None:
        """Remove what will not come; say why if the job failed."""
        for row in range(len(self.rows.top) - 1, -1, -1):
            entry = self.rows.top[row]
            if is_doomed(entry, job):
                self._remove(row)
            elif isinstance(entry, PendingRow) and entry.job_id == job.id:
                entry.state = job.state
        if job.state is JobState.FAILED and job.error is not None:
            self._insert(0, [FailedRow(job.id, title_of(job.request), job.error, job.request)])

    def remove_row_of(self, job_id: str, variation: int | None = None) -> None:
        """Dismiss a failed row, or a variation that could not be stored."""
        if variation is not None:
            row = self.row_of_variation(job_id, variation)
        else:
            failed = (isinstance(e, FailedRow) and e.job_id == job_id for e in self.rows.top)
            row = next((row for row, is_it in enumerate(failed) if is_it), None)
        if row is not None:
            self._remove(row)

    def row_of_variation(self, job_id: str, variation: int) -> int | None:
        """Where a variation stands that is on its way."""
        for row, entry in enumerate(self.rows.top):
            if isinstance(entry, PendingRow) and (entry.job_id, entry.variation) == (
                job_id,
                variation,
            ):
                return row
        return None

    def _insert(self, first: int, rows: Sequence[PendingRow | FailedRow]) -> None:
        if self.rows.shows_top:
            self.beginInsertRows(QModelIndex(), first, first + len(rows) - 1)
        self.rows.top[first:first] = rows
        if self.rows.shows_top:
            self.endInsertRows()

    def _remove(self, row: int) -> None:
        if self.rows.shows_top:
            self.beginRemoveRows(QModelIndex(), row, row)
        del self.rows.top[row]
        if self.rows.shows_top:
            self.endRemoveRows()

    def _changed(self, row: int) -> None:
        if not self.rows.shows_top:
            return
        self.dataChanged.emit(self.index(row, 0), self.index(row, len(Column) - 1))


def _text(row: PendingRow | FailedRow | Clip | None, column: int, is_tip: bool) -> str:
    if row is None:
        return ""
    if isinstance(row, PendingRow):
        return row.title if column == Column.NAME else ""
    if isinstance(row, FailedRow):
        return row.error.sentence() if column == Column.NAME else ""
    if column == Column.NAME:
        prompt = row.request.prompt if row.request else ""
        lines = [row.name, prompt, *row.notes] if is_tip else [row.name]
        return "\n".join(line for line in lines if line)
    if column == Column.DURATION:
        return f"{row.duration_s:.1f} s"
    if column == Column.CLAP:
        return _clap_text(row, is_tip)
    if column == Column.CREATED:
        return moment_text(row.created_at, datetime.now().astimezone())
    return ""


def _clap_text(clip: Clip, is_tip: bool) -> str:
    """The score as a column shows it; as a tip, what it compares and whose CLAP it is."""
    if clip.clap_score is None or clip.request is None:
        return "No CLAP score: the model had no audio tower." if is_tip else ""
    if not is_tip:
        return f"{clip.clap_score:.2f}"
    asked = "the prompt"
    if clip.request.like is not None:
        weight = clip.request.like_weight if clip.request.prompt.strip() else 1.0
        asked = "the reference clip" if weight == 1 else "the prompt and the reference clip"
    return (
        f"CLAP similarity of the sound and {asked}: {clip.clap_score:.3f} (1 is alike, 0 is "
        f"unrelated), by the CLAP of {clip.model_title}. Compare only scores of one model."
    )
