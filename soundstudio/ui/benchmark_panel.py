"""The benchmark page of the Score place: which one, on which sounds, where to, and past ones."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final, cast

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from soundstudio.core.benchmark_requests import (
    BENCHMARK_TITLES,
    DATASET_TITLES,
    BenchmarkName,
    BenchmarkRequest,
    DatasetKind,
)
from soundstudio.ui.banner import Banner
from soundstudio.ui.benchmark_options import BenchmarkOptions
from soundstudio.ui.clip_table_model import moment_text
from soundstudio.ui.folder_choice import FolderChoice
from soundstudio.ui.thin_bar import ThinBar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import Any

    from soundstudio.jobs.benchmark_runner import BenchmarkState
    from soundstudio.library.benchmarks import RunBenchmarkEntry
    from soundstudio.ui.icons import Icons
    from soundstudio.ui.theme import Theme

SENTENCES: Final[dict[BenchmarkName, str]] = {
    "table1": "Generates a sound for each real one, from its text and from its sound, and scores "
    "them. Hours on a processor.",
    "table2": "Fine-tunes from the model and from scratch, on text and on sounds, and compares the "
    "best scores. Days, best on a graphics card.",
    "figure1": "Corrupts a growing share of the real sounds and watches the four scores. Minutes.",
    "figure2": "The runs of Table II, as curves over the training steps. In Table II's folder "
    "nothing is trained twice.",
}
PHASE_WORDS: Final = {"starting": "Starting…", "stopping": "Stopping…"}
ENTRY_ROLE: Final = Qt.ItemDataRole.UserRole + 1


def state_words(state: BenchmarkState) -> str:
    """What a benchmark is doing, in a few words."""
    if state.phase in PHASE_WORDS:
        return PHASE_WORDS[state.phase]
    what = state.what[:1].upper() + state.what[1:]
    return f"{what} {state.done:,} of {state.total:,}" if state.total else what


class BenchmarkPanel(QWidget):
    """signals: start_requested(): ask `values()`. cancel_requested().
    opened(RunBenchmarkEntry): show this past one. remove_requested(RunBenchmarkEntry).
    """

    start_requested = Signal()
    cancel_requested = Signal()
    opened = Signal(object)
    remove_requested = Signal(object)

    def __init__(self, theme: Theme, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.benchmark = self._combo("Benchmark", BENCHMARK_TITLES)
        self.benchmark.currentIndexChanged.connect(self._on_kind)
        self._sentence = QLabel(self, wordWrap=True)
        self._sentence.setObjectName("muted")
        self.dataset = self._combo("Layout of the dataset", DATASET_TITLES)
        self.data = FolderChoice("Dataset folder", "Choose, or drop its folder", theme, icons, self)
        self.out = FolderChoice(
            "Results folder", "Choose, or drop a folder for results", theme, icons, self
        )
        self.more = BenchmarkOptions(icons, self)
        self.banner = Banner(theme, icons, self)
        self._build_past(icons)
        self._build_progress(theme, icons)
        self.start = QPushButton("Run the benchmark", self)
        self.start.setObjectName("primary")
        self.start.setAccessibleName("Run the benchmark")
        self.start.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.start.clicked.connect(self.start_requested)
        icons.dress(self.start, "score", "accent_text")
        self._is_busy = False
        for choice in (self.data, self.out):
            choice.changed.connect(self._on_choice)
        self._lay_out()
        self._enable()
        self._on_kind()
        self.show_entries([], None)

    def _combo(self, name: str, titles: dict[Any, str]) -> QComboBox:
        combo = QComboBox(self)
        combo.setAccessibleName(name)
        for key, title in titles.items():
            combo.addItem(title, key)
        return combo

    def _build_past(self, icons: Icons) -> None:
        self._past_heading = QLabel("Past benchmarks", self)
        self._past_heading.setObjectName("heading")
        self._empty = QLabel("What was run is listed here; results stay in their folders.", self)
        self._empty.setObjectName("muted")
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.past = QListWidget(self)
        self.past.setObjectName("past")
        self.past.setAccessibleName("Past benchmarks")
        self.past.setFrameShape(QListWidget.Shape.NoFrame)
        self.past.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.past.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.past.currentItemChanged.connect(self._on_current)
        self._remove = QToolButton(self)
        self._remove.setToolTip("Take it off the list; its folder stays")
        self._remove.setAccessibleName("Take the benchmark off the list")
        self._remove.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._remove.clicked.connect(self._on_remove)
        icons.dress(self._remove, "close")

    def _build_progress(self, theme: Theme, icons: Icons) -> None:
        self._progress = QWidget(self)
        self._words = QLabel(self._progress, wordWrap=True)
        self._bar = ThinBar(theme, self._progress)
        self._cancel = QToolButton(self._progress)
        self._cancel.setToolTip("Stop; what was made is kept")
        self._cancel.setAccessibleName("Stop the benchmark")
        self._cancel.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._cancel.clicked.connect(self.cancel_requested)
        icons.dress(self._cancel, "close", "muted")
        words = QVBoxLayout()
        words.setSpacing(3)
        words.addWidget(self._words)
        words.addWidget(self._bar)
        row = QHBoxLayout(self._progress)
        row.setContentsMargins(0, 0, 0, 0)
        row.addLayout(words, 1)
        row.addWidget(self._cancel)
        self._progress.hide()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 8, 14, 12)
        column.setSpacing(6)
        column.addWidget(self.benchmark)
        column.addWidget(self._sentence)
        column.addSpacing(2)
        column.addWidget(self._heading("Real sounds"))
        column.addWidget(self.dataset)
        column.addWidget(self.data)
        column.addWidget(self._heading("Results"))
        column.addWidget(self.out)
        column.addWidget(self.more)
        head = QHBoxLayout()
        head.addWidget(self._past_heading, 1)
        head.addWidget(self._remove)
        column.addLayout(head)
        column.addWidget(self._empty)
        column.addWidget(self.past, 1)
        column.addStretch(0)
        column.addWidget(self.banner)
        column.addWidget(self._progress)
        column.addWidget(self.start)
        chain = (
            self.benchmark,
            self.dataset,
            *self.data.tab_chain(),
            *self.out.tab_chain(),
            *self.more.tab_chain(),
            self._remove,
            self.past,
            self._cancel,
            self.start,
        )
        for before, after in pairwise(chain):
            QWidget.setTabOrder(before, after)

    def _heading(self, text: str) -> QLabel:
        label = QLabel(text, self)
        label.setObjectName("heading")
        return label

    def kind(self) -> BenchmarkName:
        return cast("BenchmarkName", self.benchmark.currentData())

    def values(self) -> dict[str, Any]:
        """Fields of a BenchmarkRequest as the page stands."""
        return {
            "benchmark": self.kind(),
            "dataset": cast("DatasetKind", self.dataset.currentData()),
            "data": self.data.folder(),
            "out": self.out.folder(),
            **self.more.values(),
        }

    def set_request(self, request: BenchmarkRequest) -> None:
        """Show a request, so that it can be run again or gone on with."""
        self.benchmark.setCurrentIndex(self.benchmark.findData(request.benchmark))
        self.dataset.setCurrentIndex(self.dataset.findData(request.dataset))
        self.data.set_folder(request.data)
        self.out.set_folder(request.out)
        self.more.set_request(request)

    def show_state(self, state: BenchmarkState) -> None:
        """Show where a benchmark stands."""
        self._progress.setVisible(state.is_busy)
        self._words.setText(state_words(state))
        self._bar.set_fraction(state.fraction)
        self._bar.setAccessibleName(state_words(state))
        self._cancel.setEnabled(state.phase != "stopping")
        self._is_busy = state.is_busy
        self._enable()

    def missing(self) -> str:
        """What is still to be chosen, as a wish; "" if nothing is."""
        if not self.data.folder():
            return "Choose the dataset's folder first"
        return "" if self.out.folder() else "Choose a folder for the results first"

    def _on_choice(self) -> None:
        self.banner.hide()
        self._enable()

    def _enable(self) -> None:
        missing = self.missing()
        had_focus = self._cancel.hasFocus()
        self.start.setEnabled(not (self._is_busy or missing))
        self.start.setToolTip(missing or "Run the benchmark (Ctrl+Return)")
        if had_focus and not self._is_busy:
            self.start.setFocus()

    def show_entries(self, entries: Sequence[RunBenchmarkEntry], now: datetime | None) -> None:
        """Show what was run, newest first; the current one stays current."""
        current = self.current()
        with QSignalBlocker(self.past):
            self.past.clear()
            for entry in entries:
                request = entry.request
                title = BENCHMARK_TITLES[request.benchmark].partition(":")[0]
                words = f"{title}, {DATASET_TITLES[request.dataset]}"
                moment = moment_text(entry.started_at, now) if now else ""
                item = QListWidgetItem(f"{words}  ·  {moment}", self.past)
                item.setData(ENTRY_ROLE, entry)
                item.setToolTip(f"{request.data}\n{request.out}")
                if current is not None and current.report == entry.report:
                    self.past.setCurrentItem(item)
        self.past.setVisible(bool(entries))
        self._empty.setVisible(not entries)
        self._remove.setEnabled(self.current() is not None)

    def current(self) -> RunBenchmarkEntry | None:
        item = self.past.currentItem()
        return item.data(ENTRY_ROLE) if item else None

    def _on_current(self, item: QListWidgetItem | None) -> None:
        self._remove.setEnabled(item is not None)
        if item is not None:
            self.opened.emit(item.data(ENTRY_ROLE))

    def _on_remove(self) -> None:
        if (entry := self.current()) is not None:
            self.remove_requested.emit(entry)

    def _on_kind(self) -> None:
        self._sentence.setText(SENTENCES[self.kind()])
        self.more.show_kind(self.kind())
