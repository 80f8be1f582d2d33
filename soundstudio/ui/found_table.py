"""A list of clips of a folder: moving in it auditions, a second click plays again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from PySide6.QtCore import Qt, QTimer, Signal

from soundstudio.ui.audition_table import AuditionTable

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtCore import QAbstractItemModel
    from PySide6.QtGui import QFocusEvent, QMouseEvent
    from PySide6.QtWidgets import QWidget

ROW_PX = 26
PAUSE_MS = 80


class HasPaths(Protocol):
    """A model that knows which file a row is about."""

    def path_at(self, row: int) -> Path | None: ...


class FoundTable(AuditionTable):
    """signals: sound_chosen(Path, bool): True: play it now, False: it was moved to."""

    sound_chosen = Signal(object, bool)

    def __init__(self, model: QAbstractItemModel, name: str, parent: QWidget | None = None) -> None:
        super().__init__(model, ROW_PX, parent)
        self.setAccessibleName(name)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self._is_quiet = False
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self._on_pause)
        self.current_changed.connect(self._on_current)

    def current_path(self) -> Path | None:
        """The file of the current row."""
        return cast("HasPaths", self.model()).path_at(self.current_row())

    def play_current(self) -> None:
        self._pause.stop()
        if (path := self.current_path()) is not None:
            self.sound_chosen.emit(path, True)

    def move_quietly(self, row: int) -> None:
        """Make a row current without playing it."""
        self.select_row(row)
        self._pause.stop()

    def _on_current(self, is_repeating: bool) -> None:
        self._is_quiet = is_repeating
        # A list that is filled or filtered moves its current row, too: that is no wish to hear it.
        if self.hasFocus():
            self._pause.start()

    def _on_pause(self) -> None:
        if not self._is_quiet and (path := self.current_path()) is not None:
            self.sound_chosen.emit(path, False)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Qt makes the first row current if none is; coming here is no wish to hear it."""
        super().focusInEvent(event)
        self._pause.stop()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        row = self.indexAt(event.position().toPoint()).row()
        was_current = row >= 0 and row == self.current_row()
        super().mousePressEvent(event)
        if was_current and event.button() == Qt.MouseButton.LeftButton and not event.modifiers():
            self.play_current()
