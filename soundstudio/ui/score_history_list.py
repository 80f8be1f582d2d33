"""Past scorings: the current one is shown, ticked ones are compared, each renamed or removed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QPointF,
    QRectF,
    QSignalBlocker,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from soundstudio.core.score_words import TITLES
from soundstudio.ui.clip_delegate import NameEdit
from soundstudio.ui.clip_table_model import moment_text
from soundstudio.ui.score_reading import number_text
from soundstudio.ui.two_lines import Index, TwoLineDelegate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from soundstudio.library.scores.history import ScoreEntry
    from soundstudio.ui.icons import Icons
    from soundstudio.ui.theme import Theme

ENTRY_ROLE = Qt.ItemDataRole.UserRole + 1
FACTS_ROLE = Qt.ItemDataRole.UserRole + 2
CHECK_PX = 28


def facts_of(entry: ScoreEntry, now: datetime) -> str:
    """When, and the first two numbers; of a damaged one what is wrong."""
    if entry.problem:
        return entry.problem
    parts = [moment_text(entry.made_at, now)]
    for key, title in TITLES.items():
        score = entry.report.get(key)
        if isinstance(score, dict) and len(parts) < 3:
            parts.append(f"{title} {number_text(score.get('value'))}")
    return "  ·  ".join(parts)


class _Delegate(TwoLineDelegate):
    """A tick, the title, and a muted line under it."""

    LEFT_PX = CHECK_PX

    def lines(self, index: Index) -> tuple[tuple[str, str], tuple[str, str]]:
        colours = self._theme.colours
        entry: ScoreEntry = index.data(ENTRY_ROLE)
        tint = colours.error if entry.problem else colours.muted
        return (str(index.data()), colours.text), (str(index.data(FACTS_ROLE)), tint)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        if index.data(Qt.ItemDataRole.CheckStateRole) is not None:
            full = QStyleOptionViewItem(option)
            self.initStyleOption(full, index)
            self._draw_tick(painter, full, index)

    def _draw_tick(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Over the style's own, whose outline cannot be seen on a dark ground."""
        colours = self._theme.colours
        place = QRectF(
            QApplication.style().subElementRect(
                QStyle.SubElement.SE_ItemViewItemCheckIndicator, option, option.widget
            )
        )
        box = place.adjusted(0.5, 0.5, -0.5, -0.5)
        is_ticked = (
            Qt.CheckState(index.data(Qt.ItemDataRole.CheckStateRole)) is Qt.CheckState.Checked
        )
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(colours.accent if is_ticked else colours.muted), 1.2))
        painter.setBrush(QColor(colours.accent if is_ticked else colours.field))
        painter.drawRoundedRect(box, 3, 3)
        if is_ticked:
            painter.setPen(QPen(QColor(colours.accent_text), 1.8))
            w, h = box.width(), box.height()
            corners = ((0.22, 0.52), (0.42, 0.72), (0.78, 0.30))
            painter.drawPolyline(
                [QPointF(box.left() + x * w, box.top() + y * h) for x, y in corners]
            )
        painter.restore()

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        edit = NameEdit(parent)
        edit.setAccessibleName("Name of the scoring")
        return edit

    def updateEditorGeometry(
        self, editor: QWidget, option: QStyleOptionViewItem, index: Index
    ) -> None:
        editor.setGeometry(option.rect.adjusted(CHECK_PX - 6, 2, -2, -2))


