"""The real window for the drag test: one clip in the library, a selection in the viewer."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtWidgets import QApplication

from soundstudio.app import Studio
from soundstudio.core.paths import user_folders

FAKE_ENGINE = Path(__file__).parents[1] / "jobs" / "fake_engine.py"


def say(**words: object) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


def main() -> None:
    app = QApplication([])
    studio = Studio(app, user_folders(), [sys.executable, str(FAKE_ENGINE)])
    studio.window.setWindowFlag(Qt.WindowType.FramelessWindowHint)
    studio.start(sys.argv[1:2])
    studio.window.setGeometry(0, 0, 1200, 800)
    studio.exports.exported.connect(lambda paths: say(exported=[str(path) for path in paths]))

    def ready() -> None:
        if studio.audition.loaded is None or studio.viewer.canvas._image is None:
            QTimer.singleShot(100, ready)
            return
        studio.table.select_row(0)
        canvas = studio.viewer.canvas
        canvas.set_selection((0.25, 0.75))
        row = studio.table.visualRect(studio.model.index(0, 2)).center()
        at_row = studio.table.viewport().mapToGlobal(row)
        at_selection = canvas.mapToGlobal(QPoint(round(canvas._x_of(0.5)), canvas.height() // 2))
        say(row=[at_row.x(), at_row.y()], selection=[at_selection.x(), at_selection.y()])

    QTimer.singleShot(500, ready)
    app.exec()


if __name__ == "__main__":
    main()
