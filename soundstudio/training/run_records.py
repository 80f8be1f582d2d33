"""What a run writes down beside its checkpoints: description, status and curves."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from soundstudio.audio.atomic_file import temporary_beside, written_whole
from soundstudio.core.errors import explain_os_error
from soundstudio.core.run_files import read_curves

if TYPE_CHECKING:
    from soundstudio.core.run_files import CurveRow, RunDescription, RunFolder, RunStatus


def write_description(run: RunFolder, description: RunDescription) -> None:
    """Raises StorageError."""
    with written_whole(run.description) as temporary:
        temporary.write_text(description.to_json(), encoding="utf-8")


def write_status(run: RunFolder, status: RunStatus) -> None:
    """Replace the status at once; not synced, for it is written often and can be lost.

    Raises StorageError.
    """
    temporary = temporary_beside(run.status)
    try:
        temporary.write_text(json.dumps(status.to_dict()) + "\n", encoding="utf-8")
        temporary.replace(run.status)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise explain_os_error(error, "writing down where the run stands") from error


class Curves:
    """The curves of a run while it writes them: rows are only ever appended."""

    def __init__(self, run: RunFolder, step: int) -> None:
        """Go on after `step`: later rows, of steps that will be made again, are dropped.

        Raises StorageError.
        """
        self._run = run
        rows = [row for row in read_curves(run) if row.step <= step]
        self.rows_by_step = {row.step: row for row in rows}
        text = "".join(row.to_json() + "\n" for row in rows)
        if not run.curves.exists() or run.curves.read_bytes() != text.encode():
            with written_whole(run.curves) as temporary:
                temporary.write_bytes(text.encode())
        self._file = run.curves.open("a", encoding="utf-8", newline="")

    def append(self, row: CurveRow) -> None:
        """Add a row; another process sees it at once. Raises StorageError."""
        if row.step in self.rows_by_step:
            return
        self.rows_by_step[row.step] = row
        try:
            self._file.write(row.to_json() + "\n")
            self._file.flush()
        except OSError as error:
            raise explain_os_error(error, "writing the curves") from error

    def sync(self) -> None:
        """Wait until all rows are on the disk. Raises StorageError."""
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise explain_os_error(error, "writing the curves") from error

    def close(self) -> None:
        self._file.close()

    def validations(self) -> list[CurveRow]:
        """The rows with a validation, in order."""
        rows = [row for row in self.rows_by_step.values() if row.validation is not None]
        return sorted(rows, key=lambda row: row.step)
