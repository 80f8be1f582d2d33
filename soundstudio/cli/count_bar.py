"""Progress over pieces of work, on the terminal that stderr is."""

from __future__ import annotations

import sys
from typing import Final

_BAR_CELLS: Final = 24


class CountBar:
    """`what  ████····  done/total`; silent where stderr is no terminal."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty()
        self._width = 0

    def __call__(self, what: str, done: int, total: int) -> None:
        if not self._is_shown:
            return
        filled = _BAR_CELLS * done // max(total, 1)
        bar = "█" * filled + "·" * (_BAR_CELLS - filled)
        self._draw(f"{what.capitalize():<32} {bar} {done}/{total}")

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
