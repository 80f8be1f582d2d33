"""The viewer's arithmetic."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from soundstudio.audio.viewport import (
    MIN_SPAN_S,
    Viewport,
    frequency_label,
    frequency_ticks_hz,
    nice_step,
    note_name,
    snap_to_zero_crossing,
    time_label,
)


def test_zoom_keeps_the_time_under_the_cursor() -> None:
    view = Viewport.whole(10.0)
    for _ in range(5):
        before = view.pixel_of(3.0, 1000)
        view = view.zoomed(3.0, 1.5)
        assert view.pixel_of(3.0, 1000) == pytest.approx(before)
    assert view.span_s == pytest.approx(10 / 1.5**5)


def test_zoom_stops_at_both_ends_of_its_range() -> None:
    view = Viewport.whole(10.0).zoomed(0.0, 1e9)
    assert view.span_s == pytest.approx(MIN_SPAN_S)
    assert view.start_s == 0.0
    assert view.zoomed(0.0, 1e-9).is_whole


def test_nothing_leaves_the_sound() -> None:
    view = Viewport.whole(10.0).zoomed(5.0, 4.0)
    assert view.panned(100).end_s == pytest.approx(10.0)
    assert view.panned(-100).start_s == 0.0
    assert view.fitted_to(9.0, 12.0).end_s == pytest.approx(10.0)
    assert view.time_at(-50, 100) >= 0.0


def test_fit_to_a_selection_in_either_order() -> None:
    view = Viewport.whole(10.0).fitted_to(4.0, 2.0)
    assert (view.start_s, view.end_s) == (2.0, 4.0)
    point = view.fitted_to(3.0, 3.0)
    assert point.span_s == pytest.approx(MIN_SPAN_S)
    assert point.start_s < 3.0 < point.end_s


def test_pixels_and_times_are_inverse() -> None:
    view = Viewport(2.0, 6.0, 10.0)
    assert view.pixel_of(3.0, 800) == 200
    assert view.time_at(200, 800) == 3.0


def test_the_page_turns_with_the_playhead() -> None:
    view = Viewport(0.0, 2.0, 10.0)
    assert view.with_visible(1.0) is view
    turned = view.with_visible(2.5)
    assert turned.start_s < 2.5 < turned.end_s
    assert turned.span_s == pytest.approx(2.0)


@pytest.mark.parametrize("duration_s", [0.0, 0.001, 0.5, 30.0])
@pytest.mark.parametrize("width", [1, 50, 1000])
def test_ticks_are_round_and_far_enough_apart(duration_s: float, width: int) -> None:
    view = Viewport.whole(duration_s)
    ticks = view.ticks_s(width)
    assert all(view.start_s - 1e-9 <= tick <= view.end_s + 1e-9 for tick in ticks)
    pixels = [view.pixel_of(tick, width) for tick in ticks]
    assert all(b - a >= 79.9 for a, b in itertools.pairwise(pixels))


def test_steps_are_one_two_five() -> None:
    assert [nice_step(value) for value in (0.11, 0.2, 0.21, 3, 7, 0.00013)] == pytest.approx(
        [0.2, 0.2, 0.5, 5, 10, 0.0002]
    )
    assert nice_step(0.0) == 1.0


def test_labels() -> None:
    assert time_label(1.5, 0.5) == "1.5"
    assert time_label(61.25, 0.05) == "1:01.25"
    assert time_label(65, 5) == "1:05"
    assert time_label(59.9996, 0.001) == "1:00.000"
    assert [frequency_label(hz) for hz in (440, 1000, 2500, 16000)] == ["440", "1k", "2.5k", "16k"]
    assert frequency_ticks_hz(90, 1100) == (100.0, 200.0, 500.0, 1000.0)


def test_note_names() -> None:
    assert note_name(440) == "A4"
    assert note_name(261.6256) == "C4"
    assert note_name(445) == "A4 +20 cents"
    assert note_name(30.8677) == "B0"
    assert note_name(0.0) == ""


def test_snapping_finds_the_nearest_zero_crossing() -> None:
    tone = np.sin(2 * np.pi * 100 * (np.arange(1600) + 0.5) / 16000).astype(np.float32)
    snapped = snap_to_zero_crossing(tone, 16000, 0.0262)
    assert snapped == pytest.approx(0.025)
    assert snap_to_zero_crossing(tone, 16000, 0.0262, reach_s=0.0005) == 0.0262
    assert snap_to_zero_crossing(tone[:0], 16000, 5.0) == 5.0
