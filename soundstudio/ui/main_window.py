"""The main window: where the panels stand, the menus, the size it remembers. It decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QSettings, QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QMenu, QSplitter, QVBoxLayout, QWidget

from soundstudio.ui.theme import indent_numbers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PySide6.QtGui import QCloseEvent

    from soundstudio.ui.action_registry import ActionRegistry
    from soundstudio.ui.generate_panel import GeneratePanel
    from soundstudio.ui.library_panel import LibraryPanel
    from soundstudio.ui.rail import Rail
    from soundstudio.ui.status_line import StatusLine
    from soundstudio.ui.transport_bar import TransportBar
    from soundstudio.ui.viewer_panel import ViewerPanel

MENUS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("&File", ("add_files", "", "export", "export_to", "export_selection", "", "settings", "quit")),
    ("&Generate", ("generate", "cancel_all", "", "focus_prompt", "new_seed", "", "restart_engine")),
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
        ("search", "", "zoom_in", "zoom_out", "zoom_fit", "zoom_selection", "", "select_all",
         "clear_selection"),
    ),
    ("&Help", ("shortcuts", "open_logs", "about")),
)  # fmt: skip
CLIP_MENU = (
    "play_stop", "", "favourite", "rename", "use_again", "more_like", "", "export", "export_to",
    "copy_file", "copy_path", "reveal", "", "trash", "restore",
)  # fmt: skip
VIEWER_MENU = (
    "play_stop", "loop", "", "export_selection", "select_all", "clear_selection", "", "zoom_fit",
    "zoom_selection",
)  # fmt: skip
FAILED_MENU = ("use_again", "dismiss")
# What a window manager may add around the window; it is not known before the window is shown.
FRAME = QSize(16, 40)


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
        for splitter in (self._columns, self._rows):
            splitter.setHandleWidth(5)
            splitter.setChildrenCollapsible(False)

    def arrange(
        self,
        rail: Rail,
        generate: GeneratePanel,
        viewer: ViewerPanel,
        transport: TransportBar,
        library: LibraryPanel,
        status: StatusLine,
    ) -> None:
        """Put the panels in their places."""
        sound = QWidget(self)
        column = QVBoxLayout(sound)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        column.addWidget(viewer, 1)
        column.addWidget(transport)
        self._rows.addWidget(sound)
        self._rows.addWidget(library)
        self._rows.setStretchFactor(0, 1)
        self._rows.setStretchFactor(1, 1)
        self._rows.setSizes([390, 350])
        self._columns.addWidget(generate)
        self._columns.addWidget(self._rows)
        self._columns.setStretchFactor(0, 0)
        self._columns.setStretchFactor(1, 1)
        self._columns.setSizes([330, 880])
        generate.setMinimumWidth(290)
        generate.setMaximumWidth(460)
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

    def save_places(self) -> None:
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
