"""The sounds of a run's validations as a table: a row for each prompt, a column for each step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QColor, QFont

from soundstudio.ui.flat_table_model import FlatTableModel, Index

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from soundstudio.core.run_sounds import StepSounds, ValidationSound
    from soundstudio.ui.theme import Theme

_CENTRE: Final = int(Qt.AlignmentFlag.AlignCenter)


@dataclass(frozen=True, slots=True)
class ChosenSound:
    """One cell: a sound of a step, where it lies, and what else is known."""

    step: int
    path: Path
    sound: ValidationSound

    @property
    def title(self) -> str:
        when = "base model" if self.step == 0 else f"step {self.step:,}"
        return f"“{self.sound.prompt}”, {when}"


class FinetuneSoundsModel(FlatTableModel):
    """Rows in the order of the newest step; a prompt that a step lacks leaves its cell empty."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._steps: tuple[StepSounds, ...] = ()
        self._rows: list[tuple[str, str]] = []
        self._cells: dict[tuple[int, int], ValidationSound] = {}
        self._best: int | None = None
        self.playing: Path | None = None

    def show_steps(self, steps: Sequence[StepSounds], best: int | None) -> None:
        """Show these sounds; `best`: the step whose weights are the model's."""
        if tuple(steps) == self._steps:
            if best != self._best:
                self._best = best
                last = max(0, len(self._steps) - 1)
                self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, last)
            return
        self.beginResetModel()
        self._steps, self._best = tuple(steps), best
        rows: dict[str, str] = {}
        for step in reversed(self._steps):
            rows |= {s.file: s.prompt for s in step.sounds if s.file not in rows}
        self._rows = list(rows.items())
        place = {file: row for row, (file, _) in enumerate(self._rows)}
        self._cells = {
            (place[sound.file], column): sound
            for column, step in enumerate(self._steps)
            for sound in step.sounds
        }
        self.endResetModel()

    def chosen_at(self, row: int, column: int) -> ChosenSound | None:
        sound = self._cells.get((row, column))
        if sound is None:
            return None
        step = self._steps[column]
        return ChosenSound(step.step, step.path_of(sound), sound)

    def column_of(self, step: int) -> int | None:
        steps = [known.step for known in self._steps]
        return steps.index(step) if step in steps else None

    # Qt's side

    def row_total(self) -> int:
        return len(self._rows)

    def column_total(self) -> int:
        return len(self._steps)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is Qt.Orientation.Vertical:
            prompt = self._rows[section][1] if section < len(self._rows) else ""
            is_shown = role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole)
            return prompt if is_shown else None
        if not 0 <= section < len(self._steps):
            return None
        step = self._steps[section].step
        is_best = step == self._best
        if role == Qt.ItemDataRole.DisplayRole:
            name = "Base" if step == 0 else f"{step:,}"
            return f"★ {name}" if is_best else name
        if role == Qt.ItemDataRole.ToolTipRole:
            if step == 0:
                return "The base model, before the training"
            return f"After step {step:,}" + ("; the best so far" if is_best else "")
        if role == Qt.ItemDataRole.FontRole and is_best:
            font = QFont()
            font.setWeight(QFont.Weight.DemiBold)
            return font
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        chosen = self.chosen_at(index.row(), index.column())
        if chosen is None:
            return None
        is_copy = chosen.sound.is_copy
        if role == Qt.ItemDataRole.DisplayRole:
            return "▶ copy" if is_copy else "▶"
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _CENTRE
        if role == Qt.ItemDataRole.ForegroundRole:
            colours = self._theme.colours
            if chosen.path == self.playing:
                return QColor(colours.accent)
            return QColor(colours.warning if is_copy else colours.muted)
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join((chosen.title, nearest_words(chosen.sound)))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join((chosen.title, nearest_words(chosen.sound)))
        return None


def nearest_words(sound: ValidationSound) -> str:
    """Which training clip a sound is nearest to; says so if it copies it."""
    if not sound.nearest:
        return f"Seed {sound.seed}"
    name = sound.nearest.replace("\\", "/").rpartition("/")[2]
    alike = f", alike {sound.similarity:.2f}" if sound.similarity is not None else ""
    verb = "Copies the training clip" if sound.is_copy else "Nearest training clip"
    return f"{verb} {name}{alike}"
