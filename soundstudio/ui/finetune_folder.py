"""First step of the Fine-tune place: the folder of clips, and how far looking at it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from soundstudio.ui.drop_frame import DropFrame
from soundstudio.ui.scrolling import scrolling
from soundstudio.ui.thin_bar import ThinBar

if TYPE_CHECKING:
    from PySide6.QtCore import QMimeData
    from PySide6.QtGui import QResizeEvent

    from soundstudio.ui.icons import Icons
    from soundstudio.ui.theme import Theme

WIDTH_PX = 720
ADVICE = (
    ("How many?", "Twenty clips are a start, a few hundred are good. Of fewer the model makes "
     "copies rather than more of their kind."),
    ("Which?", "Clips of one kind, such as your doors or your creatures, a few seconds each. "
     "Longer ones are cut into segments."),
    ("In which format?", "WAV, FLAC, AIFF, Ogg or MP3 at any rate, in folders as deep as you like. "
     "Your files are only read, never changed."),
    ("Do they need descriptions?", "It helps. Tables (CSV, JSON), text files beside the clips, "
     "descriptions in the files and speaking names are all found; you can edit them in step 3."),
)  # fmt: skip


class _Target(DropFrame):
    """signals: dropped(Path)."""

    dropped = Signal(object)

    def __init__(self, theme: Theme, icons: Icons, parent: QWidget) -> None:
        super().__init__(theme, parent)
        self.folder: Path | None = None
        self.choose = QPushButton("Choose a folder…", self)
        icons.dress(self.choose, "folder")
        self._name = QLabel(self)
        self._name.setObjectName("heading")
        self._where = QLabel(self)
        self._where.setObjectName("muted")
        for label in (self._name, self._where):
            label.setTextFormat(Qt.TextFormat.PlainText)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._name)
        words.addWidget(self._where)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 14, 16, 14)
        row.addLayout(words, 1)
        row.addWidget(self.choose)
        self.setMinimumHeight(64)
        self.show_folder(None)

    def show_folder(self, folder: Path | None) -> None:
        self.folder = folder
        self._show_words()
        self.choose.setText("Choose another…" if folder else "Choose a folder…")
        self.choose.setAccessibleName("Choose the folder of clips")
        self.update()

    def words(self) -> str:
        return f"{self._name.text()} {self._where.toolTip()}"

    def _show_words(self) -> None:
        folder = self.folder
        room = max(120, self.width() - 240)
        name = folder.name or str(folder) if folder else "Drop a folder of sounds here"
        where = str(folder.parent) if folder else "or choose one"
        for label, text in ((self._name, name), (self._where, where)):
            shown = text.encode("utf-8", "replace").decode()
            metrics = label.fontMetrics()
            label.setText(metrics.elidedText(shown, Qt.TextElideMode.ElideMiddle, room))
            label.setToolTip(shown if folder else "")

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._show_words()

    def takes(self, data: QMimeData) -> bool:
        return dropped_folder(data) is not None

    def take(self, data: QMimeData) -> None:
        self.dropped.emit(dropped_folder(data))

    def is_filled(self) -> bool:
        return self.folder is not None


def dropped_folder(data: QMimeData) -> Path | None:
    """The one folder that a drag carries."""
    local = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    return local[0] if len(local) == 1 and local[0].is_dir() else None


class FinetuneFolder(QWidget):
    """signals: folder_chosen(Path). cancel_requested(). again_requested(): look once more."""

    folder_chosen = Signal(object)
    cancel_requested = Signal()
    again_requested = Signal()

    def __init__(self, theme: Theme, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._target = _Target(theme, icons, self)
        self._target.choose.clicked.connect(self.browse)
        self._target.dropped.connect(self.folder_chosen)
        self._words = QLabel(self, wordWrap=True)
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._bar = ThinBar(theme, self)
        self._cancel = QPushButton("Cancel", self)
        self._cancel.setAccessibleName("Stop looking at the clips")
        self._cancel.clicked.connect(self.cancel_requested)
        self._again = QPushButton("Look again", self)
        self._again.setToolTip("After you added, mended or removed files in the folder")
        self._again.setAccessibleName("Look at the folder again")
        self._again.clicked.connect(self.again_requested)
        icons.dress(self._again, "again")
        self._lay_out()
        self.show_idle("")

    def _lay_out(self) -> None:
        title = QLabel("Teach the model your own sounds", self)
        title.setObjectName("heading")
        font = title.font()
        font.setPointSizeF(font.pointSizeF() * 1.4)
        title.setFont(font)
        lead = QLabel(
            "Fine-tuning shows the model your clips again and again until it makes more of that "
            "kind. It takes a folder, a few questions with good answers already given, and time "
            "in which the computer works alone.",
            self,
            wordWrap=True,
        )
        state = QHBoxLayout()
        words = QVBoxLayout()
        words.setSpacing(5)
        words.addWidget(self._words)
        words.addWidget(self._bar)
        state.addLayout(words, 1)
        state.addWidget(self._cancel)
        state.addWidget(self._again)
        inner = QWidget(self)
        inner.setMaximumWidth(WIDTH_PX)
        column = QVBoxLayout(inner)
        column.setContentsMargins(20, 14, 20, 10)
        column.setSpacing(8)
        column.addWidget(title)
        column.addWidget(lead)
        column.addSpacing(4)
        column.addWidget(self._target)
        column.addLayout(state)
        column.addSpacing(6)
        for question, answer in ADVICE:
            line = QLabel(f"<b>{question}</b> {answer}", inner, wordWrap=True)
            line.setObjectName("muted")
            column.addWidget(line)
        column.addStretch(1)
        wide = QWidget(self)
        row = QHBoxLayout(wide)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(inner, 20)
        row.addStretch(1)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.addWidget(scrolling(wide, self))

    def show_folder(self, folder: Path | None) -> None:
        self._target.show_folder(folder)

    def show_progress(self, done: int, total: int) -> None:
        """Files looked at, of all; a total of 0: they are being counted."""
        words = f"Looking at sound {done:,} of {total:,}" if total else "Counting the sounds…"
        self._words.setText(words)
        self._bar.set_fraction(done / total if total else 0.0)
        self._bar.show()
        self._cancel.show()
        self._again.hide()

    def show_idle(self, words: str) -> None:
        """Nothing is looked at now; `words` say what was found."""
        self._words.setText(words)
        self._bar.hide()
        self._cancel.hide()
        self._again.setVisible(self._target.folder is not None)

    def words(self) -> str:
        """What stands under the folder."""
        return self._words.text()

    def focus(self) -> None:
        self._target.choose.setFocus()

    def browse(self) -> None:
        """Ask for a folder."""
        start = str(self._target.folder or "")
        folder = QFileDialog.getExistingDirectory(self, "The folder of your clips", start)
        if folder:
            self.folder_chosen.emit(Path(folder))
