"""Take the README's two pictures of the window, dark and light, with sounds the model really made.

    python benchmarks/window_pictures.py [--model FOLDER|ID] [--home FOLDER] [--out FOLDER]

Generates a handful of prompts in a fresh library (or shows the one of --home), selects a sound
and a stretch of it, and writes window-dark.png and window-light.png.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from soundstudio.app import Studio  # noqa: E402 - after the path is set
from soundstudio.core.paths import HOME_VARIABLE, user_folders  # noqa: E402

PROMPTS = (
    ("waves breaking on a pebble beach", 5.0, 1),
    ("deep cinematic impact with a long tail", 5.0, 2),
    ("heavy rain on leaves", 5.0, 1),
    ("birds at dawn in a quiet forest", 5.0, 1),
    ("distant thunder rolling over hills", 8.0, 2),
)
MARKS = ((0, "favourite"), (1, 4), (3, 5), (4, "favourite"), (5, 3))
WAIT_MS = 1500
SIZE = (1280, 800)


class Photographer:
    """Generates, marks, selects and takes the pictures, one step after the other."""

    def __init__(self, studio: Studio, out: Path, row: int, generates: bool) -> None:
        self.studio = studio
        self.out = out
        self.row = row
        self.prompts = list(PROMPTS) if generates else []
        self.timer = QTimer(interval=300)
        self.timer.timeout.connect(self.step)
        self.timer.start()

    def step(self) -> None:
        """Queue the next prompt once the last is done; then go on to the pictures."""
        studio = self.studio
        if studio.queue.open_jobs() or studio.status.phase not in ("ready", "unloaded", "failed"):
            return
        if self.prompts:
            prompt, duration_s, variations = self.prompts.pop(0)
            panel = studio.generate
            panel.prompt.setPlainText(prompt)
            panel._duration.setValue(duration_s)
            panel._variations.setValue(variations)
            studio.generation.generate()
            return
        self.timer.stop()
        QTimer.singleShot(WAIT_MS, self.mark)

    def mark(self) -> None:
        studio = self.studio
        studio.generate.prompt.setPlainText("rain on a tin roof")
        studio.generate._variations.setValue(4)
        for row, mark in MARKS:
            clip_id = studio.model.rows.id_at(row)
            if clip_id is None:
                continue
            if mark == "favourite":
                studio.library_desk.toggle_favourite([clip_id])
            else:
                studio.library_desk.rate([clip_id], int(mark))
        studio.table.setFocus()
        studio.table.select_row(min(self.row, studio.model.rowCount() - 1))
        QTimer.singleShot(WAIT_MS, self.select)

    def select(self) -> None:
        loaded = self.studio.audition.loaded
        if loaded is not None:
            self.studio.audition.stop()
            length = loaded.duration_s
            self.studio.viewer.canvas.set_selection((0.3 * length, 0.55 * length))
            self.studio.audition.seek(0.42 * length)
        self.studio.generate.banner.hide()
        QTimer.singleShot(WAIT_MS, self.take)

    def take(self) -> None:
        self.out.mkdir(parents=True, exist_ok=True)
        for theme in ("dark", "light"):
            self.studio.theme.choose(theme)
            QApplication.processEvents()
            path = self.out / f"window-{theme}.png"
            self.studio.window.grab().save(str(path), "PNG")
            print(f"{path}: {path.stat().st_size // 1000} kB")
        self.studio.window.close()
        QApplication.quit()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="starter")
    parser.add_argument("--home", type=Path)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures")
    parser.add_argument("--row", type=int, default=1, help="the row that is shown")
    args = parser.parse_args()
    if not os.environ.get("DISPLAY"):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    os.environ[HOME_VARIABLE] = str(args.home or tempfile.mkdtemp(prefix="pictures-"))
    app = QApplication([])
    studio = Studio(app, user_folders())
    studio.start()
    studio.window.resize(*SIZE)
    studio.generate.more.choose_model(args.model)
    photographer = Photographer(studio, args.out, args.row, generates=args.home is None)
    app.exec()
    del photographer


if __name__ == "__main__":
    main()
