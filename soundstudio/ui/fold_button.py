"""The button that folds and unfolds what is under “More”."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton, QWidget


def fold_button(accessible_name: str, parent: QWidget) -> QToolButton:
    """A checkable button; whoever asked for it gives it its chevron."""
    button = QToolButton(parent)
    button.setText("More")
    button.setObjectName("fold")
    button.setCheckable(True)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setAccessibleName(accessible_name)
    return button
