"""Every command of the window in one table: menus, shortcuts, tooltips and the F1 page read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QMenu, QWidget

    from soundstudio.ui.icons import Icons

Scope = Literal["window", "sound"]


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One command.

    scope: “window” keys work everywhere; “sound” keys only while the list or the viewer has the
    focus, so that single letters stay dead in text fields.
    """

    id: str
    group: str
    text: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    scope: Scope = "window"
    is_checkable: bool = False


def _rate(stars: int) -> ActionSpec:
    text = f"Rate {stars}" if stars else "Clear the rating"
    return ActionSpec(f"rate_{stars}", "Clip", text, (str(stars),), scope="sound")


ACTIONS = (
    ActionSpec("generate", "Generate", "Generate", ("Ctrl+Return", "Ctrl+Enter"), "generate"),
    ActionSpec("cancel_all", "Generate", "Cancel all", ("Ctrl+.",), "close"),
    ActionSpec("focus_prompt", "Generate", "Go to the prompt", ("Ctrl+L",), "rename"),
    ActionSpec("new_seed", "Generate", "New seed", ("Ctrl+D",), "dice"),
    ActionSpec("finetune_folder", "Fine-tune", "Choose a folder of clips…", (), "folder"),
    ActionSpec("finetune_next", "Fine-tune", "Next step", ("Alt+Right",), ""),
    ActionSpec("finetune_back", "Fine-tune", "Step before", ("Alt+Left",), ""),
    ActionSpec("score", "Score", "Score the chosen sets", ("Ctrl+Shift+Return",), "score"),
    ActionSpec("score_selected", "Score", "Score the selected clips…", (), "score"),
    ActionSpec("play_nearest", "Score", "Play the nearest reference", ("N",), "like", "sound"),
    ActionSpec("play_stop", "Play", "Play or stop", ("Space",), "play"),
    ActionSpec("stop", "Play", "Stop", ("Esc",), "stop"),
    ActionSpec("loop", "Play", "Loop", ("L",), "loop", "sound", is_checkable=True),
    ActionSpec("seek_back", "Play", "Back 0.5 s", ("Left",), "", "sound"),
    ActionSpec("seek_forward", "Play", "Forward 0.5 s", ("Right",), "", "sound"),
    ActionSpec("seek_start", "Play", "Go to the start", ("Home",), "", "sound"),
    ActionSpec("seek_end", "Play", "Go to the end", ("End",), "", "sound"),
    ActionSpec("export", "Clip", "Export", ("Return", "Enter"), "export", "sound"),
    ActionSpec("export_to", "Clip", "Export to folder…", ("Ctrl+E",), "export"),
    ActionSpec("favourite", "Clip", "Favourite", ("F",), "star", "sound"),
    _rate(1),
    _rate(2),
    _rate(3),
    _rate(4),
    _rate(5),
    _rate(0),
    ActionSpec("rename", "Clip", "Rename", ("F2",), "rename", "sound"),
    ActionSpec("use_again", "Clip", "Use these settings again", ("Ctrl+R",), "again"),
    ActionSpec("more_like", "Clip", "More like this", ("V",), "like", "sound"),
    ActionSpec("copy_file", "Clip", "Copy file", ("Ctrl+C",), "copy", "sound"),
    ActionSpec("copy_path", "Clip", "Copy path", ("Ctrl+Shift+C",), "path"),
    ActionSpec("reveal", "Clip", "Show in folder", ("Ctrl+Shift+R",), "folder"),
    ActionSpec("trash", "Clip", "Move to trash", ("Del",), "trash", "sound"),
    ActionSpec("restore", "Clip", "Restore from trash", ("Ctrl+Z",), "restore"),
    ActionSpec("dismiss", "Clip", "Dismiss the failed row", ("X",), "close", "sound"),
    ActionSpec("search", "Library", "Search the library", ("Ctrl+F",), "search"),
    ActionSpec("add_files", "Library", "Add sound files…", ("Ctrl+O",), "open"),
    ActionSpec("empty_trash", "Library", "Empty the trash…", (), "trash"),
    ActionSpec("place_generate", "View", "Go to Generate", ("Ctrl+1",), "generate"),
    ActionSpec("place_finetune", "View", "Go to Fine-tune", ("Ctrl+2",), "finetune"),
    ActionSpec("place_score", "View", "Go to Score", ("Ctrl+3",), "score"),
    ActionSpec("place_benchmarks", "View", "Go to the paper's benchmarks", ("Ctrl+4",), "score"),
    ActionSpec("show_library", "View", "Show the library", ("Ctrl+B",), "", is_checkable=True),
    ActionSpec("zoom_in", "View", "Zoom in", ("Ctrl++", "Ctrl+="), "zoom"),
    ActionSpec("zoom_out", "View", "Zoom out", ("Ctrl+-",), ""),
    ActionSpec("zoom_fit", "View", "Show the whole sound", ("A",), "fit", "sound"),
    ActionSpec("zoom_selection", "View", "Zoom to the selection", ("Z",), "zoom", "sound"),
    ActionSpec("select_all", "View", "Select the whole sound", ("Ctrl+A",), "", "sound"),
    ActionSpec("clear_selection", "View", "Clear the selection", ("Shift+Esc",), "", "sound"),
    ActionSpec("export_selection", "View", "Export the selection", ("Shift+Return",), "", "sound"),
    ActionSpec("models", "Application", "Models…", ("Ctrl+M",), "open"),
    ActionSpec("settings", "Application", "Settings…", ("Ctrl+,",), "settings"),
    ActionSpec(
        "refresh_devices", "Application", "Look for sound outputs again", ("F5",), "speaker"
    ),
    ActionSpec("restart_engine", "Application", "Restart the engine", (), "again"),
    ActionSpec("open_logs", "Application", "Open the log folder", (), "folder"),
    ActionSpec("shortcuts", "Application", "Keyboard", ("F1",), "keyboard"),
    ActionSpec("about", "Application", "About and licences", (), "info"),
    ActionSpec("quit", "Application", "Quit", ("Ctrl+Q",), ""),
)
GROUPS = ("Generate", "Fine-tune", "Score", "Play", "Clip", "Library", "View", "Application")


