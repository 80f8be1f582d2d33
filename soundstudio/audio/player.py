"""Playing sounds: an open stream, a playhead on the audio clock, devices that come and go."""

from __future__ import annotations

import logging
import math
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

import numpy as np

from soundstudio.audio import output
from soundstudio.audio.files import Sound
from soundstudio.audio.open_output import OpenOutput
from soundstudio.audio.playback import Program
from soundstudio.audio.resampling import resample
from soundstudio.core.errors import AudioDeviceError

if TYPE_CHECKING:
    from soundstudio.audio.files import FloatArray
    from soundstudio.audio.growing_sound import GrowingSound
    from soundstudio.audio.output import OutputDevice

log = logging.getLogger(__name__)

_CONVERTED_SOUNDS: Final = 8
_UNSURE_S: Final = 0.02

PlayerStatus = Literal["closed", "no device", "opening", "idle", "playing"]


@dataclass(frozen=True, slots=True)
class PlayerState:
    """Where the player stands; `sentence` is for the user and empty while all is well."""

    status: PlayerStatus
    sentence: str = ""
    device: str = ""

    @property
    def is_usable(self) -> bool:
        return self.status in ("idle", "playing")


class PlayerLike(Protocol):
    """What the window uses of a player, and what a test's stand-in must have."""

    level_gain: float

    @property
    def state(self) -> PlayerState: ...
    @property
    def is_playing(self) -> bool: ...
    @property
    def underflows(self) -> int: ...
    def devices(self) -> tuple[OutputDevice, ...]: ...
    def open(self, device: str = "", *, wait: bool = True) -> None: ...
    def refresh_devices(self, *, wait: bool = True) -> None: ...
    def play(
        self,
        sound: Sound,
        start_s: float = 0.0,
        loop: tuple[float, float] | None = None,
        end_s: float | None = None,
    ) -> None: ...
    def play_growing(self, growing: GrowingSound) -> None: ...
    def grow(self) -> None: ...
    def stop(self) -> None: ...
    def set_loop(self, loop: tuple[float, float] | None) -> None: ...
    def seek(self, position_s: float) -> None: ...
    def position_s(self) -> float: ...
    def close(self) -> None: ...


