"""StallMonitor: sees a deaf event loop, and nothing while it answers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from soundstudio.jobs.stall_monitor import StallMonitor

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


def test_deaf_loop_is_noted_with_its_length(qtbot: QtBot) -> None:
    monitor = StallMonitor(least_s=0.05)
    monitor.start()
    qtbot.wait(20)
    until = time.monotonic() + 0.2
    while time.monotonic() < until:
        pass
    qtbot.waitUntil(lambda: bool(monitor.stalls), timeout=2000)
    monitor.stop()
    longest = max(monitor.stalls, key=lambda stall: stall.length_s)
    assert longest.length_s >= 0.15
    assert monitor.longest_s == longest.length_s
    assert longest.own_cpu_s > 0


def test_start_begins_anew(qtbot: QtBot) -> None:
    monitor = StallMonitor(least_s=0.0)
    monitor.start()
    qtbot.waitUntil(lambda: monitor.longest_s > 0, timeout=2000)
    monitor.start()
    assert monitor.stalls == []
    assert monitor.longest_s == 0.0
    monitor.stop()
