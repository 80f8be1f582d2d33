"""The audio callback's work, block by block and without a device."""

from __future__ import annotations

import numpy as np
import pytest

from soundstudio.audio.playback import Program, Voice

RATE = 48000
FADE = 240  # 5 ms


def ramp(length: int, channels: int = 2) -> np.ndarray:
    """Frame k holds k + 1: whatever is heard says where it came from."""
    frames = np.arange(1, length + 1, dtype=np.float32)
    return np.repeat(frames[:, np.newaxis], channels, axis=1)


def render(voice: Voice, blocks: int, size: int = 64) -> np.ndarray:
    heard = []
    for _ in range(blocks):
        out = np.full((size, 2), np.nan, np.float32)
        voice.render(out)
        heard.append(out)
    return np.concatenate(heard)[:, 0]


@pytest.fixture
def voice() -> Voice:
    return Voice(2, RATE)


def test_idle_is_silence(voice: Voice) -> None:
    assert not render(voice, 3).any()


def test_a_sound_is_heard_exactly_once_and_entirely(voice: Voice) -> None:
    frames = ramp(150)
    voice.program = Program(1, frames, 0, 150)
    heard = render(voice, 4)
    np.testing.assert_array_equal(heard[:150], frames[:, 0])
    assert not heard[150:].any()


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_a_loop_wraps_without_gap_or_overlap(voice: Voice, size: int) -> None:
    frames = ramp(100)
    voice.program = Program(1, frames, 0, 100, loop=(20, 90))
    heard = render(voice, 1000 // size, size)
    expected = np.concatenate((np.arange(1, 91), np.tile(np.arange(21, 91), 20)))
    np.testing.assert_array_equal(heard, expected[: len(heard)])


def test_a_loop_shorter_than_a_block(voice: Voice) -> None:
    voice.program = Program(1, ramp(10), 0, 10, loop=(2, 5))
    assert render(voice, 1, 12).tolist() == [1, 2, 3, 4, 5, 3, 4, 5, 3, 4, 5, 3]


def test_entering_midway_is_faded_in_but_the_start_is_not(voice: Voice) -> None:
    ones = np.ones((2000, 2), np.float32)
    voice.program = Program(1, ones, 0, 2000)
    assert render(voice, 1)[0] == 1.0
    voice.program = Program(2, ones, 500, 2000)
    heard = render(voice, 8)
    # The old sound fades out as the new one fades in: together they stay at one.
    np.testing.assert_allclose(heard, 1.0, atol=1e-5)


def test_stopping_fades_out_within_five_milliseconds(voice: Voice) -> None:
    voice.program = Program(1, np.ones((5000, 2), np.float32), 0, 5000)
    render(voice, 2)
    voice.program = None
    heard = render(voice, 8)
    assert heard[0] > 0.99
    assert np.abs(np.diff(heard[: FADE + 1])).max() < 0.01
    assert not heard[FADE:].any()


def test_switching_twice_within_a_fade_does_not_click(voice: Voice) -> None:
    ones = np.ones((5000, 2), np.float32)
    voice.program = Program(1, ones, 0, 5000)
    heard = [render(voice, 1)]
    for serial in range(2, 8):
        voice.program = Program(serial, ones, 100, 5000)
        heard.append(render(voice, 1))
    voice.program = None
    heard.append(render(voice, 6))
    whole = np.concatenate(heard)
    assert np.abs(np.diff(whole)).max() < 0.03
    assert whole.max() < 1.2  # overlapping fades add up a little


def test_a_part_that_stops_midway_is_faded_out(voice: Voice) -> None:
    voice.program = Program(1, np.ones((2000, 2), np.float32), 0, 1000)
    heard = render(voice, 20)
    assert heard[1000 - FADE - 1] == 1.0
    assert heard[999] < 0.01
    assert np.abs(np.diff(heard[500:])).max() < 0.01
    assert not heard[1000:].any()


def test_changing_the_loop_does_not_interrupt(voice: Voice) -> None:
    frames = ramp(300)
    voice.program = Program(1, frames, 0, 300)
    first = render(voice, 1)
    voice.program = Program(1, frames, 0, 300, loop=(10, 100), keeps_position=True)
    second = render(voice, 1)
    np.testing.assert_array_equal(
        np.concatenate((first, second)),
        np.concatenate((np.arange(1, 101), np.arange(11, 39))),
    )


def test_a_new_loop_behind_the_playhead_is_entered_softly(voice: Voice) -> None:
    ones = np.ones((3000, 2), np.float32)
    voice.program = Program(1, ones, 0, 3000)
    render(voice, 10)
    voice.program = Program(1, ones, 0, 3000, loop=(0, 300), keeps_position=True)
    np.testing.assert_allclose(render(voice, 8), 1.0, atol=1e-5)


def test_gain_changes_without_a_step(voice: Voice) -> None:
    voice.program = Program(1, np.ones((5000, 2), np.float32), 0, 5000)
    render(voice, 1)
    voice.gain = 0.5
    heard = render(voice, 2)
    assert np.abs(np.diff(heard)).max() < 0.01
    assert heard[-1] == 0.5


def test_the_log_tells_which_frame_is_heard_when(voice: Voice) -> None:
    render(voice, 1)
    voice.program = Program(5, ramp(150), 0, 150, loop=(50, 100))
    heard = np.concatenate((np.zeros(64), render(voice, 4)))
    for clock in range(64, 300, 7):
        segment = voice.heard(clock)
        assert segment is not None
        assert segment.serial == 5
        assert heard[clock] == segment.cursor + clock - segment.clock + 1
    idle = voice.heard(10)
    assert idle is not None
    assert not idle.is_running


def test_an_empty_sound_is_silence(voice: Voice) -> None:
    voice.program = Program(1, np.zeros((0, 2), np.float32), 0, 0)
    assert not render(voice, 2).any()


def test_a_fixed_gain_is_exact_in_every_frame(voice: Voice) -> None:
    frames = ramp(1500)
    voice.gain = 0.25
    render(voice, 1)
    voice.program = Program(1, frames, 0, 1500)
    np.testing.assert_array_equal(render(voice, 1, 1000), frames[:1000, 0] * np.float32(0.25))


def test_a_sound_that_runs_dry_goes_on_where_it_was(voice: Voice) -> None:
    frames = ramp(4 * FADE)
    voice.program = Program(1, frames, 0, 2 * FADE)
    heard = render(voice, 4, 2 * FADE)
    assert heard[FADE - 1] == FADE
    assert heard[2 * FADE - 1] < 2.0  # faded out before the silence
    assert not heard[2 * FADE :].any()
    voice.program = Program(1, frames, 0, 4 * FADE, keeps_position=True)
    rest = render(voice, 1, 2 * FADE)
    assert rest[0] < 2.0  # and in after it
    np.testing.assert_array_equal(rest[FADE:], frames[3 * FADE :, 0])


def test_a_sound_that_grows_in_time_is_heard_as_one(voice: Voice) -> None:
    frames = ramp(1000)
    voice.program = Program(1, frames, 0, 400)
    first = render(voice, 2, 64)
    voice.program = Program(1, frames, 0, 1000, keeps_position=True)
    np.testing.assert_array_equal(
        np.concatenate((first, render(voice, 14, 64)))[:1000], frames[:, 0]
    )
