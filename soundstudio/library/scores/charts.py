"""The pictures in a page of scores, as SVG: the map of both sets, and scores with intervals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from soundstudio.core.score_words import DIRECTIONS, TITLES
from soundstudio.library.naming import escaped
from soundstudio.library.scores.groups import with_interval, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from soundstudio.library.scores.reports import MapPoint, Report
    from soundstudio.library.scores.sounds import PageSounds, Which

_WIDTH: Final = 720
_HEIGHT: Final = 520
_MARGIN: Final = 24
_RADIUS: Final = 6
NAMED_POINTS: Final = 3000
"""So many points without a sound tell their names; more of them are one path of dots."""

_LABELS: Final = 200
_PLOT_END: Final = 520
_ROW: Final = 30
_LABEL_LETTERS: Final = 28


def map_svg(report: Report, sounds: PageSounds) -> str:
    """The map: a circle for a generated sound, a diamond for a reference; those with a sound are
    buttons that play it. Both axes have one scale, so that distances can be seen.

    The report must have a map.
    """
    assert report.sound_map is not None
    sets: tuple[tuple[Which, Sequence[MapPoint]], ...] = (
        ("reference", report.sound_map.reference),
        ("generated", report.sound_map.generated),
    )
    place = _Placing([point for _, points in sets for point in points])
    mute: list[str] = []
    buttons: list[str] = []
    for which, points in sets:
        silent = []
        for point in points:
            x, y = place(point)
            sound = sounds.of(report, which, point.name)
            if sound is None:
                silent.append((x, y, point.name))
                continue
            tab = -1 if buttons else 0
            label = escaped(f"{point.name}, {which}")
            buttons.append(
                f'<path class="point {which}" d="{_shape(which, x, y)}" role="button" '
                f'tabindex="{tab}" data-plays="{sound.id}" data-x="{x:.1f}" data-y="{y:.1f}" '
                f'aria-pressed="false" aria-label="{label}"><title>{label}</title></path>'
            )
        mute.append(_silent_points(which, silent))
    label = f"Map of {len(sets[1][1])} generated and {len(sets[0][1])} reference sounds"
    return (
        f'<svg class="map" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="group" '
        f'aria-label="{escaped(label)}">\n{"".join(mute)}\n' + "\n".join(buttons) + "\n</svg>"
    )


def comparison_svg(reports: Sequence[Report], key: str) -> str:
    """One score of several scorings: a dot and its interval for each; empty if none has it."""
    found = [(report, score) for report in reports if (score := report.scores[key]) is not None]
    if not found:
        return ""
    ends = [end for _, score in found for end in (score.value, *(score.interval or ()))]
    ticks = ticks_between(min(ends), max(ends))
    low, high = float(min(ticks[0], *ends)), float(max(ticks[-1], *ends))

    def x_of(value: float) -> float:
        return _LABELS + (value - low) / (high - low) * (_PLOT_END - _LABELS)

    bottom = len(found) * _ROW + 8
    parts = [
        f'<path class="grid" d="M{x_of(tick):.1f} 4V{bottom}"/>'
        f'<text class="tick" x="{x_of(tick):.1f}" y="{bottom + 18}">{written(tick, _places(ticks))}'
        "</text>"
        for tick in ticks
    ]
    for row, (report, score) in enumerate(found):
        y = row * _ROW + _ROW // 2 + 4
        value, interval = with_interval(score)
        name = report.title if len(report.title) <= _LABEL_LETTERS else (
            f"{report.title[:_LABEL_LETTERS]}…"
        )  # fmt: skip
        parts.append(
            f'<text class="name" x="{_LABELS - 14}" y="{y + 5}">{escaped(name)}'
            f"<title>{escaped(report.title)}</title></text>"
        )
        if score.interval is not None:
            start, end = (x_of(each) for each in score.interval)
            parts.append(
                f'<path class="interval" d="M{start:.1f} {y}H{end:.1f}'
                f'M{start:.1f} {y - 5}v10M{end:.1f} {y - 5}v10"/>'
            )
        shown = f"{value} ({interval})" if interval else value
        parts.append(
            f'<circle class="value" cx="{x_of(score.value):.1f}" cy="{y}" r="5"/>'
            f'<text class="number" x="{_PLOT_END + 16}" y="{y + 5}">{shown}</text>'
        )
    count = "1 scoring" if len(found) == 1 else f"{len(found)} scorings"
    label = f"{TITLES[key]} of {count}, {DIRECTIONS[key]} is better"
    return (
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {bottom + 26}" role="img" '
        f'aria-label="{label}">{"".join(parts)}</svg>'
    )


def ticks_between(low: float, high: float) -> list[float]:
    """Two to six round numbers that hold `low` and `high` between them."""
    if high - low <= 1e-9 * max(abs(low), abs(high), 1e-9):
        middle = (low + high) / 2
        room = max(abs(middle) * 0.1, 1e-3)
        low, high = middle - room, middle + room
    raw = (high - low) / 4
    power = math.pow(10.0, math.floor(math.log10(raw)))
    step = next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= raw)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [number * step for number in range(first, last + 1)]


def _places(ticks: Sequence[float]) -> int:
    """Decimals that tell the ticks apart."""
    return max(0, -math.floor(math.log10(ticks[1] - ticks[0]) + 1e-9))


class _Placing:
    """Where points come to lie in the picture, upwards and with one scale for both axes."""

    def __init__(self, points: Sequence[MapPoint]) -> None:
        xs, ys = [point.x for point in points] or [0.0], [point.y for point in points] or [0.0]
        self._middle = (min(xs) / 2 + max(xs) / 2, min(ys) / 2 + max(ys) / 2)
        spans = (max(xs) - min(xs), max(ys) - min(ys))
        rooms = (_WIDTH - 2 * _MARGIN, _HEIGHT - 2 * _MARGIN)
        scales = [room / span for room, span in zip(rooms, spans, strict=True) if span > 0]
        self._scale = min(scales, default=0.0)
        if not math.isfinite(self._scale):
            self._scale = 0.0

    def __call__(self, point: MapPoint) -> tuple[float, float]:
        return (
            _WIDTH / 2 + (point.x - self._middle[0]) * self._scale,
            _HEIGHT / 2 - (point.y - self._middle[1]) * self._scale,
        )


def _shape(which: Which, x: float, y: float, radius: float = _RADIUS) -> str:
    """The outline of a point: a circle, or a diamond of about the same area."""
    if which == "generated":
        arc = f"a{radius} {radius} 0 1 0"
        return f"M{x - radius:.1f} {y:.1f}{arc} {2 * radius} 0{arc} {-2 * radius} 0z"
    half = radius * 1.2
    return f"M{x:.1f} {y - half:.1f}l{half} {half}l{-half} {half}l{-half} {-half}z"


def _silent_points(which: Which, points: Sequence[tuple[float, float, str]]) -> str:
    """Points that do not play, smaller and hollow."""
    if len(points) > NAMED_POINTS:
        dots = "".join(f"M{x:.0f} {y:.0f}h0" for x, y, _ in points)
        return f'<path class="dots {which}" d="{dots}"/>'
    return "".join(
        f'<path class="silent {which}" d="{_shape(which, x, y, 3)}">'
        f"<title>{escaped(f'{name}, {which}')}</title></path>"
        for x, y, name in points
    )
