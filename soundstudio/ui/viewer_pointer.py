"""What the mouse means in the viewer: pure decisions, no Qt."""

from __future__ import annotations

from typing import Literal

EDGE_REACH_PX = 5.0
ZOOM_PER_NOTCH = 1.25
PAN_PER_NOTCH = 0.15

Hit = Literal["start edge", "end edge", "inside", "outside"]
WheelUse = Literal["zoom time", "pan", "zoom frequency"]

Span = tuple[float, float]


def hit_of(x: float, selection_px: Span | None) -> Hit:
    """What lies under the pointer, given the selection's edges in pixels."""
    if selection_px is None:
        return "outside"
    start, end = selection_px
    # The nearer edge wins where a selection is narrower than the reach.
    to_start, to_end = abs(x - start), abs(x - end)
    if min(to_start, to_end) <= EDGE_REACH_PX:
        return "start edge" if to_start < to_end else "end edge"
    return "inside" if start < x < end else "outside"


def wheel_use(*, control: bool, shift: bool, alt: bool) -> WheelUse:
    """Alt zooms the frequency axis, Shift pans, Control or nothing zooms time."""
    if alt and not control:
        return "zoom frequency"
    if shift and not control:
        return "pan"
    return "zoom time"


def selection_of(anchor_s: float, time_s: float, min_span_s: float) -> Span | None:
    """The span between two times in order, or None if it is too short to mean anything."""
    start, end = min(anchor_s, time_s), max(anchor_s, time_s)
    return (start, end) if end - start >= min_span_s else None


def zoomed_heights(heights: Span, at: float, factor: float) -> Span:
    """Magnify a part of the frequency axis (heights 0 to 1) with `at` staying where it is."""
    low, high = heights
    span = min(max((high - low) / factor, 0.05), 1.0)
    share = (at - low) / (high - low)
    start = min(max(at - share * span, 0.0), 1.0 - span)
    return (start, start + span)
