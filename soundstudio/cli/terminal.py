"""What the command line writes: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from soundstudio.core.transfer_rate import TransferRate, transfer_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from soundstudio.core.progress import Progress

_BAR_CELLS: Final = 24
_STAGES: Final = {
    "loading": "Loading",
    "sampling": "Generating",
    "decoding": "Decoding",
    "listening": "Listening",
    "scanning": "Reading clips",
    "encoding": "Encoding",
    "training": "Training",
    "importing": "Importing",
}


def write_line(text: str) -> None:
    """One line of the result. What the terminal has no letters for is written as in JSON."""
    encoding = sys.stdout.encoding or "utf-8"
    writable = text.encode(encoding, "backslashreplace").decode(encoding)
    sys.stdout.write(f"{writable}\n")
    sys.stdout.flush()


def write_json(value: dict[str, Any]) -> None:
    """The one object of `--json`."""
    write_line(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False))


def write_problem(sentence: str) -> None:
    """One line about a failure."""
    sys.stderr.write(f"soundstudio: {' '.join(sentence.split())}\n")
    sys.stderr.flush()


def write_table(rows: Sequence[tuple[str, ...]]) -> None:
    """Columns as wide as their widest cell; the first row is the head."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        write_line("  ".join(cells).rstrip())


class _BarLine:
    """A line on the terminal that stderr is, drawn over itself; silent where it is none."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty()
        self._width = 0

    def clear(self) -> None:
        """Take the bar away, so that other lines can be written."""
        if self._is_shown and self._width:
            self._draw("")
            sys.stderr.write("\r")
            sys.stderr.flush()

    def _draw(self, text: str) -> None:
        sys.stderr.write(f"\r{text.ljust(self._width)}")
        sys.stderr.flush()
        self._width = len(text)


def _cells(done: int, total: int) -> str:
    filled = _BAR_CELLS * done // max(total, 1)
    return "█" * filled + "·" * (_BAR_CELLS - filled)


class ProgressBar(_BarLine):
    """Where a generation stands."""

    def __init__(self, variations: int) -> None:
        super().__init__()
        self._variations = variations

    def __call__(self, where: Progress) -> None:
        if not self._is_shown:
            return
        bar = _cells(where.step, where.steps)
        text = f"{_STAGES[where.stage]:<10} {bar} {where.step}/{where.steps}"
        if self._variations > 1 and where.stage != "loading":
            last = where.first_variation + where.variations
            shown = f"{last}" if where.variations == 1 else f"{where.first_variation + 1}–{last}"
            text += f"  variation {shown} of {self._variations}"
        self._draw(text)


class CountBar(_BarLine):
    """`what  ████····  done/total`, progress over pieces of work."""

    def __call__(self, what: str, done: int, total: int) -> None:
        if self._is_shown:
            self._draw(f"{what.capitalize():<32} {_cells(done, total)} {done}/{total}")


class TransferBar(_BarLine):
    """Bytes that arrive or are compared, with speed and time left; an import counts megabytes."""

    def __init__(self) -> None:
        super().__init__()
        self._rate = TransferRate()

    def __call__(self, stage: str, done: int, total: int) -> None:
        if not self._is_shown:
            return
        if stage == "importing":
            words = f"{done}/{total} MB"
        else:
            self._rate.note(done, time.monotonic())
            words = transfer_words(done, total, self._rate)
        self._draw(f"{stage.capitalize():<12} {_cells(done, total)} {words}")
