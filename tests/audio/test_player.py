"""The player against a stand-in for sounddevice: devices that are missing, chosen, lost."""

from __future__ import annotations

import builtins
import sys
import time
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from soundstudio.audio.files import Sound
from soundstudio.audio.growing_sound import GrowingSound, SoundPiece
from soundstudio.audio.player import Player

RATE = 48000


class FakeStream:
    """A stream whose blocks are asked for by the test."""

    def __init__(self, **arguments: Any) -> None:
        self.arguments = arguments
        self.latency = 0.0
        self.is_open = True

    def start(self) -> None:
        pass

    def abort(self, ignore_errors: bool = True) -> None:
        pass

    def close(self, ignore_errors: bool = True) -> None:
        self.is_open = False

    def pull(self, frames: int = 1024, *, underflow: bool = False) -> np.ndarray:
        out = np.zeros((frames, self.arguments["channels"]), np.float32)
        status = SimpleNamespace(output_underflow=True) if underflow else None
        self.arguments["callback"](out, frames, None, status)
        return out


class FakeSoundDevice(ModuleType):
    """What the player uses of sounddevice."""

    class PortAudioError(Exception):
        pass

    def __init__(self) -> None:
        super().__init__("sounddevice")
        self.device_list: list[dict[str, Any]] = []
        self.streams: list[FakeStream] = []
        self.default = SimpleNamespace(device=[-1, -1])
        self.restarts = 0
        self.refuses = False
        self._exit_handler = lambda: None

    def add(self, name: str, rate: int = RATE, channels: int = 2, *, default: bool = False) -> None:
        if default:
            self.default.device = [-1, len(self.device_list)]
        self.device_list.append(
            {
                "name": name,
                "hostapi": 0,
                "max_output_channels": channels,
                "default_samplerate": float(rate),
            }
        )

    def query_devices(self) -> list[dict[str, Any]]:
        return self.device_list

    def query_hostapis(self) -> tuple[dict[str, Any], ...]:
        return ({"name": "ALSA", "default_output_device": -1, "devices": []},)

    def OutputStream(self, **arguments: Any) -> FakeStream:
        if self.refuses:
            raise self.PortAudioError("Device unavailable")
        self.streams.append(FakeStream(**arguments))
        return self.streams[-1]

    def _terminate(self) -> None:
        self.restarts += 1

    def _initialize(self) -> None:
        pass


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> FakeSoundDevice:
    fake = FakeSoundDevice()
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    return fake


def noise(seconds: float = 0.5, rate: int = RATE) -> Sound:
    samples = np.random.default_rng(1).standard_normal(round(seconds * rate)) * 0.1
    return Sound(samples.astype(np.float32), rate)


def test_without_portaudio_it_works_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    real_import = builtins.__import__

    def refuse(name: str, *arguments: Any, **keywords: Any) -> Any:
        if name == "sounddevice":
            raise OSError("PortAudio library not found")
        return real_import(name, *arguments, **keywords)

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(builtins, "__import__", refuse)
    player = Player()
    player.open()
    assert player.state.status == "no device"
    assert "libportaudio2" in player.state.sentence
    assert player.devices() == ()
    player.play(noise())
    assert not player.is_playing
    assert player.position_s() == 0.0
    player.refresh_devices()
    player.seek(0.2)
    player.set_loop((0.0, 0.1))
    player.stop()
    player.close()
    assert player.state.status == "closed"


def test_no_device_is_a_sentence(system: FakeSoundDevice) -> None:
    player = Player()
    player.open()
    assert (player.state.status, player.state.is_usable) == ("no device", False)
    assert "No sound output" in player.state.sentence
    player.play(noise())
    assert not player.is_playing


def test_a_device_that_appears_is_found_by_refreshing(system: FakeSoundDevice) -> None:
    player = Player()
    player.open()
    player.play(noise())
    system.add("Speakers", default=True)
    player.refresh_devices()
    assert player.state.status == "idle"  # what was asked for without a device is forgotten
    assert system.restarts >= 1


