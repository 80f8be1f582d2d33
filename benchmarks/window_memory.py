"""Memory of the window and its engine over many generations in a row.

    python benchmarks/window_memory.py [--model FOLDER|ID] [--generations N] [--duration S]

Opens the real window offscreen (or on $DISPLAY), generates N times one variation, and prints the
resident memory of both processes after the 20th and after the last. Linux only (/proc).
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

sys.path.insert(0, str(Path(__file__).parents[1]))

from soundstudio.app import Studio
from soundstudio.core.messages import EngineReady, Message
from soundstudio.core.paths import HOME_VARIABLE, user_folders

SETTLED_AFTER = 20


def resident_mb(pid: int) -> float:
    """Resident memory of a process in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


class Run:
    """Generates until it has enough, and notes the memory now and then."""

    def __init__(self, studio: Studio, generations: int, duration_s: float) -> None:
        self.studio = studio
        self.generations = generations
        self.engine_pid = 0
        self.done = 0
        self.notes: list[tuple[int, float, float]] = []
        panel = studio.generate
        panel._variations.setValue(1)
        panel._duration.setValue(duration_s)
        panel.prompt.setPlainText("rain on a tin roof")
        studio.engine.message_received.connect(self.on_message)
        studio.generation.clip_stored.connect(lambda _: QTimer.singleShot(0, self.next))

    def on_message(self, message: Message) -> None:
        if isinstance(message, EngineReady):
            self.engine_pid = message.pid
            self.studio.generation.generate()

    def next(self) -> None:
        self.done += 1
        if self.done == SETTLED_AFTER or self.done % 50 == 0:
            sizes = (resident_mb(os.getpid()), resident_mb(self.engine_pid))
            self.notes.append((self.done, *sizes))
        if self.done >= self.generations:
            self.studio.window.leave()
            QApplication.quit()
        else:
            self.studio.generation.generate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="starter")
    parser.add_argument("--generations", type=int, default=300)
    parser.add_argument("--duration", type=float, default=5.0)
    args = parser.parse_args()
    if not os.environ.get("DISPLAY"):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    os.environ[HOME_VARIABLE] = tempfile.mkdtemp(prefix="memory-")
    app = QApplication([])
    studio = Studio(app, user_folders())
    studio.start()
    studio.generate.more.choose_model(args.model)
    run = Run(studio, args.generations, args.duration)
    app.exec()
    print("| after generation | window, MiB | engine, MiB |\n|---|---|---|")
    for done, window, engine in run.notes:
        print(f"| {done} | {window:.0f} | {engine:.0f} |")


if __name__ == "__main__":
    main()