class ScoreHistoryList(QWidget):
    """signals:
    opened(ScoreEntry): it became the current one.
    compared(): other ones are ticked; ask `ticked()`.
    renamed(ScoreEntry, str): a new title was typed. remove_requested(ScoreEntry).
    """

    opened = Signal(object)
    compared = Signal()
    renamed = Signal(object, str)
    remove_requested = Signal(object)

    def __init__(self, theme: Theme, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._empty = QLabel("Scorings are kept here.", self)
        self._empty.setObjectName("muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.list = QListWidget(self)
        self.list.setObjectName("past")
        self.list.setAccessibleName("Past scorings")
        self.list.setItemDelegate(_Delegate(theme, self.list))
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setFrameShape(QListWidget.Shape.NoFrame)
        # The space bar ticks; see MainWindow.
        self.list.setProperty("takesSpace", True)
        self.list.currentItemChanged.connect(self._on_current)
        self.list.itemChanged.connect(self._on_changed)
        self._rename = self._button(icons, "rename", "Rename the scoring", self.rename_current)
        self._remove = self._button(
            icons, "trash", "Move the scoring to the trash", self._on_remove
        )
        heading = QLabel("Past scorings", self)
        heading.setObjectName("heading")
        heading.setBuddy(self.list)
        head = QHBoxLayout()
        head.addWidget(heading, 1)
        head.addWidget(self._rename)
        head.addWidget(self._remove)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self._empty)
        column.addWidget(self.list, 1)
        column.addStretch(0)
        self.show_entries([])

    def _button(self, icons: Icons, icon: str, tip: str, slot: object) -> QToolButton:
        button = QToolButton(self)
        button.setToolTip(tip)
        button.setAccessibleName(tip.rstrip("…"))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(slot)
        icons.dress(button, icon)
        return button

    def show_entries(self, entries: Sequence[ScoreEntry], current: Path | None = None) -> None:
        """Show these, newest first; ticks and the current one are kept where they are still there.

        current: make this one current, without announcing it.
        """
        kept = current or (entry.path if (entry := self.current()) else None)
        ticked = {entry.path for entry in self.ticked()}
        now = datetime.now().astimezone()
        with QSignalBlocker(self.list):
            self.list.clear()
            for entry in entries:
                item = QListWidgetItem(entry.title or "Untitled", self.list)
                item.setData(ENTRY_ROLE, entry)
                item.setData(FACTS_ROLE, facts_of(entry, now))
                item.setToolTip(f"{entry.title}\n{facts_of(entry, now)}")
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
                is_ticked = entry.path in ticked
                if not entry.problem:
                    state = Qt.CheckState.Checked if is_ticked else Qt.CheckState.Unchecked
                    item.setData(Qt.ItemDataRole.CheckStateRole, state)
                if entry.path == kept:
                    self.list.setCurrentItem(item)
        self.list.setVisible(bool(entries))
        self._empty.setVisible(not entries)
        self._enable()

    def current(self) -> ScoreEntry | None:
        item = self.list.currentItem()
        return item.data(ENTRY_ROLE) if item else None

    def ticked(self) -> list[ScoreEntry]:
        """The ones to compare, from top to bottom."""
        items = (self.list.item(row) for row in range(self.list.count()))
        return [
            item.data(ENTRY_ROLE) for item in items if item.checkState() == Qt.CheckState.Checked
        ]

    def rename_current(self) -> None:
        """Edit the current title in place."""
        if (item := self.list.currentItem()) is not None:
            self.list.setFocus()
            self.list.editItem(item)

    def _on_remove(self) -> None:
        if (entry := self.current()) is not None:
            self.remove_requested.emit(entry)

    def _on_current(self, item: QListWidgetItem | None) -> None:
        self._enable()
        if item is not None:
            self.opened.emit(item.data(ENTRY_ROLE))

    def _on_changed(self, item: QListWidgetItem) -> None:
        """A tick or a title; the title is only taken once the history has it."""
        entry: ScoreEntry = item.data(ENTRY_ROLE)
        typed = item.text().strip()
        if typed != (entry.title or "Untitled"):
            with QSignalBlocker(self.list):
                item.setText(typed or entry.title)
            if typed:
                self.renamed.emit(entry, typed)
            return
        self.compared.emit()

    def _enable(self) -> None:
        has_current = self.current() is not None
        self._rename.setEnabled(has_current)
        self._remove.setEnabled(has_current)
