"""The first sound of a job is heard while the rest of it is being decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from soundstudio.ui.audition import PLAYS_ALREADY
from soundstudio.ui.clip_rows import PendingRow

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from soundstudio.app import Studio

SOUND_S = 6.0


@pytest.fixture
def begun(qtbot: QtBot, studio: Studio) -> Studio:
    """A window in which the first third of a sound is heard."""
    generate(studio)
    qtbot.waitUntil(lambda: studio.audition.is_growing, timeout=20000)
    return studio


def generate(studio: Studio, prompt: str = "pieces") -> None:
    studio.generate.prompt.setPlainText(prompt)
    studio.generate._variations.setValue(1)
    studio.generate._duration.setValue(SOUND_S)
    studio.actions["generate"].trigger()


def wait_for_clip(qtbot: QtBot, studio: Studio) -> None:
    qtbot.waitUntil(lambda: studio.audition.loaded is not None, timeout=20000)
    qtbot.waitUntil(lambda: not studio.queue.open_jobs(), timeout=20000)


def test_it_plays_on_when_its_clip_is_there(qtbot: QtBot, begun: Studio) -> None:
    row = begun.model.rows.at(begun.table.current_row())
    assert isinstance(row, PendingRow)
    assert begun.viewer.canvas._message == PLAYS_ALREADY
    assert begun.viewer._title.toolTip() == "pieces"
    qtbot.waitUntil(lambda: begun.transport._clock.text() > "0:00.100", timeout=5000)
    wait_for_clip(qtbot, begun)
    clip = begun.model.rows.at(begun.table.current_row())
    assert clip.path == begun.audition.path
    assert begun.table._delegate.playing_id == clip.id
    assert begun.audition.is_playing
    assert not begun.audition.is_growing
    qtbot.waitUntil(lambda: len(begun.player.grown) == 3, timeout=5000)
    assert begun.player.grown[-1] == SOUND_S * 16000
    assert begun.player.played == []  # nothing began anew
    qtbot.waitUntil(lambda: not begun.audition.is_playing, timeout=10000)


def test_looping_takes_hold_when_its_clip_is_there(qtbot: QtBot, begun: Studio) -> None:
    begun.actions["loop"].setChecked(True)
    wait_for_clip(qtbot, begun)
    qtbot.waitUntil(lambda: begun.player.loop == (0.0, SOUND_S), timeout=5000)


def test_stopped_it_stays_silent_when_its_clip_is_there(qtbot: QtBot, begun: Studio) -> None:
    begun.actions["play_stop"].trigger()
    assert not begun.audition.is_playing
    wait_for_clip(qtbot, begun)
    assert not begun.audition.is_playing
    assert begun.player.played == []
    begun.actions["play_stop"].trigger()
    qtbot.waitUntil(lambda: len(begun.player.played) == 1, timeout=5000)


def test_cancelling_the_job_ends_it(qtbot: QtBot, begun: Studio) -> None:
    begun.queue.cancel_all()
    qtbot.waitUntil(lambda: not begun.queue.open_jobs(), timeout=20000)
    assert not begun.audition.is_playing
    assert begun.viewer.canvas._message != PLAYS_ALREADY


def test_a_crash_of_the_engine_ends_it(qtbot: QtBot, studio: Studio) -> None:
    generate(studio, "pieces crash")
    qtbot.waitUntil(lambda: studio.audition.is_growing, timeout=20000)
    qtbot.waitUntil(lambda: not studio.audition.is_playing, timeout=20000)
    assert not studio.audition.is_growing
    assert len(studio.player.grown) == 1


def test_slow_pieces_are_waited_for(qtbot: QtBot, begun: Studio) -> None:
    """What came is over, the rest is not there: it is silent, but not at its end."""
    begun.player._until_s = 0.0
    qtbot.wait(100)
    assert begun.audition.is_playing
    wait_for_clip(qtbot, begun)
    assert begun.audition.is_playing


def test_another_sound_that_is_chosen_meanwhile_is_heard(
    qtbot: QtBot, begun: Studio, tone_file: Path
) -> None:
    begun.audition.open(tone_file, and_play=True)
    qtbot.waitUntil(lambda: begun.audition.loaded is not None, timeout=5000)
    assert not begun.audition.is_growing
    qtbot.waitUntil(lambda: len(begun.player.played) == 1, timeout=5000)
    begun.player._until_s += 20
    qtbot.waitUntil(lambda: not begun.queue.open_jobs(), timeout=20000)
    qtbot.wait(200)
    assert begun.audition.path == tone_file
    assert len(begun.player.played) == 1


def test_nothing_begins_while_another_sound_is_heard(
    qtbot: QtBot, studio: Studio, tone_file: Path
) -> None:
    studio.audition.open(tone_file, and_play=True)
    qtbot.waitUntil(lambda: len(studio.player.played) == 1, timeout=5000)
    studio.player._until_s += 60
    generate(studio)
    qtbot.waitUntil(lambda: not studio.queue.open_jobs(), timeout=20000)
    assert studio.player.growing == []


def test_whoever_does_not_want_sounds_to_begin_hears_nothing(qtbot: QtBot, studio: Studio) -> None:
    studio.settings.change(play_when_ready=False)
    generate(studio)
    wait_for_clip(qtbot, studio)
    assert studio.player.growing == []
    assert not studio.audition.is_playing
