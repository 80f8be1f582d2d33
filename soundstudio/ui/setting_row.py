"""One setting with its sentence below it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QLabel,
    QSpinBox,
    QWidget,
)

if TYPE_CHECKING:
    from PySide6.QtGui import QWheelEvent

    from soundstudio.ui.finetune_setting_specs import SettingSpec

LABEL_PX = 170
FIELD_PX = 270


class _Combo(QComboBox):
    """Scrolling the page must not change what it passes over."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class _Spin(QSpinBox):
    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class _DoubleSpin(QDoubleSpinBox):
    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def textFromValue(self, value: float) -> str:
        return f"{value:g}"


class SettingRow(QWidget):
    """signals: changed_by_user(str): the setting's name; ask `value()`."""

    changed_by_user = Signal(str)

    def __init__(self, spec: SettingSpec, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.spec = spec
        self.field = self._made()
        self.field.setAccessibleName(spec.label)
        self.field.setFixedWidth(FIELD_PX)
        self._sentence = QLabel(spec.sentence, self, wordWrap=True)
        self._sentence.setObjectName("muted")
        label = QLabel(spec.label, self, wordWrap=True)
        label.setFixedWidth(LABEL_PX)
        label.setBuddy(self.field)
        grid = QGridLayout(self)
        place(grid, label, self.field, self._sentence)
        self._show_sentence()

    def _made(self) -> QWidget:
        spec = self.spec
        if spec.choices:
            combo = _Combo(self)
            for value, title, _ in spec.choices:
                combo.addItem(title, value)
            combo.currentIndexChanged.connect(self._on_change)
            return combo
        if spec.decimals:
            number = _DoubleSpin(self, decimals=spec.decimals, minimum=spec.low, maximum=spec.high)
            number.setSingleStep(spec.step)
            number.valueChanged.connect(self._on_change)
            return number
        # A seed has 32 bits; Qt's spin box ends at 31.
        high = min(int(spec.high), 2**31 - 1)
        spin = _Spin(self, minimum=int(spec.low), maximum=high, singleStep=int(spec.step))
        spin.setGroupSeparatorShown(True)
        spin.valueChanged.connect(self._on_change)
        return spin

    def value(self) -> Any:
        if isinstance(self.field, QComboBox):
            return self.field.currentData()
        assert isinstance(self.field, QSpinBox | QDoubleSpinBox)
        return self.field.value()

    def set_value(self, value: Any) -> None:
        """Show a value that the user did not choose here."""
        with QSignalBlocker(self.field):
            if isinstance(self.field, QComboBox):
                self.field.setCurrentIndex(max(0, self.field.findData(value)))
            elif isinstance(self.field, QSpinBox | QDoubleSpinBox):
                self.field.setValue(value)
        self._show_sentence()

    def say(self, sentence: str) -> None:
        """What follows from the value, beside what the setting does."""
        self._sentence.setText(sentence)

    def sentence(self) -> str:
        return self._sentence.text()

    def _on_change(self, *_: object) -> None:
        self._show_sentence()
        self.changed_by_user.emit(self.spec.name)

    def _show_sentence(self) -> None:
        if isinstance(self.field, QComboBox) and self.field.currentIndex() >= 0:
            self._sentence.setText(self.spec.choices[self.field.currentIndex()][2])


def place(grid: QGridLayout, label: QLabel, field: QWidget, sentence: QLabel) -> None:
    """A label, its field, and the sentence below the field."""
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(10)
    grid.setVerticalSpacing(3)
    grid.addWidget(label, 0, 0)
    grid.addWidget(field, 0, 1, Qt.AlignmentFlag.AlignLeft)
    grid.addWidget(sentence, 1, 1)
    grid.setColumnStretch(1, 1)
