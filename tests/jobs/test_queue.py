"""JobQueue: states, order, cancel, crash, and what reaches the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from soundstudio.core import messages as m
from soundstudio.core.errors import InvalidRequestError, StorageError
from soundstudio.core.requests import GenerationRequest
from soundstudio.jobs.queue import JobQueue, JobState

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot


class Desk:
    """A queue with a recorded wire."""

    def __init__(self, tmp_path: Path) -> None:
        self.sent: list[m.Message] = []
        self.queue = JobQueue(self.sent.append, tmp_path)
        self.queue.on_message(m.EngineReady(1, 1))

    def submit(self, prompt: str = "rain", variations: int = 2) -> str:
        return self.queue.submit(GenerationRequest(prompt=prompt, variations=variations))

    def state(self, job_id: str) -> JobState:
        job = self.queue.job(job_id)
        assert job is not None
        return job.state


@pytest.fixture
def desk(qapp: object, tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def ready(job_id: str, variation: int) -> m.VariationReady:
    return m.VariationReady(
        job_id, variation, 0, "x.wav", 16000, 1.0, "Fake", "CC0-1.0", "cpu", "float32"
    )


def test_only_one_job_is_with_the_engine(desk: Desk) -> None:
    first, second = desk.submit(), desk.submit()
    assert [type(x).__name__ for x in desk.sent] == ["Generate"]
    desk.queue.on_message(m.JobFinished(first, 1.0))
    assert desk.state(first) is JobState.FINISHED
    assert desk.state(second) is JobState.RUNNING
    assert len(desk.sent) == 2


def test_job_whose_sounds_cannot_be_kept_is_cancelled_and_ends_as_failed(desk: Desk) -> None:
    job = desk.queue.job(desk.submit())
    assert job is not None
    error = StorageError("The disk is full.")
    desk.queue.abandon(job, error)
    assert desk.sent[-1] == m.CancelJob(job.id)
    desk.queue.on_message(m.JobCancelled(job.id))
    assert (job.state, job.error) == (JobState.FAILED, error)


def test_nothing_is_sent_before_the_engine_is_ready(qapp: object, tmp_path: Path) -> None:
    sent: list[m.Message] = []
    queue = JobQueue(sent.append, tmp_path)
    queue.submit(GenerationRequest(prompt="rain"))
    assert sent == []
    queue.on_message(m.EngineReady(1, 1))
    assert len(sent) == 1


def test_progress_belongs_to_the_named_variations(desk: Desk) -> None:
    job_id = desk.submit(variations=3)
    desk.queue.on_message(m.JobProgress(job_id, "sampling", 5, 10, 1, 2))
    job = desk.queue.job(job_id)
    assert job is not None
    assert [v.stage for v in job.variations] == ["waiting", "sampling", "sampling"]
    assert job.variations[1].words() == "Sampling, step 5 of 10"
    assert 0 < job.fraction < 1


def test_waiting_job_is_cancelled_at_once_and_never_sent(desk: Desk) -> None:
    first, second = desk.submit(), desk.submit()
    desk.queue.cancel(second)
    assert desk.state(second) is JobState.CANCELLED
    desk.queue.on_message(m.JobFinished(first, 1.0))
    assert len(desk.sent) == 1


def test_running_job_is_asked_to_stop(desk: Desk) -> None:
    job_id = desk.submit()
    desk.queue.cancel(job_id)
    desk.queue.cancel(job_id)
    assert desk.sent[1:] == [m.CancelJob(job_id)]
    assert desk.state(job_id) is JobState.CANCELLING
    desk.queue.on_message(m.JobCancelled(job_id))
    assert desk.state(job_id) is JobState.CANCELLED


def test_cancelled_job_that_does_not_stop_is_reported(desk: Desk, qtbot: QtBot) -> None:
    job_id = desk.submit()
    desk.queue._patience.setInterval(1)
    with qtbot.waitSignal(desk.queue.engine_unresponsive, timeout=5000):
        desk.queue.cancel(job_id)
    desk.queue.on_engine_stopped("restarted")
    assert desk.state(job_id) is JobState.CANCELLED


def test_cancel_all_starts_nothing_new(desk: Desk) -> None:
    ids = [desk.submit() for _ in range(3)]
    desk.queue.cancel_all()
    desk.queue.on_message(m.JobCancelled(ids[0]))
    assert [desk.state(i) for i in ids] == [JobState.CANCELLED] * 3
    assert [type(x).__name__ for x in desk.sent] == ["Generate", "CancelJob"]


def test_crash_fails_the_running_job_only(desk: Desk) -> None:
    first, second = desk.submit(), desk.submit()
    desk.queue.on_engine_stopped("The engine crashed.")
    job = desk.queue.job(first)
    assert job is not None
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert job.error.message == "The engine crashed."
    assert desk.state(second) is JobState.WAITING
    desk.queue.on_message(m.EngineReady(1, 2))
    assert desk.state(second) is JobState.RUNNING


def test_engine_that_stays_away_fails_all(desk: Desk) -> None:
    ids = [desk.submit(), desk.submit()]
    desk.queue.on_engine_failed("gone")
    assert [desk.state(i) for i in ids] == [JobState.FAILED] * 2


def test_failure_carries_title_and_advice(desk: Desk) -> None:
    job_id = desk.submit()
    desk.queue.on_message(
        m.JobFailed(job_id, "OutOfMemoryError", "Out of memory", "No memory.", "Make fewer.")
    )
    job = desk.queue.job(job_id)
    assert job is not None
    assert job.error is not None
    assert (job.error.title, job.error.sentence()) == ("Out of memory", "No memory. Make fewer.")


def test_variation_is_announced_once_ready(desk: Desk, qtbot: QtBot) -> None:
    job_id = desk.submit()
    with qtbot.waitSignal(desk.queue.variation_ready, timeout=1000) as signal:
        desk.queue.on_message(ready(job_id, 1))
    assert signal.args[1].variation == 1


def test_late_messages_of_an_ended_job_are_ignored(desk: Desk) -> None:
    job_id = desk.submit()
    desk.queue.on_message(m.JobFinished(job_id, 1.0))
    desk.queue.on_message(m.JobFailed(job_id, "x", "x", "late"))
    assert desk.state(job_id) is JobState.FINISHED


def test_impossible_request_is_refused_before_it_is_queued(desk: Desk) -> None:
    with pytest.raises(InvalidRequestError):
        desk.submit("")
    assert desk.queue.open_jobs() == []
