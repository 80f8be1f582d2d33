"""The sounds of a run by prompt and step; a click plays one, and beside it its nearest clip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from soundstudio.ui.audition_table import MOVING_KEYS
from soundstudio.ui.elided_label import ElidedLabel
from soundstudio.ui.finetune_sounds_model import ChosenSound, FinetuneSoundsModel, nearest_words
from soundstudio.ui.tool_button import tool_button

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from PySide6.QtGui import QKeyEvent, QMouseEvent

    from soundstudio.core.run_sounds import StepSounds
    from soundstudio.ui.icons import Icons
    from soundstudio.ui.theme import Theme

ROW_PX, COLUMN_PX, PROMPTS_PX = 28, 78, 210
PAUSE_MS = 80
_SIDEWAYS = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End)


class StepTable(QTableView):
    """signals:
    moved(bool): another cell is current; True if a key repeats, so nothing should play.
    pressed_on(): a cell was clicked, or chosen by Return or Space.
    """

    moved = Signal(bool)
    pressed_on = Signal()

    def __init__(self, model: FinetuneSoundsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_repeating = False
        self._is_pressing = False
        self.setModel(model)
        self.setAccessibleName("Sounds by prompt and step")
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectItems)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        # The space bar plays the cell; see MainWindow.
        self.setProperty("takesSpace", True)
        prompts, steps = self.verticalHeader(), self.horizontalHeader()
        prompts.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        prompts.setDefaultSectionSize(ROW_PX)
        prompts.setFixedWidth(PROMPTS_PX)
        prompts.setTextElideMode(Qt.TextElideMode.ElideRight)
        prompts.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        steps.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        steps.setDefaultSectionSize(COLUMN_PX)
        for header in (prompts, steps):
            header.setHighlightSections(False)
            header.setSectionsClickable(False)

    def currentChanged(
        self,
        current: QModelIndex | QPersistentModelIndex,
        previous: QModelIndex | QPersistentModelIndex,
    ) -> None:
        super().currentChanged(current, previous)
        if current.isValid() and not self._is_pressing:
            self.moved.emit(self._is_repeating)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.pressed_on.emit()
            return
        if event.key() in (*MOVING_KEYS, *_SIDEWAYS):
            self._is_repeating = event.isAutoRepeat()
        super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        super().keyReleaseEvent(event)
        if not event.isAutoRepeat() and self._is_repeating:
            self._is_repeating = False
            self.moved.emit(False)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._is_repeating = False
        self._is_pressing = True
        super().mousePressEvent(event)
        self._is_pressing = False
        is_left = event.button() == Qt.MouseButton.LeftButton
        if is_left and self.indexAt(event.position().toPoint()).isValid():
            self.pressed_on.emit()


class FinetuneSounds(QWidget):
    """signals:
    sound_chosen(ChosenSound, bool): True: play it now, False: it was moved to.
    nearest_chosen(ChosenSound): play the training clip that it is nearest to.
    """

    sound_chosen = Signal(object, bool)
    nearest_chosen = Signal(object)

    def __init__(self, theme: Theme, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_quiet = False
        self.model = FinetuneSoundsModel(theme, self)
        self.table = StepTable(self.model, self)
        self.table.moved.connect(self._on_moved)
        self.table.pressed_on.connect(self.play)
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self._on_pause)
        theme.changed.connect(lambda _: self.table.viewport().update())
        self._play = tool_button("Sound", "Play the sound (Space)", self)
        self._near = tool_button("Nearest training clip", "Play the training clip (N)", self)
        self._play.clicked.connect(self.play)
        self._near.clicked.connect(self.play_nearest)
        icons.dress(self._play, "play")
        icons.dress(self._near, "like")
        self._words = ElidedLabel(self)
        self._words.setObjectName("muted")
        bar = QHBoxLayout()
        bar.setSpacing(6)
        bar.addWidget(self._play)
        bar.addWidget(self._near)
        bar.addWidget(self._words, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(bar)
        column.addWidget(self.table, 1)
        self._show_current()

    def show_steps(self, steps: Sequence[StepSounds], best: int | None) -> None:
        """Show these sounds; the current cell stays, and a view at the end stays there."""
        kept = self.current()
        bar = self.table.horizontalScrollBar()
        was_at_end = bar.value() >= bar.maximum()
        self.model.show_steps(steps, best)
        if kept is not None and self.current() is None:
            self._select(kept.sound.file, kept.step)
        if was_at_end and self.model.columnCount():
            self.table.updateGeometries()
            bar.setValue(bar.maximum())
        self._show_current()

    def _select(self, file: str, step: int) -> None:
        """Make a cell current again, and play nothing."""
        column = self.model.column_of(step)
        for row in range(self.model.rowCount() if column is not None else 0):
            found = self.model.chosen_at(row, column or 0)
            if found is not None and found.sound.file == file:
                self.table.setCurrentIndex(self.model.index(row, column or 0))
                self._pause.stop()

    def current(self) -> ChosenSound | None:
        index = self.table.currentIndex()
        return self.model.chosen_at(index.row(), index.column()) if index.isValid() else None

    def set_playing(self, path: Path | None) -> None:
        """Which sound plays; its cell lights up."""
        if path != self.model.playing:
            self.model.playing = path
            self.table.viewport().update()

    def play(self) -> None:
        self._pause.stop()
        self._show_current()
        if (chosen := self.current()) is not None:
            self.sound_chosen.emit(chosen, True)

    def play_nearest(self) -> None:
        """Play the training clip that the current sound is nearest to."""
        chosen = self.current()
        if chosen is not None and chosen.sound.nearest:
            self.nearest_chosen.emit(chosen)

    def _on_moved(self, is_repeating: bool) -> None:
        self._is_quiet = is_repeating
        self._show_current()
        self._pause.start()

    def _on_pause(self) -> None:
        if (chosen := self.current()) is not None and not self._is_quiet:
            self.sound_chosen.emit(chosen, False)

    def _show_current(self) -> None:
        chosen = self.current()
        self._play.setEnabled(chosen is not None)
        self._near.setEnabled(bool(chosen and chosen.sound.nearest))
        words = "Choose a cell to hear it."
        if not self.model.rowCount():
            words = "Sounds appear with the first validation."
        elif chosen is not None:
            words = f"{chosen.title}. {nearest_words(chosen.sound)}"
        self._words.setText(words)
        self._words.setToolTip(words)
