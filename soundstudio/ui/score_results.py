"""What a scoring found: the numbers on top, below them clips, map or comparison."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from soundstudio.ui.banner import Banner
from soundstudio.ui.elided_label import SEPARATOR, ElidedLabel
from soundstudio.ui.empty_page import EmptyPage
from soundstudio.ui.score_chart import ScoreChart
from soundstudio.ui.score_clips import ScoreClips
from soundstudio.ui.score_map import ScoreMap
from soundstudio.ui.score_numbers import ScoreNumbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from soundstudio.ui.icons import Icons
    from soundstudio.ui.score_reading import ShownReport
    from soundstudio.ui.theme import Theme

TABS: Final = (("Clips", "clips"), ("Map", "map"), ("Compare", "compare"))
EXPORTS: Final = (
    ("JSON, all numbers…", "json"),
    ("CSV, a line for each sound…", "csv"),
    ("LaTeX, a table…", "tex"),
    ("HTML, a page that plays the sounds…", "html"),
)
MARK_OF_KIND: Final = {
    "failed": "Not heard",
    "silent": "Silent ones",
    "clipped": "Clipped ones",
    "duplicates": "Copies",
    "equal": "In both sets",
    "unpaired": "Without a pair",
    "short": "Short ones",
    "cut": "Cut at 60 s",
    "rate": "Low rates",
}


def facts_of(report: ShownReport) -> str:
    """Counts, backbone and date in one line."""
    counts = dict(report.score("is").counts)
    generated = counts.get("generated") or sum(not row.get("failure") for row in report.rows)
    parts = [f"{generated:,} generated"]
    reference = dict(report.score("fd").counts).get("reference")
    parts.append(f"{reference:,} reference" if reference else "no reference")
    parts.append(f"backbone {report.backbone}")
    if report.made_at is not None:
        made = report.made_at.astimezone()
        parts.append(f"{made.day} {made:%b %Y %H:%M}")
    return SEPARATOR.join(parts)


class EmptyScores(EmptyPage):
    """What stands there before anything was scored."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.show_idle()

    def show_idle(self) -> None:
        self.say(
            "How good are the sounds?",
            "Choose generated sounds at the left, and real ones to compare them with. FD, IS, KL "
            "and FAD say how far they are from real ones, with intervals, and which sound pulls a "
            "number down. Without a reference only IS can be given. It all runs on this computer.",
        )

    def show_busy(self, words: str) -> None:
        self.say(
            words,
            "The window goes on working. What is heard is kept: cancelled or not, the next scoring "
            "of these sounds goes on from there.",
        )


