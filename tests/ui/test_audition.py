"""Looking and listening: what the player is asked, what the viewer shows, late answers."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

from soundstudio.audio.files import Sound, write_wav
from soundstudio.jobs import sound_picture

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from soundstudio.app import Studio


def write_tone(path: Path, duration_s: float = 1.0) -> Path:
    t = np.arange(int(duration_s * 16000)) / 16000
    wave = (0.5 * np.sin(2 * np.pi * 440 * t)).astype(np.float32)
    write_wav(path, Sound(wave, 16000), "PCM_16")
    return path


@pytest.fixture
def opened(qtbot: QtBot, studio: Studio, tmp_path: Path) -> Studio:
    """A window with a sound of three seconds open and silent."""
    studio.audition.open(write_tone(tmp_path / "tone.wav", 3.0))
    qtbot.waitUntil(lambda: studio.audition.loaded is not None, timeout=10000)
    return studio


def last_play(qtbot: QtBot, studio: Studio, count: int) -> tuple[object, ...]:
    qtbot.waitUntil(lambda: len(studio.player.played) == count, timeout=5000)
    return tuple(studio.player.played[-1])


def test_space_plays_from_the_start_and_stops(qtbot: QtBot, opened: Studio) -> None:
    opened.actions["play_stop"].trigger()
    assert last_play(qtbot, opened, 1) == (0.0, None, None)
    assert opened.audition.is_playing
    opened.actions["play_stop"].trigger()
    assert not opened.audition.is_playing
    qtbot.waitUntil(lambda: not opened.player.is_playing, timeout=5000)


def test_selection_is_what_plays_and_loops(qtbot: QtBot, opened: Studio) -> None:
    opened.viewer.canvas.set_selection((0.5, 1.0))
    opened.actions["play_stop"].trigger()
    assert last_play(qtbot, opened, 1) == (0.5, None, 1.0)
    opened.actions["loop"].setChecked(True)
    qtbot.waitUntil(lambda: opened.player.loop == (0.5, 1.0), timeout=5000)
    opened.viewer.canvas.set_selection((0.25, 2.0))
    qtbot.waitUntil(lambda: opened.player.loop == (0.25, 2.0), timeout=5000)
    opened.actions["stop"].trigger()
    opened.actions["play_stop"].trigger()
    assert last_play(qtbot, opened, 2) == (0.25, (0.25, 2.0), None)


def test_loop_without_a_selection_is_the_whole_sound(qtbot: QtBot, opened: Studio) -> None:
    opened.actions["loop"].setChecked(True)
    opened.actions["play_stop"].trigger()
    assert last_play(qtbot, opened, 1) == (0.0, (0.0, 3.0), None)


def test_arrows_seek_by_half_seconds_within_the_sound(qtbot: QtBot, opened: Studio) -> None:
    for _ in range(3):
        opened.actions["seek_forward"].trigger()
    opened.actions["seek_back"].trigger()
    opened.actions["play_stop"].trigger()
    assert last_play(qtbot, opened, 1)[0] == pytest.approx(1.0)
    opened.actions["stop"].trigger()
    opened.actions["seek_end"].trigger()
    assert opened.transport._clock.text() == "0:03.000"
    opened.actions["seek_forward"].trigger()
    assert opened.transport._clock.text() == "0:03.000"
    opened.actions["seek_start"].trigger()
    assert opened.transport._clock.text() == "0:00.000"


def test_seeking_while_playing_goes_on_from_there(qtbot: QtBot, opened: Studio) -> None:
    opened.actions["play_stop"].trigger()
    last_play(qtbot, opened, 1)
    opened.viewer.canvas.seek_requested.emit(2.0)
    assert last_play(qtbot, opened, 2)[0] == 2.0
    assert opened.audition.is_playing


def test_playhead_and_meter_move_and_play_ends_by_itself(qtbot: QtBot, opened: Studio) -> None:
    opened.viewer.canvas.set_selection((0.5, 0.9))
    opened.actions["play_stop"].trigger()
    qtbot.waitUntil(lambda: (opened.viewer.canvas._playhead_s or 0) > 0.55, timeout=5000)
    assert not opened.transport.meter.is_at_rest
    qtbot.waitUntil(lambda: not opened.audition.is_playing, timeout=5000)
    qtbot.waitUntil(lambda: not opened.audition._frames.isActive(), timeout=20000)
    assert opened.transport.meter.is_at_rest


def test_volume_follows_the_slider(opened: Studio) -> None:
    opened.transport._volume.setValue(50)
    assert opened.player.level_gain == pytest.approx(0.25)


def test_sound_that_loads_late_does_not_replace_the_one_wanted_now(
    qtbot: QtBot, opened: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    real = sound_picture.load_sound

    def slow(path: Path) -> object:
        if path.name == "slow.wav":
            gate.wait(10)
        return real(path)

    monkeypatch.setattr("soundstudio.ui.audition.load_sound", slow)
    opened.audition.open(write_tone(tmp_path / "slow.wav"))
    quick = write_tone(tmp_path / "quick.wav")
    opened.audition.open(quick)
    qtbot.waitUntil(
        lambda: opened.audition.loaded is not None and opened.audition.loaded.path == quick,
        timeout=10000,
    )
    gate.set()
    opened.background._pool.waitForDone()
    qtbot.wait(20)
    assert opened.audition.loaded is not None
    assert opened.audition.loaded.path == quick


def test_missing_and_foreign_files_say_so_in_the_viewer(
    qtbot: QtBot, opened: Studio, tmp_path: Path
) -> None:
    text = tmp_path / "text.wav"
    text.write_text("no sound", encoding="utf-8")
    for path in (tmp_path / "nothing.wav", text):
        opened.audition.open(path)
        qtbot.waitUntil(lambda: not opened.viewer.banner.isHidden(), timeout=5000)
        assert opened.audition.loaded is None
        opened.viewer.banner.hide()
        opened.audition._path = None


def test_look_follows_the_controls_without_reading_the_file_again(
    qtbot: QtBot, opened: Studio
) -> None:
    canvas = opened.viewer.canvas
    qtbot.waitUntil(lambda: canvas._picture is not None, timeout=5000)
    loaded = opened.audition.loaded
    opened.viewer._scale.setCurrentIndex(2)
    qtbot.waitUntil(lambda: canvas._picture.scale == "log", timeout=5000)
    levels = canvas._picture.levels_db
    opened.viewer._floor.setValue(-60)
    qtbot.waitUntil(lambda: canvas._picture.floor_db == -60, timeout=5000)
    assert canvas._picture.levels_db is levels
    assert opened.audition.loaded is loaded
    assert opened.settings.current.spectrogram_scale == "log"
