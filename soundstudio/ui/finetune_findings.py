"""Second step of the Fine-tune place: what is wrong with the clips, one by one and altogether."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from soundstudio.ui.finetune_findings_model import KINDS, WHOLE, FindingColumn, FindingsModel
from soundstudio.ui.found_table import FoundTable
from soundstudio.ui.tool_button import tool_button

if TYPE_CHECKING:
    from soundstudio.jobs.clip_reading import ClipNumbers, ReadClips
    from soundstudio.ui.icons import Icons
    from soundstudio.ui.theme import Theme

KINDS_PX = 215


class FinetuneFindings(QWidget):
    """signals:
    sound_chosen(Path, bool): True: play it now. near_duplicates_kept(bool): they are used, or not.
    """

    sound_chosen = Signal(object, bool)
    near_duplicates_kept = Signal(bool)

    def __init__(self, theme: Theme, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = FindingsModel(theme, self)
        self.table = FoundTable(self.model, "Findings", self)
        self.table.setTextElideMode(Qt.TextElideMode.ElideRight)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(FindingColumn.SENTENCE, QHeaderView.ResizeMode.Stretch)
        for column, width in ((0, 250), (1, 125), (3, 80)):
            self.table.setColumnWidth(column, width)
        self._tiles = {name: _Tile(name, self) for name in TILES}
        self.kinds = QListWidget(self)
        self.kinds.setAccessibleName("Kinds of findings")
        self.kinds.setObjectName("picks")
        self.kinds.setFixedWidth(KINDS_PX)
        self.kinds.setUniformItemSizes(True)
        self._meaning = QLabel(self, wordWrap=True)
        self._meaning.setObjectName("muted")
        self._whole = QLabel(self, wordWrap=True)
        self._whole.setTextFormat(Qt.TextFormat.PlainText)
        self._whole.setObjectName("warning")
        self.keep_near = QCheckBox("Use those nearly the same", self)
        self.keep_near.setAccessibleName("Use clips that nearly repeat others")
        self.keep_near.setChecked(True)
        self.keep_near.setToolTip("Off: of sounds that are nearly the same only the first is used")
        self._play = tool_button("Play", "Play the clip (Space)", self)
        self._other = tool_button("Play the one it repeats", "Play the clip that it repeats", self)
        icons.dress(self._play, "play")
        icons.dress(self._other, "like")
        self._good = QLabel("Nothing is wrong with these clips.", self)
        self._good.setObjectName("muted")
        self._good.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._connect()
        self._lay_out()

    def _connect(self) -> None:
        self.kinds.currentItemChanged.connect(lambda *_: self._on_kind())
        self.table.current_changed.connect(lambda _: self._enable())
        self.table.sound_chosen.connect(self.sound_chosen)
        self.keep_near.toggled.connect(self.near_duplicates_kept)
        self._play.clicked.connect(self.table.play_current)
        self._other.clicked.connect(self._play_other)

    def _lay_out(self) -> None:
        tiles = QHBoxLayout()
        tiles.setSpacing(8)
        for tile in self._tiles.values():
            tiles.addWidget(tile, 1)
        tools = QHBoxLayout()
        tools.addWidget(self._meaning, 1)
        tools.addWidget(self._play)
        tools.addWidget(self._other)
        right = QVBoxLayout()
        right.setSpacing(4)
        right.addLayout(tools)
        right.addWidget(self.table, 1)
        right.addWidget(self._good, 1)
        middle = QHBoxLayout()
        middle.setSpacing(10)
        left = QVBoxLayout()
        left.addWidget(self.kinds, 1)
        left.addWidget(self.keep_near)
        middle.addLayout(left)
        middle.addLayout(right, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 8, 14, 4)
        column.setSpacing(8)
        column.addLayout(tiles)
        column.addWidget(self._whole)
        column.addLayout(middle, 1)

    def show_clips(self, read: ReadClips) -> None:
        """Show what was found; the chosen kind stays chosen if there still are some of it."""
        kept = self._kind()
        dataset = read.dataset
        with QSignalBlocker(self.keep_near):
            self.keep_near.setChecked(dataset.options.keep_near_duplicates)
        self.keep_near.setVisible(bool(read.numbers.near))
        self.model.show_findings(dataset.findings, dataset.folder, read.numbers.unused)
        self._show_tiles(read)
        self._show_kinds(kept)
        sentences = [finding.sentence for finding in dataset.findings if finding.kind in WHOLE]
        self._whole.setText("\n".join(sentences))
        self._whole.setVisible(bool(sentences))

    def words(self) -> str:
        """What stands above the list."""
        tiles = "; ".join(tile.words() for tile in self._tiles.values())
        return f"{tiles}\n{self._whole.text()}"

    def focus(self) -> None:
        self.kinds.setFocus()

    def _show_tiles(self, read: ReadClips) -> None:
        numbers, counts = read.numbers, read.numbers.counts
        is_cut = numbers.segments != numbers.used
        cut = f"cut into {numbers.segments:,} segments" if is_cut else "each one whole"
        left_out = numbers.left_out
        shown = {
            "Clips to use": (f"{numbers.used:,}", cut),
            "Left out": (f"{left_out:,}", "the list says why" if left_out else "none"),
            "Length": (length_words(numbers.seconds), f"of up to {numbers.longest_s:.3g} s each"),
            "To train on": (f"{counts['train']:,}", "what the model hears"),
            "To check with": (
                f"{counts['validation']:,} + {counts['test']:,}", "validation, and kept for tests"
            ),
        }  # fmt: skip
        for name, (number, note) in shown.items():
            self._tiles[name].show_number(number, note)

    def _show_kinds(self, kept: str) -> None:
        counts = self.model.counts()
        with QSignalBlocker(self.kinds):
            self.kinds.clear()
            for kind, title, count in (
                ("", "All findings", sum(counts.values())),
                *((kind, KINDS[kind][0], count) for kind, count in counts.items()),
            ):
                item = QListWidgetItem(f"{title}  {count:,}", self.kinds)
                item.setData(Qt.ItemDataRole.UserRole, kind)
                item.setSizeHint(QSize(0, 26))
                if kind == kept:
                    self.kinds.setCurrentItem(item)
            if self.kinds.currentRow() < 0:
                self.kinds.setCurrentRow(0)
        self.kinds.setVisible(bool(counts))
        self.table.setVisible(bool(counts))
        self._good.setVisible(not counts)
        self._on_kind()

    def _kind(self) -> str:
        item = self.kinds.currentItem()
        return str(item.data(Qt.ItemDataRole.UserRole)) if item else ""

    def _on_kind(self) -> None:
        kind = self._kind()
        self.model.show_kind(kind)
        meaning = next((words for key, (_, words) in KINDS.items() if key == kind), "")
        self._meaning.setText(meaning or "Choose a kind at the left; select a clip to hear it.")
        if self.model.rowCount():
            self.table.move_quietly(0)
        self._enable()

    def _enable(self) -> None:
        finding = self.model.finding_at(self.table.current_row())
        self._play.setEnabled(finding is not None and finding.kind not in ("table", "folder"))
        self._other.setVisible(finding is not None and finding.other is not None)

    def _play_other(self) -> None:
        finding = self.model.finding_at(self.table.current_row())
        if finding is not None and finding.other is not None:
            self.sound_chosen.emit(finding.other, True)


TILES = ("Clips to use", "Left out", "Length", "To train on", "To check with")


class _Tile(QFrame):
    """One number of the folder."""

    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("tile")
        self._title = title
        heading = QLabel(title, self)
        heading.setObjectName("muted")
        self._number = QLabel(self)
        font = self._number.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        font.setBold(True)
        self._number.setFont(font)
        self._note = QLabel(self)
        self._note.setObjectName("muted")
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 6, 12, 6)
        column.setSpacing(0)
        for label in (heading, self._number, self._note):
            column.addWidget(label)

    def show_number(self, number: str, note: str) -> None:
        self._number.setText(number)
        self._note.setText(note)
        self.setAccessibleName(self.words())

    def words(self) -> str:
        return f"{self._title}: {self._number.text()}, {self._note.text()}"


def length_words(seconds: float) -> str:
    """4.2 s, 12 min, 2 h 5 min."""
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def counts_words(numbers: ClipNumbers) -> str:
    """What a dataset holds, in a few words."""
    clips = "1 clip" if numbers.used == 1 else f"{numbers.used:,} clips"
    return f"{clips}, {length_words(numbers.seconds)} of sound"
