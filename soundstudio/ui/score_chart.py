"""Several scorings side by side: a column for each score, a row for each scoring."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from soundstudio.core.score_words import ARROWS, DIRECTIONS, TITLES
from soundstudio.ui.score_reading import SCORE_KEYS, number_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from soundstudio.ui.score_reading import ShownReport, ShownScore
    from soundstudio.ui.theme import Theme

ROW_PX, HEAD_PX, MARGIN_PX, GAP_PX = 40, 26, 12, 22
NAMES_SHARE = 0.24
DOT_PX = 4.0


@dataclass(frozen=True, slots=True)
class Axis:
    """The range of one score over all scorings."""

    low: float
    high: float

    @classmethod
    def of(cls, scores: Sequence[ShownScore]) -> Axis | None:
        """Room for every value and interval; None where there is no number."""
        ends = [
            end
            for score in scores
            for end in (score.value, score.low, score.high)
            if end is not None and math.isfinite(end)
        ]
        if not ends:
            return None
        low, high = min(ends), max(ends)
        room = 0.08 * (high - low) or 0.1 * abs(high) or 1.0
        return cls(low - room, high + room)

    def share_of(self, value: float) -> float:
        """0 at the left end, 1 at the right."""
        return (value - self.low) / (self.high - self.low)


def best_of(reports: Sequence[ShownReport], key: str) -> int | None:
    """The place of the best scoring, None where fewer than two have the score."""
    values = [
        (score.value, place)
        for place, report in enumerate(reports)
        if (score := report.score(key)).value is not None
    ]
    if len(values) < 2:
        return None
    is_lower = DIRECTIONS[key] == "lower"
    best = min(values) if is_lower else max(values, key=lambda pair: (pair[0], -pair[1]))
    return best[1]


def doubts_about(reports: Sequence[ShownReport]) -> list[str]:
    """Why numbers of these scorings cannot simply be compared, a sentence each."""
    found = []
    backbones = {score.backbone for r in reports for score in r.scores if score.key == "fd"}
    if len({r.backbone for r in reports}) > 1 or len(backbones - {""}) > 1:
        found.append("They were heard with different networks: do not compare their numbers.")
    if len({r.labels.get("reference") or r.reference for r in reports}) > 1:
        found.append("They have different reference sets.")
    counts = {
        dict(score.counts)["generated"]
        for r in reports
        for score in r.scores
        if score.key in ("fd", "is") and "generated" in dict(score.counts)
    }
    if len(counts) > 1:
        found.append("The sets differ in size, which alone moves FD, FAD and IS.")
    return found


def chart_words(reports: Sequence[ShownReport]) -> str:
    """The chart for a screen reader."""
    lines = []
    for report in reports:
        numbers = [
            f"{score.title} {number_text(score.value)}"
            + (f" ({score.interval_text()})" if score.interval_text() else "")
            for score in report.scores
            if score.value is not None
        ]
        lines.append(f"{report.title}: {', '.join(numbers)}.")
    return " ".join(lines)


class _Canvas(QWidget):
    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.reports: list[ShownReport] = []
        self.setAccessibleName("Scorings side by side")

    def show_reports(self, reports: Sequence[ShownReport]) -> None:
        self.reports = list(reports)
        self.setMinimumHeight(HEAD_PX + ROW_PX * len(self.reports) + 2 * MARGIN_PX)
        self.setAccessibleDescription(chart_words(self.reports))
        self.setToolTip("")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(600, HEAD_PX + ROW_PX * max(1, len(self.reports)) + 2 * MARGIN_PX)

    def keys(self) -> list[str]:
        """The scores that any of them has."""
        return [
            key for key in SCORE_KEYS if any(r.score(key).value is not None for r in self.reports)
        ]

    def paintEvent(self, event: QPaintEvent) -> None:
        keys = self.keys()
        if not keys:
            return
        colours = self._theme.colours
        names_px = max(120.0, NAMES_SHARE * self.width())
        left = MARGIN_PX + names_px + GAP_PX
        column_px = (self.width() - left - MARGIN_PX + GAP_PX) / len(keys)
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for place, report in enumerate(self.reports):
                top = HEAD_PX + MARGIN_PX + place * ROW_PX
                if place:
                    painter.setPen(QColor(colours.border))
                    painter.drawLine(QPointF(MARGIN_PX, top), QPointF(self.width() - 12, top))
                self._draw_name(painter, report, QRectF(MARGIN_PX, top, names_px, ROW_PX))
            for number, key in enumerate(keys):
                area = QRectF(left + number * column_px, MARGIN_PX, column_px - GAP_PX, 0)
                self._draw_column(painter, key, area)

    def _draw_name(self, painter: QPainter, report: ShownReport, box: QRectF) -> None:
        colours, metrics = self._theme.colours, painter.fontMetrics()
        line = metrics.lineSpacing()
        top = box.top() + (box.height() - 2 * line) / 2
        title = metrics.elidedText(report.title, Qt.TextElideMode.ElideRight, int(box.width()))
        made = f"{report.made_at.astimezone():%d %b %H:%M}" if report.made_at else ""
        below = "  ·  ".join(part for part in (report.backbone, made) if part)
        painter.setPen(QColor(colours.text))
        painter.drawText(QRectF(box.left(), top, box.width(), line), 0, title)
        painter.setPen(QColor(colours.muted))
        painter.drawText(QRectF(box.left(), top + line, box.width(), line), 0, below)

    def _draw_column(self, painter: QPainter, key: str, area: QRectF) -> None:
        colours = self._theme.colours
        axis = Axis.of([report.score(key) for report in self.reports])
        if axis is None:
            return
        bold = QFont(painter.font())
        bold.setWeight(QFont.Weight.DemiBold)
        plain = painter.font()
        painter.setFont(bold)
        painter.setPen(QColor(colours.text))
        arrow = ARROWS[DIRECTIONS[key]]
        head = QRectF(area.left(), area.top(), area.width(), HEAD_PX)
        painter.drawText(head, Qt.AlignmentFlag.AlignLeft, f"{TITLES[key]} {arrow}")
        painter.setFont(plain)
        best = best_of(self.reports, key)
        for place, report in enumerate(self.reports):
            top = HEAD_PX + MARGIN_PX + place * ROW_PX
            box = QRectF(area.left(), top, area.width(), ROW_PX)
            self._draw_score(painter, report.score(key), axis, box, place == best)

    def _draw_score(
        self, painter: QPainter, score: ShownScore, axis: Axis, box: QRectF, is_best: bool
    ) -> None:
        colours = self._theme.colours
        middle = box.top() + box.height() * 0.68
        painter.setPen(QPen(QColor(colours.border), 1))
        painter.drawLine(QPointF(box.left(), middle), QPointF(box.right(), middle))
        if score.value is None:
            painter.setPen(QColor(colours.muted))
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, "none")
            return
        tint = QColor(colours.accent if is_best else colours.text)
        if score.low is not None and score.high is not None:
            ends = [
                box.left() + axis.share_of(end) * box.width() for end in (score.low, score.high)
            ]
            painter.setPen(QPen(tint, 1.6))
            painter.drawLine(QPointF(ends[0], middle), QPointF(ends[1], middle))
            for end in ends:
                painter.drawLine(QPointF(end, middle - 4), QPointF(end, middle + 4))
        x = box.left() + axis.share_of(score.value) * box.width()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(tint)
        painter.drawEllipse(QPointF(x, middle), DOT_PX, DOT_PX)
        painter.setPen(tint)
        words = number_text(score.value)
        width = painter.fontMetrics().horizontalAdvance(words)
        at = min(max(x - width / 2, box.left()), box.right() - width)
        painter.drawText(QPointF(at, middle - 8), words)


class ScoreChart(QWidget):
    """The chart; above it why its numbers may not be comparable, below it which really differ."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hint = QLabel("", self, wordWrap=True)
        self._hint.setTextFormat(Qt.TextFormat.PlainText)
        self.canvas = _Canvas(theme, self)
        scroll = QScrollArea(self, widgetResizable=True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        scroll.setAccessibleName("Scorings side by side")
        self.canvas.setAutoFillBackground(False)
        scroll.viewport().setAutoFillBackground(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(0)
        self._hint.setContentsMargins(12, 0, 12, 0)
        self._verdicts = QLabel("", self, wordWrap=True)
        self._verdicts.setTextFormat(Qt.TextFormat.PlainText)
        self._verdicts.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._verdicts.setAccessibleName("Whether they really differ")
        self._verdicts.setContentsMargins(MARGIN_PX, 4, MARGIN_PX, 6)
        self._verdicts.hide()
        inner = QWidget(self)
        inner_column = QVBoxLayout(inner)
        inner_column.setContentsMargins(0, 0, 0, 0)
        inner_column.setSpacing(0)
        inner_column.addWidget(self.canvas)
        inner_column.addWidget(self._verdicts)
        inner_column.addStretch(1)
        scroll.setWidget(inner)
        column.addWidget(self._hint)
        column.addWidget(scroll, 1)
        theme.changed.connect(lambda _: self.canvas.update())

    def show_reports(self, reports: Sequence[ShownReport]) -> None:
        """Show these, the first one on top."""
        doubts = doubts_about(reports)
        if len(reports) < 2:
            words = "Tick scorings at the left to compare them with this one."
        else:
            words = " ".join(doubts)
        name = "warning" if doubts and len(reports) > 1 else "muted"
        self._hint.setText(words)
        self._hint.setVisible(bool(words))
        self._hint.setObjectName(name)
        self._hint.style().unpolish(self._hint)
        self._hint.style().polish(self._hint)
        self.canvas.show_reports(reports)
        self.show_verdicts(())

    def show_verdicts(self, sentences: Sequence[str]) -> None:
        """Which differences are more than chance, a line each."""
        self._verdicts.setText("\n".join(sentences))
        self._verdicts.setVisible(bool(sentences))

    def verdicts(self) -> list[str]:
        return self._verdicts.text().splitlines()

    def hint(self) -> str:
        return self._hint.text()
