"""All runs, newest first: how each stands; to open, resume, remove, and to use its model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QSignalBlocker,
    Qt,
    Signal,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from soundstudio.ui.banner import Banner
from soundstudio.ui.elided_label import SEPARATOR
from soundstudio.ui.finetune_words import begun_words, short_state
from soundstudio.ui.two_lines import Index, TwoLineDelegate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from soundstudio.jobs.run_facts import RunFacts
    from soundstudio.ui.icons import Icons
    from soundstudio.ui.theme import Theme

FACTS_ROLE = Qt.ItemDataRole.UserRole + 1


def line_of(facts: RunFacts) -> str:
    """The muted line under a run's name; the year and the hour are in the tooltip."""
    return SEPARATOR.join((short_state(facts), f"{facts.created.astimezone():%d %b}"))


class _Delegate(TwoLineDelegate):
    """The name, and what became of the run."""

    def lines(self, index: Index) -> tuple[tuple[str, str], tuple[str, str]]:
        colours = self._theme.colours
        facts: RunFacts = index.data(FACTS_ROLE)
        tint = colours.muted
        if facts.phase in ("failed", "damaged"):
            tint = colours.error
        elif facts.is_busy:
            tint = colours.accent
        return (facts.name, colours.text), (line_of(facts), tint)


class FinetuneRuns(QWidget):
    """signals: opened(str): a run became the current one. resume_requested(str),
    remove_requested(str), use_requested(str): by the run's name.
    """

    opened = Signal(str)
    resume_requested = Signal(str)
    remove_requested = Signal(str)
    use_requested = Signal(str)

    def __init__(self, theme: Theme, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._empty = QLabel("Runs are kept here.", self)
        self._empty.setObjectName("muted")
        self.list = QListWidget(self)
        self.list.setObjectName("past")
        self.list.setAccessibleName("Runs")
        self.list.setItemDelegate(_Delegate(theme, self.list))
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setFrameShape(QListWidget.Shape.NoFrame)
        self.list.currentItemChanged.connect(self._on_current)
        self.list.itemClicked.connect(self._open)
        self.list.itemActivated.connect(self._open)
        self._resume = self._button(icons, "play", "Go on with the run")
        self._use = self._button(icons, "generate", "Use the run's model")
        self._remove = self._button(icons, "trash", "Move the run to the trash")
        for button, signal in (
            (self._resume, self.resume_requested),
            (self._use, self.use_requested),
            (self._remove, self.remove_requested),
        ):
            button.clicked.connect(lambda _=False, signal=signal: self._ask(signal))
        self.banner = Banner(theme, icons, self)
        self._lay_out()
        self.show_runs(())

    def _button(self, icons: Icons, icon: str, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        icons.dress(button, icon)
        return button

    def _lay_out(self) -> None:
        heading = QLabel("Runs", self)
        heading.setObjectName("heading")
        heading.setBuddy(self.list)
        head = QHBoxLayout()
        head.addWidget(heading, 1)
        for button in (self._resume, self._use, self._remove):
            head.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 12, 6, 8)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self._empty)
        column.addWidget(self.list, 1)
        column.addWidget(self.banner)
        column.addStretch(0)

    def show_runs(self, runs: Sequence[RunFacts]) -> None:
        """Show these; the current one stays."""
        current = self.current()
        if [facts.name for facts in runs] == [facts.name for facts in self.runs()]:
            for row, facts in enumerate(runs):
                self._fill(self.list.item(row), facts)
        else:
            with QSignalBlocker(self.list):
                self.list.clear()
                for facts in runs:
                    item = QListWidgetItem(self.list)
                    self._fill(item, facts)
                    if current is not None and facts.name == current.name:
                        self.list.setCurrentItem(item)
        self.list.setVisible(bool(runs))
        self._empty.setVisible(not runs)
        self._enable()

    def _fill(self, item: QListWidgetItem, facts: RunFacts) -> None:
        if item.data(FACTS_ROLE) == facts:
            return
        item.setData(FACTS_ROLE, facts)
        spoken = f"{facts.name}, {short_state(facts)}, begun {begun_words(facts.created)}"
        item.setData(Qt.ItemDataRole.AccessibleTextRole, spoken)
        item.setToolTip("\n".join(part for part in (spoken, facts.problem) if part))

    def runs(self) -> list[RunFacts]:
        return [self.list.item(row).data(FACTS_ROLE) for row in range(self.list.count())]

    def current(self) -> RunFacts | None:
        item = self.list.currentItem()
        return item.data(FACTS_ROLE) if item else None

    def select(self, name: str) -> None:
        """Make a run current without announcing it."""
        with QSignalBlocker(self.list):
            for row, facts in enumerate(self.runs()):
                if facts.name == name:
                    self.list.setCurrentRow(row)
        self._enable()

    def _on_current(self) -> None:
        self._enable()

    def _open(self, item: QListWidgetItem) -> None:
        self.opened.emit(item.data(FACTS_ROLE).name)

    def _ask(self, signal: object) -> None:
        if (facts := self.current()) is not None:
            signal.emit(facts.name)  # type: ignore[attr-defined]

    def _enable(self) -> None:
        facts = self.current()
        self._resume.setEnabled(facts is not None and facts.can_go_on)
        self._use.setEnabled(facts is not None and bool(facts.model))
        self._remove.setEnabled(facts is not None and not facts.is_busy)
