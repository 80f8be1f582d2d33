"""A finished benchmark: its picture, its table, and what it says and differs in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QTableWidget,
    QTableWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from soundstudio.core.benchmark_requests import BENCHMARK_TITLES
from soundstudio.ui.banner import Banner
from soundstudio.ui.elided_label import SEPARATOR, ElidedLabel
from soundstudio.ui.empty_page import EmptyPage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from soundstudio.library.benchmarks import BenchmarkReport
    from soundstudio.ui.icons import Icons
    from soundstudio.ui.theme import Theme

TABS: Final = ("Picture", "Table", "Notes")


class PictureView(QWidget):
    """A picture, as large as fits, on the white that it was drawn for."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._picture = QImage()
        self.setAccessibleName("Picture of the benchmark")
        theme.changed.connect(lambda _: self.update())

    def show_picture(self, picture: QImage, description: str) -> None:
        self._picture = picture
        self.setAccessibleDescription(description)
        self.update()

    def has_picture(self) -> bool:
        return not self._picture.isNull()

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = self._theme.colours
        with QPainter(self) as painter:
            if self._picture.isNull():
                painter.setPen(QColor(colours.muted))
                words = "There is no picture in the folder."
                painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, words)
                return
            room = self.rect().adjusted(10, 4, -10, -10)
            size = self._picture.size().scaled(room.size(), Qt.AspectRatioMode.KeepAspectRatio)
            ratio = self.devicePixelRatioF()
            # One smooth step: the painter's own shrinking skips pixels.
            shown = self._picture.scaled(
                size * ratio,
                Qt.AspectRatioMode.IgnoreAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
            box = QRectF(0, 0, size.width(), size.height())
            box.moveCenter(QRectF(room).center())
            painter.drawImage(box, shown)


class BenchmarkResults(QWidget):
    """signals: folder_requested(): open the folder of the one that is shown."""

    folder_requested = Signal()

    def __init__(self, theme: Theme, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.report: BenchmarkReport | None = None
        self.banner = Banner(theme, icons, self, is_wide=True)
        self._title = QLabel(self)
        self._title.setObjectName("heading")
        self._facts = ElidedLabel(self)
        self._facts.setObjectName("muted")
        self.folder = QPushButton("Open folder", self)
        self.folder.setAccessibleName("Open the folder of the results")
        self.folder.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.folder.clicked.connect(self.folder_requested)
        icons.dress(self.folder, "folder")
        self.picture = PictureView(theme, self)
        self.table = QTableWidget(self)
        self.table.setAccessibleName("Table of the benchmark")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        self.notes = QLabel(self, wordWrap=True)
        self.notes.setTextFormat(Qt.TextFormat.PlainText)
        self.notes.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.notes.setContentsMargins(14, 6, 14, 14)
        self.notes.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._empty = EmptyPage(self)
        self._lay_out()
        self.show_empty()

    def _lay_out(self) -> None:
        content = QWidget(self)
        page = QVBoxLayout(content)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(12, 8, 10, 4)
        head.setSpacing(8)
        head.addWidget(self._title)
        head.addWidget(self._facts, 1)
        head.addWidget(self.folder)
        page.addLayout(head)
        page.addLayout(self._tab_row())
        self._pages = QStackedWidget(self)
        self._pages.addWidget(self.picture)
        self._pages.addWidget(self.table)
        scroll = QScrollArea(self)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setAccessibleName("Notes on the benchmark")
        scroll.viewport().setAutoFillBackground(False)
        self.notes.setAutoFillBackground(False)
        scroll.setWidget(self.notes)
        self._pages.addWidget(scroll)
        page.addWidget(self._pages, 1)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(content)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.banner)
        whole.addWidget(self._stack, 1)

    def _tab_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(8, 2, 8, 2)
        row.setSpacing(4)
        self._tabs = QButtonGroup(self)
        for number, title in enumerate(TABS):
            button = QToolButton(self)
            button.setText(title)
            button.setAccessibleName(f"Show the {title.lower()} of the benchmark")
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self._tabs.addButton(button, number)
            row.addWidget(button)
        row.addStretch(1)
        self._tabs.button(0).setChecked(True)
        self._tabs.idClicked.connect(self.show_tab)
        return row

    def show_empty(self) -> None:
        """Nothing was run, or nothing is open."""
        self._say(
            "The paper's tables and figures",
            "Choose a benchmark and your copy of a dataset at the left. It runs in a process of "
            "its own; an interrupted one goes on where it stopped when it is run again with the "
            "same folder. Its files, for other programs too, lie in the folder for results.",
        )

    def show_unfinished(self, title: str) -> None:
        """A past one that has no report yet."""
        self._say(title, "It was not finished. Run it again: it goes on where it stopped.")

    def show_busy(self, words: str) -> None:
        """While it runs, in place of what there is nothing of yet."""
        self._empty.say(
            words,
            "The window goes on working. Closing it stops the benchmark; run again, it goes on.",
        )

    def _say(self, heading: str, sentence: str) -> None:
        self.report = None
        self._empty.say(heading, sentence)
        self._stack.setCurrentIndex(0)

    def show_report(self, report: BenchmarkReport, picture: QImage) -> None:
        """Show a finished one; its picture was read by whoever calls."""
        self.report = report
        self.banner.hide()
        self._title.setText(BENCHMARK_TITLES[report.benchmark].partition(":")[0])
        facts = list(report.facts)
        if report.finished_at is not None:
            moment = report.finished_at.astimezone()
            facts.append(f"{moment.day} {moment:%b %Y %H:%M}")
        self._facts.setText(SEPARATOR.join(facts))
        self._facts.setToolTip(f"{SEPARATOR.join(facts)}\n{report.path.parent}")
        self.picture.show_picture(picture, report.head)
        self._fill(report.rows)
        self.notes.setText(notes_of(report))
        self._stack.setCurrentIndex(1)

    def has_report(self) -> bool:
        return self._stack.currentIndex() == 1

    def words(self) -> str:
        """What stands there without a report."""
        return self._empty.words()

    def show_tab(self, number: int) -> None:
        self._tabs.button(number).setChecked(True)
        self._pages.setCurrentIndex(number)

    def _fill(self, rows: Sequence[tuple[str, ...]]) -> None:
        head, *body = rows or ((),)
        self.table.clear()
        self.table.setColumnCount(len(head))
        self.table.setRowCount(len(body))
        self.table.setHorizontalHeaderLabels(list(head))
        for line, row in enumerate(body):
            for column, cell in enumerate(row[: len(head)]):
                self.table.setItem(line, column, QTableWidgetItem(cell))
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


def notes_of(report: BenchmarkReport) -> str:
    """Everything that is said in sentences, one a line."""
    parts = [report.head, *report.lines]
    if report.differences:
        parts += ["", "What differs from the paper:", *(f"–  {s}" for s in report.differences)]
    if report.failures:
        parts += ["", "Left out:", *(f"–  {sentence}" for sentence in report.failures)]
    return "\n".join(parts)
