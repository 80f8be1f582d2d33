"""The F1 page: every command and its keys, from the action registry."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from soundstudio.ui.action_registry import ACTIONS, GROUPS, ActionSpec

MOUSE_TITLE = "Mouse in the viewer and the list"
MOUSE = (
    ("Zoom in time", "Wheel, Ctrl+Wheel"),
    ("Move along the sound", "Shift+Wheel"),
    ("Zoom in frequency", "Alt+Wheel"),
    ("Select", "Drag in the viewer"),
    ("Take the selection out", "Drag from inside it"),
    ("Take clips out", "Drag rows"),
)


def keys_text(spec: ActionSpec) -> str:
    """All keys of a command as the system writes them."""
    native = QKeySequence.SequenceFormat.NativeText
    return ", ".join(dict.fromkeys(QKeySequence(key).toString(native) for key in spec.keys))


def lines_of(group: str) -> list[tuple[str, str]]:
    """Command and keys of each action of a group that has keys."""
    lines = [
        (spec.text.rstrip("…"), keys_text(spec))
        for spec in ACTIONS
        if spec.group == group and spec.keys and not spec.id.startswith("rate_")
    ]
    rates = [keys_text(s) for s in ACTIONS if s.group == group and s.id.startswith("rate_")]
    if rates:
        lines.append(("Rate, or clear the rating", f"{rates[0]} to {rates[-2]}, {rates[-1]}"))
    return lines


class ShortcutsDialog(QDialog):
    """Three columns of groups."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard and mouse")
        columns = QHBoxLayout()
        columns.setSpacing(36)
        sections = [(group, lines_of(group)) for group in GROUPS]
        sections.append((MOUSE_TITLE, list(MOUSE)))
        left, middle, right = QVBoxLayout(), QVBoxLayout(), QVBoxLayout()
        places = {"Clip": middle, "Library": right, "View": right, MOUSE_TITLE: middle}
        for title, lines in sections:
            column = places.get(title, left)
            column.addLayout(self._section(title, lines))
            column.addSpacing(12)
        for column in (left, middle, right):
            column.addStretch(1)
            columns.addLayout(column)
        note = QLabel(
            "Single letters work while the list or the viewer has the focus; "
            "in text fields they type.",
            self,
        )
        note.setObjectName("muted")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        page = QVBoxLayout(self)
        page.setContentsMargins(24, 20, 24, 16)
        page.addLayout(columns)
        page.addWidget(note)
        page.addWidget(buttons)

    def _section(self, title: str, lines: list[tuple[str, str]]) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(3)
        heading = QLabel(title, self)
        heading.setObjectName("heading")
        grid.addWidget(heading, 0, 0, 1, 2)
        for row, (text, keys) in enumerate(lines, start=1):
            key = QLabel(keys, self)
            key.setObjectName("muted")
            grid.addWidget(QLabel(text, self), row, 0)
            grid.addWidget(key, row, 1, Qt.AlignmentFlag.AlignRight)
        return grid
