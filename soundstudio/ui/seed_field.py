"""The seed: a number, a die for a new one, a lock that keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QValidator
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QToolButton, QWidget

from soundstudio.core.requests import MAX_SEED
from soundstudio.ui.request_form import new_seed

if TYPE_CHECKING:
    from soundstudio.ui.icons import Icons


def parse_seed(text: str) -> int | None:
    """A seed as typed or pasted, or None if it is no number from 0 to 2³² - 1."""
    text = text.strip().replace(",", "").replace(" ", "")
    if not (text.isascii() and text.isdigit()) or int(text[:12]) > MAX_SEED:
        return None
    return int(text)


class _SeedValidator(QValidator):
    def validate(self, text: str, position: int) -> object:
        is_fine = not text.strip() or parse_seed(text) is not None
        state = QValidator.State.Acceptable if is_fine else QValidator.State.Invalid
        return state, text, position


class SeedField(QWidget):
    """Unlocked, every generation draws a new seed; locked, all use the one that is shown."""

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        # QSpinBox ends at 2³¹ - 1, so the field is a line of text.
        self._edit = QLineEdit(str(new_seed()), self)
        self._edit.setValidator(_SeedValidator(self))
        self._edit.setAccessibleName("Seed")
        self._edit.setToolTip("The same seed and settings give the same sound")
        self._dice = QToolButton(self)
        self._dice.setAccessibleName("New seed")
        self._dice.setToolTip("New seed (Ctrl+D)")
        self._dice.clicked.connect(self.roll)
        icons.dress(self._dice, "dice")
        self._lock = QToolButton(self)
        self._lock.setCheckable(True)
        self._lock.setAccessibleName("Keep this seed")
        self._lock.setToolTip("Locked: every generation uses this seed")
        self._lock.toggled.connect(self._show_lock)
        self._edit.textEdited.connect(lambda: self._lock.setChecked(True))
        for button in (self._dice, self._lock):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self._edit, 1)
        row.addWidget(self._dice)
        row.addWidget(self._lock)
        self.setFocusProxy(self._edit)
        self._show_lock(False)

    def take(self) -> int:
        """The seed of the generation that starts now."""
        seed = parse_seed(self._edit.text())
        if seed is None or not self._lock.isChecked():
            seed = self.roll()
        return seed

    def shown(self) -> int:
        """The seed that stands in the field, 0 if it is empty."""
        return parse_seed(self._edit.text()) or 0

    def tab_chain(self) -> tuple[QWidget, ...]:
        """Its controls in the order of Tab."""
        return (self._edit, self._dice, self._lock)

    def is_locked(self) -> bool:
        return self._lock.isChecked()

    def set_seed(self, seed: int) -> None:
        """Show a given seed, and keep it."""
        self._edit.setText(str(seed))
        self._lock.setChecked(True)

    def roll(self) -> int:
        """Draw and show a new seed; the lock stays as it is."""
        seed = new_seed()
        self._edit.setText(str(seed))
        return seed

    def _show_lock(self, is_locked: bool) -> None:
        self._icons.dress(self._lock, "lock" if is_locked else "unlock")