def test_devices_are_chosen_by_name_with_the_default_as_fallback(system: FakeSoundDevice) -> None:
    system.add("Speakers", default=True)
    system.add("Headphones")
    player = Player()
    player.open("Headphones (ALSA)")
    assert player.state.device == "Headphones (ALSA)"
    assert player.state.sentence == ""
    player.open("USB thing (ALSA)")
    assert player.state.device == "Speakers (ALSA)"
    assert "USB thing (ALSA) is not there" in player.state.sentence
    assert not system.streams[0].is_open


def test_the_wanted_device_is_taken_again_under_another_number(system: FakeSoundDevice) -> None:
    system.add("Headphones")
    player = Player()
    player.open("Headphones")
    system.device_list.insert(
        0,
        {"name": "New", "hostapi": 0, "max_output_channels": 2, "default_samplerate": 48000.0},
    )
    player.refresh_devices()
    assert player.state.device == "Headphones (ALSA)"
    assert system.streams[-1].arguments["device"] == 1


def test_a_device_that_refuses_is_explained(system: FakeSoundDevice) -> None:
    system.add("Speakers", default=True)
    system.refuses = True
    player = Player()
    player.open()
    assert player.state.status == "no device"
    assert "Speakers (ALSA) cannot be opened" in player.state.sentence


