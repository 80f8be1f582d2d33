"""The list of clips: moving auditions, clicks rate, dragging takes a file out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QItemSelection,
    QModelIndex,
    QPoint,
    Qt,
    Signal,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QWidget

from soundstudio.ui.audition_table import AuditionTable
from soundstudio.ui.clip_delegate import ROW_HEIGHT, STAR_PX, STARS, ClipDelegate, stars_at
from soundstudio.ui.clip_rows import FailedRow
from soundstudio.ui.clip_table_model import ClipTableModel, Column

if TYPE_CHECKING:
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QContextMenuEvent, QMouseEvent, QResizeEvent


class ClipTable(AuditionTable):
    """signals:
    activated_by_mouse(): a row was clicked or double-clicked.
    favourite_clicked(int), rating_clicked(int, int): a clip's id and the stars.
    drag_out_requested(): the selected clips are being pulled out.
    menu_requested(QPoint): at a global position.
    """

    activated_by_mouse = Signal()
    favourite_clicked = Signal(int)
    rating_clicked = Signal(int, int)
    drag_out_requested = Signal()
    menu_requested = Signal(QPoint)

    def __init__(
        self, model: ClipTableModel, delegate: ClipDelegate, parent: QWidget | None = None
    ) -> None:
        super().__init__(model, ROW_HEIGHT, parent)
        self._model = model
        self._delegate = delegate
        self.setItemDelegate(delegate)
        self.setAccessibleName("Library")
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setDragEnabled(True)
        self.setMouseTracking(True)
        self._set_up_header()
        model.rowsInserted.connect(self._keep_in_view)

    def _set_up_header(self) -> None:
        header = self.horizontalHeader()
        header.setSectionsClickable(False)
        header.setMinimumSectionSize(24)
        header.setSectionResizeMode(Column.NAME, QHeaderView.ResizeMode.Stretch)
        metrics = self.fontMetrics()
        self.setColumnWidth(Column.FAVOURITE, 34)
        self.setColumnWidth(Column.WAVE, 150)
        self.setColumnWidth(Column.RATING, STARS * STAR_PX + 14)
        self.setColumnWidth(Column.DURATION, metrics.horizontalAdvance("00.0 s") + 22)
        self.setColumnWidth(Column.CLAP, metrics.horizontalAdvance("-0.00") + 24)
        self.setColumnWidth(Column.CREATED, metrics.horizontalAdvance("30 Nov 2026") + 24)

    # what is selected

    def selected_rows(self) -> list[int]:
        """Rows from top to bottom."""
        return sorted(index.row() for index in self.selectionModel().selectedRows())

    def selected_ids(self) -> list[int]:
        """Ids of the selected clips; rows that are no clips are left out."""
        ids = (self._model.rows.id_at(row) for row in self.selected_rows())
        return [clip_id for clip_id in ids if clip_id is not None]

    def select_row(self, row: int, column: int = Column.NAME) -> None:
        super().select_row(row, column)

    def edit_name(self) -> None:
        """Rename the current clip in place."""
        if self._model.rows.id_at(self.current_row()) is not None:
            self.edit(self._model.index(self.current_row(), Column.NAME))

    def set_playing(self, clip_id: int | None) -> None:
        """Which clip is playing; its waveform lights up."""
        if clip_id != self._delegate.playing_id:
            self._delegate.playing_id = clip_id
            self.viewport().update()

    # Qt's side

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._is_repeating = False
        index = self.indexAt(event.position().toPoint())
        clip_id = self._model.rows.id_at(index.row()) if index.isValid() else None
        is_plain = event.button() == Qt.MouseButton.LeftButton and not event.modifiers()
        if is_plain and clip_id is not None and index.column() == Column.FAVOURITE:
            self.favourite_clicked.emit(clip_id)
            return
        if is_plain and clip_id is not None and index.column() == Column.RATING:
            x = event.position().x() - self.columnViewportPosition(Column.RATING) - 4
            if x < STARS * STAR_PX:
                self.rating_clicked.emit(clip_id, stars_at(x))
                return
        was_current = index.row() == self.current_row()
        super().mousePressEvent(event)
        if is_plain and was_current and clip_id is not None:
            self.activated_by_mouse.emit()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self._hover(self.indexAt(event.position().toPoint()).row())

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._hover(-1)

    def startDrag(self, actions: Qt.DropAction) -> None:
        self.drag_out_requested.emit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_requested.emit(event.globalPos())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.setColumnHidden(Column.CREATED, self.viewport().width() < 560)
        self.setColumnHidden(Column.CLAP, self.viewport().width() < 520)
        self.setColumnHidden(Column.RATING, self.viewport().width() < 470)

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        self.viewport().update()

    def failed_row(self) -> FailedRow | None:
        """The current row if it is a failure."""
        row = self._model.rows.at(self.current_row())
        return row if isinstance(row, FailedRow) else None

    def failed_jobs(self) -> list[str]:
        """Ids of the jobs of the selected failures."""
        rows = (self._model.rows.at(row) for row in self.selected_rows())
        return [row.job_id for row in rows if isinstance(row, FailedRow)]

    def _hover(self, row: int) -> None:
        if row != self._delegate.hovered_row:
            self._delegate.hovered_row = row
            self.viewport().update()

    def _keep_in_view(self, parent: QModelIndex, first: int, last: int) -> None:
        if first == 0:
            self.scrollToTop()
