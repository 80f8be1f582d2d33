"""Whose CLAP hears: the starter model's, LAION's that was downloaded, or a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QFileDialog, QWidget

if TYPE_CHECKING:
    from collections.abc import Mapping

_OF_STARTER: Final = "The starter's"
_BROWSE: Final = "A file…"
_ASKS: Final = "?"
_PATTERN: Final = "CLAP (*.pt *.pth *.ckpt);;All files (*)"


class ClapChoice(QComboBox):
    """The last entry asks for a file. signals: changed(): another one was chosen."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(12)
        self.setAccessibleName("CLAP")
        self.setToolTip(
            "Hears for FAD and for the CLAP score. LAION's is what papers score with; the models "
            "page has it"
        )
        self._downloads: Mapping[str, str] = {}
        self._path = ""
        self._fill()
        self.activated.connect(self._on_activated)

    def path(self) -> str:
        """LAION's file, or "" for the starter model's."""
        return self._path

    def set_path(self, path: str) -> None:
        """Choose a file; "" for the starter model's."""
        self._path = path
        self._fill()

    def offer(self, downloads: Mapping[str, str]) -> None:
        """Offer what lies in the models folder: paths by their titles."""
        self._downloads = downloads
        self._fill()

    def _fill(self) -> None:
        entries = {_OF_STARTER: "", **self._downloads}
        if self._path not in entries.values():
            entries[Path(self._path).name] = self._path
        self.clear()
        for title, path in {**entries, _BROWSE: _ASKS}.items():
            self.addItem(title, path)
        self.setCurrentIndex(self.findData(self._path))

    def _on_activated(self, row: int) -> None:
        chosen = str(self.itemData(row))
        if chosen == _ASKS:
            start = str(Path(self._path).parent) if self._path else ""
            chosen, _ = QFileDialog.getOpenFileName(self, "LAION's CLAP", start, _PATTERN)
            chosen = chosen or self._path
        is_other = chosen != self._path
        self.set_path(chosen)
        if is_other:
            self.changed.emit()
