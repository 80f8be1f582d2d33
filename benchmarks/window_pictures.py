"""Take the README's two pictures of the window, dark and light, with sounds the model really made.

    python benchmarks/window_pictures.py [--model FOLDER|ID] [--home FOLDER] [--out FOLDER]
    python benchmarks/window_pictures.py --home FOLDER --run NAME [--out FOLDER]

Generates a handful of prompts in a fresh library (or shows the one of --home), selects a sound
and a stretch of it, and writes window-dark.png and window-light.png. With --run it shows that
fine-tuning of --home instead, its curves and sounds, and writes finetune-dark.png.
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


class RunPhotographer:
    """Opens a fine-tuning, waits for its curves and sounds, and takes the picture."""

    def __init__(self, studio: Studio, out: Path, run: str) -> None:
        self.studio = studio
        self.out = out
        self.run = run
        studio.places.show("finetune")
        QTimer.singleShot(WAIT_MS, self.open)

    def open(self) -> None:
        self.studio.run_desk.open(self.run)
        self.studio.finetune.show_step("training")
        QTimer.singleShot(2 * WAIT_MS, self.take)

    def take(self) -> None:
        studio = self.studio
        if studio.status.phase not in ("ready", "failed"):
            QTimer.singleShot(WAIT_MS, self.take)
            return
        sounds = studio.finetune_training.sounds
        best = studio.finetune_training.facts.best_step
        sounds.table.setCurrentIndex(sounds.model.index(0, sounds.model.column_of(best)))
        save(studio, "dark", self.out / "finetune-dark.png")
        studio.window.close()
        QApplication.quit()


def save(studio: Studio, theme: str, path: Path) -> None:
    """Write the window as it is, in one theme."""
    path.parent.mkdir(parents=True, exist_ok=True)
    studio.theme.choose(theme)
    QApplication.processEvents()
    studio.window.grab().save(str(path), "PNG")
    print(f"{path}: {path.stat().st_size // 1000} kB")


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
        for theme in ("dark", "light"):
            save(self.studio, theme, self.out / f"window-{theme}.png")
        self.studio.window.close()
        QApplication.quit()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="starter")
    parser.add_argument("--home", type=Path)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures")
    parser.add_argument("--row", type=int, default=1, help="the row that is shown")
    parser.add_argument("--run", default="", help="a fine-tuning of --home that is shown instead")
    args = parser.parse_args()
    if args.run and args.home is None:
        parser.error("--run needs the --home that it is in")
    if not os.environ.get("DISPLAY"):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    os.environ[HOME_VARIABLE] = str(args.home or tempfile.mkdtemp(prefix="pictures-"))
    app = QApplication([])
    studio = Studio(app, user_folders())
    studio.start()
    studio.window.resize(*SIZE)
    photographer: Photographer | RunPhotographer
    if args.run:
        photographer = RunPhotographer(studio, args.out, args.run)
    else:
        studio.generate.more.choose_model(args.model)
        photographer = Photographer(studio, args.out, args.row, generates=args.home is None)
    app.exec()
    del photographer


if __name__ == "__main__":
    main()
