"""The library: search and filters above the list, and what stands there when the list is empty."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QSignalBlocker, QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from soundstudio.library.clips import ClipQuery, Order
from soundstudio.ui.banner import Banner
from soundstudio.ui.empty_library import EmptyLibrary
from soundstudio.ui.like_target import sound_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent, QResizeEvent

    from soundstudio.ui.clip_table import ClipTable
    from soundstudio.ui.icons import Icons
    from soundstudio.ui.theme import Theme

SEARCH_PAUSE_MS = 90
ORDERS: tuple[tuple[str, Order], ...] = (
    ("Newest first", "newest"),
    ("Oldest first", "oldest"),
    ("By name", "name"),
    ("By rating", "rating"),
    ("By length", "duration"),
    ("By CLAP score", "clap"),
)
NARROW_PX = 740
FILTERS = ("All", "Favourites", "Trash")


class SearchField(QLineEdit):
    """Esc empties it; Down goes to the list.

    signals: left_downwards().
    """

    left_downwards = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down:
            self.left_downwards.emit()
        else:
            super().keyPressEvent(event)


class LibraryPanel(QWidget):
    """signals:
    query_changed(): ask `query()`. prompt_chosen(str): an example was clicked.
    files_dropped(list): paths of sound files to add. banner_action(): its button was pressed.
    """

    query_changed = Signal()
    prompt_chosen = Signal(str)
    files_dropped = Signal(list)

    def __init__(
        self,
        table: ClipTable,
        examples: Sequence[str],
        theme: Theme,
        icons: Icons,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAcceptDrops(True)
        self.table = table
        self.banner = Banner(theme, icons, self, is_wide=True)
        self.search = SearchField(self)
        self.search.setPlaceholderText("Search names, prompts and tags (Ctrl+F)")
        self.search.setClearButtonEnabled(True)
        for clear in self.search.findChildren(QToolButton):
            clear.setAccessibleName("Clear the search")
        self.search.setAccessibleName("Search the library")
        self.search.left_downwards.connect(self._enter_list)
        self._pause = QTimer(self, singleShot=True, interval=SEARCH_PAUSE_MS)
        self._pause.timeout.connect(self.query_changed)
        self.search.textChanged.connect(self._pause.start)
        self._filters = QButtonGroup(self)
        self._rating = QComboBox(self)
        self._order = QComboBox(self)
        self._count = QLabel("", self)
        self._count.setObjectName("muted")
        self.empty = EmptyLibrary(examples, theme, self)
        self.empty.prompt_chosen.connect(self.prompt_chosen)
        self.empty.clear_requested.connect(self.clear_query)
        self._lay_out(self._head(icons))

    def _head(self, icons: Icons) -> QHBoxLayout:
        head = QHBoxLayout()
        head.setContentsMargins(10, 8, 10, 6)
        head.setSpacing(6)
        head.addWidget(self.search, 1)
        for number, title in enumerate(FILTERS):
            button = QToolButton(self)
            button.setText(title)
            button.setAccessibleName(f"Show {title.lower()}")
            button.setToolTip(f"Show {title.lower()}")
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setIconSize(QSize(16, 16))
            if title != "All":
                icons.dress(button, "star" if title == "Favourites" else "trash")
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            self._filters.addButton(button, number)
            head.addWidget(button)
        self._filters.button(0).setChecked(True)
        self._filters.idClicked.connect(lambda _: self.query_changed.emit())
        self._rating.addItem("Any rating", 0)
        for stars in range(1, 6):
            self._rating.addItem("★" * stars + ("" if stars == 5 else " and up"), stars)
        self._rating.setAccessibleName("Least rating")
        for title, order in ORDERS:
            self._order.addItem(title, order)
        self._order.setAccessibleName("Order")
        self.search.setMinimumWidth(140)
        for box in (self._rating, self._order):
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            box.setMinimumContentsLength(9)
            box.currentIndexChanged.connect(lambda _: self.query_changed.emit())
            head.addWidget(box)
        head.addWidget(self._count)
        return head

    def _lay_out(self, head: QHBoxLayout) -> None:
        self._stack = QStackedLayout()
        self._stack.addWidget(self.table)
        self._stack.addWidget(self.empty)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.banner)
        column.addLayout(self._stack, 1)

    def query(self) -> ClipQuery:
        """What the list is to show."""
        return ClipQuery(
            text=self.search.text().strip(),
            favourites_only=self._filters.checkedId() == 1,
            min_rating=int(self._rating.currentData()),
            trashed=self._filters.checkedId() == 2,
            order=cast("Order", self._order.currentData()),
        )

    def is_filtered(self) -> bool:
        """Whether the query leaves anything out."""
        query = self.query()
        return bool(query.text or query.favourites_only or query.min_rating or query.trashed)

    def clear_query(self) -> None:
        """Show everything again."""
        blockers = [QSignalBlocker(w) for w in (self.search, self._rating)]
        self.search.clear()
        self._rating.setCurrentIndex(0)
        self._filters.button(0).setChecked(True)
        del blockers
        self.query_changed.emit()

    def show_count(self, rows: int, found: int) -> None:
        """How many clips the query found; `rows` counts those on their way too."""
        self._count.setText(f"{found:,} clip" if found == 1 else f"{found:,} clips")
        self._count.setAccessibleName(f"{found} clips")
        if rows:
            self._stack.setCurrentWidget(self.table)
            return
        self.empty.show_for(self.query(), self.is_filtered())
        if self.table.hasFocus():
            # Hiding the list would hand its focus to a text field, which has a Ctrl+Z of its own.
            self._filters.button(self._filters.checkedId()).setFocus()
        self._stack.setCurrentWidget(self.empty)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is little room, words give way to the search field."""
        super().resizeEvent(event)
        is_narrow = event.size().width() < NARROW_PX
        self._count.setHidden(is_narrow)
        beside, alone = (
            Qt.ToolButtonStyle.ToolButtonTextBesideIcon,
            Qt.ToolButtonStyle.ToolButtonIconOnly,
        )
        for number in (1, 2):
            button = self._filters.button(number)
            if isinstance(button, QToolButton):
                button.setToolButtonStyle(alone if is_narrow else beside)

    def _enter_list(self) -> None:
        self.table.setFocus()
        if self.table.current_row() < 0 and self.table.model().rowCount():
            self.table.select_row(0)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        # What was dragged out of the list itself is not taken back in.
        if event.source() is None and sound_files(event.mimeData()):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()

    def dropEvent(self, event: QDropEvent) -> None:
        files = sound_files(event.mimeData())
        if files:
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self.files_dropped.emit(files)
