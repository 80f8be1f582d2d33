"""The models page: what is there and what can be had, and what can be done with each."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from soundstudio.core.transfer_rate import size_words
from soundstudio.ui.banner import Banner
from soundstudio.ui.elided_label import ElidedLabel
from soundstudio.ui.model_words import (
    KIND_WORDS,
    capability_cell,
    details,
    memory_cell,
    size_cell,
    state_cell,
)
from soundstudio.ui.thin_bar import ThinBar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from soundstudio.core.model_shelf import ShelfRow
    from soundstudio.jobs.model_runner import ModelState
    from soundstudio.ui.icons import Icons
    from soundstudio.ui.theme import Theme

HEAD: Final = ("Name", "What it is", "Licence", "Size", "Memory (16 / 32 bit)", "Can do", "State")
STATE_COLUMN: Final = 6
ROW_PX: Final = 30
_BUSY_WORDS: Final = {
    "download": "Downloading",
    "import": "Importing",
    "verify": "Checking",
    "remove": "Removing",
}


class ModelsDialog(QDialog):
    """signals, each with a ShelfRow: download_requested, stop_requested, verify_requested,
    remove_requested.
    import_folder_requested(), import_file_requested(), folder_change_requested(): ask for a path.
    current_stop_requested(): stop what is under way.
    """

    download_requested = Signal(object)
    stop_requested = Signal(object)
    verify_requested = Signal(object)
    remove_requested = Signal(object)
    import_folder_requested = Signal()
    import_file_requested = Signal()
    folder_change_requested = Signal()
    current_stop_requested = Signal()

    def __init__(self, theme: Theme, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Models")
        self._rows: tuple[ShelfRow, ...] = ()
        self._state: ModelState | None = None
        self.banner = Banner(theme, icons, self, is_wide=True)
        self._build_head(icons)
        self._build_table()
        self._build_details(icons)
        self._build_progress(theme, icons)
        self._lay_out()
        self.resize(1040, 620)

    def _build_head(self, icons: Icons) -> None:
        self._folder = ElidedLabel(self)
        self._folder.setObjectName("muted")
        self.change = self._button("Change…", "Change the models folder", icons, "")
        self.change.clicked.connect(self.folder_change_requested)
        self.bring = QToolButton(self)
        self.bring.setText("Use files that I have")
        self.bring.setAccessibleName("Use files that I have")
        self.bring.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.bring.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.bring.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        icons.dress(self.bring, "folder")
        menu = QMenu(self.bring)
        menu.addAction("A model's folder…", self.import_folder_requested.emit)
        menu.addAction("An original checkpoint (.ckpt)…", self.import_file_requested.emit)
        self.bring.setMenu(menu)

    def _build_table(self) -> None:
        self.table = QTableWidget(0, len(HEAD), self)
        table = self.table
        table.setAccessibleName("Models and weights")
        table.setHorizontalHeaderLabels(list(HEAD))
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setTabKeyNavigation(False)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(ROW_PX)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(STATE_COLUMN, QHeaderView.ResizeMode.Fixed)
        header.resizeSection(STATE_COLUMN, 170)
        table.currentCellChanged.connect(lambda *_: self._show_current())

    def _build_details(self, icons: Icons) -> None:
        self._title = QLabel(self)
        self._title.setObjectName("heading")
        self._details = QLabel(self, wordWrap=True)
        self._details.setObjectName("muted")
        self._details.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._details.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._details.setMinimumHeight(84)
        self.download = self._button("Download…", "Download", icons, "open")
        self.download.setObjectName("primary")
        icons.dress(self.download, "open", "accent_text")
        self.pause = self._button("Pause", "Pause", icons, "stop")
        self.verify = self._button("Verify", "Verify the files", icons, "search")
        self.remove = self._button("Remove…", "Remove from the disk", icons, "trash")
        for button, signal in (
            (self.download, self.download_requested),
            (self.pause, self.stop_requested),
            (self.verify, self.verify_requested),
            (self.remove, self.remove_requested),
        ):
            button.clicked.connect(lambda _=False, s=signal: self._emit(s))

    def _build_progress(self, theme: Theme, icons: Icons) -> None:
        self._progress = QWidget(self)
        self._words = QLabel(self._progress)
        self._words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._bar = ThinBar(theme, self._progress)
        self.stop = QToolButton(self._progress)
        self.stop.setAccessibleName("Stop what is under way")
        self.stop.setToolTip("Stop; a download can be resumed")
        self.stop.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.stop.clicked.connect(self.current_stop_requested)
        icons.dress(self.stop, "close", "muted")
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addWidget(self._words)
        words.addWidget(self._bar)
        row = QHBoxLayout(self._progress)
        row.setContentsMargins(0, 0, 0, 0)
        row.addLayout(words, 1)
        row.addWidget(self.stop)
        self._progress.hide()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self._folder, 1)
        head.addWidget(self.change)
        head.addWidget(self.bring)
        buttons = QHBoxLayout()
        buttons.addWidget(self._title, 1)
        for button in (self.download, self.pause, self.verify, self.remove):
            buttons.addWidget(button)
        close = QPushButton("Close", self)
        close.setAccessibleName("Close the models page")
        close.setAutoDefault(False)
        close.clicked.connect(self.reject)
        foot = QHBoxLayout()
        foot.addWidget(self._progress, 1)
        foot.addStretch(0)
        foot.addWidget(close, alignment=Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 12)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.banner)
        column.addWidget(self.table, 1)
        column.addLayout(buttons)
        column.addWidget(self._details)
        column.addLayout(foot)
        chain = (
            self.table, self.download, self.pause, self.verify, self.remove, self.stop,
            self.change, self.bring, close,
        )  # fmt: skip
        for before, after in pairwise(chain):
            QWidget.setTabOrder(before, after)
        self.table.setFocus()

    def _button(self, text: str, name: str, icons: Icons, icon: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setAccessibleName(name)
        button.setAutoDefault(False)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if icon:
            icons.dress(button, icon)
        return button

    # what is shown

    def show_folder(self, folder: Path, free_bytes: int) -> None:
        """Where the models lie, and how much room is left there."""
        free = f"  ·  {size_words(free_bytes)} free" if free_bytes else ""
        self._folder.setText(f"In {folder}{free}")
        self._folder.setToolTip(str(folder))

    def show_rows(self, rows: Sequence[ShelfRow]) -> None:
        """Show the shelf; the row that was chosen stays chosen."""
        chosen = self.current_id()
        self._rows = tuple(rows)
        with QSignalBlocker(self.table):
            self.table.setRowCount(len(rows))
            for number, row in enumerate(rows):
                for column, text in enumerate(_cells(row)):
                    item = QTableWidgetItem(text)
                    item.setToolTip(text)
                    self.table.setItem(number, column, item)
        self.choose(chosen)
        self._show_states()

    def choose(self, id_: str) -> None:
        """Choose a row; the first one if there is none of that id."""
        ids = [row.id for row in self._rows]
        if ids:
            number = ids.index(id_) if id_ in ids else 0
            self.table.setCurrentCell(number, 0)
            self.table.scrollTo(self.table.currentIndex())
        self._show_current()

    def current(self) -> ShelfRow | None:
        number = self.table.currentRow()
        return self._rows[number] if 0 <= number < len(self._rows) else None

    def current_id(self) -> str:
        row = self.current()
        return row.id if row else ""

    def show_state(self, state: ModelState) -> None:
        """Show what is under way and what waits."""
        before, self._state = self._state, state
        self._progress.setVisible(state.is_busy)
        if state.task is not None:
            waiting = f"  ·  {len(state.waiting)} more after it" if state.waiting else ""
            doing = _BUSY_WORDS[state.task.action]
            words = "" if state.words.startswith(doing) else f"{doing} "
            self._words.setText(f"{words}{state.task.title}: {state.words}{waiting}")
        self._words.setToolTip(self._words.text())
        self._bar.set_fraction(state.fraction)
        self._bar.setAccessibleName(self._words.text())
        self.stop.setEnabled(state.phase != "stopping")
        self._show_states()
        if before is None or (before.task, before.waiting, before.phase) != (
            state.task,
            state.waiting,
            state.phase,
        ):
            self._show_buttons()

    def _show_states(self) -> None:
        for number, row in enumerate(self._rows):
            item = self.table.item(number, STATE_COLUMN)
            text = self._state_words(row)
            if item is not None and item.text() != text:
                item.setText(text)
                item.setToolTip(text)

    def _state_words(self, row: ShelfRow) -> str:
        state = self._state
        if state is None:
            return state_cell(row)
        if state.task is not None and state.task.operand == row.id:
            share = f" {state.fraction:.0%}" if state.fraction else "…"
            is_stopping = state.phase == "stopping"
            return "Stopping…" if is_stopping else f"{_BUSY_WORDS[state.task.action]}{share}"
        if any(task.operand == row.id for task in state.waiting):
            return "Waiting"
        return state_cell(row)

    def _show_current(self) -> None:
        row = self.current()
        self._title.setText(row.title if row else "")
        self._details.setText(details(row) if row else "")
        self._show_buttons()

    def _show_buttons(self) -> None:
        row, state = self.current(), self._state
        tasks = [] if state is None else [state.task, *state.waiting]
        is_busy = row is not None and any(t is not None and t.operand == row.id for t in tasks)
        can_have = row is not None and row.item is not None and not row.is_installed
        if row is not None:
            words = {"partial": "Resume", "fetched": "Import"}
            self.download.setText(words.get(row.state, "Download…"))
            self.download.setAccessibleName(f"{self.download.text().rstrip('…')} {row.title}")
        had_focus = any(b.hasFocus() for b in (self.download, self.pause, self.remove))
        self.download.setVisible(can_have and not is_busy)
        self.pause.setVisible(is_busy)
        self.pause.setEnabled(not (state is not None and state.phase == "stopping"))
        self.verify.setVisible(row is not None and row.is_installed and not is_busy)
        is_removable = row is not None and row.state != "absent" and row.kind != "bundled"
        self.remove.setVisible(is_removable and not is_busy)
        if had_focus and not self.isHidden():
            # The button that was pressed may be gone: the keyboard goes on from the list.
            shown = next((b for b in (self.pause, self.download) if b.isVisible()), self.table)
            shown.setFocus()

    def _emit(self, signal: object) -> None:
        row = self.current()
        if row is not None:
            self.banner.hide()
            signal.emit(row)  # type: ignore[attr-defined]


def _cells(row: ShelfRow) -> tuple[str, ...]:
    return (
        row.title,
        KIND_WORDS[row.kind],
        row.licence,
        size_cell(row),
        memory_cell(row),
        capability_cell(row),
        state_cell(row),
    )
