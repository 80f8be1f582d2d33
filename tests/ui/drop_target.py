"""A second program for the drag test: a window that takes drops and prints what it got."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel

if TYPE_CHECKING:
    from PySide6.QtGui import QDragEnterEvent, QDropEvent


class Target(QLabel):
    def __init__(self) -> None:
        super().__init__("drop here")
        self.setAcceptDrops(True)
        self.setWindowFlag(Qt.WindowType.FramelessWindowHint)
        self.setGeometry(1250, 100, 300, 400)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        urls = event.mimeData().urls()
        paths = [url.toLocalFile() for url in urls]
        sizes = []
        for path in paths:
            with open(path, "rb") as file:  # noqa: PTH123 - as a foreign program would
                sizes.append(len(file.read()))
        actions = event.possibleActions()
        offers = [name for name in ("CopyAction", "MoveAction", "LinkAction")
                  if actions & getattr(Qt.DropAction, name)]  # fmt: skip
        event.acceptProposedAction()
        report = {"paths": paths, "sizes": sizes, "offers": offers}
        sys.stdout.write(json.dumps(report) + "\n")
        sys.stdout.flush()


def main() -> None:
    app = QApplication([])
    target = Target()
    target.show()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    app.exec()


if __name__ == "__main__":
    main()
