"""The scored clips, worst first: what each does to a score, what it is nearest to; each plays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import (
    QSignalBlocker,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from soundstudio.core.score_words import TITLES
from soundstudio.ui.audition_table import AuditionTable
from soundstudio.ui.elided_label import ElidedLabel
from soundstudio.ui.score_clips_model import SCORE_OF, ScoreClipsModel, ScoreColumn
from soundstudio.ui.score_reading import CLIP_FIELDS
from soundstudio.ui.tool_button import tool_button

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QMouseEvent, QResizeEvent

    from soundstudio.ui.icons import Icons
    from soundstudio.ui.score_reading import ShownReport
    from soundstudio.ui.theme import Theme

ROW_PX = 26
PAUSE_MS = 80
ALL, MARKED, CHOSEN = "all", "marked", "chosen"
# What goes first where there is little room.
LEAST_NEEDED = (
    ScoreColumn.CLASS, ScoreColumn.SIMILARITY, ScoreColumn.IS, ScoreColumn.CLAP, ScoreColumn.FAD,
)  # fmt: skip
NAME_PX = 150
ROOM_PX = 900


class ScoreClipTable(AuditionTable):
    """signals: clicked_again(): the current row was clicked."""

    clicked_again = Signal()

    def __init__(self, model: ScoreClipsModel, parent: QWidget | None = None) -> None:
        super().__init__(model, ROW_PX, parent)
        self.setAccessibleName("Scored sounds, worst first")
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        header = self.horizontalHeader()
        header.setSectionsClickable(True)
        header.setMinimumSectionSize(30)
        for column in (ScoreColumn.NAME, ScoreColumn.NEAREST):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        width_of = self.fontMetrics().horizontalAdvance
        widest = {
            **dict.fromkeys(SCORE_OF, "FAD without"),
            ScoreColumn.KL: "−0.0000",
            ScoreColumn.CLAP: "−0.0000",
            ScoreColumn.SIMILARITY: "−0.00 ",
            ScoreColumn.CLASS: "no. 526, 100 %",
            ScoreColumn.MARKS: "in both sets ",
        }
        # Kept here: a hidden column says that it is 0 wide.
        self._widths = {column: width_of(text) + 16 for column, text in widest.items()}
        for column, width in self._widths.items():
            self.setColumnWidth(column, width)

    def fit_columns(self) -> None:
        """Hide what has no numbers, and what there is no room for."""
        model = self.model()
        assert isinstance(model, ScoreClipsModel)
        shown = [column for column in ScoreColumn if model.has_numbers(column)]
        width = self.viewport().width()
        for column in LEAST_NEEDED:
            needed = sum(self._widths[c] for c in shown if c not in _STRETCHED)
            room = NAME_PX * sum(c in _STRETCHED for c in shown)
            if column in shown and needed + room > width:
                shown.remove(column)
        for column in ScoreColumn:
            self.setColumnHidden(column, column not in shown and column is not ScoreColumn.NAME)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        row = self.indexAt(event.position().toPoint()).row()
        was_current = row >= 0 and row == self.current_row()
        super().mousePressEvent(event)
        if was_current and event.button() == Qt.MouseButton.LeftButton:
            self.clicked_again.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit_columns()


_STRETCHED = (ScoreColumn.NAME, ScoreColumn.NEAREST)


class ScoreClips(QWidget):
    """signals:
    clip_chosen(str, bool): a generated clip's name is current; True if it should be heard now.
    reference_chosen(str): the nearest reference of the current clip should be heard.
    """

    clip_chosen = Signal(str, bool)
    reference_chosen = Signal(str)

    def __init__(self, theme: Theme, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._report: ShownReport | None = None
        self._chosen: frozenset[str] = frozenset()
        self._is_quiet = False
        # Stands beside the names of the pages, where the list loses no row to it.
        self.bar = QWidget(self)
        self.model = ScoreClipsModel(theme, self)
        self.table = ScoreClipTable(self.model, self)
        self.table.current_changed.connect(self._on_current)
        self.table.clicked_again.connect(self.play_clip)
        self.table.horizontalHeader().sectionClicked.connect(self._on_header)
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self._on_pause)
        theme.changed.connect(lambda _: self.table.viewport().update())
        self._order = QComboBox(self)
        self._order.setAccessibleName("Worst first by")
        self._order.currentIndexChanged.connect(self._refresh)
        self._filter = QComboBox(self)
        self._filter.setAccessibleName("Which sounds")
        self._filter.addItem("All sounds", ALL)
        self._filter.addItem("Marked ones", MARKED)
        self._filter.currentIndexChanged.connect(self._refresh)
        self._play = tool_button("Play", "Play the sound (Space)", self)
        self._play.clicked.connect(self.play_clip)
        self._near = tool_button("Nearest", "Play the nearest reference (N)", self)
        self._near.clicked.connect(self.play_nearest)
        icons.dress(self._play, "play")
        icons.dress(self._near, "like")
        self._words = ElidedLabel(self)
        self._words.setObjectName("muted")
        self._count = QLabel(self)
        self._count.setObjectName("muted")
        self._lay_out()

    def _lay_out(self) -> None:
        bar = QHBoxLayout(self.bar)
        bar.setContentsMargins(0, 0, 0, 0)
        bar.setSpacing(6)
        bar.addWidget(self._play)
        bar.addWidget(self._near)
        bar.addWidget(self._words, 1)
        bar.addWidget(self._count)
        for box, letters in ((self._order, 11), (self._filter, 8)):
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            box.setMinimumContentsLength(letters)
            bar.addWidget(box)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table, 1)

    def show_report(self, report: ShownReport | None) -> None:
        """Show a report's clips, worst first by the first score that has any."""
        self._report = report
        self._chosen = frozenset()
        with QSignalBlocker(self._order), QSignalBlocker(self._filter):
            kept = self._order.currentData()
            self._order.clear()
            for key in _keys_with_clips(report):
                self._order.addItem(f"Worst for {TITLES[key]}", key)
            self._order.setCurrentIndex(max(0, self._order.findData(kept)))
            self._drop_chosen()
            self._filter.setCurrentIndex(0)
        self._refresh(keeps_current=False)

    def show_only(self, names: Sequence[str], words: str) -> None:
        """Leave out all but these clips; the filter says so and takes it back."""
        self._chosen = frozenset(names)
        with QSignalBlocker(self._filter):
            self._drop_chosen()
            self._filter.addItem(words, CHOSEN)
            self._filter.setCurrentIndex(self._filter.count() - 1)
        self._refresh()

    def select(self, name: str) -> None:
        """Make a clip current without playing it."""
        place = self._report.place_of(name) if self._report else None
        row = self.model.row_of(place) if place is not None else None
        if row is not None:
            with QSignalBlocker(self.table):
                self.table.select_row(row)
            self._show_words()

    def current_name(self) -> str:
        """The current clip, "" if there is none."""
        clip = self.model.clip_at(self.table.current_row())
        return str(clip["name"]) if clip else ""

    def set_playing(self, name: str) -> None:
        """Which clip plays; its name lights up."""
        if name != self.model.playing:
            self.model.playing = name
            self.table.viewport().update()

    def play_clip(self) -> None:
        if name := self.current_name():
            self._pause.stop()
            self.clip_chosen.emit(name, True)

    def play_nearest(self) -> None:
        """Play the reference that the current clip is nearest to."""
        clip = self.model.clip_at(self.table.current_row())
        if clip and clip.get("nearest"):
            self.reference_chosen.emit(str(clip["nearest"]))

    def _drop_chosen(self) -> None:
        place = self._filter.findData(CHOSEN)
        if place >= 0:
            self._filter.removeItem(place)

    def _refresh(self, _: int = 0, *, keeps_current: bool = True) -> None:
        report, kept = self._report, self.current_name() if keeps_current else ""
        names = None
        if report is not None and self._filter.currentData() == MARKED:
            names = frozenset(report.marks)
        elif self._filter.currentData() == CHOSEN:
            names = self._chosen
        key = str(self._order.currentData() or "is")
        self.model.show_report(report, key, names)
        self.table.fit_columns()
        total = len(report.rows) if report else 0
        rows = self.model.rowCount()
        of = f"{rows:,} of {total:,}" if rows != total else f"{total:,}"
        self._count.setText(f"{of} sound" if total == 1 else f"{of} sounds")
        self.select(kept)
        if self.table.current_row() < 0 and rows:
            with QSignalBlocker(self.table):
                self.table.select_row(0)
        self._show_words()

    def _on_header(self, section: int) -> None:
        key = SCORE_OF.get(ScoreColumn(section))
        if key is not None:
            self._order.setCurrentIndex(max(0, self._order.findData(key)))

    def _on_current(self, is_repeating: bool) -> None:
        if self.table.current_row() < 0:
            return
        self._is_quiet = is_repeating
        self._show_words()
        self._pause.start()

    def _on_pause(self) -> None:
        if (name := self.current_name()) and not self._is_quiet:
            self.clip_chosen.emit(name, False)

    def _show_words(self) -> None:
        clip = self.model.clip_at(self.table.current_row())
        words = ""
        if clip:
            prompt = clip.get("prompt")
            words = str(clip.get("failure") or (f"“{prompt}”" if prompt else ""))
        self._words.setText(words)
        self._words.setToolTip(words)
        self._play.setEnabled(clip is not None)
        self._near.setEnabled(bool(clip and clip.get("nearest")))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._count.setVisible(event.size().width() > ROOM_PX)


def _keys_with_clips(report: ShownReport | None) -> list[str]:
    """The scores of which a clip's part is known."""
    if report is None:
        return []
    keys = [key for key in TITLES if np.isfinite(report.numbers[CLIP_FIELDS[key][0]]).any()]
    return keys or ["is"]
