"""The rows of the library list: jobs on their way on top, then the clips the query found. No Qt."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from soundstudio.jobs.queue import Job, JobState, VariationProgress
from soundstudio.ui.request_form import title_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from soundstudio.core.errors import StudioError
    from soundstudio.library.clips import Clip

PAGE_ROWS = 64
KEPT_CLIPS = 4096


@dataclass(slots=True)
class PendingRow:
    """A variation on its way, or, once `clip_id` is set, the clip that it became."""

    job_id: str
    variation: int
    variations: int
    title: str
    duration_s: float
    progress: VariationProgress
    state: JobState
    clip_id: int | None = None

    @property
    def is_waiting(self) -> bool:
        return self.state is JobState.WAITING or self.progress.stage == "waiting"

    def words(self) -> str:
        """What is happening, for the row."""
        if self.state is JobState.CANCELLING:
            return "Stopping…"
        if self.state is JobState.WAITING:
            return "Waiting for its turn"
        return self.progress.words()


@dataclass(frozen=True, slots=True)
class FailedRow:
    """A job that failed, with the reason."""

    job_id: str
    title: str
    error: StudioError


Row = "PendingRow | FailedRow | Clip | None"


@dataclass(slots=True)
class ClipRows:
    """Row numbers to rows. `ids` is what the last query found, in its order."""

    top: list[PendingRow | FailedRow] = field(default_factory=list)
    ids: npt.NDArray[np.int64] | Sequence[int] = ()
    clips: OrderedDict[int, Clip] = field(default_factory=OrderedDict)

    def __len__(self) -> int:
        return len(self.top) + len(self.ids)

    def id_at(self, row: int) -> int | None:
        """The clip's id at a row; None for what is no clip (yet)."""
        if row < 0 or row >= len(self):
            return None
        if row < len(self.top):
            entry = self.top[row]
            return entry.clip_id if isinstance(entry, PendingRow) else None
        return int(self.ids[row - len(self.top)])

    def at(self, row: int) -> PendingRow | FailedRow | Clip | None:
        """What stands at a row; None for a clip whose page has not arrived."""
        clip_id = self.id_at(row)
        if clip_id is not None:
            clip = self.clips.get(clip_id)
            if clip is not None:
                self.clips.move_to_end(clip_id)
            return clip
        return self.top[row] if 0 <= row < len(self.top) else None

    def row_of(self, clip_id: int) -> int | None:
        """The row of a clip, or None if the query did not find it."""
        for row, entry in enumerate(self.top):
            if isinstance(entry, PendingRow) and entry.clip_id == clip_id:
                return row
        found = np.flatnonzero(np.asarray(self.ids) == clip_id)
        return len(self.top) + int(found[0]) if found.size else None

    def page_around(self, row: int) -> list[int]:
        """Ids of the page that holds a row and are not known yet."""
        first = row // PAGE_ROWS * PAGE_ROWS
        ids = (self.id_at(r) for r in range(first, min(first + PAGE_ROWS, len(self))))
        return [clip_id for clip_id in ids if clip_id is not None and clip_id not in self.clips]

    def keep(self, clips: Sequence[Clip]) -> None:
        """Remember clips; the ones not looked at for longest go."""
        for clip in clips:
            self.clips[clip.id] = clip
            self.clips.move_to_end(clip.id)
        while len(self.clips) > KEPT_CLIPS:
            self.clips.popitem(last=False)

    def open_rows(self, after: int = 0) -> int:
        """Where the rows of unfinished jobs end, counted from the row `after` on."""
        row = after
        while row < len(self.top):
            entry = self.top[row]
            if isinstance(entry, FailedRow) or entry.state.has_ended:
                break
            row += 1
        return row

    def fold(self) -> None:
        """Make ordinary rows of the finished ones at the foot of the top; no row moves by it."""
        first = len(self.top)
        while first > 0:
            entry = self.top[first - 1]
            if isinstance(entry, FailedRow) or entry.clip_id is None or not entry.state.has_ended:
                break
            first -= 1
        folded = [row.clip_id for row in self.top[first:] if isinstance(row, PendingRow)]
        if folded:
            self.ids = np.concatenate(
                (np.array(folded, dtype=np.int64), np.asarray(self.ids, dtype=np.int64))
            )
            del self.top[first:]

    def without_finished(self) -> list[PendingRow | FailedRow]:
        """The top rows that a new query cannot bring: pending and failed ones."""
        return [row for row in self.top if isinstance(row, FailedRow) or row.clip_id is None]


def rows_of_job(job: Job) -> list[PendingRow | FailedRow]:
    """A row for each variation of a job that was just queued."""
    count = len(job.variations)
    return [
        PendingRow(
            job.id, i, count, title_of(job.request), job.request.duration_s, progress, job.state
        )
        for i, progress in enumerate(job.variations)
    ]


def rows_after_end(top: list[PendingRow | FailedRow], job: Job) -> list[PendingRow | FailedRow]:
    """The top rows once a job has ended: its clips stay, a failure leaves one row that says why.

    Variations that are ready but not stored yet stay as well.
    """
    kept: list[PendingRow | FailedRow] = []
    is_told = job.state is not JobState.FAILED or job.error is None
    for row in top:
        if row.job_id != job.id or isinstance(row, FailedRow):
            kept.append(row)
            continue
        if row.clip_id is not None or row.progress.stage == "ready":
            kept.append(row)
        elif not is_told and job.error is not None:
            kept.append(FailedRow(job.id, title_of(job.request), job.error))
            is_told = True
    return kept
