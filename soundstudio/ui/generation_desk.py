"""From the button to the clip: the queue, the engine's state, and what the library takes in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from soundstudio.core.errors import InvalidRequestError
from soundstudio.core.messages import (
    JobCancelled,
    JobFailed,
    JobStarted,
    LoadFailed,
    LoadModel,
    Message,
    ModelLoaded,
    ModelLoading,
    VariationReady,
)
from soundstudio.jobs.engine_thread import EngineState
from soundstudio.jobs.queue import JobQueue, JobState

if TYPE_CHECKING:
    from soundstudio.core.catalogue import CatalogueRow
    from soundstudio.core.errors import StudioError
    from soundstudio.core.settings import Settings
    from soundstudio.jobs.engine_thread import EngineThread
    from soundstudio.jobs.queue import Job
    from soundstudio.jobs.serial_thread import SerialThread
    from soundstudio.library.clips import Clip
    from soundstudio.library.library import Library
    from soundstudio.ui.clip_table_model import ClipTableModel
    from soundstudio.ui.generate_panel import GeneratePanel
    from soundstudio.ui.status_line import StatusLine


REFRESH_MS = 50


class GenerationDesk(QObject):
    """signals:
    first_clip_ready(int, Clip, str): the row and the first clip of a job, and its id.
    clip_stored(Clip): any clip of any job is in the library.
    job_queued(), job_ended(): the list has other rows.
    """

    first_clip_ready = Signal(int, object, str)
    clip_stored = Signal(object)
    job_queued = Signal()
    job_ended = Signal()

    def __init__(
        self,
        queue: JobQueue,
        engine: EngineThread,
        library: SerialThread[Library],
        panel: GeneratePanel,
        model: ClipTableModel,
        status: StatusLine,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._queue = queue
        self._engine = engine
        self._library = library
        self._panel = panel
        self._model = model
        self._status = status
        self._titles: dict[str, str] = {}
        self._device, self._dtype = "auto", "auto"
        self._announced: set[str] = set()
        self._engine_state = EngineState("starting")
        self._is_loading = False
        self._has_model = False
        self._crash = ""
        self._changed: set[str] = set()
        self._refresh = QTimer(self, singleShot=True, interval=REFRESH_MS)
        self._refresh.timeout.connect(self._show_changes)
        engine.message_received.connect(queue.on_message)
        engine.message_received.connect(self._on_message)
        engine.engine_stopped.connect(queue.on_engine_stopped)
        engine.engine_stopped.connect(self._on_engine_stopped)
        engine.state_changed.connect(self._on_engine_state)
        queue.job_added.connect(self._on_job_added)
        queue.job_changed.connect(self._on_job_changed)
        queue.job_ended.connect(self._on_job_ended)
        queue.variation_ready.connect(self._on_variation)
        queue.engine_unresponsive.connect(engine.restart)
        panel.generate_requested.connect(self.generate)
        panel.cancel_requested.connect(queue.cancel)
        panel.cancel_all_requested.connect(queue.cancel_all)
        panel.banner.action_requested.connect(self.restart_engine)

    def set_settings(self, settings: Settings, rows: tuple[CatalogueRow, ...]) -> None:
        """Where jobs run, and what the models are called."""
        self._titles = {row.id: row.title for row in rows}
        self._device, self._dtype = settings.device, settings.dtype
        self._queue.set_device(settings.device, settings.dtype)

    def load_model(self, model: str) -> None:
        """Load a model ahead of the first generation; it waits for the engine to be up."""
        if self._engine_state.phase == "ready" and not self._queue.open_jobs():
            self._engine.send(LoadModel(model, self._device, self._dtype))
            # A model that is loaded already may be the one that is meant: nothing is loaded then.
            self._note_model(self._has_model, is_loading=not self._has_model or self._is_loading)

    @Slot()
    def generate(self) -> None:
        """Queue what the panel asks for, or say beside it why not."""
        self._panel.banner.hide()
        try:
            self._queue.submit(self._panel.request())
        except InvalidRequestError as error:
            self._panel.banner.show_error(error)
            self._panel.prompt.setFocus()

    @Slot()
    def restart_engine(self) -> None:
        self._panel.banner.hide()
        self._engine.restart("The engine was restarted.")

    def close(self) -> None:
        """Show nothing more."""
        self._refresh.stop()

    def dismiss(self, job_id: str) -> None:
        """Take a failed row off the list."""
        self._model.remove_row_of(job_id)
        self._queue.forget(job_id)
        self.job_ended.emit()

    # the engine

    def _on_message(self, message: Message) -> None:
        match message:
            case ModelLoading():
                self._note_model(False, is_loading=True)
            case ModelLoaded():
                self._note_model(True)
                title = self._titles.get(message.model, Path(message.model).name)
                self._status.show_model(title, message.device_title, message.dtype)
            case LoadFailed():
                self._note_model(False)
                error = InvalidRequestError(message.message, message.advice)
                error.title = message.title
                self._panel.banner.show_error(error)
            case JobStarted():
                self._show_phase()
            case JobFailed() | JobCancelled():
                # It may have ended while its model was loading.
                self._note_model(self._has_model)

    def _on_engine_state(self, state: EngineState) -> None:
        self._engine_state = state
        self._note_model(False)
        if state.phase == "ready":
            if self._crash:
                self._panel.banner.show_note(
                    "The engine was restarted", f"{self._crash} The next generation works again."
                )
                self._crash = ""
            else:
                # Not after a crash: loading may have been what crashed.
                self.load_model(self._panel.more.chosen_model())
        elif state.phase == "failed":
            self._queue.on_engine_failed(state.sentence)
            error = InvalidRequestError(
                state.sentence, "Restart it here; the log folder (Help menu) says more."
            )
            error.title = "The engine does not run"
            self._panel.banner.show_error(error, "Restart the engine")

    def _on_engine_stopped(self, sentence: str) -> None:
        self._crash = sentence

    def _note_model(self, has_model: bool, *, is_loading: bool = False) -> None:
        """Whether the engine holds a model, or reads one in."""
        self._has_model, self._is_loading = has_model, is_loading
        if not has_model:
            self._status.show_model("", "", "")
        self._show_phase()

    def _show_phase(self) -> None:
        phase: str = self._engine_state.phase
        if phase == "ready":
            is_busy = any(job.state is not JobState.WAITING for job in self._queue.open_jobs())
            if self._is_loading:
                phase = "loading"
            elif is_busy:
                phase = "busy"
            elif not self._has_model:
                phase = "unloaded"
        self._status.show_phase(phase, self._engine_state.sentence)

    # the jobs

    def _on_job_added(self, job_id: str) -> None:
        job = self._queue.job(job_id)
        if job is not None:
            self._model.add_job(job)
            self._panel.queue.show_jobs(self._queue.open_jobs())
            self.job_queued.emit()

    def _on_job_changed(self, job_id: str) -> None:
        """Progress may come a hundred times a second; it is shown as often as an eye can see."""
        self._changed.add(job_id)
        if not self._refresh.isActive():
            self._refresh.start()

    def _show_changes(self) -> None:
        changed, self._changed = self._changed, set()
        for job_id in changed:
            job = self._queue.job(job_id)
            if job is not None:
                self._model.change_job(job)
        self._panel.queue.show_jobs(self._queue.open_jobs())

    def _on_job_ended(self, job_id: str) -> None:
        job = self._queue.job(job_id)
        if job is None:
            return
        self._model.end_job(job)
        self._panel.queue.show_jobs(self._queue.open_jobs())
        if job.state is JobState.FAILED and job.error is not None:
            self._panel.banner.show_error(job.error)
        else:
            self._queue.forget(job_id)
        self._show_phase()
        self.job_ended.emit()

    def _on_variation(self, job_id: str, ready: VariationReady) -> None:
        job = self._queue.job(job_id)
        if job is None:
            return
        request = job.request
        self._library.ask(
            lambda library: library.add_generated(ready, request),
            lambda clip: self._on_stored(job_id, ready.variation, clip),
            lambda error: self._on_not_stored(job, ready.variation, error),
            doing="keeping the new sound",
        )

    def _on_stored(self, job_id: str, variation: int, clip: Clip) -> None:
        row = self._model.set_variation_clip(job_id, variation, clip)
        self.clip_stored.emit(clip)
        if row is not None and job_id not in self._announced:
            self._announced.add(job_id)
            self.first_clip_ready.emit(row, clip, job_id)

    def _on_not_stored(self, job: Job, variation: int, error: StudioError) -> None:
        """The first sound that cannot be kept ends its job: the next ones would share its fate."""
        self._model.remove_row_of(job.id, variation)
        if job.error is None:
            self._panel.banner.show_error(error)
            has_ended = job.state.has_ended
            self._queue.abandon(job, error)
            if has_ended:
                self._model.end_job(job)
        self.job_ended.emit()
