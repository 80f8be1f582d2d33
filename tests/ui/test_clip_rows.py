"""Rows of the list: jobs in queue order, in place to clips, failures told once, huge lists."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import Qt

from soundstudio.core.errors import OutOfMemoryError
from soundstudio.core.requests import GenerationRequest
from soundstudio.jobs.queue import Job, JobState, VariationProgress
from soundstudio.library.clips import Clip
from soundstudio.ui.clip_rows import PAGE_ROWS, FailedRow, PendingRow
from soundstudio.ui.clip_table_model import ROW_ROLE, ClipTableModel, Column

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


def make_clip(clip_id: int) -> Clip:
    return Clip(
        id=clip_id,
        path=Path(f"/x/{clip_id}.wav"),
        name=f"clip {clip_id}",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def make_job(job_id: str, variations: int = 2, state: JobState = JobState.WAITING) -> Job:
    request = GenerationRequest(prompt=job_id, variations=variations)
    return Job(job_id, request, state, [VariationProgress() for _ in range(variations)])


@pytest.fixture
def model(qapp: object, qtmodeltester: object) -> ClipTableModel:
    return ClipTableModel()


def titles(model: ClipTableModel) -> list[str]:
    words = []
    for row in range(model.rowCount()):
        entry = model.rows.at(row)
        if isinstance(entry, PendingRow):
            words.append(f"{entry.title}{entry.variation}")
        elif isinstance(entry, FailedRow):
            words.append(f"{entry.title}!")
        else:
            words.append(str(model.rows.id_at(row)))
    return words


def test_jobs_stand_on_top_the_last_one_first(model: ClipTableModel) -> None:
    model.set_ids([9, 8])
    model.add_job(make_job("a"))
    model.add_job(make_job("b"))
    assert titles(model) == ["b1", "b0", "a1", "a0", "9", "8"]


def test_order_is_the_same_before_and_after_a_new_query(model: ClipTableModel) -> None:
    first, second = make_job("a", 3), make_job("b", 1)
    model.set_ids([9])
    model.add_job(first)
    model.add_job(second)
    assert model.set_variation_clip("a", 0, make_clip(10)) == 3
    assert titles(model) == ["b0", "a2", "a1", "10", "9"]
    # The third one was stored before the second one.
    assert model.set_variation_clip("a", 2, make_clip(11)) == 2
    assert titles(model) == ["b0", "a1", "11", "10", "9"]
    assert model.set_variation_clip("a", 1, make_clip(12)) == 1
    assert model.set_variation_clip("gone", 0, make_clip(13)) is None
    first.state = JobState.FINISHED
    model.end_job(first)
    assert titles(model) == ["b0", "12", "11", "10", "9"]
    model.set_ids([12, 11, 10, 9])
    assert titles(model) == ["b0", "12", "11", "10", "9"]


def test_ready_rows_of_an_ended_job_still_become_clips(model: ClipTableModel) -> None:
    model.set_ids([9])
    for number in range(50):
        job = make_job(f"job {number}", 1)
        model.add_job(job)
        job.variations[0].stage = "ready"
        job.state = JobState.FINISHED
        model.end_job(job)
        # The last one is stored after its job ended, as it is in life.
        model.set_variation_clip(job.id, 0, make_clip(100 + number))
    assert model.rows.top == []
    assert titles(model) == [str(100 + n) for n in reversed(range(50))] + ["9"]


def failed_job(job_id: str, variations: int = 2) -> Job:
    job = make_job(job_id, variations, JobState.FAILED)
    job.error = OutOfMemoryError("No memory.")
    return job


def test_failure_of_many_variations_is_one_row_on_top(model: ClipTableModel) -> None:
    job = failed_job("a", 64)
    model.add_job(job)
    model.set_variation_clip("a", 0, make_clip(1))
    model.add_job(make_job("b", 1))
    model.end_job(job)
    assert titles(model) == ["a!", "b0", "1"]
    model.add_job(make_job("c", 1))
    assert titles(model) == ["a!", "c0", "b0", "1"]
    assert model.rows.at(0).request == job.request
    model.remove_row_of("a")
    assert titles(model) == ["c0", "b0", "1"]


def test_list_of_marks_shows_only_what_the_query_found(model: ClipTableModel) -> None:
    job = failed_job("a", 2)
    model.add_job(job)
    model.set_ids([9], shows_top=False)
    model.add_job(make_job("b", 2))
    model.change_job(job)
    assert model.set_variation_clip("b", 0, make_clip(10)) is None
    model.end_job(job)
    assert titles(model) == ["9"]
    assert model.rows.row_of(9) == 0
    model.set_ids([10, 9])
    assert titles(model) == ["a!", "b1", "10", "9"]


def test_cancelled_rows_go_and_ready_ones_wait_to_be_stored(model: ClipTableModel) -> None:
    job = make_job("a", 3)
    model.add_job(job)
    job.variations[1].stage = "ready"
    job.state = JobState.CANCELLED
    model.end_job(job)
    assert titles(model) == ["a1"]
    model.remove_row_of("a", 1)
    assert titles(model) == []


def test_new_query_keeps_what_is_on_its_way_and_shows_no_clip_twice(
    model: ClipTableModel,
) -> None:
    model.add_job(make_job("a", 2))
    model.set_variation_clip("a", 0, make_clip(10))
    model.set_ids([10, 9])
    assert titles(model) == ["a1", "10", "9"]


def test_pages_are_asked_once(qtbot: QtBot, model: ClipTableModel) -> None:
    model.set_ids(np.arange(1_000_000, 0, -1))
    wanted: list[list[int]] = []
    model.clips_wanted.connect(wanted.append)
    for row in (500_000, 500_001, 500_002):
        model.data(model.index(row, Column.NAME), Qt.ItemDataRole.DisplayRole)
    assert len(wanted) == 1
    assert len(wanted[0]) == PAGE_ROWS
    assert model.rows.id_at(500_000) in wanted[0]
    model.add_clips([make_clip(i) for i in wanted[0]])
    assert model.index(500_000, Column.NAME).data(ROW_ROLE).id == model.rows.id_at(500_000)


def test_memory_of_looked_at_clips_is_bounded(model: ClipTableModel) -> None:
    model.rows.keep([make_clip(i) for i in range(10_000)])
    assert len(model.rows.clips) == 4096
    assert 9_999 in model.rows.clips


def test_row_of_a_clip_in_a_huge_list(model: ClipTableModel) -> None:
    model.set_ids(np.arange(100_000, 0, -1))
    assert model.rows.row_of(1) == 99_999
    assert model.rows.row_of(-5) is None
    model.forget_ids({100_000, 5})
    assert model.rowCount() == 99_998


def test_names_are_asked_for_and_empty_ones_refused(qtbot: QtBot, model: ClipTableModel) -> None:
    model.set_ids([3])
    index = model.index(0, Column.NAME)
    assert model.flags(index) & Qt.ItemFlag.ItemIsEditable
    with qtbot.waitSignal(model.rename_requested, timeout=1000) as asked:
        assert model.setData(index, "  new name ")
    assert asked.args == [3, "new name"]
    assert not model.setData(index, "   ")


def test_rows_on_their_way_cannot_be_dragged_or_renamed(model: ClipTableModel) -> None:
    model.add_job(make_job("a"))
    flags = model.flags(model.index(0, Column.NAME))
    assert not flags & Qt.ItemFlag.ItemIsEditable
    assert not flags & Qt.ItemFlag.ItemIsDragEnabled
    assert model.supportedDragActions() == Qt.DropAction.CopyAction


def test_progress_of_a_variation() -> None:
    progress = VariationProgress("sampling", 10, 20)
    assert 0.4 < progress.fraction < 0.5
    assert VariationProgress("ready").fraction == 1.0
    row = PendingRow("a", 0, 1, "a", 5.0, progress, JobState.RUNNING)
    assert row.words() == "Sampling, step 10 of 20"
