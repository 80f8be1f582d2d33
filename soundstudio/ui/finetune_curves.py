"""The curves of a run, live: losses above, the four scores below, the best step marked."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from soundstudio.audio.viewport import nice_step
from soundstudio.core.score_words import ARROWS, DIRECTIONS, PAPER_KEYS, TITLES

if TYPE_CHECKING:
    import numpy.typing as npt
    from PySide6.QtCore import QEvent

    from soundstudio.jobs.curves_reader import CurvesPiece
    from soundstudio.ui.theme import Theme

    FloatArray = npt.NDArray[np.float64]

# More points than that are finer than the screen.
MOST_POINTS: Final = 750
LEFT_PX, TOP_PX, BOTTOM_PX, RIGHT_PX = 52, 24, 22, 12
SCORES_SHARE: Final = 0.36
SCORES_LEAST_PX: Final = 96


@dataclass(slots=True)
class CurveData:
    """All curves of one run. losses: smoothed training loss; validations: by step, in order.

    Step 0 of the validations is from before the training.
    """

    steps: list[FloatArray] = field(default_factory=list)
    losses: list[FloatArray] = field(default_factory=list)
    validations: dict[int, dict[str, Any]] = field(default_factory=dict)

    def take(self, piece: CurvesPiece) -> None:
        if piece.is_reset:
            self.steps.clear()
            self.losses.clear()
            self.validations.clear()
        if len(piece.steps):
            self.steps.append(piece.steps)
            self.losses.append(piece.losses)
        if piece.before is not None:
            self.validations[0] = piece.before
        for row in piece.validations:
            if row.validation is not None:
                self.validations[row.step] = row.validation

    def last_step(self) -> float:
        last = float(self.steps[-1][-1]) if self.steps else 0.0
        return max([last, *map(float, self.validations)], default=0.0)

    def loss(self) -> tuple[FloatArray, FloatArray]:
        """Steps and smoothed losses, thinned to what can be seen."""
        if not self.steps:
            return np.zeros(0), np.zeros(0)
        self.steps = [np.concatenate(self.steps)]
        self.losses = [np.concatenate(self.losses)]
        steps, losses = self.steps[0], self.losses[0]
        stride = max(1, len(steps) // MOST_POINTS)
        # The last one in any case: it is the one that is looked at.
        places = np.arange(len(steps) - 1, -1, -stride)[::-1]
        return steps[places], losses[places]

    def points(self, key: str) -> list[tuple[int, float]]:
        """The values of loss, training_loss, fd, is, kl or fad by step."""
        found = []
        for step, validation in sorted(self.validations.items()):
            holder = validation if key.endswith("loss") else validation.get("scores")
            value = holder.get(key) if isinstance(holder, dict) else None
            if isinstance(value, bool) or not isinstance(value, int | float):
                continue
            if math.isfinite(value):
                found.append((step, float(value)))
        return found


class FinetuneCurves(QWidget):
    """Paints itself from what it was given; the pointer reads values."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.data = CurveData()
        self._best: int | None = None
        self._total = 0
        self._pointer: QPointF | None = None
        self.setMouseTracking(True)
        self.setMinimumHeight(200)
        self.setAccessibleName("Curves of the training")
        theme.changed.connect(lambda _: self.update())

    def sizeHint(self) -> QSize:
        return QSize(640, 300)

    def clear(self) -> None:
        self.data = CurveData()
        self._best, self._total = None, 0
        self._describe()

    def take(self, piece: CurvesPiece) -> None:
        """Add rows, or begin anew with them."""
        self.data.take(piece)
        self._describe()

    def show_run(self, total: int, best: int | None) -> None:
        """How many steps there will be, and which was the best so far."""
        if (total, best) != (self._total, self._best):
            self._total, self._best = total, best
            self._describe()

    def _describe(self) -> None:
        """The curves for a screen reader."""
        words = []
        if self.data.steps:
            words.append(f"Training loss {float(self.data.losses[-1][-1]):.4g}.")
        titles = [(key, TITLES[key]) for key in PAPER_KEYS]
        for key, title in (("loss", "Validation loss"), *titles):
            if points := self.data.points(key):
                words.append(f"{title} {points[-1][1]:.4g} at step {points[-1][0]:,}.")
        if self._best is not None:
            words.append(f"Best at step {self._best:,}.")
        self.setAccessibleDescription(" ".join(words) or "No step was made yet.")
        self.update()

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = self._theme.colours
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.fillRect(self.rect(), QColor(colours.well))
            if not self.data.steps and not self.data.validations:
                painter.setPen(QColor(colours.muted))
                words = "The curves begin with the first step."
                painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, words)
                return
            losses, scores = self._areas()
            self._draw_losses(painter, losses)
            for area, key in scores:
                self._draw_score(painter, area, key)

    def _areas(self) -> tuple[QRectF, list[tuple[QRectF, str]]]:
        """Where the losses go, and each score that there is."""
        keys = [key for key in PAPER_KEYS if self.data.points(key)]
        width, height = float(self.width()), float(self.height())
        below = max(SCORES_LEAST_PX, SCORES_SHARE * height) if keys else 0.0
        losses = QRectF(
            LEFT_PX, TOP_PX, width - LEFT_PX - RIGHT_PX, height - below - TOP_PX - BOTTOM_PX
        )
        each = width / max(1, len(keys))
        top = height - below + TOP_PX
        return losses, [
            (QRectF(n * each + LEFT_PX, top, each - LEFT_PX - RIGHT_PX, below - TOP_PX - 12), key)
            for n, key in enumerate(keys)
        ]

    def _end(self) -> float:
        """The last step of the axis: as far as the run came, in quarters of the whole."""
        last = max(1.0, self.data.last_step())
        total = float(max(self._total, 1))
        return min(total, math.ceil(last / total * 4) / 4 * total) if last <= total else last

    def _draw_losses(self, painter: QPainter, area: QRectF) -> None:
        colours = self._theme.colours
        steps, losses = self.data.loss()
        validation = self.data.points("loss")
        values = [*losses.tolist(), *(value for _, value in validation)]
        axis = Axes.over(area, self._end(), values)
        self._draw_frame(painter, axis, with_steps=True)
        if self._best is not None:
            x = axis.x(self._best)
            painter.setPen(QPen(QColor(colours.good), 1, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        points = [QPointF(axis.x(s), axis.y(v)) for s, v in zip(steps, losses, strict=True)]
        painter.setPen(QPen(QColor(colours.accent), 1.4))
        painter.drawPolyline(QPolygonF(points))
        self._draw_points(painter, axis, validation, colours.star)
        self._draw_legend(painter, area)
        self._draw_reading(painter, axis, steps, losses)

    def _draw_points(
        self, painter: QPainter, axis: Axes, points: list[tuple[int, float]], tint: str
    ) -> None:
        places = [QPointF(axis.x(step), axis.y(value)) for step, value in points]
        painter.setPen(QPen(QColor(tint), 1.6))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF(places))
        for (step, _), place in zip(points, places, strict=True):
            is_best = step == self._best
            colour = QColor(self._theme.colours.good if is_best else tint)
            painter.setPen(QPen(colour, 1.6))
            painter.setBrush(colour)
            radius = 4.5 if is_best else 2.5
            painter.drawEllipse(place, radius, radius)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _draw_legend(self, painter: QPainter, area: QRectF) -> None:
        colours, metrics = self._theme.colours, painter.fontMetrics()
        entries = [
            (colours.accent, "Training loss, smoothed", "Training"),
            (colours.star, "Validation loss", "Validation"),
        ]
        if self._best is not None:
            entries.append((colours.good, f"Best: step {self._best:,}", f"Best: {self._best:,}"))
        # Where the sentences do not fit side by side, a word each does.
        whole = sum(19 + metrics.horizontalAdvance(words) + 18 for _, words, _ in entries)
        is_narrow = whole - 18 > self.width() - area.left()
        x, middle = area.left(), TOP_PX / 2
        for tint, sentence, word in entries:
            words = word if is_narrow else sentence
            painter.setPen(QPen(QColor(tint), 2.4))
            painter.drawLine(QPointF(x, middle), QPointF(x + 14, middle))
            painter.setPen(QColor(colours.muted))
            painter.drawText(QPointF(x + 19, middle + metrics.ascent() / 2 - 1), words)
            x += 19 + metrics.horizontalAdvance(words) + 18

    def _draw_reading(
        self, painter: QPainter, axis: Axes, steps: FloatArray, losses: FloatArray
    ) -> None:
        """Step and loss under the pointer."""
        pointer = self._pointer
        if pointer is None or not len(steps) or not axis.area.contains(pointer):
            return
        colours, metrics = self._theme.colours, painter.fontMetrics()
        place = int(np.abs(steps - axis.step_at(pointer.x())).argmin())
        step, loss = float(steps[place]), float(losses[place])
        spot = QPointF(axis.x(step), axis.y(loss))
        painter.setPen(QPen(QColor(colours.muted), 1))
        painter.drawLine(QPointF(spot.x(), axis.area.top()), QPointF(spot.x(), axis.area.bottom()))
        words = f"step {step:,.0f}: {loss:.4g}"
        width, height = metrics.horizontalAdvance(words) + 12, metrics.height() + 4
        left = min(spot.x() + 8, axis.area.right() - width)
        plate = QRectF(left, axis.area.top() + 4, width, height)
        painter.setPen(QPen(QColor(colours.border), 1))
        painter.setBrush(QColor(colours.raised))
        painter.drawRoundedRect(plate, 4, 4)
        painter.setPen(QColor(colours.text))
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, words)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _draw_score(self, painter: QPainter, area: QRectF, key: str) -> None:
        colours = self._theme.colours
        points = self.data.points(key)
        axis = Axes.over(area, self._end(), [value for _, value in points])
        self._draw_frame(painter, axis, with_steps=False)
        painter.setPen(QColor(colours.text))
        title = f"{TITLES[key]} {ARROWS[DIRECTIONS[key]]}"
        painter.drawText(QPointF(area.left() - LEFT_PX + 10, area.top() - 8), title)
        painter.setPen(QColor(colours.muted))
        last = f"{points[-1][1]:.4g}"
        width = painter.fontMetrics().horizontalAdvance(last)
        painter.drawText(QPointF(area.right() - width, area.top() - 8), last)
        self._draw_points(painter, axis, points, colours.star)

    def _draw_frame(self, painter: QPainter, axis: Axes, *, with_steps: bool) -> None:
        colours, metrics, area = self._theme.colours, painter.fontMetrics(), axis.area
        for value in axis.value_ticks():
            y = axis.y(value)
            painter.setPen(QPen(QColor(colours.raised), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(QColor(colours.muted))
            box = QRectF(area.left() - LEFT_PX, y - 8, LEFT_PX - 6, 16)
            flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(box, flags, f"{value:.4g}")
        painter.setPen(QPen(QColor(colours.border), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        if not with_steps:
            return
        painter.setPen(QColor(colours.muted))
        for step in axis.step_ticks():
            words = f"{step:,.0f}"
            width = metrics.horizontalAdvance(words)
            left = min(max(axis.x(step) - width / 2, 2.0), self.width() - width - 2.0)
            painter.drawText(QPointF(left, area.bottom() + metrics.ascent() + 3), words)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._pointer = event.position()
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._pointer = None
        self.update()


@dataclass(frozen=True, slots=True)
class Axes:
    """Steps from 0 to `end` over the width of an area, values from low to high over its height."""

    area: QRectF
    end: float
    low: float
    high: float

    @classmethod
    def over(cls, area: QRectF, end: float, values: list[float]) -> Axes:
        """Room for all values but the few highest: a loss begins far above where it stays."""
        if not values:
            return cls(area, end, 0.0, 1.0)
        low = min(values)
        high = max(float(np.quantile(values, 0.995)), low)
        room = 0.08 * (high - low) or 0.1 * abs(high) or 1.0
        return cls(area, end, low - room, high + room)

    def x(self, step: float) -> float:
        return self.area.left() + self.area.width() * step / self.end

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.area.bottom() - self.area.height() * min(max(share, 0.0), 1.0)

    def step_at(self, x: float) -> float:
        return (x - self.area.left()) / max(self.area.width(), 1.0) * self.end

    def value_ticks(self) -> list[float]:
        most = max(1.0, self.area.height() / 34)
        return _ticks(self.low, self.high, nice_step((self.high - self.low) / most))

    def step_ticks(self) -> list[float]:
        most = max(1.0, self.area.width() / 90)
        return _ticks(0.0, self.end, max(1.0, nice_step(self.end / most)))


def _ticks(low: float, high: float, step: float) -> list[float]:
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]
