"""The viewer: what the mouse means, what the canvas shows, how it is painted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from soundstudio.audio.colours import colour_table
from soundstudio.audio.files import Sound
from soundstudio.jobs.sound_picture import analyse, level_at, picture_of, requantised
from soundstudio.ui.viewer_canvas import LEFT_PX, RIGHT_PX, ViewerCanvas
from soundstudio.ui.viewer_painting import coloured_image
from soundstudio.ui.viewer_pointer import hit_of, selection_of, wheel_use, zoomed_heights

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from soundstudio.jobs.sound_picture import LoadedSound
    from soundstudio.ui.theme import Theme


@pytest.fixture
def tone(tmp_path: Path) -> LoadedSound:
    """Two seconds of 1 kHz at -6 dB, 16 kHz."""
    t = np.arange(32000) / 16000
    wave = (0.5 * np.sin(2 * np.pi * 1000 * t)).astype(np.float32)
    return analyse(tmp_path / "tone.wav", Sound(wave, 16000))


@pytest.fixture
def canvas(qtbot: QtBot, theme: Theme, tone: LoadedSound) -> ViewerCanvas:
    canvas = ViewerCanvas(theme)
    qtbot.addWidget(canvas)
    canvas.resize(LEFT_PX + RIGHT_PX + 800, 400)
    canvas.set_colours(colour_table("magma"))
    canvas.show_sound(tone)
    canvas.show_picture(picture_of(tone, "linear", -90, 0))
    canvas.show()
    return canvas


def at(canvas: ViewerCanvas, time_s: float, y: int = 300) -> QPoint:
    return QPoint(round(canvas._x_of(time_s)), y)


def drag(canvas: ViewerCanvas, start: QPoint, end: QPoint) -> None:
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=start)
    for share in (0.3, 0.6, 1.0):
        QTest.mouseMove(canvas, start + (end - start) * share)
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=end)


def wheel(canvas: ViewerCanvas, at_s: float, keys: Qt.KeyboardModifier, notches: int = 1) -> None:
    position = QPointF(at(canvas, at_s))
    event = QWheelEvent(
        position,
        canvas.mapToGlobal(position),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        keys,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas, event)


def test_pointer_decisions() -> None:
    assert hit_of(50, None) == "outside"
    assert hit_of(103, (100, 200)) == "start edge"
    assert hit_of(196, (100, 200)) == "end edge"
    assert hit_of(150, (100, 200)) == "inside"
    assert hit_of(102, (100, 103)) == "end edge"
    assert wheel_use(control=False, shift=False, alt=False) == "zoom time"
    assert wheel_use(control=True, shift=True, alt=True) == "zoom time"
    assert wheel_use(control=False, shift=True, alt=False) == "pan"
    assert wheel_use(control=False, shift=False, alt=True) == "zoom frequency"
    assert selection_of(2.0, 1.0, 0.1) == (1.0, 2.0)
    assert selection_of(1.0, 1.05, 0.1) is None


def test_frequency_zoom_keeps_its_place_and_its_bounds() -> None:
    low, high = zoomed_heights((0.0, 1.0), 0.25, 2.0)
    assert (low, high) == (0.125, 0.625)
    assert zoomed_heights((low, high), 0.25, 0.1) == (0.0, 1.0)
    low, high = zoomed_heights((0.0, 1.0), 1.0, 1000)
    assert high == 1.0
    assert high - low == pytest.approx(0.05)


def test_dragging_selects_and_snaps_to_zero_crossings(qtbot: QtBot, canvas: ViewerCanvas) -> None:
    drag(canvas, at(canvas, 0.5), at(canvas, 1.5))
    selection = canvas.selection()
    assert selection is not None
    assert selection == pytest.approx((0.5, 1.5), abs=0.01)
    # The tone crosses zero every half millisecond.
    for edge in selection:
        assert (edge * 2000) % 1 == pytest.approx(0, abs=0.15) or (
            (edge * 2000) % 1 == pytest.approx(1, abs=0.15)
        )


def test_edges_can_be_moved(canvas: ViewerCanvas) -> None:
    canvas.set_selection((0.5, 1.0))
    drag(canvas, at(canvas, 1.0), at(canvas, 1.75))
    assert canvas.selection() == pytest.approx((0.5, 1.75), abs=0.01)


def test_pulling_from_inside_takes_the_selection_out(qtbot: QtBot, canvas: ViewerCanvas) -> None:
    canvas.set_selection((0.5, 1.0))
    with qtbot.waitSignal(canvas.drag_out_requested, timeout=1000):
        drag(canvas, at(canvas, 0.75), at(canvas, 1.6))
    assert canvas.selection() == (0.5, 1.0)


def test_click_seeks_and_clears_the_selection(qtbot: QtBot, canvas: ViewerCanvas) -> None:
    canvas.set_selection((0.5, 1.0))
    with qtbot.waitSignal(canvas.seek_requested, timeout=1000) as seek:
        QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=at(canvas, 1.5))
    assert seek.args[0] == pytest.approx(1.5, abs=0.01)
    assert canvas.selection() is None


def test_wheel_zooms_at_the_pointer_and_shift_pans(canvas: ViewerCanvas) -> None:
    wheel(canvas, 0.5, Qt.KeyboardModifier.NoModifier, 4)
    view = canvas.view()
    assert view.span_s < 1.0
    assert canvas._x_of(0.5) == pytest.approx(LEFT_PX + 200, abs=2)
    wheel(canvas, 0.5, Qt.KeyboardModifier.ShiftModifier, -1)
    assert canvas.view().start_s > view.start_s
    canvas.zoom_fit()
    assert canvas.view().is_whole


def test_alt_wheel_zooms_frequency(canvas: ViewerCanvas) -> None:
    wheel(canvas, 0.5, Qt.KeyboardModifier.AltModifier, 2)
    low, high = canvas._heights
    assert high - low < 0.7


def test_reading_names_the_tone(qtbot: QtBot, canvas: ViewerCanvas) -> None:
    area = canvas._areas()[1]
    y = area.top() + round((1 - 1000 / 8000) * area.height())
    with qtbot.waitSignal(canvas.cursor_moved, timeout=1000) as moved:
        QTest.mouseMove(canvas, at(canvas, 1.0, y))
    time_s, frequency_hz, level_db = moved.args[0]
    assert time_s == pytest.approx(1.0, abs=0.01)
    assert frequency_hz == pytest.approx(1000, rel=0.05)
    assert level_db == pytest.approx(-6, abs=6)


def test_playhead_turns_the_page_when_zoomed(canvas: ViewerCanvas) -> None:
    canvas.set_selection((0.0, 0.5))
    canvas.zoom_selection()
    canvas.set_playhead(1.2)
    assert canvas.view().start_s <= 1.2 <= canvas.view().end_s


def test_tone_is_painted_where_it_sounds(canvas: ViewerCanvas) -> None:
    image = canvas.grab().toImage()
    ratio = image.devicePixelRatio()
    area = canvas._areas()[1]
    x = round((area.left() + area.width() / 2) * ratio)
    ys = range(round(area.top() * ratio), round(area.bottom() * ratio))
    brightest = max(ys, key=lambda y: image.pixelColor(x, y).lightness())
    height = 1 - (brightest / ratio - area.top()) / area.height()
    assert height * 8000 == pytest.approx(1000, abs=120)


def test_waveform_is_painted_at_every_zoom(canvas: ViewerCanvas, theme: Theme) -> None:
    area = canvas._areas()[0]
    accent = theme.colours.accent
    for factor in (1.0, 20.0, 50.0):
        canvas.zoom(factor)
        image = canvas.grab().toImage()
        ratio = image.devicePixelRatio()
        found = any(
            image.pixelColor(round(x * ratio), round(y * ratio)).name() == accent
            for x in range(area.left() + 2, area.right() - 2)
            for y in range(area.top(), area.bottom(), 2)
        )
        assert found, factor


def test_nothing_open_says_so_and_survives_the_mouse(qtbot: QtBot, theme: Theme) -> None:
    canvas = ViewerCanvas(theme)
    qtbot.addWidget(canvas)
    canvas.resize(300, 200)
    canvas.show()
    drag(canvas, QPoint(60, 100), QPoint(200, 100))
    canvas.zoom(2)
    canvas.zoom_fit()
    canvas.select_all()
    assert canvas.selection() is None


def test_db_range_needs_no_new_levels(tone: LoadedSound) -> None:
    picture = picture_of(tone, "mel", -90, 0)
    darker = requantised(picture, -40, 0)
    assert darker.levels_db is picture.levels_db
    assert darker.image.mean() < picture.image.mean()


def test_colours_put_high_frequencies_on_top(tone: LoadedSound) -> None:
    picture = picture_of(tone, "linear", -90, 0)
    image = coloured_image(picture, colour_table("grey"))
    column = [image.pixelColor(image.width() // 2, y).lightness() for y in range(image.height())]
    assert column.index(max(column)) == pytest.approx(image.height() * 7 / 8, abs=8)


def test_level_at_a_place(tone: LoadedSound) -> None:
    picture = picture_of(tone, "linear", -90, 0)
    assert level_at(tone, picture, 1.0, 1000 / 8000) == pytest.approx(-6, abs=3)
    assert level_at(tone, picture, -5.0, 2.0) < -60


def test_far_zoom_of_a_long_sound_uses_blocks(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    wave = rng.uniform(-0.5, 0.5, 16000 * 60).astype(np.float32)
    wave[480_000] = 0.9
    loaded = analyse(tmp_path / "long.wav", Sound(wave, 16000))
    low, high = loaded.envelope(0.0, 60.0, 100)
    assert high.max() == pytest.approx(0.9)
    assert low.min() < -0.49
    assert int(high.argmax()) == 50


def test_silent_short_and_clipped_sounds_are_drawn(
    qtbot: QtBot, theme: Theme, tmp_path: Path
) -> None:
    canvas = ViewerCanvas(theme)
    qtbot.addWidget(canvas)
    canvas.set_colours(colour_table("studio"))
    canvas.resize(400, 240)
    canvas.show()
    for wave in (np.zeros(16000), np.ones(3), np.full(8000, 1.5)):
        loaded = analyse(tmp_path / "x.wav", Sound(wave.astype(np.float32), 16000))
        canvas.show_sound(loaded)
        canvas.show_picture(picture_of(loaded, "log", -90, 0))
        assert not canvas.grab().isNull()
