"""A button that names a folder, and takes one that is dropped on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QToolButton, QWidget

from soundstudio.ui.drop_frame import DropFrame

if TYPE_CHECKING:
    from PySide6.QtCore import QMimeData
    from PySide6.QtGui import QResizeEvent

    from soundstudio.ui.icons import Icons
    from soundstudio.ui.theme import Theme


def dropped_folder(data: QMimeData) -> str:
    """The one folder that a drag carries, else empty."""
    local = [url.toLocalFile() for url in data.urls() if url.isLocalFile()]
    return local[0] if len(local) == 1 and Path(local[0]).is_dir() else ""


class FolderChoice(DropFrame):
    """signals: changed()."""

    changed = Signal()

    def __init__(
        self, name: str, hint: str, theme: Theme, icons: Icons, parent: QWidget | None = None
    ) -> None:
        super().__init__(theme, parent)
        self._name = name
        self._hint = hint
        self._folder = ""
        self._button = QPushButton(self)
        self._button.setObjectName("link")
        self._button.setMinimumWidth(60)
        self._button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._button.clicked.connect(self._browse)
        self._clear = QToolButton(self)
        self._clear.setAccessibleName(f"Clear the {name.lower()}")
        self._clear.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._clear.clicked.connect(lambda: self.set_folder(""))
        icons.dress(self._clear, "close")
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        row.addWidget(self._button, 1)
        row.addWidget(self._clear)
        self.set_folder("")

    def folder(self) -> str:
        return self._folder

    def set_folder(self, folder: str) -> None:
        self._folder = folder
        self._clear.setVisible(bool(folder))
        self._button.setToolTip(folder or self._hint)
        self._button.setAccessibleName(f"{self._name}: {folder or 'nothing chosen'}")
        self._elide()
        self.update()
        self.changed.emit()

    def tab_chain(self) -> tuple[QWidget, ...]:
        """Its controls in the order of Tab."""
        return (self._button, self._clear)

    def _elide(self) -> None:
        path = Path(self._folder)
        words = f"{path.parent.name}/{path.name}" if self._folder else self._hint
        room = max(80, self.width() - (70 if self._folder else 30))
        metrics = self._button.fontMetrics()
        text = metrics.elidedText(words.lstrip("/"), Qt.TextElideMode.ElideLeft, room)
        self._button.setText(text.replace("&", "&&"))

    def _browse(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self._name, self._folder)
        if folder:
            self.set_folder(folder)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._elide()

    def takes(self, data: QMimeData) -> bool:
        return bool(dropped_folder(data))

    def take(self, data: QMimeData) -> None:
        self.set_folder(dropped_folder(data))

    def is_filled(self) -> bool:
        return bool(self._folder)