class Player:
    """One sound at a time through PortAudio. Used from one thread (the window's).

    Nothing here raises for a missing device: `state` says what is the matter and playing does
    nothing. With `wait=False`, opening and refreshing happen on a thread of their own.
    """

    def __init__(self) -> None:
        self._level_gain = 1.0
        self._output: OpenOutput | None = None
        self._wanted_device = ""
        self._status: PlayerStatus = "closed"
        self._sentence = ""
        self._lost_underflows = 0
        self._serial = 0
        self._sound: Sound | None = None
        self._program: Program | None = None
        self._growing: GrowingSound | None = None
        self._asked: tuple[float, tuple[float, float] | None, float | None] | None = None
        self._converted: OrderedDict[tuple[int, int, int], tuple[Sound, FloatArray]] = OrderedDict()
        self._stream_lock = threading.RLock()
        self._program_lock = threading.RLock()
        self._opener: threading.Thread | None = None

    # devices

    def devices(self) -> tuple[OutputDevice, ...]:
        """The outputs known since the last refresh; empty without PortAudio."""
        try:
            return output.output_devices()
        except AudioDeviceError:
            return ()

    def open(self, device: str = "", *, wait: bool = True) -> None:
        """Open the output called `device` (title or name), or the default if it is not there."""
        self._wanted_device = device
        self._run(self._reopen, wait)

    def refresh_devices(self, *, wait: bool = True) -> None:
        """Look for devices anew and open the wanted one again. Stops what plays."""
        self._run(self._restart, wait)

    def close(self) -> None:
        """Stop and give the device back."""
        self.stop()
        if self._opener is not None:
            self._opener.join()
            self._opener = None
        with self._stream_lock:
            self._close_output()
            self._status, self._sentence = "closed", ""

    def _run(self, operation: Any, wait: bool) -> None:
        if self._opener is not None and (wait or not self._opener.is_alive()):
            self._opener.join()
            self._opener = None
        if wait:
            operation()
        elif self._opener is None:
            self._status = "opening"
            self._opener = threading.Thread(target=operation, name="sound-output", daemon=True)
            self._opener.start()

    def _restart(self) -> None:
        with self._stream_lock:
            was_lost = self._output is not None and self._output.is_lost()
            if self._output is not None:
                self.stop()
            self._close_output()
            try:
                output.restart_portaudio(was_lost=was_lost)
            except AudioDeviceError as error:
                self._status, self._sentence = "no device", error.sentence()
                return
            self._reopen()

    def _reopen(self) -> None:
        with self._stream_lock:
            self._close_output()
            try:
                device = output.choose_device(output.output_devices(), self._wanted_device)
                if device is None:
                    self._status, self._sentence = "no device", output.NO_DEVICE
                    return
                self._output = OpenOutput(device)
            except AudioDeviceError as error:
                self._status, self._sentence = "no device", error.sentence()
                return
            self._output.voice.gain = self._level_gain
            self._status, self._sentence = "idle", ""
            if self._wanted_device and self._wanted_device not in (device.title, device.name):
                self._sentence = (
                    f"{self._wanted_device} is not there; {device.title} is used instead."
                )
            log.info("sound goes to %s at %d Hz", device.title, device.sample_rate)
            with self._program_lock:
                if self._asked is not None:
                    self._start(*self._asked)

    def _close_output(self) -> None:
        if self._output is not None:
            self._growing = None  # its frames are at the old device's rate
            self._lost_underflows += self._output.underflows
            open_output, self._output = self._output, None
            output.close_stream(open_output.stream)

    # what is heard

    def play(
        self,
        sound: Sound,
        start_s: float = 0.0,
        loop: tuple[float, float] | None = None,
        end_s: float | None = None,
    ) -> None:
        """Play from `start_s` to `end_s`, or around `loop` (seconds) until stopped."""
        with self._program_lock:
            # Asked for while the output is being opened, it starts once that is done.
            if self._output is None and self._status != "opening":
                return
            self._growing = None
            self._sound = sound
            self._asked = (start_s, loop, end_s)
            self._start(start_s, loop, end_s)

    def _start(self, start_s: float, loop: tuple[float, float] | None, end_s: float | None) -> None:
        opened, sound = self._output, self._sound
        if opened is None or sound is None:
            return
        frames = self._frames_for(sound, opened.device)
        total, rate = len(frames), opened.device.sample_rate
        last = total if end_s is None else min(max(round(end_s * rate), 1), total)
        first = min(max(round(start_s * rate), 0), max(total - 1, 0))
        self._serial += 1
        self._program = Program(
            self._serial, frames, first, max(last, first), _loop_frames(loop, rate, total)
        )
        opened.voice.program = self._program

    def play_growing(self, growing: GrowingSound) -> None:
        """Play what is there of a sound from its start on; `grow` when there is more of it.

        Once all is heard that is there, silence waits for the rest. It neither loops nor seeks,
        and it does not come back when another output is opened.
        """
        with self._program_lock:
            opened = self._output
            if opened is None:
                return
            self._growing, self._sound, self._asked = growing, None, None
            self._serial += 1
            now = _converted(growing, opened.device)
            empty = Program(self._serial, np.zeros_like(now), 0, 0)
            self._extend(opened, growing, empty, now)

    def grow(self) -> None:
        """Go on with what came since; without effect if that sound is played no more."""
        with self._program_lock:
            growing, program, opened = self._growing, self._program, self._output
            if growing is not None and program is not None and opened is not None:
                self._extend(opened, growing, program, _converted(growing, opened.device))

    def _extend(
        self, opened: OpenOutput, growing: GrowingSound, program: Program, now: FloatArray
    ) -> None:
        """Take in what a growing sound has become, and go on from where its program stands."""
        last = len(now)
        if not growing.is_complete:
            # The converter's last numbers would change with what is still to come.
            sure = max(growing.filled - round(_UNSURE_S * growing.sample_rate), 0)
            last = sure * opened.device.sample_rate // growing.sample_rate
        program.frames[program.last : last] = now[program.last : last]
        self._program = Program(program.serial, program.frames, 0, last, keeps_position=True)
        opened.voice.program = self._program

    def stop(self) -> None:
        """Fade out within 5 ms."""
        with self._program_lock:
            self._growing = None
            self._asked = None
            self._program = None
            if self._output is not None:
                self._output.voice.program = None

    def set_loop(self, loop: tuple[float, float] | None) -> None:
        """Change the loop of what plays without interrupting it."""
        with self._program_lock:
            program, opened = self._program, self._output
            if program is None or opened is None or self._growing or not self.is_playing:
                return
            total, rate = len(program.frames), opened.device.sample_rate
            frames = _loop_frames(loop, rate, total)
            self._asked = (self.position_s(), loop, None)
            self._program = Program(
                program.serial, program.frames, program.first, total, frames, keeps_position=True
            )
            opened.voice.program = self._program

    def seek(self, position_s: float) -> None:
        """Go on from another place, with the loop kept if the place lies before its end."""
        with self._program_lock:
            if self._asked is None or not self.is_playing:
                return
            _, loop, end_s = self._asked
            end_s = None if end_s is not None and position_s >= end_s else end_s
            if loop is not None and position_s >= loop[1]:
                loop = None
            self._asked = (position_s, loop, end_s)
            self._start(position_s, loop, end_s)

    def position_s(self) -> float:
        """Where the playhead is in the sound: frames played minus the output's latency."""
        program, opened = self._program, self._output
        if program is None or opened is None:
            return 0.0
        clock = opened.heard_clock()
        segment = opened.voice.heard(clock)
        if segment is None or segment.serial != program.serial or segment.clock > clock:
            return program.first / opened.device.sample_rate
        cursor = segment.cursor
        if segment.is_running:
            cursor += int(min(clock - segment.clock, segment.length))
        return cursor / opened.device.sample_rate

    @property
    def is_playing(self) -> bool:
        """True until the last sample has left the loudspeaker."""
        program, opened = self._program, self._output
        if program is None or opened is None or opened.is_lost():
            return False
        clock = opened.heard_clock()
        segment = opened.voice.heard(clock)
        if segment is None or segment.serial != program.serial or segment.clock > clock:
            return True
        return segment.is_running

    @property
    def state(self) -> PlayerState:
        """Looks at the stream each time: poll it."""
        opened = self._output
        if opened is None or self._status == "opening":
            return PlayerState(self._status, self._sentence)
        if opened.is_lost():
            return PlayerState(
                "no device",
                f"The sound output {opened.device.title} is gone. "
                "Plug it in again or choose another one, then refresh the devices.",
                opened.device.title,
            )
        sentence = self._sentence
        if opened.failure:
            sentence = f"Playing failed ({opened.failure})."
        return PlayerState("playing" if self.is_playing else "idle", sentence, opened.device.title)

    @property
    def underflows(self) -> int:
        """How often the device ran dry since the player was made."""
        opened = self._output
        return self._lost_underflows + (opened.underflows if opened is not None else 0)

    @property
    def level_gain(self) -> float:
        """Factor on everything played, 0 to 1."""
        return self._level_gain

    @level_gain.setter
    def level_gain(self, value: float) -> None:
        self._level_gain = min(max(float(value), 0.0), 1.0) if math.isfinite(value) else 1.0
        if self._output is not None:
            self._output.voice.gain = self._level_gain

    def _frames_for(self, sound: Sound, device: OutputDevice) -> FloatArray:
        """[frames, channels] at the device's rate, kept for the last few sounds."""
        key = (id(sound.samples), device.sample_rate, device.channels)
        kept = self._converted.get(key)
        if kept is None:
            kept = (sound, _converted(sound, device))
            self._converted[key] = kept
            while len(self._converted) > _CONVERTED_SOUNDS:
                self._converted.popitem(last=False)
        self._converted.move_to_end(key)
        return kept[1]


def _converted(sound: Sound | GrowingSound, device: OutputDevice) -> FloatArray:
    """[frames, channels] as the device takes them."""
    whole = Sound(sound.samples, sound.sample_rate)
    return _for_channels(resample(whole, device.sample_rate).samples, device.channels)


def _for_channels(samples: FloatArray, channels: int) -> FloatArray:
    if samples.shape[0] == channels:
        return np.ascontiguousarray(samples.T)
    mono = samples.mean(axis=0, dtype=np.float32)
    return np.ascontiguousarray(np.repeat(mono[:, np.newaxis], channels, axis=1))


def _loop_frames(loop: tuple[float, float] | None, rate: int, total: int) -> tuple[int, int] | None:
    """The loop in frames inside the sound; None if nothing is left of it."""
    if loop is None:
        return None
    first, last = (min(max(round(edge * rate), 0), total) for edge in sorted(loop))
    return (first, last) if last - first >= 2 else None