class ScoreResults(QWidget):
    """signals:
    export_requested(str): "json", "csv", "tex" or "html".
    compare_shown(): the comparison is in front.
    """

    export_requested = Signal(str)
    compare_shown = Signal()

    def __init__(self, theme: Theme, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.report: ShownReport | None = None
        self.banner = Banner(theme, icons, self, is_wide=True)
        self.numbers = ScoreNumbers(icons, self)
        self.clips = ScoreClips(theme, icons, self)
        self.map = ScoreMap(theme, self)
        self.chart = ScoreChart(theme, self)
        self.empty = EmptyScores(self)
        self.numbers.clips_requested.connect(self._on_clips_requested)
        self._title = QLabel(self)
        self._title.setObjectName("heading")
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._facts = ElidedLabel(self)
        self._facts.setObjectName("muted")
        self._export = QPushButton("Export", self)
        self._export.setAccessibleName("Export the scoring")
        self._export.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        menu = QMenu(self._export)
        for words, kind in EXPORTS:
            menu.addAction(words, partial(self.export_requested.emit, kind))
        self._export.setMenu(menu)
        icons.dress(self._export, "export")
        self._tabs = QButtonGroup(self)
        self._pages = QStackedWidget(self)
        for page in (self.clips, self.map, self.chart):
            self._pages.addWidget(page)
        self._lay_out()

    def _lay_out(self) -> None:
        content = QWidget(self)
        page = QVBoxLayout(content)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(0)
        page.addLayout(self._head())
        page.addWidget(self._splitter(), 1)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(content)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.banner)
        whole.addWidget(self._stack, 1)

    def _head(self) -> QHBoxLayout:
        head = QHBoxLayout()
        head.setContentsMargins(12, 8, 10, 4)
        head.setSpacing(8)
        head.addWidget(self._title)
        head.addWidget(self._facts, 1)
        head.addWidget(self._export)
        return head

    def _tab_row(self) -> QHBoxLayout:
        """The names of the pages, and beside them what belongs to the one in front."""
        tabs = QHBoxLayout()
        tabs.setContentsMargins(8, 2, 8, 2)
        tabs.setSpacing(4)
        for number, (title, _) in enumerate(TABS):
            button = QToolButton(self)
            button.setText(title)
            button.setAccessibleName(f"Show {title.lower()}")
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setIconSize(QSize(16, 16))
            self._tabs.addButton(button, number)
            tabs.addWidget(button)
        tabs.addSpacing(8)
        tabs.addWidget(self.clips.bar, 1)
        tabs.addStretch(0)
        self._tabs.button(0).setChecked(True)
        self._tabs.idClicked.connect(self._turn_to)
        return tabs

    def _splitter(self) -> QSplitter:
        below = QWidget(self)
        column = QVBoxLayout(below)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._tab_row())
        column.addWidget(self._pages, 1)
        self.rows = QSplitter(Qt.Orientation.Vertical, self)
        self.rows.setHandleWidth(5)
        self.rows.setChildrenCollapsible(False)
        self.rows.addWidget(self.numbers)
        self.rows.addWidget(below)
        self.rows.setStretchFactor(0, 0)
        self.rows.setStretchFactor(1, 1)
        self.rows.setSizes([230, 280])
        self.numbers.setMinimumHeight(80)
        below.setMinimumHeight(120)
        return self.rows

    def show_report(self, report: ShownReport | None) -> None:
        """Show a scoring, or that there is none."""
        self.report = report
        self.clips.show_report(report)
        self.map.show_report(report)
        if report is None:
            self._stack.setCurrentIndex(0)
            return
        self.numbers.show_report(report)
        self.show_title(report.title)
        self._facts.setText(facts_of(report))
        self._facts.setToolTip(facts_of(report))
        self._stack.setCurrentIndex(1)

    def show_title(self, title: str) -> None:
        metrics = self._title.fontMetrics()
        self._title.setText(metrics.elidedText(title, Qt.TextElideMode.ElideMiddle, 360))
        self._title.setToolTip(title)

    def show_compared(self, reports: Sequence[ShownReport]) -> None:
        """The scorings of the comparison; their number stands on the tab."""
        self.chart.show_reports(reports)
        button = self._tabs.button(2)
        button.setText(f"Compare ({len(reports)})" if len(reports) > 1 else "Compare")

    def show_tab(self, name: str) -> None:
        """ "clips", "map" or "compare"."""
        number = [key for _, key in TABS].index(name)
        self._tabs.button(number).setChecked(True)
        self._turn_to(number)

    def _turn_to(self, number: int) -> None:
        self._pages.setCurrentIndex(number)
        self.clips.bar.setVisible(number == 0)
        if self.tab() == "compare":
            self.compare_shown.emit()

    def tab(self) -> str:
        return TABS[self._pages.currentIndex()][1]

    def has_report(self) -> bool:
        return self._stack.currentIndex() == 1

    def _on_clips_requested(self, caution: object) -> None:
        kind, names = getattr(caution, "kind", ""), getattr(caution, "clips", ())
        self.show_tab("clips")
        self.clips.show_only(names, MARK_OF_KIND.get(kind, "These sounds"))
        self.clips.table.setFocus()
