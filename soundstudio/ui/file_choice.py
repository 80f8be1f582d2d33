"""A button that names a file, as a row of a form."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QToolButton, QWidget

if TYPE_CHECKING:
    from soundstudio.ui.icons import Icons


class FileChoice(QWidget):
    """A button that names a file. signals: changed()."""

    changed = Signal()

    def __init__(
        self, name: str, pattern: str, empty: str, icons: Icons, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._name = name
        self._pattern = pattern
        self._empty = empty
        self._path = ""
        self._button = QPushButton(self)
        self._button.setObjectName("link")
        self._button.clicked.connect(self._browse)
        self._clear = QToolButton(self)
        self._clear.setAccessibleName(f"Clear {name}")
        self._clear.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._clear.clicked.connect(lambda: self.set_path(""))
        icons.dress(self._clear, "close")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._button, 1)
        row.addWidget(self._clear)
        self.set_path("")

    def path(self) -> str:
        return self._path

    def set_path(self, path: str) -> None:
        self._path = path
        words = Path(path).name if path else self._empty
        metrics = self._button.fontMetrics()
        self._button.setText(metrics.elidedText(words, Qt.TextElideMode.ElideMiddle, 170))
        self._button.setToolTip(path or words)
        self._button.setAccessibleName(f"{self._name}: {words}")
        self._clear.setVisible(bool(path))
        self.changed.emit()

    def _browse(self) -> None:
        start = str(Path(self._path).parent) if self._path else ""
        name, _ = QFileDialog.getOpenFileName(self, self._name, start, self._pattern)
        if name:
            self.set_path(name)
