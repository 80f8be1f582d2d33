"""Third step of the Fine-tune place: what is heard in each clip, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelectionModel, QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from soundstudio.ui.elided_label import ElidedLabel
from soundstudio.ui.finetune_caption_tools import CaptionTools
from soundstudio.ui.finetune_captions_model import (
    FILTERS,
    SOURCE_WORDS,
    CaptionColumn,
    CaptionsModel,
)
from soundstudio.ui.found_table import FoundTable

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtGui import QKeyEvent, QMouseEvent, QResizeEvent

    from soundstudio.dataset.captions import CaptionTable
    from soundstudio.jobs.clip_reading import ReadClips
    from soundstudio.ui.flat_table_model import Index
    from soundstudio.ui.icons import Icons
    from soundstudio.ui.theme import Theme

SEARCH_PAUSE_MS = 150
SIDE_PX = 270
USED_PX = 44
CLIP_PX = 230
# Narrower, other captions are seen at the side only, and a clip's name gives some of its room.
NARROW_PX = 760


class _NameDelegate(QStyledItemDelegate):
    """Of a path the beginning and the end tell most."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        option.textElideMode = Qt.TextElideMode.ElideMiddle


class CaptionList(FoundTable):
    """Return edits the caption, as a double click does.

    signals: tick_pressed(int): a click on the tick of a row, which selects and plays nothing.
    leave_out_requested(): of the selected rows, by Del.
    """

    tick_pressed = Signal(int)
    leave_out_requested = Signal()

    def __init__(self, model: CaptionsModel, parent: QWidget | None = None) -> None:
        super().__init__(model, "Clips and their captions", parent)
        triggers = QAbstractItemView.EditTrigger
        self.setEditTriggers(triggers.DoubleClicked | triggers.EditKeyPressed)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setItemDelegateForColumn(CaptionColumn.CLIP, _NameDelegate(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        header = self.horizontalHeader()
        for column in (CaptionColumn.CAPTION, CaptionColumn.OTHERS):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        self.setColumnWidth(CaptionColumn.USED, USED_PX)
        self.setColumnWidth(CaptionColumn.SOURCE, 110)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The captions come first where there is little room."""
        super().resizeEvent(event)
        is_narrow = event.size().width() < NARROW_PX
        self.setColumnHidden(CaptionColumn.OTHERS, is_narrow)
        self.setColumnWidth(CaptionColumn.CLIP, CLIP_PX * 4 // 5 if is_narrow else CLIP_PX)

    def edit_current(self) -> None:
        index = self.currentIndex().siblingAtColumn(CaptionColumn.CAPTION)
        if index.isValid():
            flags = QItemSelectionModel.SelectionFlag.NoUpdate
            self.selectionModel().setCurrentIndex(index, flags)
            self.edit(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        is_editing = self.state() == QAbstractItemView.State.EditingState
        keys = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2)
        if event.key() in keys and not is_editing and not event.modifiers():
            self.edit_current()
            return
        if event.key() == Qt.Key.Key_Delete and not is_editing:
            self.leave_out_requested.emit()
            return
        super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        row = self._tick_at(event)
        if row < 0:
            super().mousePressEvent(event)
            return
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self.tick_pressed.emit(row)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Two quick clicks on a tick are two."""
        row = self._tick_at(event)
        if row < 0:
            super().mouseDoubleClickEvent(event)
        else:
            self.tick_pressed.emit(row)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        # Qt would turn the tick by itself, of this row alone.
        if self._tick_at(event) < 0:
            super().mouseReleaseEvent(event)

    def _tick_at(self, event: QMouseEvent) -> int:
        """The row whose tick is under the mouse, -1 for none or with a key held down."""
        index = self.indexAt(event.position().toPoint())
        is_plain = event.button() == Qt.MouseButton.LeftButton and not event.modifiers()
        return index.row() if is_plain and index.column() == CaptionColumn.USED else -1


class FinetuneCaptions(QWidget):
    """signals:
    sound_chosen(Path, bool): True: play it now.
    left_out_set(list[Path], bool): True: leave these out.
    captions_set(list[Path], str). source_set(list[Path], str). replaced(list[Path], str, str).
    template_changed(str). undo_requested(). export_requested(). table_requested(): a CSV to read.
    """

    sound_chosen = Signal(object, bool)
    captions_set = Signal(list, str)
    left_out_set = Signal(list, bool)
    source_set = Signal(list, str)
    replaced = Signal(list, str, str)
    template_changed = Signal(str)
    undo_requested = Signal()
    export_requested = Signal()
    table_requested = Signal()

    def __init__(self, theme: Theme, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = CaptionsModel(theme, self)
        self.table = CaptionList(self.model, self)
        self.tools = CaptionTools(self)
        self.filter = QComboBox(self)
        self.filter.setAccessibleName("Which clips are shown")
        for title, kind in FILTERS:
            self.filter.addItem(title, kind)
        self.search = QLineEdit(self)
        self.search.setPlaceholderText("Search names and captions")
        self.search.setAccessibleName("Search names and captions")
        self.search.setClearButtonEnabled(True)
        self._count = QLabel(self)
        self._count.setObjectName("muted")
        self.undo = _button("Undo", "Undo the last change of captions", self)
        self.undo.setEnabled(False)
        self._read_table = _button("Read a CSV…", "Read captions from a table: columns file and "
                                   "caption", self)  # fmt: skip
        self._export = _button("Export CSV…", "Write clips and captions as a table", self)
        for button, icon in ((self.undo, "restore"), (self._read_table, "open"),
                             (self._export, "export")):  # fmt: skip
            icons.dress(button, icon)
        self._note = ElidedLabel(self)
        self._note.setObjectName("warning")
        self._side_title = ElidedLabel(self)
        self._side_title.setObjectName("heading")
        self.candidates = QListWidget(self)
        self.candidates.setAccessibleName("Captions that were found for this clip")
        self.candidates.setObjectName("picks")
        self.candidates.setWordWrap(True)
        self.leave_out = QPushButton("Leave out", self)
        self.leave_out.setAccessibleName("Leave out")
        self.leave_out.setToolTip("Captions stay; Undo brings the clips back (Del)")
        self._pause = QTimer(self, singleShot=True, interval=SEARCH_PAUSE_MS)
        self._connect()
        self._lay_out()

    def _connect(self) -> None:
        self._pause.timeout.connect(self._filter)
        self.search.textChanged.connect(lambda _: self._pause.start())
        self.filter.currentIndexChanged.connect(lambda _: self._filter())
        self.table.sound_chosen.connect(self.sound_chosen)
        self.table.current_changed.connect(lambda _: self._show_side())
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._show_scope())
        self.model.caption_edited.connect(lambda path, text: self.captions_set.emit([path], text))
        self.model.ticked.connect(lambda path, used: self.left_out_set.emit([path], not used))
        self.table.tick_pressed.connect(self._on_tick)
        self.table.leave_out_requested.connect(self._on_leave_out)
        self.leave_out.clicked.connect(self._on_leave_out)
        self.candidates.itemClicked.connect(self._on_candidate)
        self.candidates.itemActivated.connect(self._on_candidate)
        self.undo.clicked.connect(self.undo_requested)
        self._export.clicked.connect(self.export_requested)
        self._read_table.clicked.connect(self.table_requested)
        tools = self.tools
        tools.search_changed.connect(self._show_scope)
        tools.template_changed.connect(self.template_changed)
        tools.caption_requested.connect(lambda text: self.captions_set.emit(self.scope(), text))
        tools.source_requested.connect(lambda source: self.source_set.emit(self.scope(), source))
        tools.replace_requested.connect(
            lambda search, text: self.replaced.emit(self.scope(), search, text)
        )

    def _lay_out(self) -> None:
        bar = QHBoxLayout()
        bar.setSpacing(6)
        bar.addWidget(self.filter)
        self.search.setMaximumWidth(260)
        bar.addWidget(self.search, 1)
        bar.addWidget(self._count)
        bar.addStretch(1)
        for button in (self.undo, self._read_table, self._export):
            bar.addWidget(button)
        side = QVBoxLayout()
        side.setSpacing(4)
        side.addWidget(self._side_title)
        hint = QLabel("Captions found, best first. Click one to use it.", self, wordWrap=True)
        hint.setObjectName("muted")
        side.addWidget(hint)
        side.addWidget(self.candidates, 1)
        side.addWidget(self.leave_out)
        holder = QWidget(self)
        holder.setFixedWidth(SIDE_PX)
        side.setContentsMargins(0, 0, 0, 0)
        holder.setLayout(side)
        middle = QHBoxLayout()
        middle.setSpacing(10)
        middle.addWidget(self.table, 1)
        middle.addWidget(holder)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 8, 14, 4)
        column.setSpacing(6)
        column.addLayout(bar)
        column.addLayout(middle, 1)
        column.addWidget(self._note)
        column.addWidget(self.tools)

    def show_clips(self, read: ReadClips) -> None:
        """Show the captions as they are chosen now."""
        self.model.show_table(read.table, read.names)
        self.tools.show_sources(read.numbers.sources)
        if self.table.current_row() < 0 and self.model.rowCount():
            self.table.move_quietly(0)
        self.tools.show_template(read.dataset.options.template)
        kinds = ("same captions", "no caption")
        said = [f.sentence for f in read.dataset.findings if f.kind == kinds[0]]
        bare = read.numbers.bare
        if bare:
            what = "One clip has" if bare == 1 else f"{bare:,} clips have"
            said.append(
                f"{what} no caption: the model learns the sound, but not what it is called."
            )
        self._note.setText("  ".join(said))
        self._note.setVisible(bool(said))
        self._show_side()
        self._show_scope()

    def show_captions(self, table: CaptionTable, can_undo: bool) -> None:
        """Captions were changed; what follows from it for the dataset is told later."""
        self.model.show_table(table)
        self._show_scope()
        self.undo.setEnabled(can_undo)
        self._show_side()

    def scope(self) -> list[Path]:
        """What a bulk edit changes: the selected clips if they are several, else all shown."""
        shown, selected = self.model.shown_paths(), self._selected()
        return [shown[row] for row in selected] if len(selected) > 1 else shown

    def focus(self) -> None:
        self.table.setFocus()

    def note(self) -> str:
        return "" if self._note.isHidden() else self._note.text()

    def _selected(self) -> list[int]:
        """The selected rows, by ranges: an index for each of 10,000 takes long."""
        ranges = self.table.selectionModel().selection().toList()
        return sorted({row for part in ranges for row in range(part.top(), part.bottom() + 1)})

    def _on_tick(self, row: int) -> None:
        """Of one of several selected rows: all of them follow."""
        selected = self._selected()
        rows = selected if row in selected else [row]
        is_left_out = not self.model.are_left_out([row])[0]
        self._leave_out(rows, is_left_out)

    def _on_leave_out(self) -> None:
        """The selected clips out, or in again if all of them are out."""
        rows = self._selected()
        if rows:
            self._leave_out(rows, not all(self.model.are_left_out(rows)))

    def _leave_out(self, rows: list[int], is_left_out: bool) -> None:
        shown = self.model.shown_paths()
        self.left_out_set.emit([shown[row] for row in rows], is_left_out)

    def _filter(self) -> None:
        kept = self.table.current_path()
        self.model.show_only(str(self.filter.currentData()), self.search.text().strip())
        paths = self.model.shown_paths()
        if paths:
            self.table.move_quietly(paths.index(kept) if kept in paths else 0)
        self._show_side()
        self._show_scope()

    def _show_scope(self) -> None:
        total, selected = self.model.rowCount(), self._selected()
        rows = selected if len(selected) > 1 else range(total)
        search = self.tools.search()
        matching = sum(search in text for text in self.model.captions(rows)) if search else 0
        self.tools.show_scope(len(rows), matching)
        self._show_leave_out(selected)
        words = f"{total:,} clip" if total == 1 else f"{total:,} clips"
        if left_out := sum(self.model.are_left_out(range(total))):
            words = f"{words}, {left_out:,} left out"
        self._count.setText(
            f"{len(selected):,} of {words} selected" if len(selected) > 1 else words
        )

    def _show_leave_out(self, selected: list[int]) -> None:
        """What the button does to the selected rows."""
        are_out = bool(selected) and all(self.model.are_left_out(selected))
        several = len(selected) > 1
        what = f"these {len(selected):,} clips" if several else "this clip"
        text = f"Use {what} again" if are_out else f"Leave {what} out"
        self.leave_out.setText(text)
        self.leave_out.setAccessibleName(text)
        self.leave_out.setEnabled(bool(selected))

    def _show_side(self) -> None:
        row = self.model.row_at(self.table.current_row())
        self.candidates.clear()
        self._side_title.setText(row.path.name.encode("utf-8", "replace").decode() if row else "")
        self.tools.show_caption(row.caption if row else "")
        if row is None:
            return
        for candidate in row.candidates:
            words = f"{candidate.text}\nfrom {SOURCE_WORDS[candidate.source]}"
            item = QListWidgetItem(words, self.candidates)
            item.setData(Qt.ItemDataRole.UserRole, (candidate.source, candidate.text))
            if (candidate.source, candidate.text) == (row.source, row.caption):
                self.candidates.setCurrentItem(item)
        if not row.candidates:
            item = QListWidgetItem("Nothing was found: write a caption.", self.candidates)
            item.setFlags(Qt.ItemFlag.NoItemFlags)

    def _on_candidate(self, item: QListWidgetItem) -> None:
        row = self.model.row_at(self.table.current_row())
        data = item.data(Qt.ItemDataRole.UserRole)
        if row is None or not data:
            return
        source, text = data
        firsts = {c.source: c.text for c in reversed(row.candidates)}
        # A second caption of the same table cannot be asked for by its source.
        if firsts.get(source) == text:
            self.source_set.emit([row.path], source)
        else:
            self.captions_set.emit([row.path], text)


def _button(text: str, tip: str, parent: QWidget) -> QToolButton:
    button = QToolButton(parent)
    button.setText(text)
    button.setToolTip(tip)
    button.setAccessibleName(text.rstrip("…"))
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setIconSize(QSize(16, 16))
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
