"""One run from its folder to its model."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from typing import TYPE_CHECKING

from soundstudio.core.errors import OutOfMemoryError, StorageError, StudioError
from soundstudio.core.progress import Cancelled, Progress, ProgressCallback, ignore_progress
from soundstudio.core.run_files import CurveRow, RunStatus, State, read_description
from soundstudio.core.run_lock import locked
from soundstudio.dataset.dataset import load_dataset
from soundstudio.training.checkpoints import load_checkpoint, newest_step, remove_leftovers
from soundstudio.training.finished_model import publish
from soundstudio.training.preparation import make_accelerator, prepare
from soundstudio.training.probe import probe
from soundstudio.training.recorder import Board, Recorder
from soundstudio.training.run_records import write_description
from soundstudio.training.validation import Validator

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from soundstudio.core.run_files import RunDescription, RunFolder
    from soundstudio.training.preparation import Prepared
    from soundstudio.training.trainer import Trainer
    from soundstudio.training.validation import Score


def train_run(
    run: RunFolder,
    progress: ProgressCallback = ignore_progress,
    say: Callable[[str], None] = lambda _: None,
    score: Score | None = None,
    accelerator: Any = None,
) -> RunStatus:
    """Begin a run, or go on with it; returns how it stands in the end.

    Called once in each process of the run; the first one writes. `progress` stops the run by
    raising Cancelled: it then ends after the step, with a checkpoint. say: takes sentences about
    what was chosen and found. accelerator: of `make_accelerator`, if there is one already.
    Whatever ends the run, its status says so and it can be resumed.
    Raises RunError (busy, damaged, newer, a loss that is no number), ModelError, AudioFileError,
    StorageError, OutOfMemoryError, DeviceError.
    """
    description = read_description(run)
    accelerator = accelerator or make_accelerator(description.settings)
    if not accelerator.is_main_process:
        prepared = prepare(accelerator, description, load_dataset(run.dataset))
        state, step = _Training(run, prepared.trainer, ignore_progress, None).carry_out()
        return RunStatus(state, step, description.settings.steps)
    with locked(run):
        remove_leftovers(run)
        # A run that goes on stands where it came to, while it prepares as well.
        reached = RunStatus("preparing", newest_step(run), description.settings.steps)
        board = Board(run, reached, say)
        try:
            return _train_and_publish(run, description, accelerator, board, progress, score)
        except Cancelled:
            return board.post(state="stopped")
        except StudioError as error:
            facts = {"kind": error.kind, "message": error.message, "advice": error.advice}
            with contextlib.suppress(StorageError):
                board.post(state="failed", error=facts)
            raise


def _train_and_publish(
    run: RunFolder,
    description: RunDescription,
    accelerator: Any,
    board: Board,
    progress: ProgressCallback,
    score: Score | None,
) -> RunStatus:
    """What the first process does, the lock in its hand."""
    board.post(state="preparing")
    dataset = load_dataset(run.dataset)

    def tell(where: Progress) -> None:
        board.post_now_and_then(encoded=where.step, to_encode=where.steps)
        progress(where)

    prepared = prepare(accelerator, description, dataset, tell, board.say)
    description = _with_method(run, description, prepared)
    if prepared.method_note:
        board.note("method", prepared.method_note)
    validator = Validator(
        run,
        dataset,
        prepared.files,
        prepared.cache,
        prepared.objective,
        description.settings,
        score,
    )
    recorder = Recorder(run, board, prepared.trainer, validator, progress)
    try:
        state, _ = _Training(run, prepared.trainer, progress, recorder).carry_out()
    finally:
        recorder.close()
    if run.best.is_file():
        board.post(model=publish(run, description, dataset, prepared.cache.seconds).id)
    return board.post(state=state)


def _with_method(run: RunFolder, description: RunDescription, prepared: Prepared) -> RunDescription:
    """The description with the method that was chosen, on the disk too: a run keeps it."""
    changed = dataclasses.replace(description, settings=prepared.trainer.settings)
    if changed != description:
        write_description(run, changed)
    return changed


class _Training:
    """The loop over the steps, in every process. recorder: in the first one only."""

    def __init__(
        self,
        run: RunFolder,
        trainer: Trainer,
        progress: ProgressCallback,
        recorder: Recorder | None,
    ) -> None:
        self._run = run
        self._trainer = trainer
        self._steps = trainer.settings.steps
        self._progress = progress
        self._recorder = recorder
        self._step = 0

    def carry_out(self) -> tuple[State, int]:
        """Train to the last step, or until somebody stops it; how it ended, and after which."""
        row = self._restore()
        self._estimate()
        if self._recorder is not None:
            self._recorder.begin(self._step, row)
        state: State = "stopped" if self._is_stopped() else "finished"
        if self._recorder is not None:
            self._recorder.finish(self._step)
        return state, self._step

    def _restore(self) -> CurveRow | None:
        """Load the newest checkpoint; returns the row of its step."""
        # The first process looks alone first: it removes damaged ones.
        with self._trainer.accelerator.main_process_first():
            checkpoint = load_checkpoint(self._run)
        if checkpoint is None:
            return None
        self._trainer.restore(checkpoint.tensors, checkpoint.facts)
        self._step = checkpoint.step
        if self._recorder is not None:
            for note in checkpoint.notes:
                self._recorder.board.note("checkpoint", note)
            self._recorder.board.say(f"Going on after step {self._step:,}.")
        row = checkpoint.facts["row"]
        return None if row is None else CurveRow.from_dict(row)

    def _estimate(self) -> None:
        left = self._steps - self._step
        if left <= 0:
            return
        settings = self._trainer.settings
        try:
            found = probe(self._trainer, settings, self._run.folder, left, is_chosen=self._step > 0)
        except OutOfMemoryError as error:
            if settings.method == "full" and not settings.from_scratch:
                raise OutOfMemoryError(
                    error.message, "Begin a new run with --method lora, which needs less memory."
                ) from error
            raise
        if self._recorder is not None:
            board = self._recorder.board
            board.post(estimate=found.to_dict(), state="training", step=self._step)
            for sentence in found.sentences():
                board.say(sentence)
            if settings.warmup_steps >= settings.steps:
                board.note(
                    "warm-up",
                    f"The warm-up of {settings.warmup_steps:,} steps is not over when the run is: "
                    f"the learning rate ends at {settings.learning_rate_at(settings.steps - 1):.2g}"
                    f" instead of {settings.learning_rate:g}.",
                )

    def _is_stopped(self) -> bool:
        """Make the steps that are left; returns whether somebody stopped that."""
        while self._step < self._steps:
            started = time.monotonic()
            wants_stop = self._wants_stop()
            try:
                result = self._trainer.step(self._step, wants_stop)
            except OutOfMemoryError:
                if self._recorder is not None and self._step:
                    self._recorder.save(self._step, None)
                raise
            self._step += 1
            if self._recorder is not None:
                took_s = time.monotonic() - started
                self._recorder.record(self._step, result.loss, took_s, result.stops)
            if result.stops:
                return True
        with contextlib.suppress(Cancelled):
            self._progress(Progress("training", self._step, self._steps))
        return False

    def _wants_stop(self) -> bool:
        try:
            self._progress(Progress("training", self._step, self._steps))
        except Cancelled:
            return True
        return False
