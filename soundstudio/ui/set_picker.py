"""One set of a scoring: a folder, files, clips of the library, or sounds of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from soundstudio.audio.files import SOUND_SUFFIXES
from soundstudio.core.score_requests import SetChoice
from soundstudio.ui.drop_frame import DropFrame
from soundstudio.ui.like_target import sound_files
from soundstudio.ui.run_menu import RunMenu

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtCore import QMimeData
    from PySide6.QtGui import QResizeEvent

    from soundstudio.jobs.folder_facts import FolderFacts
    from soundstudio.ui.icons import Icons
    from soundstudio.ui.theme import Theme


def choice_of_files(files: Sequence[Path]) -> SetChoice:
    """A set of files, named after their folder."""
    where = files[0].parent.name if files else ""
    count = "1 file" if len(files) == 1 else f"{len(files):,} files"
    return SetChoice(f"{where}, {count}" if where else count, files=tuple(map(str, files)))


def choice_of_folder(folder: Path) -> SetChoice:
    return SetChoice(folder.name or str(folder), folder=str(folder))


def dropped_choice(data: QMimeData) -> SetChoice | None:
    """The folder or the sound files that a drag carries."""
    if data.hasUrls():
        local = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
        if len(local) == 1 and local[0].is_dir():
            return choice_of_folder(local[0])
    files = sound_files(data)
    return choice_of_files(files) if files else None


class SetPicker(DropFrame):
    """signals:
    changed(): another set; ask `choice()`.
    folder_chosen(str): look what lies in it, and tell `show_facts`.
    library_requested(str): "selection" or "result" of the library shall be the set.
    """

    changed = Signal()
    folder_chosen = Signal(str)
    library_requested = Signal(str)

    def __init__(
        self, name: str, hint: str, theme: Theme, icons: Icons, parent: QWidget | None = None
    ) -> None:
        super().__init__(theme, parent)
        self._hint = hint
        self._name = name
        self._choice: SetChoice | None = None
        self._button = QPushButton(self)
        self._button.setObjectName("link")
        self._button.setMinimumWidth(60)
        self._button.setMenu(self._menu())
        self._clear = QToolButton(self)
        self._clear.setAccessibleName(f"Clear the {name.lower()}")
        self._clear.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._clear.clicked.connect(lambda: self.set_choice(None))
        icons.dress(self._clear, "close")
        self._facts = QLabel(self)
        self._facts.setObjectName("muted")
        self._facts.setIndent(5)
        self._fold = QComboBox(self)
        self._fold.setAccessibleName(f"Fold of the {name.lower()}")
        self._fold.currentIndexChanged.connect(lambda _: self.changed.emit())
        top = QHBoxLayout()
        top.addWidget(self._button, 1)
        top.addWidget(self._clear)
        bottom = QHBoxLayout()
        bottom.addWidget(self._facts, 1)
        bottom.addWidget(self._fold)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 5, 8, 5)
        column.setSpacing(2)
        column.addLayout(top)
        column.addLayout(bottom)
        self._show_state()

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        menu.addAction("Folder…", self._browse_folder)
        menu.addAction("Files…", self._browse_files)
        menu.addSeparator()
        self._selection = menu.addAction(
            "Selected clips of the library", lambda: self.library_requested.emit("selection")
        )
        self._result = menu.addAction(
            "All clips that the library shows", lambda: self.library_requested.emit("result")
        )
        self.runs = RunMenu(menu)
        self.runs.chosen.connect(self.set_choice)
        menu.addMenu(self.runs)
        return menu

    def menu(self) -> QMenu:
        return self._button.menu()

    def set_library_counts(self, selected: int, found: int) -> None:
        """How many clips the library offers now; what it has none of is grey."""
        self._selection.setText(f"Selected clips of the library ({selected:,})")
        self._selection.setEnabled(selected > 0)
        self._result.setText(f"All clips that the library shows ({found:,})")
        self._result.setEnabled(found > 0)

    def choice(self) -> SetChoice | None:
        """The set, with its fold, or None."""
        if self._choice is None or not self.fold():
            return self._choice
        return SetChoice(
            f"{self._choice.title}, fold {self.fold()}",
            folder=self._choice.folder,
            fold=self.fold(),
        )

    def fold(self) -> str:
        """The chosen fold of a dataset, "" for all of it or for anything else."""
        return str(self._fold.currentData() or "") if not self._fold.isHidden() else ""

    def set_choice(self, choice: SetChoice | None) -> None:
        self._choice = choice
        self._fold.blockSignals(True)
        self._fold.clear()
        self._fold.blockSignals(False)
        self._show_state()
        if choice is not None and choice.folder:
            self.folder_chosen.emit(choice.folder)
        self.changed.emit()

    def show_facts(self, folder: str, facts: FolderFacts) -> None:
        """What lies in the folder; an answer about another one is passed over."""
        if self._choice is None or self._choice.folder != folder:
            return
        self._say(facts.sounds)
        if facts.folds:
            self._fold.blockSignals(True)
            self._fold.clear()
            self._fold.addItem("All folds", "")
            for fold in facts.folds:
                self._fold.addItem(f"Fold {fold}", fold)
            self._fold.blockSignals(False)
        self._fold.setVisible(bool(facts.folds))

    def tab_chain(self) -> tuple[QWidget, ...]:
        """Its controls in the order of Tab."""
        return (self._button, self._clear, self._fold)

    def words(self) -> str:
        """What stands in the picker."""
        return f"{self._button.toolTip()} {self._facts.text()}".strip()

    def _show_state(self) -> None:
        choice = self._choice
        self._fold.hide()
        self._clear.setVisible(choice is not None)
        self._facts.setVisible(choice is not None)
        self._facts.setText("Looking…" if choice is not None and choice.folder else "")
        self._facts.setObjectName("muted")
        if choice is not None and choice.files:
            self._say(len(choice.files))
        self._button.setToolTip((choice.folder or choice.title) if choice else self._hint)
        shown = choice.title if choice else "nothing chosen"
        self._button.setAccessibleName(f"{self._name}: {shown}")
        self._elide()
        self.update()

    def _say(self, sounds: int) -> None:
        self._facts.setText("1 sound" if sounds == 1 else f"{sounds:,} sounds")
        name = "muted" if sounds else "warning"
        if not sounds:
            self._facts.setText("No sounds in it")
        self._facts.setObjectName(name)
        self._facts.style().unpolish(self._facts)
        self._facts.style().polish(self._facts)

    def _elide(self) -> None:
        words = self._choice.title if self._choice else self._hint
        room = max(80, self.width() - (84 if self._choice else 50))
        metrics = self._button.fontMetrics()
        text = metrics.elidedText(words, Qt.TextElideMode.ElideMiddle, room)
        self._button.setText(text.replace("&", "&&"))

    def _browse_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self._name, self._start())
        if folder:
            self.set_choice(choice_of_folder(Path(folder)))

    def _browse_files(self) -> None:
        pattern = " ".join(f"*{suffix}" for suffix in sorted(SOUND_SUFFIXES))
        names, _ = QFileDialog.getOpenFileNames(
            self, self._name, self._start(), f"Sounds ({pattern})"
        )
        if names:
            self.set_choice(choice_of_files([Path(name) for name in names]))

    def _start(self) -> str:
        return self._choice.folder if self._choice else ""

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._elide()

    def takes(self, data: QMimeData) -> bool:
        return dropped_choice(data) is not None

    def take(self, data: QMimeData) -> None:
        self.set_choice(dropped_choice(data))

    def is_filled(self) -> bool:
        return self._choice is not None
