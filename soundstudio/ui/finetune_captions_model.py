"""The captions of a folder's clips as rows: the chosen one can be edited, the others are seen."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor

from soundstudio.ui.flat_table_model import FlatTableModel, Index

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from soundstudio.dataset.captions import CaptionRow, CaptionTable
    from soundstudio.ui.theme import Theme


class CaptionColumn(IntEnum):
    """The columns from left to right."""

    USED = 0
    CLIP = 1
    CAPTION = 2
    SOURCE = 3
    OTHERS = 4


SOURCE_WORDS: Final = {
    "edited": "you",
    "table": "a table",
    "text file": "a text file",
    "embedded": "inside the file",
    "UCS name": "its UCS name",
    "folder name": "its folder",
    "file name": "its file name",
}
FILTERS: Final = (
    ("All clips", "all"),
    ("Without a caption", "bare"),
    ("Changed by you", "edited"),
    ("Caption of many", "common"),
    ("Left out by you", "left out"),
)


class CaptionsModel(FlatTableModel):
    """signals: caption_edited(Path, str): a cell was edited; the table to come has it.
    ticked(Path, bool): the clip shall be used, or not.
    """

    titles = ("Use", "Clip", "Caption", "From", "Others found, best first")
    caption_edited = Signal(object, str)
    ticked = Signal(object, bool)

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._table: CaptionTable | None = None
        self._names: tuple[str, ...] = ()
        self._shown: list[int] = []

    def show_table(self, table: CaptionTable, names: tuple[str, ...] = ()) -> None:
        """Show a table; an edited one of the same clips keeps the rows that a filter has chosen.

        names: of the clips as they are shown; those of before if there are none.
        """
        before, self._table = self._table, table
        self._names = names or self._names
        if before is not None and _are_same_clips(before, table):
            if self._shown:
                last = self.index(len(self._shown) - 1, len(CaptionColumn) - 1)
                self.dataChanged.emit(self.index(0, 0), last)
            return
        self.beginResetModel()
        self._shown = list(range(len(table.rows)))
        self.endResetModel()

    def show_only(self, kind: str, text: str) -> None:
        """Show the clips of one of `FILTERS` whose name or caption holds a text."""
        if self._table is None:
            return
        rows = self._table.rows
        wanted = text.casefold()
        common = self._table.most_common()[0]
        self.beginResetModel()
        self._shown = [
            number
            for number, row in enumerate(rows)
            if _is_of(row, kind, common)
            and (not wanted or wanted in f"{row.caption}\n{self._names[number]}".casefold())
        ]
        self.endResetModel()

    def row_at(self, row: int) -> CaptionRow | None:
        if self._table is None or not 0 <= row < len(self._shown):
            return None
        return self._table.rows[self._shown[row]]

    def path_at(self, row: int) -> Path | None:
        found = self.row_at(row)
        return found.path if found else None

    def captions(self, rows: Iterable[int]) -> list[str]:
        """The captions of these rows."""
        table = self._table
        return [table.rows[self._shown[row]].caption for row in rows] if table else []

    def are_left_out(self, rows: Iterable[int]) -> list[bool]:
        """Of these rows, whether they are left out of the dataset."""
        table = self._table
        return [table.rows[self._shown[row]].is_left_out for row in rows] if table else []

    def shown_paths(self) -> list[Path]:
        """The clips that the filter lets through."""
        return [self._table.rows[number].path for number in self._shown] if self._table else []

    # Qt's side

    def row_total(self) -> int:
        return len(self._shown)

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        if index.column() == CaptionColumn.CAPTION:
            flags |= Qt.ItemFlag.ItemIsEditable
        elif index.column() == CaptionColumn.USED:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.row_at(index.row())
        if row is None:
            return None
        column = CaptionColumn(index.column())
        if column is CaptionColumn.USED:
            return _tick(row, role)
        if role == Qt.ItemDataRole.EditRole:
            return row.caption
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(row, column, self._name(index.row()))
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join(f"{c.text} (from {SOURCE_WORDS[c.source]})" for c in row.candidates)
        if role == Qt.ItemDataRole.AccessibleTextRole and column is CaptionColumn.CLIP:
            left_out = ", left out" if row.is_left_out else ""
            return f"{self._name(index.row())}, {row.caption or 'no caption'}{left_out}"
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._colour(row, column)
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        row = self.row_at(index.row())
        if row is not None and role == Qt.ItemDataRole.CheckStateRole:
            self.ticked.emit(row.path, Qt.CheckState(value) == Qt.CheckState.Checked)
            return True
        if row is None or role != Qt.ItemDataRole.EditRole:
            return False
        text = str(value)
        if text != row.caption:
            self.caption_edited.emit(row.path, text)
        return True

    def _text(self, row: CaptionRow, column: CaptionColumn, name: str) -> str:
        if column is CaptionColumn.CLIP:
            return name
        if column is CaptionColumn.CAPTION:
            return row.caption or "no caption"
        if column is CaptionColumn.SOURCE:
            return SOURCE_WORDS[row.source] if row.source else ""
        others = (c for c in row.candidates if (c.source, c.text) != (row.source, row.caption))
        return "   ·   ".join(f"{c.text} ({SOURCE_WORDS[c.source]})" for c in others)

    def _colour(self, row: CaptionRow, column: CaptionColumn) -> QColor | None:
        colours = self._theme.colours
        if row.is_left_out:
            return QColor(colours.muted)
        if column is CaptionColumn.CAPTION and not row.caption:
            return QColor(colours.warning)
        if column is CaptionColumn.SOURCE and row.source == "edited":
            return QColor(colours.accent)
        if column in (CaptionColumn.SOURCE, CaptionColumn.OTHERS):
            return QColor(colours.muted)
        return None

    def _name(self, row: int) -> str:
        return self._names[self._shown[row]]


def _tick(row: CaptionRow, role: int) -> Any:
    """What the column of ticks shows and says of a clip."""
    if role == Qt.ItemDataRole.CheckStateRole:
        return Qt.CheckState.Unchecked if row.is_left_out else Qt.CheckState.Checked
    if role == Qt.ItemDataRole.ToolTipRole:
        return "Left out of the training" if row.is_left_out else "Used in the training"
    if role == Qt.ItemDataRole.AccessibleTextRole:
        return "left out" if row.is_left_out else "used"
    return None


def _is_of(row: CaptionRow, kind: str, common: str) -> bool:
    if kind == "bare":
        return not row.caption
    if kind == "edited":
        return row.source == "edited"
    if kind == "left out":
        return row.is_left_out
    if kind == "common":
        return bool(row.caption) and row.caption == common
    return True


def _are_same_clips(before: CaptionTable, after: CaptionTable) -> bool:
    """By identity: comparing 10,000 paths would take long."""
    if len(before.rows) != len(after.rows):
        return False
    return all(a.path is b.path for a, b in zip(before.rows, after.rows, strict=True))