def test_a_lost_device_is_noticed_and_taken_again(
    system: FakeSoundDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    system.add("Speakers", default=True)
    player = Player()
    player.open()
    player.play(noise())
    system.streams[0].pull()
    assert player.state.status == "playing"
    system.streams[0].arguments["finished_callback"]()
    assert player.state.status == "no device"
    assert "is gone" in player.state.sentence
    assert not player.is_playing
    player.refresh_devices()
    assert player.state.status == "idle"


def test_a_device_that_stops_asking_is_lost(
    system: FakeSoundDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    system.add("Speakers", default=True)
    player = Player()
    player.open()
    system.streams[0].pull()
    now = time.perf_counter()
    monkeypatch.setattr(time, "perf_counter", lambda: now + 0.9)
    assert player.state.status == "no device"


def test_sounds_arrive_at_the_devices_rate_and_channels(system: FakeSoundDevice) -> None:
    system.add("Mono 32k", rate=32000, channels=1, default=True)
    player = Player()
    player.open()
    stereo = Sound(np.array([[0.5] * 16000, [-0.1] * 16000], np.float32), 16000)
    player.play(stereo)
    block = system.streams[0].pull(4096)
    assert block.shape == (4096, 1)
    assert block[2000, 0] == pytest.approx(0.2, abs=1e-3)


def test_the_playhead_counts_what_was_heard(
    system: FakeSoundDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])
    system.add("Speakers", default=True)
    player = Player()
    player.open()
    stream = system.streams[0]
    player._output._latency_frames = 4800.0  # type: ignore[union-attr]
    stream.pull(4800)
    player.play(noise(0.25), start_s=0.05)
    assert player.position_s() == pytest.approx(0.05)
    positions = []
    for _ in range(8):
        stream.pull(2400)
        positions.append(player.position_s())
        clock[0] += 0.05
    # Two blocks of latency pass before the first sample is heard.
    assert positions == pytest.approx([0.05, 0.05, 0.05, 0.1, 0.15, 0.2, 0.25, 0.25], abs=1e-6)
    assert not player.is_playing


def test_seeking_and_looping(system: FakeSoundDevice) -> None:
    system.add("Speakers", default=True)
    player = Player()
    player.open()
    stream = system.streams[0]
    sound = noise(1.0)
    player.play(sound, loop=(0.2, 0.4))
    stream.pull()
    player.seek(0.3)
    block = stream.pull(9600)
    expected = np.concatenate((sound.samples[0, 14400:19200], sound.samples[0, 9600:14400]))
    np.testing.assert_allclose(block[300:, 0], expected[300:9600], atol=1e-6)
    player.set_loop(None)
    assert player.is_playing
    stream.pull(60_000)
    stream.pull(1024)
    assert not player.is_playing


def test_opening_in_the_background_plays_what_was_asked_meanwhile(system: FakeSoundDevice) -> None:
    system.add("Speakers", default=True)
    player = Player()
    player._stream_lock.acquire()
    try:
        player.open(wait=False)
        assert player.state.status == "opening"
        player.play(noise())
        assert not player.is_playing
    finally:
        player._stream_lock.release()
    assert player._opener is not None
    player._opener.join()
    assert player.state.status == "playing"
    assert system.streams[0].pull().any()
    player.close()


def test_underflows_are_counted_across_devices(system: FakeSoundDevice) -> None:
    system.add("Speakers", default=True)
    player = Player()
    player.open()
    system.streams[0].pull(underflow=True)
    player.refresh_devices()
    system.streams[1].pull(underflow=True)
    assert player.underflows == 2


def test_an_error_in_the_callback_is_silence_and_a_sentence(system: FakeSoundDevice) -> None:
    system.add("Speakers", default=True)
    player = Player()
    player.open()
    player._output.voice.gain = "loud"  # type: ignore[union-attr, assignment]
    assert not system.streams[0].pull().any()
    assert "Playing failed" in player.state.sentence


def test_the_gain_stays_between_zero_and_one(system: FakeSoundDevice) -> None:
    player = Player()
    player.level_gain = 7.0
    assert player.level_gain == 1.0
    player.level_gain = float("nan")
    assert player.level_gain == 1.0


def growing_noise(sound: Sound, pieces: int) -> tuple[GrowingSound, list[SoundPiece]]:
    growing = GrowingSound(sound.length, sound.sample_rate)
    step = sound.length // pieces
    return growing, [
        SoundPiece(sound.samples[0, at : at + step], at, sound.length, sound.sample_rate, 0.1)
        for at in range(0, sound.length, step)
    ]


def half_heard() -> tuple[Player, GrowingSound, SoundPiece]:
    """A player of a growing sound, and its second half, which is still to come."""
    growing, (first, second) = growing_noise(noise(0.6), 2)
    player = Player()
    player.open()
    growing.add(first)
    player.play_growing(growing)
    return player, growing, second


def test_a_growing_sound_is_heard_as_the_whole(system: FakeSoundDevice) -> None:
    """At another rate than the device's; the next piece comes while the first is heard."""
    system.add("Speakers", default=True)
    sound = noise(0.6, 16000)
    player = Player()
    player.open()
    player.play(sound)
    stream = system.streams[0]
    whole = np.concatenate([stream.pull(480) for _ in range(60)])
    player.stop()
    stream.pull(480)
    growing, pieces = growing_noise(sound, 2)
    growing.add(pieces[0])
    player.play_growing(growing)
    heard = [stream.pull(480) for _ in range(20)]
    assert player.is_playing
    player.set_loop((0.0, 0.1))  # of what is not there yet there is no loop
    growing.add(pieces[1])
    player.grow()
    heard += [stream.pull(480) for _ in range(40)]
    assert np.abs(whole).max() > 0.2
    np.testing.assert_allclose(np.concatenate(heard), whole, atol=1e-5)


def test_a_growing_sound_waits_for_the_rest(system: FakeSoundDevice) -> None:
    system.add("Speakers", default=True)
    player, growing, second = half_heard()
    stream = system.streams[0]
    for _ in range(40):
        last = stream.pull(480)
    assert not last.any()
    assert not player.is_playing
    growing.add(second)
    player.grow()
    rest = np.concatenate([stream.pull(480) for _ in range(32)])
    whole = noise(0.6).samples[0]
    dry = round(0.28 * RATE)  # the last 20 ms of a piece wait for the next one
    np.testing.assert_allclose(rest[480 : len(whole) - dry, 0], whole[dry + 480 :], atol=1e-6)


def test_a_growing_sound_that_was_left_grows_no_more(system: FakeSoundDevice) -> None:
    system.add("Speakers", default=True)
    player, growing, second = half_heard()
    player.stop()
    growing.add(second)
    player.grow()
    stream = system.streams[0]
    stream.pull(480)
    assert not stream.pull(480).any()
    player.play_growing(growing)
    other = Sound(np.full(RATE, 0.25, np.float32), RATE)
    player.play(other)
    player.grow()
    stream.pull(480)
    assert (stream.pull(480) == 0.25).all()
    player.play_growing(growing)
    player.refresh_devices()
    player.grow()
    assert not system.streams[-1].pull(480).any()
