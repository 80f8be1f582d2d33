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
    from pathlib import Path

    import numpy.typing as npt

    from soundstudio.core.errors import StudioError
    from soundstudio.core.requests import GenerationRequest
    from soundstudio.library.clips import Clip

PAGE_ROWS = 64
KEPT_CLIPS = 4096


@dataclass(slots=True)
class PendingRow:
    """A variation on its way."""

    job_id: str
    variation: int
    variations: int
    title: str
    duration_s: float
    progress: VariationProgress
    state: JobState

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
    """A job that failed, with the reason and what was asked."""

    job_id: str
    title: str
    error: StudioError
    request: GenerationRequest


Row = "PendingRow | FailedRow | Clip | None"


@dataclass(slots=True)
class ClipRows:
    """Row numbers to rows. `ids` is what the last query found, in its order.

    On top stand the failures, then what is on its way, what comes last first: a variation that
    is done becomes the first clip below without a row moving, and a new query finds the same
    order. A list of marks or of the trash shows no top.
    """

    top: list[PendingRow | FailedRow] = field(default_factory=list)
    ids: npt.NDArray[np.int64] | Sequence[int] = ()
    clips: OrderedDict[int, Clip] = field(default_factory=OrderedDict)
    shows_top: bool = True

    def __len__(self) -> int:
        return self.top_count + len(self.ids)

    @property
    def top_count(self) -> int:
        """How many rows stand above the clips."""
        return len(self.top) if self.shows_top else 0

    def id_at(self, row: int) -> int | None:
        """The clip's id at a row; None for what is no clip (yet)."""
        if row < self.top_count or row >= len(self):
            return None
        return int(self.ids[row - self.top_count])

    def at(self, row: int) -> PendingRow | FailedRow | Clip | None:
        """What stands at a row; None for a clip whose page has not arrived."""
        clip_id = self.id_at(row)
        if clip_id is not None:
            clip = self.clips.get(clip_id)
            if clip is not None:
                self.clips.move_to_end(clip_id)
            return clip
        return self.top[row] if 0 <= row < self.top_count else None

    def row_of(self, clip_id: int) -> int | None:
        """The row of a clip, or None if the query did not find it."""
        found = np.flatnonzero(np.asarray(self.ids) == clip_id)
        return self.top_count + int(found[0]) if found.size else None

    def name_of(self, path: Path) -> str:
        """A file's name in the list if it is one of the clips that are known, else its own."""
        return next((clip.name for clip in self.clips.values() if clip.path == path), path.stem)

    def failed_count(self) -> int:
        """How many failures stand above what is on its way."""
        return sum(isinstance(entry, FailedRow) for entry in self.top)

    def put_first(self, clip_id: int) -> None:
        """Make a clip the first one below the top."""
        ids = np.asarray(self.ids, dtype=np.int64)
        self.ids = np.concatenate((np.array([clip_id], dtype=np.int64), ids))

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


def rows_of_job(job: Job) -> list[PendingRow]:
    """A row for each variation of a job that was just queued, the last one first."""
    count = len(job.variations)
    return [
        PendingRow(
            job.id, i, count, title_of(job.request), job.request.duration_s, progress, job.state
        )
        for i, progress in reversed(list(enumerate(job.variations)))
    ]


def is_doomed(row: PendingRow | FailedRow, job: Job) -> bool:
    """Whether a row of a job that has ended will become no clip.

    Variations that are ready but not stored yet will.
    """
    return isinstance(row, PendingRow) and row.job_id == job.id and row.progress.stage != "ready"
