"""The longest stall of the window's event loop while it is used and something computes.

    python benchmarks/window_stalls.py [--model FOLDER|ID] [--home FOLDER] [--seconds S] [--trace]
    python benchmarks/window_stalls.py --load training      # or both

Opens the real window over the real engine, queues generations one after the other, and meanwhile
moves through the list, searches, zooms, plays, exports and resizes. With --load training a
fine-tuning of the starter model runs as the window orders it, instead of the generations or beside
them (both), and the user looks at its page now and then. Prints a Markdown table.
--home uses an existing SOUNDSTUDIO_HOME (a large library); --fake the tests' fake engine; --trace
prints where the main thread was during long stalls. Without a display it runs offscreen.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from training_load import PATIENCE_S, has_begun, steps_of, training_order  # noqa: E402

from soundstudio.app import Studio  # noqa: E402 - after the path is set
from soundstudio.core.paths import HOME_VARIABLE, user_folders  # noqa: E402
from soundstudio.core.run_files import RunFolder  # noqa: E402
from soundstudio.jobs.run_process import end_by_force  # noqa: E402
from soundstudio.jobs.stall_monitor import StallMonitor  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

WARM_UP_MS = 3000


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="starter")
    parser.add_argument("--home", type=Path)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--load", choices=("engine", "training", "both"), default="engine")
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
    """Somebody who does something new five times a second, and generates all the time.

    load: "engine", "training" or "both"; beside a training, its page is looked at, too.
    """

    def __init__(self, studio: Studio, load: str) -> None:
        super().__init__(studio.window)
        self.studio = studio
        self.generates = load != "training"
        self.generations = self.clips = self.exports = 0
        self._turn = 0
        self._uses = self._things_to_do()
        if load != "engine":
            self._uses += self._things_to_do_beside_a_training()
        self._busy, self._acting = QTimer(self, interval=100), QTimer(self, interval=180)
        self._busy.timeout.connect(self.keep_generating)
        self._acting.timeout.connect(self.act)
        studio.generation.clip_stored.connect(lambda _: self.count("clips"))
        studio.exports.exported.connect(lambda _: self.count("exports"))

    def count(self, name: str) -> None:
        setattr(self, name, getattr(self, name) + 1)

    def start(self) -> None:
        self.studio.table.setFocus()
        if self.generates:
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

    def _things_to_do_beside_a_training(self) -> list[Callable[[], object]]:
        studio, page = self.studio, self.studio.finetune_training
        table = page.sounds.table

        def read_curves() -> None:
            QTest.mouseMove(page.curves, QPoint(100 + self._turn % 200, 60))

        return [
            lambda: studio.places.show("finetune"),
            read_curves,
            read_curves,
            lambda: QTest.keyClick(table, Qt.Key.Key_Down),
            lambda: QTest.keyClick(table, Qt.Key.Key_Right),
            lambda: QTest.keyClick(table, Qt.Key.Key_Space),
            lambda: studio.places.show("score"),
            lambda: studio.places.show("generate"),
        ]


def report(user: User, monitor: StallMonitor, seconds: float) -> None:
    stalls = sorted(monitor.stalls, key=lambda s: s.length_s, reverse=True)
    own = sorted((min(s.length_s, s.own_cpu_s) for s in stalls), reverse=True)
    long = [stall for stall in stalls if stall.length_s > 0.05]
    lost, own_part = sum(s.length_s for s in long), sum(s.own_cpu_s for s in long)
    longest = ", ".join(f"{s.length_s * 1000:.0f}/{s.own_cpu_s * 1000:.0f}" for s in stalls[:8])
    print("| what | value |\n|---|---|")
    print(f"| seconds; generations, clips, exports | {seconds:.0f}; {user.generations}, "
          f"{user.clips}, {user.exports} |")  # fmt: skip
    print(f"| longest stall | {monitor.longest_s * 1000:.0f} ms |")
    print(f"| longest stall by the window's own doing | {(own or [0])[0] * 1000:.0f} ms |")
    print(f"| stalls over 20 ms, over 50 ms | {len(stalls)}, "
          f"{len(long)} |")  # fmt: skip
    print(f"| those over 50 ms together / processor time in them | {lost * 1000:.0f}/"
          f"{own_part * 1000:.0f} ms |")  # fmt: skip
    print(f"| the longest / processor time in them | {longest} ms |")


def begin_training(studio: Studio, then: Callable[[], object]) -> RunFolder:
    """Order a fine-tuning as the wizard does; `then` is called after its first steps."""
    order = training_order(studio.folders.data.parent / "training")
    run = RunFolder(studio.folders.runs / order.name)
    studio.places.show("finetune")
    studio.run_desk.begin(order)
    looking = QTimer(studio.window, interval=200)
    ends_at = time.monotonic() + PATIENCE_S

    def look() -> None:
        if time.monotonic() > ends_at:
            raise SystemExit(f"the training does not begin:\n{run.log.read_text()}")
        if has_begun(run):
            looking.stop()
            then()

    looking.timeout.connect(look)
    looking.start()
    return run


def main() -> None:
    args = parse()
    if not os.environ.get("DISPLAY"):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    home = tempfile.mkdtemp(prefix="stalls-") if args.home is None else str(args.home)
    os.environ[HOME_VARIABLE] = home
    app = QApplication([])
    fake = [sys.executable, str(ROOT / "tests" / "jobs" / "fake_engine.py")]
    studio = Studio(app, user_folders(), fake if args.fake else None)
    studio.start()
    studio.generate.more.choose_model(args.model)
    monitor = StallMonitor(least_s=0.02)
    tracer, user = Tracer(monitor), User(studio, args.load)
    run: RunFolder | None = None
    steps_before = 0

    def begin() -> None:
        nonlocal steps_before
        steps_before = steps_of(run) if run is not None else 0
        studio.places.show("generate")
        monitor.start()
        user.start()
        if args.trace:
            tracer.start()
        QTimer.singleShot(int(args.seconds * 1000), end)

    def end() -> None:
        monitor.stop()
        tracer.is_running = False
        user.stop()
        studio.window.leave()  # a close would ask what is to become of the sounds
        app.quit()

    def warm_up() -> None:
        QTimer.singleShot(WARM_UP_MS, begin)

    if args.load == "engine":
        warm_up()
    else:
        run = begin_training(studio, warm_up)
    app.exec()
    report(user, monitor, args.seconds)
    if run is not None:
        print(f"| steps of the training meanwhile | {steps_of(run) - steps_before} |")
        end_by_force(run, None)
    if args.home is None:
        shutil.rmtree(home, ignore_errors=True)
    for stack in tracer.stacks[:12]:
        print(stack)


if __name__ == "__main__":
    main()
