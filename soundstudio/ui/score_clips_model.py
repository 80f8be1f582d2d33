"""The table model of scored clips: 10,000 rows sorted in a moment, no copy of the report."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QColor

from soundstudio.core.score_words import class_note
from soundstudio.ui.flat_table_model import FlatTableModel, Index
from soundstudio.ui.score_reading import CLIP_FIELDS, number_text, signed_text, worst_first

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from soundstudio.ui.score_reading import ShownReport
    from soundstudio.ui.theme import Theme


class ScoreColumn(IntEnum):
    """The columns from left to right."""

    NAME = 0
    FD = 1
    IS = 2
    FAD = 3
    KL = 4
    CLAP = 5
    NEAREST = 6
    SIMILARITY = 7
    CLASS = 8
    MARKS = 9


TIPS: Final = (
    "The generated sound",
    "How FD would change without this clip; below zero: the clip makes FD worse",
    "How IS would change without this clip; above zero: the clip makes IS worse",
    "How FAD would change without this clip; below zero: the clip makes FAD worse",
    "KL of this clip and the reference of the same name; lower is better",
    "How well the clip answers its prompt; higher is better",
    "The reference sound whose embedding is the most alike",
    "Cosine of both embeddings; 1 is the same",
    "The classifier's most likely class, and how sure it is",
    "What is wrong with the file",
)
SCORE_OF: Final = {
    ScoreColumn.FD: "fd",
    ScoreColumn.IS: "is",
    ScoreColumn.FAD: "fad",
    ScoreColumn.KL: "kl",
    ScoreColumn.CLAP: "clap",
}
_RIGHT: Final = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class ScoreClipsModel(FlatTableModel):
    """Rows in the order of one score's worst; a filter leaves out what is not asked for."""

    titles = (
        "Clip", "Δ FD", "Δ IS", "Δ FAD", "KL", "CLAP", "Nearest reference",
        "Alike", "Class", "Marks",
    )  # fmt: skip

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._report: ShownReport | None = None
        self._order: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        self._row_of: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        self.playing = ""

    def show_report(
        self, report: ShownReport | None, key: str, names: frozenset[str] | None = None
    ) -> None:
        """Show the clips worst first by a score; `names`: these only, None all of them."""
        self.beginResetModel()
        self._report = report
        self._order = np.zeros(0, np.int64) if report is None else worst_first(report, key)
        if report is not None and names is not None:
            kept = [place for place in self._order if str(report.rows[place]["name"]) in names]
            self._order = np.array(kept, dtype=np.int64)
        self._row_of = np.full(len(report.rows) if report else 0, -1, dtype=np.int64)
        self._row_of[self._order] = np.arange(len(self._order))
        self.endResetModel()

    def row_of(self, place: int) -> int | None:
        """Where the clip of this place in the report stands, None if the filter leaves it out."""
        if not 0 <= place < len(self._row_of) or self._row_of[place] < 0:
            return None
        return int(self._row_of[place])

    def place_at(self, row: int) -> int | None:
        """The place in the report of the clip in a row."""
        return int(self._order[row]) if 0 <= row < len(self._order) else None

    def clip_at(self, row: int) -> Mapping[str, Any] | None:
        place = self.place_at(row)
        return self._report.rows[place] if self._report and place is not None else None

    def has_numbers(self, column: ScoreColumn) -> bool:
        """Whether any clip has a number there."""
        if self._report is None:
            return False
        if column in SCORE_OF:
            values = self._report.numbers[CLIP_FIELDS[SCORE_OF[column]][0]]
            return bool(np.isfinite(values).any())
        if column in (ScoreColumn.NEAREST, ScoreColumn.SIMILARITY):
            return bool(np.isfinite(self._report.numbers["similarity"]).any())
        return column is not ScoreColumn.MARKS or bool(self._report.marks)

    # Qt's side

    def row_total(self) -> int:
        return len(self._order)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.ToolTipRole:
            return TIPS[section]
        is_number = section in SCORE_OF or section == ScoreColumn.SIMILARITY
        if role == Qt.ItemDataRole.TextAlignmentRole and is_number:
            return _RIGHT
        return super().headerData(section, orientation, role)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        place = self.place_at(index.row())
        if place is None or self._report is None:
            return None
        column = ScoreColumn(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(place, column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column in SCORE_OF or column is ScoreColumn.SIMILARITY else None
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._colour(place, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(place, column)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._spoken(place) if column is ScoreColumn.NAME else self._text(place, column)
        return None

    def _text(self, place: int, column: ScoreColumn) -> str:
        report = self._report
        assert report is not None
        row = report.rows[place]
        if column is ScoreColumn.NAME:
            return str(row["name"])
        if column in (ScoreColumn.KL, ScoreColumn.CLAP):
            return number_text(float(report.numbers[CLIP_FIELDS[SCORE_OF[column]][0]][place]))
        if column in SCORE_OF:
            return signed_text(float(report.numbers[CLIP_FIELDS[SCORE_OF[column]][0]][place]))
        if column is ScoreColumn.NEAREST:
            return str(row.get("nearest") or "")
        if column is ScoreColumn.SIMILARITY:
            value = float(report.numbers["similarity"][place])
            return f"{value:.2f}".replace("-", "−") if np.isfinite(value) else ""
        if column is ScoreColumn.CLASS:
            return class_text(row)
        return ", ".join(report.marks.get(str(row["name"]), ()))

    def _colour(self, place: int, column: ScoreColumn) -> QColor | None:
        """What pulls a score to the bad side is tinted; failed clips are muted, their mark red."""
        report, colours = self._report, self._theme.colours
        assert report is not None
        row = report.rows[place]
        if column is ScoreColumn.MARKS:
            return QColor(colours.error if row.get("failure") else colours.warning)
        if row.get("failure"):
            return QColor(colours.muted)
        if column is ScoreColumn.NAME and row["name"] == self.playing:
            return QColor(colours.accent)
        if column in (ScoreColumn.FD, ScoreColumn.IS, ScoreColumn.FAD):
            name, sign = CLIP_FIELDS[SCORE_OF[column]]
            is_bad = report.numbers[name][place] * sign < 0
            return QColor(colours.warning if is_bad else colours.muted)
        return None

    def _tip(self, place: int, column: ScoreColumn) -> str:
        assert self._report is not None
        row = self._report.rows[place]
        if column is ScoreColumn.NAME:
            lines = (row["name"], row.get("prompt"), row.get("failure"))
            return "\n".join(str(line) for line in lines if line)
        text = self._text(place, column)
        if column is ScoreColumn.CLASS and text:
            return f"{text}\n{class_note(self._report.backbone)}"
        return text

    def _spoken(self, place: int) -> str:
        assert self._report is not None
        row = self._report.rows[place]
        if row.get("failure"):
            return f"{row['name']}, not heard: {row['failure']}"
        parts = [str(row["name"])]
        for column in SCORE_OF:
            text = self._text(place, column)
            parts += [f"{self.titles[column]} {text}"] if text else []
        if row.get("nearest"):
            parts.append(f"nearest {row['nearest']}")
        parts += self._report.marks.get(str(row["name"]), ())
        return ", ".join(parts)


def class_text(row: Mapping[str, Any]) -> str:
    """ "class 12, 64 %": no names of classes are known for certain (`class_note`)."""
    sound_class, chance = row.get("sound_class"), row.get("class_probability")
    if sound_class is None or chance is None:
        return ""
    return f"class {sound_class}, {chance * 100:.0f} %"
