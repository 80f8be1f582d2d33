"""How long the event loop was deaf: a timer that notes the gaps between its own ticks."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, Qt, QTimer, Slot

TICK_MS = 5


class StallMonitor(QObject):
    """Counts gaps from `start` on; `gaps_s` holds the ones over `least_s`, as (when, length)."""

    def __init__(self, least_s: float = 0.02, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._least_s = least_s
        self._timer = QTimer(self, interval=TICK_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_tick)
        self._started_s = self._last_s = time.monotonic()
        self.longest_s = 0.0
        self.gaps_s: list[tuple[float, float]] = []

    def start(self) -> None:
        """Begin anew."""
        self._started_s = self._last_s = time.monotonic()
        self.longest_s = 0.0
        self.gaps_s.clear()
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    @Slot()
    def _on_tick(self) -> None:
        now = time.monotonic()
        stall = now - self._last_s - TICK_MS / 1000
        self._last_s = now
        self.longest_s = max(self.longest_s, stall)
        if stall > self._least_s:
            self.gaps_s.append((now - self._started_s, stall))
