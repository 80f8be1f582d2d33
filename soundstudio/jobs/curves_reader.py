"""The curves of a run while somebody else writes them: only what is new is read."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from soundstudio.core.run_files import CurveRow

if TYPE_CHECKING:
    import numpy.typing as npt

    from soundstudio.core.run_files import RunFolder

    FloatArray = npt.NDArray[np.float64]

# So many rows at once, and then other threads get their turn.
MOST_ROWS: Final = 1000
# The smoothed loss forgets half of what it knows after so many steps.
HALF_LIFE_STEPS: Final = 50


@dataclass(frozen=True, slots=True, eq=False)
class CurvesPiece:
    """Rows that are new. steps, losses: [rows], float64; losses smoothed.

    is_reset: forget all earlier pieces, for the run went back or is another one.
    before: what the validation of the weights before training found, None if there was none.
    """

    name: str
    is_reset: bool
    steps: FloatArray
    losses: FloatArray
    validations: tuple[CurveRow, ...]
    before: dict[str, Any] | None = None


class CurvesReader:
    """Reads the curves of one run piece by piece."""

    def __init__(self, run: RunFolder) -> None:
        self.run = run
        self._is_first = True
        self._forget()

    def _forget(self) -> None:
        self._offset = 0
        self._file_id: tuple[int, int] | None = None
        self._last_step = 0
        self._sum = 0.0
        self._weight = 0.0
        self._before: dict[str, Any] | None = None

    def read(self) -> CurvesPiece | None:
        """The next rows, at most MOST_ROWS; None if there is nothing new.

        Rows that are no rows are left out; a last one without its end waits until it has one.
        """
        is_reset, self._is_first = self._is_first, False
        lines, was_replaced = self._lines()
        rows = []
        for line in lines:
            try:
                row = CurveRow.from_dict(json.loads(line))
                is_usable = bool(np.isfinite(row.loss)) and row.step > self._last_step
            except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
                continue
            if is_usable:
                self._last_step = row.step
                rows.append(row)
        before = self._read_before()
        is_reset = is_reset or was_replaced
        if not rows and not is_reset and before is None:
            return None
        return CurvesPiece(
            self.run.name,
            is_reset,
            np.array([row.step for row in rows], dtype=np.float64),
            np.array([self._smoothed(row.loss) for row in rows], dtype=np.float64),
            tuple(row for row in rows if isinstance(row.validation, dict)),
            before,
        )

    def _lines(self) -> tuple[list[bytes], bool]:
        """Whole lines from where the last reading ended; whether the file is another one now."""
        was_replaced = False
        try:
            with self.run.curves.open("rb") as file:
                found = _identity(file.fileno())
                if self._file_id is not None and (
                    found[:2] != self._file_id or found[2] < self._offset
                ):
                    # A run that goes on writes its curves anew, without the rows after its
                    # checkpoint.
                    self._forget()
                    was_replaced = True
                self._file_id = found[:2]
                file.seek(self._offset)
                lines = []
                for _ in range(MOST_ROWS):
                    line = file.readline()
                    if not line.endswith(b"\n"):
                        break
                    lines.append(line)
                    self._offset += len(line)
        except OSError:
            return [], False
        return lines, was_replaced

    def _smoothed(self, loss: float) -> float:
        keep = 0.5 ** (1.0 / HALF_LIFE_STEPS)
        self._sum = keep * self._sum + (1.0 - keep) * loss
        self._weight = keep * self._weight + (1.0 - keep)
        return self._sum / self._weight

    def _read_before(self) -> dict[str, Any] | None:
        """What was found before training, once."""
        if self._before is not None:
            return None
        try:
            value = json.loads(self.run.before.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        self._before = value if isinstance(value, dict) else None
        return self._before


def _identity(descriptor: int) -> tuple[int, int, int]:
    facts = os.fstat(descriptor)
    return facts.st_dev, facts.st_ino, facts.st_size
