"""How long the window takes from launch to usable, and that torch is not imported by then.

    python benchmarks/window_start.py [--runs N] [--home FOLDER]

Starts the real application in fresh processes. Usable means: the window is painted, the event
loop answers, the library's first answer is in the list and the prompt takes a letter.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
CHILD = """
import sys, time
launched = float(sys.argv[1])
from PySide6.QtCore import QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from soundstudio.app import Studio
from soundstudio.core.paths import user_folders
app = QApplication([])
studio = Studio(app, user_folders())
seen = {}
def usable():
    QTest.keyClicks(studio.generate.prompt, "a")
    assert studio.generate.prompt.toPlainText() == "a"
    heavy = [n for n in ("torch", "diffusers", "transformers", "scipy") if n in sys.modules]
    print(time.time() - launched, ",".join(heavy) or "none", flush=True)
    studio.window.close()
    app.quit()
studio.library_desk.rows_replaced.connect(lambda: QTimer.singleShot(0, usable))
studio.start()
app.exec()
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--home", type=Path)
    args = parser.parse_args()
    environment = dict(os.environ)
    environment["SOUNDSTUDIO_HOME"] = str(args.home or tempfile.mkdtemp(prefix="start-"))
    environment["PYTHONPATH"] = str(ROOT)
    if not environment.get("DISPLAY"):
        environment["QT_QPA_PLATFORM"] = "offscreen"
    times, heavy = [], "none"
    for _ in range(args.runs):
        # The clock starts before the interpreter does.
        code = f"import time, sys; sys.argv = ['', str({_now()})]\n" + CHILD
        answer = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        seconds, heavy = answer.stdout.split()
        times.append(float(seconds))
    print("| what | value |\n|---|---|")
    print(f"| launch to usable, first run | {times[0]:.2f} s |")
    print(f"| median of {args.runs} | {statistics.median(times):.2f} s |")
    print(f"| best | {min(times):.2f} s |")
    print(f"| heavy modules imported by then | {heavy} |")


def _now() -> float:
    import time

    return time.time()


if __name__ == "__main__":
    main()
