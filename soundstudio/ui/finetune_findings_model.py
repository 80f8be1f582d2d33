"""What was found in a folder, as rows: one for each sentence about a clip or a table."""

from __future__ import annotations

from collections import Counter
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QColor

from soundstudio.dataset.words import shown_name
from soundstudio.jobs.clip_reading import name_below
from soundstudio.ui.flat_table_model import FlatTableModel, Index

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from soundstudio.dataset.findings import Finding, FindingKind
    from soundstudio.ui.theme import Theme

# Title, and what it means for the user: in the order in which they are listed.
KINDS: Final[dict[FindingKind, tuple[str, str]]] = {
    "damaged": ("Damaged", "These files cannot be decoded. Mend or replace them, or do without."),
    "unreadable": ("Unreadable", "The system does not let these files be read. Look at their "
                   "permissions."),
    "unsupported": ("Other formats", "Convert these to WAV or FLAC if you want them to be used."),
    "empty": ("Empty", "There is no sound in these files."),
    "not numbers": ("Not numbers", "Some samples are infinite or no numbers: export them anew."),
    "silent": ("Silent", "Below −80 dB there is nothing to learn but silence."),
    "too short": ("Too short", "Less than 50 ms is a click to the model."),
    "duplicate": ("Duplicates", "The very same sound again: only the first is used."),
    "left out": ("Left out by choice", "Tick them again under Captions to have them used."),
    "near duplicate": ("Nearly the same", "Heard so often, they weigh more than the others. Play "
                       "both, then keep them or leave them out (at the left)."),
    "clipped": ("Clipped", "The model learns the distortion, too. Leave it if it belongs there."),
    "cut off": ("Cut off", "The end of these files is missing; what is there is used."),
    "low rate": ("Low sample rate", "They lack treble, and the model learns that."),
    "long": ("Very long", "Cut into segments that all share one caption: better cut them yourself "
             "and describe the parts."),
    "no caption": ("No caption", "Nothing says what is heard. Write something in the next step."),
    "table": ("Tables", "About files that describe the clips."),
    "folder": ("Folders", "About folders that could not be read."),
    "same captions": ("Same captions", "Text tells the model which sound is meant: give different "
                      "sounds different captions."),
    "few clips": ("Few clips", "Add more clips of the kind if you can; otherwise train short, so "
                  "that the model does not merely repeat them."),
    "splits": ("Splits", "Some recordings are kept out of the training, to test the model with."),
}  # fmt: skip
WHOLE: Final[frozenset[FindingKind]] = frozenset(("same captions", "few clips", "splits"))
"""About all clips together: said above the list."""


class FindingColumn(IntEnum):
    """The columns from left to right."""

    FILE = 0
    KIND = 1
    SENTENCE = 2
    USED = 3


class FindingsModel(FlatTableModel):
    """The findings of one kind, or all that are about files."""

    titles = ("File", "Finding", "What was found", "Used?")

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._all: list[Finding] = []
        self._shown: list[Finding] = []
        self._folder: Path | None = None
        self._left_out: frozenset[Path | None] = frozenset()

    def show_findings(
        self, findings: Sequence[Finding], folder: Path, left_out: frozenset[Path]
    ) -> None:
        """left_out: clips that are left out though their finding does not exclude them."""
        self._all = [finding for finding in findings if finding.kind not in WHOLE]
        self._folder = folder
        # All that is said of such a clip, not only the reason.
        self._left_out = left_out | {finding.path for finding in findings if finding.excludes}
        self.show_kind("")

    def show_kind(self, kind: str) -> None:
        """Only findings of this kind; "" for all."""
        self.beginResetModel()
        self._shown = [finding for finding in self._all if kind in ("", finding.kind)]
        self.endResetModel()

    def counts(self) -> dict[FindingKind, int]:
        """How many findings there are of each kind, in the order of `KINDS`."""
        found = Counter(finding.kind for finding in self._all)
        return {kind: found[kind] for kind in KINDS if found[kind]}

    def finding_at(self, row: int) -> Finding | None:
        return self._shown[row] if 0 <= row < len(self._shown) else None

    def path_at(self, row: int) -> Path | None:
        finding = self.finding_at(row)
        return finding.path if finding else None

    def is_left_out(self, finding: Finding) -> bool:
        return finding.path in self._left_out

    # Qt's side

    def row_total(self) -> int:
        return len(self._shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        finding = self.finding_at(index.row())
        if finding is None:
            return None
        column = FindingColumn(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(finding, column)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._spoken(finding) if column is FindingColumn.FILE else None
        if role == Qt.ItemDataRole.ToolTipRole:
            return finding.sentence if column is FindingColumn.SENTENCE else self._file(finding)
        if role == Qt.ItemDataRole.ForegroundRole:
            colours = self._theme.colours
            if column is FindingColumn.USED:
                return QColor(colours.error if self.is_left_out(finding) else colours.good)
            if column is FindingColumn.KIND:
                return QColor(colours.muted)
        return None

    def _text(self, finding: Finding, column: FindingColumn) -> str:
        if column is FindingColumn.FILE:
            return self._file(finding)
        if column is FindingColumn.KIND:
            return KINDS[finding.kind][0]
        if column is FindingColumn.SENTENCE:
            return _said(finding)
        if finding.kind in ("table", "folder"):
            return ""
        return "left out" if self.is_left_out(finding) else "used"

    def _file(self, finding: Finding) -> str:
        return name_below(finding.path, self._folder)

    def _spoken(self, finding: Finding) -> str:
        parts = (self._file(finding), KINDS[finding.kind][0], finding.sentence)
        return ", ".join((*parts, self._text(finding, FindingColumn.USED)))


def _said(finding: Finding) -> str:
    """What is said of a file, without its name, which stands beside it."""
    if finding.path is None:
        return finding.sentence
    name = shown_name(finding.path)
    rest = finding.sentence.removeprefix(name).lstrip(": ")
    is_about_it = len(rest) < len(finding.sentence)
    return rest[:1].upper() + rest[1:] if is_about_it else finding.sentence
