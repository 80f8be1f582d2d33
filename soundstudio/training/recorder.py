"""What the first process writes: status, curves, checkpoints, validations, best weights."""

from __future__ import annotations

import dataclasses
import json
import os
import time
from typing import TYPE_CHECKING, Any, Final

from soundstudio.audio.atomic_file import written_whole
from soundstudio.core.finetuning import is_better
from soundstudio.core.run_files import CurveRow, RunStatus
from soundstudio.training.checkpoints import save_checkpoint
from soundstudio.training.finished_model import best_facts, keep_best
from soundstudio.training.overfitting import overfitting_note
from soundstudio.training.run_records import Curves, write_status
from soundstudio.training.validation import copies_note, loss_pairs, value_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from soundstudio.core.progress import ProgressCallback
    from soundstudio.core.run_files import RunFolder
    from soundstudio.training.trainer import Trainer
    from soundstudio.training.validation import Validator

_STATUS_EVERY_S: Final = 1.0


class Board:
    """The run's status, and the file that shows it to others."""

    def __init__(self, run: RunFolder, status: RunStatus, say: Callable[[str], None]) -> None:
        self._run = run
        self._say = say
        self._notes: dict[str, str] = {}
        self._posted_s = 0.0
        self.status = dataclasses.replace(status, pid=os.getpid())

    def post(self, **changes: Any) -> RunStatus:
        """Change the status and write it. Raises StorageError."""
        self.status = dataclasses.replace(self.status, **changes)
        self._posted_s = time.monotonic()
        write_status(self._run, self.status)
        return self.status

    def post_now_and_then(self, **changes: Any) -> None:
        """As `post`, but not more often than once a second."""
        if time.monotonic() - self._posted_s >= _STATUS_EVERY_S:
            self.post(**changes)

    def say(self, sentence: str) -> None:
        """A sentence for whoever looks on now."""
        self._say(sentence)

    def note(self, kind: str, sentence: str) -> None:
        """Say a sentence, if it is one, and keep the latest of its kind in the status."""
        if sentence:
            self._notes[kind] = sentence
            self._say(sentence)
            self.post(notes=tuple(self._notes.values()))


class Recorder:
    """Writes after each step what is due. Raises StorageError from all it writes."""

    def __init__(
        self,
        run: RunFolder,
        board: Board,
        trainer: Trainer,
        validator: Validator,
        progress: ProgressCallback,
    ) -> None:
        self.board = board
        self._run = run
        self._trainer = trainer
        self._settings = trainer.settings
        self._validator = validator
        self._progress = progress
        self._curves: Curves | None = None
        self._best = best_facts(run)
        self._latest: dict[str, Any] = {}
        self._saved_s = time.monotonic()
        self._save_took_s = 0.0

    def begin(self, step: int, row: CurveRow | None) -> None:
        """Go on after `step`, whose row the checkpoint knows.

        A validation that was interrupted is made now, so that its row is there, and once.
        The weights that a run begins with are validated, too: what it changes can be heard. Random
        ones are not; they only make noise.
        """
        self._saved_s = time.monotonic()
        is_first = step == 0 and not self._run.before.is_file()
        if is_first and self._settings.validate_every and not self._settings.from_scratch:
            self._validate_before()
        curves = self._open_curves(step)
        if row is not None and row.step not in curves.rows_by_step:
            curves.append(self._validated(row) if self.is_validated(row.step) else row)

    def record(self, step: int, loss: float, took_s: float, stops: bool) -> None:
        """Row, checkpoint and validation after a step, as they are due."""
        curves = self._open_curves(step - 1)
        row = CurveRow(step, loss, self._settings.learning_rate_at(step - 1), round(took_s, 4))
        if self.is_validated(step):
            # First the checkpoint: a validation takes long, and the steps before it are safe.
            self.save(step, row)
            curves.append(self._validated(row))
        else:
            curves.append(row)
            if stops or step == self._settings.steps or self._is_save_due(step, took_s):
                self.save(step, row)
        self._latest = {"step": step, "loss": loss, "seconds_per_step": took_s}
        self.board.post_now_and_then(state="training", **self._latest)

    def save(self, step: int, row: CurveRow | None) -> None:
        """Write a checkpoint. row: of its step, for the curves may lack it still."""
        started = time.monotonic()
        self._open_curves(step).sync()
        facts = self._trainer.state_facts()
        facts["row"] = dataclasses.asdict(row) if row is not None else None
        save_checkpoint(self._run, step, self._trainer.state(), facts)
        self._saved_s = time.monotonic()
        self._save_took_s = self._saved_s - started

    def finish(self, step: int) -> None:
        """Without validations the last weights are the model's."""
        if not self._settings.validate_every and step == self._settings.steps:
            self._keep_if_best(step, None)
        self.board.post(**(self._latest or {"step": step}), best=self._best)

    def close(self) -> None:
        if self._curves is not None:
            self._curves.close()

    def is_validated(self, step: int) -> bool:
        """Whether a validation follows this step; one always follows the last."""
        every = self._settings.validate_every
        return bool(every) and (step % every == 0 or step == self._settings.steps)

    def _open_curves(self, step: int) -> Curves:
        if self._curves is None:
            self._curves = Curves(self._run, step)
        return self._curves

    def _is_save_due(self, step: int, step_s: float) -> bool:
        """Whether the next step and its checkpoint would come too late."""
        age_s = time.monotonic() - self._saved_s
        is_old = age_s + step_s + self._save_took_s >= self._settings.checkpoint_s
        return is_old or step % self._settings.checkpoint_every == 0

    def _validate_before(self) -> None:
        self.board.post(state="validating")
        device = self._trainer.accelerator.device.type
        found = self._validator.run(0, self._trainer.average, device, self._progress)
        with written_whole(self._run.before) as temporary:
            temporary.write_text(json.dumps(found) + "\n", encoding="utf-8")
        self._saved_s = time.monotonic()
        self.board.post(state="training")

    def _validated(self, row: CurveRow) -> CurveRow:
        """The row with its validation; better weights than ever are kept."""
        self.board.post(state="validating", step=row.step)
        device = self._trainer.accelerator.device.type
        found = self._validator.run(row.step, self._trainer.average, device, self._progress)
        row = dataclasses.replace(row, validation=found)
        self._keep_if_best(row.step, value_of(found, self._settings.best_by))
        earlier = [old for old in self._open_curves(row.step).validations() if old.step < row.step]
        self.board.note("overfitting", overfitting_note(loss_pairs([*earlier, row])))
        self.board.note("copies", copies_note(found, row.step))
        self._saved_s = time.monotonic()  # nothing was trained since the checkpoint before it
        self.board.post(state="training", best=self._best)
        return row

    def _keep_if_best(self, step: int, value: float | None) -> None:
        known = self._best["value"] if self._best is not None else None
        if value is None and known is not None:
            return
        if value is None or is_better(self._settings.best_by, value, known):
            self._best = {"step": step, "best_by": self._settings.best_by, "value": value}
            keep_best(self._run, self._trainer.average, self._best)
