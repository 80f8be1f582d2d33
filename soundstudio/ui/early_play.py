"""Hearing a job's first sound while the rest of it is being decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from soundstudio.audio.growing_sound import GrowingSound, SoundPiece, unpacked
from soundstudio.core.messages import JobCancelled, JobFailed, Message, PieceReady
from soundstudio.jobs.queue import JobState

if TYPE_CHECKING:
    from collections.abc import Callable

    from soundstudio.jobs.queue import JobQueue
    from soundstudio.ui.audition import Audition
    from soundstudio.ui.clip_table_model import ClipTableModel


class EarlyPlay(QObject):
    """Gathers the pieces of the sound that is being decoded and has them played.

    asks_first: whether a sound may begin to play by itself now.
    signals: began(int): the row of the sound that is heard now, whose clip comes later.
    """

    began = Signal(int)

    def __init__(
        self,
        queue: JobQueue,
        audition: Audition,
        model: ClipTableModel,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.asks_first: Callable[[], bool] = lambda: True
        self._queue = queue
        self._audition = audition
        self._model = model
        self._job_id = ""
        self._growing: GrowingSound | None = None
        self._has_begun = False

    def has_begun(self, job_id: str) -> bool:
        """Whether the job's first sound was heard, or began to be, before it was there."""
        return self._has_begun and job_id == self._job_id

    @Slot(object)
    def on_message(self, message: Message) -> None:
        """Take in one message of the engine."""
        if isinstance(message, JobCancelled | JobFailed) and self.has_begun(message.job_id):
            self.give_up()
        elif isinstance(message, PieceReady):
            self._take(message)

    @Slot()
    def give_up(self) -> None:
        """The rest is not coming: what is heard of it ends."""
        self._growing = None
        if self._has_begun and self._audition.is_growing:
            self._audition.open(None)

    def _take(self, message: PieceReady) -> None:
        job = self._queue.job(message.job_id)
        if job is None or job.state is not JobState.RUNNING:
            return
        if message.start == 0:
            self._job_id, self._has_begun = message.job_id, False
            self._growing = GrowingSound(message.total, message.sample_rate)
        growing = self._growing
        if growing is None or message.job_id != self._job_id:
            return
        piece = SoundPiece(
            unpacked(message.samples),
            message.start,
            message.total,
            message.sample_rate,
            message.seconds,
        )
        if not growing.add(piece):
            self._growing = None
        elif self._has_begun:
            self._audition.grow()
        elif growing.can_start():
            self._begin(growing)

    def _begin(self, growing: GrowingSound) -> None:
        row = self._model.row_of_variation(self._job_id, 0)
        if row is None or not self._model.rows.shows_top or not self.asks_first():
            self._growing = None  # it is opened when it is there, if then
            return
        self._audition.play_growing(growing)
        if self._audition.is_growing:
            self._has_begun = True
            self.began.emit(row)
