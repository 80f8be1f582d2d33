"""Draft, normal or fine: three buttons, none of them down when the settings are one's own."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QToolButton, QWidget

from soundstudio.core.qualities import QUALITIES, Quality


class QualityChoice(QWidget):
    """signals: chosen(Quality): the one that was pressed."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for number, quality in enumerate(QUALITIES):
            button = QToolButton(self)
            button.setText(quality.title)
            button.setAccessibleName(f"Quality {quality.title}")
            button.setToolTip(f"{quality.sentence} ({quality.steps} steps)")
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self._group.addButton(button, number)
            row.addWidget(button)
        self._own = QLabel("own settings", self)
        self._own.setObjectName("muted")
        row.addWidget(self._own)
        row.addStretch(1)
        self.setFocusProxy(self._group.button(0))
        self._group.idClicked.connect(lambda number: self.chosen.emit(QUALITIES[number]))

    def tab_chain(self) -> tuple[QWidget, ...]:
        """Its controls in the order of Tab."""
        return tuple(self._group.buttons())

    def show_quality(self, quality: Quality | None) -> None:
        """Press a quality's button down; none of them for settings that are nobody's."""
        # An exclusive group refuses to have no button down.
        self._group.setExclusive(False)
        for number, button in enumerate(self._group.buttons()):
            button.setChecked(quality is QUALITIES[number])
        self._group.setExclusive(True)
        self._own.setVisible(quality is None)
