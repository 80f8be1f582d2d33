"""How long the event loop was deaf: a timer that notes the gaps between its own ticks."""

from __future__ import annotations

import time
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, QTimer, Slot

TICK_MS = 5


@dataclass(frozen=True, slots=True)
class Stall:
    """One gap. own_cpu_s: processor time of this process in it, all threads together.

    A gap with hardly any processor time was the system's: other programs had the processors.
    """

    at_s: float
    length_s: float
    own_cpu_s: float


class StallMonitor(QObject):
    """Notes the gaps longer than `least_s` from `start` on."""

    def __init__(self, least_s: float = 0.02, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._least_s = least_s
        self._timer = QTimer(self, interval=TICK_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_tick)
        self._started_s = self.last_tick_s = time.monotonic()
        self._last_cpu_s = time.process_time()
        self.longest_s = 0.0
        self.stalls: list[Stall] = []

    def start(self) -> None:
        """Begin anew."""
        self._started_s = self.last_tick_s = time.monotonic()
        self._last_cpu_s = time.process_time()
        self.longest_s = 0.0
        self.stalls.clear()
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    @Slot()
    def _on_tick(self) -> None:
        now, cpu = time.monotonic(), time.process_time()
        length = now - self.last_tick_s - TICK_MS / 1000
        if length > self._least_s:
            self.stalls.append(Stall(now - self._started_s, length, cpu - self._last_cpu_s))
        self.longest_s = max(self.longest_s, length)
        self.last_tick_s, self._last_cpu_s = now, cpu
