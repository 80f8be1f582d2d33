"""The main window: where the panels stand, the menus, the size it remembers. It decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, QSettings, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QHBoxLayout,
    QMainWindow,
    QMenu,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from soundstudio.ui.theme import indent_numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from PySide6.QtGui import QCloseEvent

    from soundstudio.ui.action_registry import ActionRegistry
    from soundstudio.ui.library_panel import LibraryPanel
    from soundstudio.ui.rail import Rail
    from soundstudio.ui.status_line import StatusLine
    from soundstudio.ui.transport_bar import TransportBar

MENUS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "&File",
        ("add_files", "", "export", "export_to", "export_selection", "", "models", "settings",
         "quit"),
    ),
    ("&Generate", ("generate", "cancel_all", "", "focus_prompt", "new_seed", "", "restart_engine")),
    ("Fine-&tune", ("finetune_folder", "", "finetune_next", "finetune_back")),
    ("&Score", ("score", "score_selected", "", "play_nearest")),
    (
        "&Clip",
        (
            "use_again", "more_like", "", "favourite", "rate_1", "rate_2", "rate_3", "rate_4",
            "rate_5", "rate_0", "", "rename", "copy_file", "copy_path", "reveal", "", "trash",
            "restore", "dismiss", "empty_trash",
        ),
    ),
    (
        "&Play",
        ("play_stop", "stop", "loop", "", "seek_back", "seek_forward", "seek_start", "seek_end",
         "", "refresh_devices"),
    ),
    (
        "&View",
        (
            "place_generate", "place_finetune", "place_score", "place_benchmarks", "",
            "show_library", "search", "",
            "zoom_in", "zoom_out", "zoom_fit", "zoom_selection", "", "select_all",
            "clear_selection",
        ),
    ),
    ("&Help", ("shortcuts", "open_logs", "about")),
)  # fmt: skip
CLIP_MENU = (
    "play_stop", "", "favourite", "rename", "use_again", "more_like", "", "export", "export_to",
    "copy_file", "copy_path", "reveal", "", "score_selected", "", "trash", "restore",
)  # fmt: skip
VIEWER_MENU = (
    "play_stop", "loop", "", "export_selection", "select_all", "clear_selection", "", "zoom_fit",
    "zoom_selection",
)  # fmt: skip
FAILED_MENU = ("use_again", "dismiss")
# What a window manager may add around the window; it is not known before the window is shown.
FRAME = QSize(16, 40)


# Above the library, and the library: of the places in the order of the rail.
ROOM_OF_PLACE = ([390, 350], [606, 134], [606, 134])
# Fine-tuning takes nothing from the library, and its pages need the height.
WITHOUT_LIBRARY = "1"


def _numbers(value: object) -> list[int]:
    """What is kept as "1,2"; what is no number is left away."""
    parts = value if isinstance(value, list) else str(value).split(",")
    return [int(part) for part in parts if str(part).isdecimal()]


def exceeds(size: QSize, room: QSize) -> bool:
    """Whether `size` sticks out of `room` on one side at least."""
    return size.width() > room.width() or size.height() > room.height()


class MainWindow(QMainWindow):
    """signals: closed(): the window is going; end what runs.

    `asks_first` says whether it asked something instead, and keeps the window open if so.
    """

    closed = Signal()

    def __init__(self, state_file: Path) -> None:
        super().__init__()
        self.setWindowTitle("Sound Studio")
        self.resize(1280, 800)
        self.setMinimumSize(1040, 600)
        self.asks_first: Callable[[], bool] = lambda: False
        self._state = QSettings(str(state_file), QSettings.Format.IniFormat, self)
        self._columns = QSplitter(Qt.Orientation.Horizontal, self)
        self._rows = QSplitter(Qt.Orientation.Vertical, self)
        self._sides = QStackedWidget(self)
        self._tops = QStackedWidget(self)
        self._place = 0
        self._are_wide: set[int] = set()
        # What each place has of the height: itself, and the library below it.
        self._heights: dict[int, list[int]] = {}
        self._library: QWidget | None = None
        # Places in which the library is folded away.
        self._folded = set(_numbers(self._state.value("folded", WITHOUT_LIBRARY)))
        for splitter in (self._columns, self._rows):
            splitter.setHandleWidth(5)
            splitter.setChildrenCollapsible(False)

    def arrange(
        self,
        rail: Rail,
        places: Sequence[tuple[QWidget | None, QWidget]],
        transport: TransportBar,
        library: LibraryPanel,
        status: StatusLine,
    ) -> None:
        """Put the panels in their places.

        places: for each what stands at the left (None: nothing, the rest is wider), and what stands
        above transport and library.
        """
        for number, (side, top) in enumerate(places):
            if side is None:
                self._are_wide.add(number)
            self._sides.addWidget(side or QWidget(self))
            self._tops.addWidget(top)
        sound = QWidget(self)
        column = QVBoxLayout(sound)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        column.addWidget(self._tops, 1)
        column.addWidget(transport)
        self._rows.addWidget(sound)
        self._rows.addWidget(library)
        self._library = library
        self._rows.setStretchFactor(0, 1)
        self._rows.setStretchFactor(1, 1)
        self._rows.setSizes(ROOM_OF_PLACE[0])
        self._columns.addWidget(self._sides)
        self._columns.addWidget(self._rows)
        self._columns.setStretchFactor(0, 0)
        self._columns.setStretchFactor(1, 1)
        self._columns.setSizes([330, 880])
        self._sides.setMinimumWidth(290)
        self._sides.setMaximumWidth(460)
        middle = QHBoxLayout()
        middle.setContentsMargins(0, 0, 0, 0)
        middle.setSpacing(0)
        middle.addWidget(rail)
        middle.addWidget(self._columns, 1)
        centre = QWidget(self)
        page = QVBoxLayout(centre)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(0)
        page.addLayout(middle, 1)
        page.addWidget(status)
        self.setCentralWidget(centre)
        indent_numbers(centre)

    def show_place(self, number: int) -> None:
        """Show a place by its number on the rail; each keeps its own share of the height."""
        if number == self._place:
            return
        self._keep_heights()
        self._place = number
        self._sides.setCurrentIndex(number)
        self._sides.setVisible(number not in self._are_wide)
        self._tops.setCurrentIndex(number)
        self._share_height()

    @property
    def has_library(self) -> bool:
        """Whether the library is seen in the place in front."""
        return self._place not in self._folded

    def show_library(self, is_shown: bool) -> None:
        """Show the library in the place in front, or fold it away; each place keeps its own."""
        if is_shown == self.has_library:
            return
        self._keep_heights()
        (self._folded.discard if is_shown else self._folded.add)(self._place)
        self._share_height()

    def _keep_heights(self) -> None:
        if self.has_library:
            self._heights[self._place] = self._rows.sizes()

    def _share_height(self) -> None:
        self._fold(not self.has_library)
        self._rows.setSizes(self._heights.get(self._place, ROOM_OF_PLACE[self._place]))

    def _fold(self, is_folded: bool) -> None:
        if self._library is not None:
            self._library.setHidden(is_folded)

    def event(self, event: QEvent) -> bool:
        """The space bar presses the button that has the focus, and plays everywhere else.

        Without a word here the window's own key would go first, and no button could be pressed
        without a mouse.
        """
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Space
            and not event.modifiers()
        ):
            focused = QApplication.focusWidget()
            takes_space = isinstance(focused, QAbstractButton | QComboBox)
            if focused is not None and (takes_space or focused.property("takesSpace")):
                event.accept()
                return True
        return super().event(event)

    def add_menus(self, actions: ActionRegistry) -> None:
        for title, ids in MENUS:
            actions.fill(self.menuBar().addMenu(title), ids)

    def pop_up(self, actions: ActionRegistry, ids: tuple[str, ...], at: object) -> None:
        """Show a context menu at a global position."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        actions.fill(menu, ids)
        menu.popup(at)  # type: ignore[arg-type]

    def restore_places(self) -> None:
        """The size and the splitters of last time; a damaged file means the defaults."""
        if exceeds(self.size() + FRAME, self.screen().availableGeometry().size()):
            self.setWindowState(Qt.WindowState.WindowMaximized)
        for name, restore in (
            ("geometry", self.restoreGeometry),
            ("columns", self._columns.restoreState),
            ("rows", self._rows.restoreState),
        ):
            value = self._state.value(name)
            if isinstance(value, QByteArray):
                restore(value)
        # The splitter's own are not true before it is laid out, and nothing of what is hidden.
        heights = _numbers(self._state.value("heights", ""))
        if len(heights) == 2:
            self._heights[0] = heights
        self._fold(not self.has_library)

    def save_places(self) -> None:
        self._keep_heights()
        self._state.setValue("folded", ",".join(map(str, sorted(self._folded))))
        self._state.setValue("heights", ",".join(map(str, self._heights.get(0, ()))))
        if self._place or not self.has_library:
            # The first place is the one that opens.
            self._sides.show()
            self._fold(False)
            self._rows.setSizes(self._heights.get(0, ROOM_OF_PLACE[0]))
        self._state.setValue("geometry", self.saveGeometry())
        self._state.setValue("columns", self._columns.saveState())
        self._state.setValue("rows", self._rows.saveState())
        self._state.sync()

    def remembered(self, name: str, default: float) -> float:
        """A number kept from last time, such as the volume."""
        try:
            return float(str(self._state.value(name, default)))
        except ValueError:
            return default

    def remember(self, name: str, value: float) -> None:
        self._state.setValue(name, value)

    def leave(self) -> None:
        """Close without asking."""
        self.asks_first = lambda: False
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.asks_first():
            event.ignore()
            return
        self.save_places()
        # Gone from the screen at once; the engine may take a moment to end.
        self.hide()
        event.accept()
        self.closed.emit()
