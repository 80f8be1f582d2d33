"""The longest stall of the window's event loop while it is used and the engine generates.

    python benchmarks/window_stalls.py [--model FOLDER|ID] [--home FOLDER] [--seconds S] [--trace]

Opens the real window over the real engine, queues generations one after the other, and meanwhile
moves through the list, searches, zooms, plays, exports and resizes. Prints a Markdown table.
--home uses an existing SOUNDSTUDIO_HOME (a large library); --fake the tests' fake engine; --trace
prints where the main thread was during long stalls. Without a display it runs offscreen.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from soundstudio.app import Studio  # noqa: E402 - after the path is set
from soundstudio.core.paths import HOME_VARIABLE, user_folders  # noqa: E402
from soundstudio.jobs.stall_monitor import StallMonitor  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

WARM_UP_MS = 3000


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="starter")
    parser.add_argument("--home", type=Path)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--trace", action="store_true")
    parser.add_argument("--fake", action="store_true")
    return parser.parse_args()


class Tracer(threading.Thread):
    """Looks at the main thread's stack whenever its event loop has been deaf for a while."""

    def __init__(self, monitor: StallMonitor, deaf_s: float = 0.04) -> None:
        super().__init__(daemon=True)
        self.monitor = monitor
        self.deaf_s = deaf_s
        self.stacks: list[str] = []
        self.is_running = True

    def run(self) -> None:
        while self.is_running:
            time.sleep(0.005)
            if time.monotonic() - self.monitor.last_tick_s > self.deaf_s:
                parts = []
                for ident, frame in sys._current_frames().items():
                    if ident != threading.get_ident():
                        parts.append("".join(traceback.format_stack(frame)[-3:]))
                    del frame
                self.stacks.append("--- another thread\n".join(parts))
                time.sleep(0.1)


class User(QObject):
    """Somebody who does something new five times a second, and generates all the time."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio.window)
        self.studio = studio
        self.generations = self.clips = self.exports = 0
        self._turn = 0
        self._uses = self._things_to_do()
        self._busy, self._acting = QTimer(self, interval=100), QTimer(self, interval=180)
        self._busy.timeout.connect(self.keep_generating)
        self._acting.timeout.connect(self.act)
        studio.generation.clip_stored.connect(lambda _: self.count("clips"))
        studio.exports.exported.connect(lambda _: self.count("exports"))

    def count(self, name: str) -> None:
        setattr(self, name, getattr(self, name) + 1)

    def start(self) -> None:
        self.studio.table.setFocus()
        self._busy.start()
        self._acting.start()

    def stop(self) -> None:
        self._busy.stop()
        self._acting.stop()

    def keep_generating(self) -> None:
        if not self.studio.queue.open_jobs():
            self.studio.generate.prompt.setPlainText(f"rain on a tin roof {self.generations}")
            self.studio.generation.generate()
            self.generations += 1

    def act(self) -> None:
        self._uses[self._turn % len(self._uses)]()
        self._turn += 1

    def _things_to_do(self) -> list[Callable[[], object]]:
        studio, table = self.studio, self.studio.table
        canvas, search, bar = (
            studio.viewer.canvas,
            studio.library_panel.search,
            table.verticalScrollBar(),
        )

        def key(which: Qt.Key) -> Callable[[], object]:
            return lambda: QTest.keyClick(table, which)

        return [
            key(Qt.Key.Key_Down),
            key(Qt.Key.Key_Down),
            lambda: canvas.zoom(1.5),
            canvas.zoom_fit,
            key(Qt.Key.Key_Space),
            lambda: search.setText("ra"),
            lambda: search.setText("rain"),
            lambda: search.setText(""),
            lambda: bar.setValue(bar.maximum() // 2),
            table.scrollToTop,
            key(Qt.Key.Key_Return),
            lambda: studio.viewer._floor.setValue(-70 if self._turn % 2 else -90),
            lambda: studio.viewer._scale.setCurrentIndex(self._turn // 16 % 3),
            lambda: studio.window.resize(1280 + self._turn % 3 * 40, 800),
            key(Qt.Key.Key_F),
        ]


def report(user: User, monitor: StallMonitor, seconds: float) -> None:
    stalls = sorted(monitor.stalls, key=lambda s: s.length_s, reverse=True)
    own = sorted((min(s.length_s, s.own_cpu_s) for s in stalls), reverse=True)
    longest = ", ".join(f"{s.length_s * 1000:.0f}/{s.own_cpu_s * 1000:.0f}" for s in stalls[:8])
    print("| what | value |\n|---|---|")
    print(f"| seconds; generations, clips, exports | {seconds:.0f}; {user.generations}, "
          f"{user.clips}, {user.exports} |")  # fmt: skip
    print(f"| longest stall | {monitor.longest_s * 1000:.0f} ms |")
    print(f"| longest stall by the window's own doing | {(own or [0])[0] * 1000:.0f} ms |")
    print(f"| stalls over 20 ms, over 50 ms | {len(stalls)}, "
          f"{sum(s.length_s > 0.05 for s in stalls)} |")  # fmt: skip
    print(f"| the longest / processor time in them | {longest} ms |")


def main() -> None:
    args = parse()
    if not os.environ.get("DISPLAY"):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    os.environ[HOME_VARIABLE] = str(args.home or tempfile.mkdtemp(prefix="stalls-"))
    app = QApplication([])
    fake = [sys.executable, str(ROOT / "tests" / "jobs" / "fake_engine.py")]
    studio = Studio(app, user_folders(), fake if args.fake else None)
    studio.start()
    studio.generate.more.choose_model(args.model)
    monitor = StallMonitor(least_s=0.02)
    tracer, user = Tracer(monitor), User(studio)

    def begin() -> None:
        monitor.start()
        user.start()
        if args.trace:
            tracer.start()
        QTimer.singleShot(int(args.seconds * 1000), end)

    def end() -> None:
        monitor.stop()
        tracer.is_running = False
        user.stop()
        studio.window.close()
        app.quit()

    QTimer.singleShot(WARM_UP_MS, begin)
    app.exec()
    report(user, monitor, args.seconds)
    for stack in tracer.stacks[:12]:
        print(stack)


if __name__ == "__main__":
    main()
