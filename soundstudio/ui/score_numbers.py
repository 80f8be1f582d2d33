"""The scores as tiles, a sentence and the network in each; below them what to mind."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFont, QIcon
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from soundstudio.core.score_words import TITLES
from soundstudio.ui.score_reading import SCORE_KEYS, ShownCaution, ShownScore, number_text

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from soundstudio.ui.icons import Icons
    from soundstudio.ui.score_reading import ShownReport

NOTHING = "–"
SIGN_PX = 16
TILE_PX = 150
SMALL = 0.86


class _Sign(QLabel):
    """An icon that is no button."""

    def setIcon(self, icon: QIcon) -> None:
        self.setPixmap(icon.pixmap(QSize(SIGN_PX, SIGN_PX), self.devicePixelRatioF()))


class ScoreTile(QFrame):
    """One score."""

    def __init__(self, key: str, icons: Icons, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("tile")
        self._key = key
        self.title = QLabel(self)
        self.title.setObjectName("heading")
        self.sign = _Sign(self)
        icons.dress(self.sign, "warning", "warning")
        self.value = QLabel(self)
        self.interval = QLabel(self)
        self.meaning = QLabel(self, wordWrap=True)
        self.backbone = QLabel(self, wordWrap=True)
        for label in (self.title, self.value, self.interval, self.meaning, self.backbone):
            label.setTextFormat(Qt.TextFormat.PlainText)
        for label in (self.interval, self.backbone):
            label.setObjectName("muted")
        large = QFont(self.font())
        large.setPointSizeF(large.pointSizeF() * 1.5)
        large.setWeight(QFont.Weight.DemiBold)
        self.value.setFont(large)
        small = QFont(self.font())
        small.setPointSizeF(small.pointSizeF() * SMALL)
        for label in (self.interval, self.meaning, self.backbone):
            label.setFont(small)
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.sign)
        column = QVBoxLayout(self)
        column.setContentsMargins(9, 6, 8, 6)
        column.setSpacing(1)
        column.addLayout(head)
        column.addWidget(self.value)
        column.addWidget(self.interval)
        column.addSpacing(2)
        column.addWidget(self.meaning)
        column.addWidget(self.backbone)
        column.addStretch(1)

    def show_score(self, score: ShownScore, cautions: list[str]) -> None:
        """Show a score, and a sign if there is something to mind about it."""
        has_value = score.value is not None
        self.title.setText(f"{score.title} {score.arrow}")
        self.title.setToolTip("Lower is better" if score.arrow == "↓" else "Higher is better")
        self.value.setText(number_text(score.value) if has_value else NOTHING)
        self.value.setEnabled(has_value)
        interval = score.interval_text()
        self.interval.setText(f"95 %: {interval}" if interval else "no interval")
        self.interval.setVisible(has_value)
        self.interval.setToolTip("In 95 of 100 draws of such sounds the score lies in there")
        self.meaning.setText(score.meaning if has_value else "There is no number; see below.")
        self.backbone.setText(score.backbone)
        self.backbone.setVisible(has_value)
        self.backbone.setToolTip(score.made_of())
        self.sign.setVisible(bool(cautions))
        self.sign.setToolTip("\n".join(cautions))
        spoken = " ".join((score.spoken(), *cautions))
        self.setToolTip(score.made_of() or score.missing)
        self.setAccessibleName(spoken)
        self.value.setAccessibleName(spoken)


class _Remark(QWidget):
    """A sentence about a score or about all; a caution has a sign, and the way to its clips."""

    def __init__(self, about: str, sentence: str, icons: Icons | None, parent: QWidget) -> None:
        super().__init__(parent)
        # Most sentences name their score themselves.
        is_named = not about or about.split(maxsplit=1)[0] in sentence
        self.sentence = sentence if is_named else f"{about}: {sentence}"
        sign = _Sign(self)
        sign.setFixedWidth(SIGN_PX)
        if icons is not None:
            icons.dress(sign, "warning", "warning")
        words = QLabel(self.sentence, self, wordWrap=True)
        words.setTextFormat(Qt.TextFormat.PlainText)
        words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        words.setObjectName("" if icons is not None else "muted")
        self.show_clips = QPushButton("Show", self)
        self.show_clips.setObjectName("link")
        self.show_clips.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.show_clips.setAccessibleName(f"Show the sounds of: {self.sentence}")
        self.show_clips.setVisible(False)
        self.setAccessibleName(self.sentence)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(sign, alignment=Qt.AlignmentFlag.AlignTop)
        row.addWidget(words, 1)
        row.addWidget(self.show_clips, alignment=Qt.AlignmentFlag.AlignTop)


class ScoreNumbers(QScrollArea):
    """signals: clips_requested(ShownCaution): show the clips that a caution is about."""

    clips_requested = Signal(object)

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self.tiles = {key: ScoreTile(key, icons, self) for key in SCORE_KEYS}
        self._remarks: list[_Remark] = []
        self._grid = QGridLayout()
        self._grid.setSpacing(6)
        self._columns = 0
        self._list = QVBoxLayout()
        self._list.setSpacing(2)
        inner = QWidget(self)
        column = QVBoxLayout(inner)
        column.setContentsMargins(12, 2, 12, 6)
        column.setSpacing(6)
        column.addLayout(self._grid)
        column.addLayout(self._list)
        column.addStretch(1)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Scores")
        # Focus, so that the arrow keys scroll it.
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setWidget(inner)
        inner.setAutoFillBackground(False)
        self.viewport().setAutoFillBackground(False)
        self._arrange(len(SCORE_KEYS))

    def show_report(self, report: ShownReport) -> None:
        for remark in self._remarks:
            remark.hide()
            remark.deleteLater()
        self._remarks = []
        for score in report.scores:
            about = [c for c in report.cautions if score.key in c.scores]
            sentences = [caution.sentence for caution in about]
            self.tiles[score.key].show_score(score, sentences)
            for caution in about:
                self._add(TITLES[score.key], caution, report)
            if score.value is None and score.missing not in sentences:
                self._keep(_Remark(TITLES[score.key], score.missing, None, self))
        for caution in report.cautions:
            if not caution.scores:
                self._add("", caution, report)
        for note in report.notes:
            self._keep(_Remark("", note, None, self))
        self.verticalScrollBar().setValue(0)

    def tile_text(self, key: str) -> str:
        """What a score's tile says."""
        tile = self.tiles[key]
        labels = (tile.title, tile.value, tile.interval, tile.meaning, tile.backbone)
        return " ".join(label.text() for label in labels if not label.isHidden())

    def remarks(self) -> list[str]:
        """The sentences below the tiles, from top to bottom."""
        return [remark.sentence for remark in self._remarks]

    def _add(self, about: str, caution: ShownCaution, report: ShownReport) -> None:
        remark = _Remark(about, caution.sentence, self._icons, self)
        if any(report.place_of(name) is not None for name in caution.clips):
            remark.show_clips.setVisible(True)
            remark.show_clips.clicked.connect(partial(self._on_show, caution))
        self._keep(remark)

    def _keep(self, remark: _Remark) -> None:
        self._remarks.append(remark)
        self._list.addWidget(remark)

    def _on_show(self, caution: ShownCaution, _checked: bool = False) -> None:
        self.clips_requested.emit(caution)

    def _arrange(self, columns: int) -> None:
        """All tiles in one row where they fit, or in several of about the same length."""
        if columns == self._columns:
            return
        self._columns = columns
        for number, tile in enumerate(self.tiles.values()):
            self._grid.removeWidget(tile)
            self._grid.addWidget(tile, number // columns, number % columns)
        for column in range(len(SCORE_KEYS)):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        fitting = max(1, event.size().width() // TILE_PX)
        self._arrange(len(SCORE_KEYS) if fitting >= len(SCORE_KEYS) else min(fitting, 3))
