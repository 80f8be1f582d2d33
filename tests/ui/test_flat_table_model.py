"""What the table models share: titles above, rows without children."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester

from soundstudio.ui.finetune_captions_model import CaptionColumn, CaptionsModel
from soundstudio.ui.finetune_findings_model import FindingColumn, FindingsModel
from soundstudio.ui.flat_table_model import FlatTableModel, Index
from soundstudio.ui.score_clips_model import TIPS, ScoreClipsModel, ScoreColumn

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication


class _Pairs(FlatTableModel):
    titles = ("Left", "Right")

    def row_total(self) -> int:
        return 3

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        return index.row() if role == Qt.ItemDataRole.DisplayRole else None


def test_rows_have_titles_and_no_children(qapp: QApplication) -> None:
    model = _Pairs()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Warning, model)
    assert (model.rowCount(), model.columnCount()) == (3, 2)
    inside = model.index(0, 0)
    assert (model.rowCount(inside), model.columnCount(inside)) == (0, 0)
    across, down = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
    assert [model.headerData(column, across) for column in (0, 1)] == ["Left", "Right"]
    assert model.headerData(0, across, Qt.ItemDataRole.ToolTipRole) is None
    assert model.headerData(0, down) is None


def test_every_column_has_its_title() -> None:
    for model, columns in (
        (CaptionsModel, CaptionColumn),
        (FindingsModel, FindingColumn),
        (ScoreClipsModel, ScoreColumn),
    ):
        assert len(model.titles) == len(columns)
    assert len(TIPS) == len(ScoreColumn)
