"""The two pages of the Score place: two sets of sounds, and the paper's benchmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

PageName = Literal["sets", "benchmark"]
PAGES: Final[tuple[tuple[PageName, str, str], ...]] = (
    ("sets", "Two sets", "Score generated sounds against real ones"),
    ("benchmark", "Benchmarks", "The paper's tables and figures"),
)


class ScorePlace(QObject):
    """What stands at the left (`side`) and what stands above the library (`top`), turned together.

    signals: turned(str): "sets" or "benchmark" is in front.
    """

    turned = Signal(str)

    def __init__(self, sides: Sequence[QWidget], tops: Sequence[QWidget]) -> None:
        self.side = QWidget()
        super().__init__(self.side)
        self.side.setObjectName("panel")
        self.side.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.top = QStackedWidget()
        self._sides = QStackedWidget(self.side)
        for stack, widgets in ((self._sides, sides), (self.top, tops)):
            for widget in widgets:
                stack.addWidget(widget)
        self._buttons = QButtonGroup(self)
        row = QHBoxLayout()
        row.setContentsMargins(10, 8, 10, 0)
        row.setSpacing(4)
        for number, (_, title, tip) in enumerate(PAGES):
            button = QToolButton(self.side)
            button.setText(title)
            button.setToolTip(tip)
            button.setAccessibleName(tip)
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self._buttons.addButton(button, number)
            row.addWidget(button)
        row.addStretch(1)
        column = QVBoxLayout(self.side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self._sides, 1)
        self._buttons.button(0).setChecked(True)
        self._buttons.idClicked.connect(lambda number: self.turn_to(PAGES[number][0]))

    @property
    def page(self) -> PageName:
        return PAGES[self._sides.currentIndex()][0]

    def turn_to(self, page: PageName) -> None:
        """Show a page."""
        number = [name for name, *_ in PAGES].index(page)
        if number == self._sides.currentIndex():
            return
        self._buttons.button(number).setChecked(True)
        self._sides.setCurrentIndex(number)
        self.top.setCurrentIndex(number)
        self.turned.emit(page)
