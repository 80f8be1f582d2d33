"""The rail at the left: the places of the window, and at its foot what belongs to no place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QSizePolicy, QToolButton, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QAction

    from soundstudio.ui.icons import Icons


@dataclass(frozen=True, slots=True)
class Place:
    """One place of the window."""

    id: str
    title: str
    icon: str


class Rail(QWidget):
    """Shows the places that exist.

    signals: place_chosen(str): a place's id.
    """

    place_chosen = Signal(str)

    def __init__(
        self,
        places: tuple[Place, ...],
        foot: tuple[QAction, ...],
        icons: Icons,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("rail")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._group = QButtonGroup(self, exclusive=True)
        self._ids = [place.id for place in places]
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 8, 6, 8)
        column.setSpacing(6)
        for place in places:
            button = self._button(place.title)
            button.setCheckable(True)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.setText(place.title)
            font = button.font()
            font.setPointSizeF(font.pointSizeF() * 0.8)
            button.setFont(font)
            button.clicked.connect(lambda _=False, id_=place.id: self.place_chosen.emit(id_))
            icons.dress(button, place.icon)
            self._group.addButton(button)
            column.addWidget(button)
        if places:
            self._group.buttons()[0].setChecked(True)
        column.addStretch(1)
        for action in foot:
            button = self._button(action.text())
            button.setDefaultAction(action)
            button.setIconSize(QSize(20, 20))
            column.addWidget(button, alignment=Qt.AlignmentFlag.AlignHCenter)

    def show_place(self, id_: str) -> None:
        """Light up a place's button."""
        self._group.buttons()[self._ids.index(id_)].setChecked(True)

    def _button(self, name: str) -> QToolButton:
        button = QToolButton(self)
        button.setIconSize(QSize(24, 24))
        button.setAccessibleName(name.rstrip("…"))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button