class ActionRegistry(QObject):
    """Builds the actions of the table and gives them out by id."""

    def __init__(self, window: QWidget, icons: Icons) -> None:
        super().__init__(window)
        self._actions: dict[str, QAction] = {}
        for spec in ACTIONS:
            action = QAction(spec.text, window)
            action.setObjectName(spec.id)
            action.setCheckable(spec.is_checkable)
            action.setShortcuts([QKeySequence(key) for key in spec.keys])
            if spec.icon:
                icons.dress(action, spec.icon)
            if spec.scope == "window":
                window.addAction(action)
            else:
                action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            action.setToolTip(tooltip_of(spec))
            self._actions[spec.id] = action

    def __getitem__(self, action_id: str) -> QAction:
        return self._actions[action_id]

    def connect_all(self, slots: dict[str, Callable[[], object]]) -> None:
        """Connect actions to slots by id; a slot takes no argument."""
        for action_id, slot in slots.items():
            self._actions[action_id].triggered.connect(lambda _=False, slot=slot: slot())

    def give_sound_keys(self, widget: QWidget, only: tuple[str, ...] = ()) -> None:
        """Let the “sound” keys work while this widget, or a child of it, has the focus.

        only: these, where the others would act on clips that are not the widget's.
        """
        for spec in ACTIONS:
            if spec.scope == "sound" and (not only or spec.id in only):
                widget.addAction(self._actions[spec.id])

    def fill(self, menu: QMenu, ids: tuple[str, ...]) -> None:
        """Add actions to a menu in this order; an empty id is a separator."""
        for action_id in ids:
            if action_id:
                menu.addAction(self._actions[action_id])
            else:
                menu.addSeparator()


def key_text(spec: ActionSpec) -> str:
    """The first key as the system writes it, “” if there is none."""
    if not spec.keys:
        return ""
    return QKeySequence(spec.keys[0]).toString(QKeySequence.SequenceFormat.NativeText)


def tooltip_of(spec: ActionSpec) -> str:
    """What the command does and its key."""
    key = key_text(spec)
    return f"{spec.text} ({key})" if key else spec.text
