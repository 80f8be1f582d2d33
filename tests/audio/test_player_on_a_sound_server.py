"""The player against a real sound server: what is recorded is what was played."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from soundstudio.audio.files import Sound
from soundstudio.audio.player import Player

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import JackServer

pytestmark = pytest.mark.sound_server
RATE = 48000
STEP_24_BIT = 2.0**-23


@pytest.fixture
def player(jack: JackServer) -> Iterator[Player]:
    player = Player()
    player.open()
    assert player.state.status == "idle", player.state.sentence
    yield player
    player.close()


def wait_until(condition: object, patience_s: float = 10.0) -> None:
    deadline = time.monotonic() + patience_s
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def noise(seconds: float, channels: int = 2) -> Sound:
    samples = np.random.default_rng(9).standard_normal((channels, round(seconds * RATE))) * 0.1
    return Sound(samples.astype(np.float32), RATE)


def place_of(part: np.ndarray, recording: np.ndarray) -> int:
    """Where `part` begins in `recording`."""
    key = part[:256]
    return int((sliding_window_view(recording, 256) @ key).argmax())


def test_what_was_recorded_equals_what_was_played(jack: JackServer, player: Player) -> None:
    sound = noise(1.0)
    for _ in range(3):  # a busy machine drops a block now and then
        dropped_before = player.underflows
        finish = jack.record(2.5)
        player.play(sound)
        assert player.is_playing
        wait_until(lambda: not player.is_playing)
        assert player.position_s() == pytest.approx(1.0)
        recording = finish().samples
        start = place_of(sound.samples[0], recording[0])
        heard = recording[:, start : start + sound.length]
        is_equal = np.abs(heard - sound.samples).max() <= STEP_24_BIT
        if is_equal and player.underflows == dropped_before:
            break
    assert is_equal
    assert not recording[:, :start].any()
    assert not recording[:, start + sound.length :].any()


def test_a_loop_has_no_gap(jack: JackServer, player: Player) -> None:
    frequency_hz, level = 440.0, 0.25
    time_s = np.arange(RATE // 4) / RATE  # 110 whole periods
    tone = (level * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.float32)
    player.play(Sound(tone, RATE), loop=(0.0, 0.25))
    wait_until(lambda: player.position_s() > 0.05)
    for _ in range(3):  # a busy machine drops a block now and then; a seam would show each time
        recording = jack.record(2.0)().samples[0].astype(np.float64)
        steady = recording[RATE // 4 : -RATE // 4]
        bend = np.abs(np.diff(steady, 2)).max()
        if bend < 0.01:
            break
    assert bend == pytest.approx(level * (2 * np.pi * frequency_hz / RATE) ** 2, rel=0.01)


def test_the_playhead_keeps_the_audio_clocks_time(jack: JackServer, player: Player) -> None:
    player.play(noise(3.0))
    wait_until(lambda: player.position_s() > 0.2)
    points = []
    while player.position_s() < 1.8:
        points.append((time.perf_counter(), player.position_s()))
        time.sleep(0.01)
    times, positions = np.array(points).T
    assert np.diff(positions).min() > -0.005
    slope, _ = np.polyfit(times - times[0], positions, 1)
    assert slope == pytest.approx(1.0, abs=0.05)
    player.stop()
    wait_until(lambda: not player.is_playing)


def test_a_server_that_dies_is_noticed_and_found_again(jack: JackServer, player: Player) -> None:
    player.play(noise(1.0), loop=(0.0, 1.0))
    wait_until(lambda: player.position_s() > 0.05)
    jack.kill()
    wait_until(lambda: player.state.status == "no device", 5.0)
    assert "is gone" in player.state.sentence
    player.play(noise(0.1))  # does nothing, and does no harm
    player.refresh_devices()
    assert player.state.status == "no device"
    jack.start()
    player.refresh_devices()
    assert player.state.status == "idle", player.state.sentence
    finish = jack.record(1.0)
    player.play(noise(0.5))
    assert finish().samples.any()


def test_the_process_survives_the_servers_death_to_its_end(jack: JackServer) -> None:
    # PortAudio's own JACK interface would abort the process at exit.
    script = """
        import os, signal, sys, time
        from soundstudio.audio.player import Player
        player = Player()
        player.open()
        print(player.state.status, flush=True)
        sys.stdin.readline()
        while player.state.status != "no device":
            time.sleep(0.01)
        player.close()
        print("closed", flush=True)
    """
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)],
        env=jack.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline().strip() == "idle"
        jack.kill()
        said, _ = child.communicate("go\n", timeout=20)
    finally:
        child.kill()
        child.wait()
    assert said.strip() == "closed"
    assert child.returncode == 0
