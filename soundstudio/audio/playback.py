"""What the audio callback does: copy samples, count frames, crossfade when told something new.

NumPy gives up the interpreter's lock for more than 500 numbers at a time, and getting it back
takes a busy process 5 ms or more. So whole blocks are copied through memoryviews, which keep it,
and all arithmetic is done in pieces under that size.

Two sides share a `Voice`. The window's side writes one attribute, `program`, an immutable object;
the callback's side owns everything else and publishes what it wrote in `segments`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from soundstudio.audio.editing import fade_curve

if TYPE_CHECKING:
    from soundstudio.audio.files import FloatArray

SWITCH_FADE_S: Final = 0.005
_PIECE_FRAMES: Final = 200


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """What is to be heard.

    frames: [frames, channels] at the device's rate. The playhead starts at `first` and stops
    before `last`; with a loop it returns from `loop[1]` to `loop[0]`. A program with
    `keeps_position` goes on where the one before it stands (they share their frames).
    """

    serial: int
    frames: FloatArray
    first: int
    last: int
    loop: tuple[int, int] | None = None
    keeps_position: bool = False
    flat: memoryview[float] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "flat", _flat(self.frames))


def _flat(frames: FloatArray) -> memoryview[float]:
    """The numbers of a contiguous array one after the other."""
    if frames.size == 0:  # which memoryview refuses to cast
        return memoryview(b"").cast("f")
    return frames.data.cast("B").cast("f")


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch that was handed to the device: `length` frames from frame number `clock` on."""

    clock: int
    length: int
    serial: int
    cursor: int
    is_running: bool


class Voice:
    """One playing sound and its successor; `render` runs in the audio thread."""

    def __init__(self, channels: int, rate: int) -> None:
        self.program: Program | None = None
        self.gain = 1.0
        self.segments: deque[Segment] = deque(maxlen=256)
        self.clock = 0
        self._playing: Program | None = None
        self._cursor = 0
        self._gain = 1.0
        self._fade = fade_curve(max(round(SWITCH_FADE_S * rate), 1))[:, np.newaxis]
        self._fade_in_left = 0
        self._tail = np.zeros((0, channels), dtype=np.float32)
        self._silence = _flat(np.zeros(4096 * channels, dtype=np.float32))

    def render(self, out: FloatArray) -> None:
        """Fill `out` [frames, channels] with what comes next."""
        program = self.program
        if program is not self._playing:
            self._switch(program)
        self._copy(out)
        self._fade_in(out)
        self._mix_tail(out)
        self._apply_gain(out)
        self.clock += len(out)

    def _apply_gain(self, out: FloatArray) -> None:
        before, after = self._gain, self.gain
        if before == after == 1.0:
            return
        slope = (after - before) / len(out)
        for first in range(0, len(out), _PIECE_FRAMES):
            piece = out[first : first + _PIECE_FRAMES]
            if slope == 0.0:
                piece *= np.float32(after)
            else:
                steps = np.arange(first + 1, first + 1 + len(piece), dtype=np.float32)
                piece *= (before + slope * steps).astype(np.float32)[:, np.newaxis]
        self._gain = after

    def _switch(self, program: Program | None) -> None:
        old = self._playing
        if (
            program is not None
            and old is not None
            and program.keeps_position
            and program.frames is old.frames
        ):
            self._keep_position(program)
            return
        self._fade_old_out()
        self._playing = program
        self._fade_in_left = 0
        if program is not None:
            self._cursor = program.first
            # A sound that starts at its start keeps its attack; one entered midway is faded in.
            self._fade_in_left = len(self._fade) if program.first > 0 else 0

    def _keep_position(self, program: Program) -> None:
        old = self._playing
        if old is not None and self._cursor >= old.last > old.first:
            # It had run dry, faded out, and goes on.
            self._fade_in_left = len(self._fade)
        if program.loop is not None and self._cursor >= program.loop[1]:
            self._fade_old_out()
            self._cursor = program.loop[0]
            self._fade_in_left = len(self._fade)
        self._playing = program

    def _fade_old_out(self) -> None:
        """Put what the old sound would have played next into the tail, fading to nothing."""
        tail = np.zeros((len(self._fade), self._tail.shape[1]), dtype=np.float32)
        if self._playing is not None:
            self._fill(tail, self._playing, self._cursor)
            if self._fade_in_left:
                left = min(self._fade_in_left, len(tail))
                start = len(self._fade) - self._fade_in_left
                tail[:left] *= self._fade[start : start + left]
            tail *= self._fade[::-1]
        tail[: len(self._tail)] += self._tail
        self._tail = tail

    def _copy(self, out: FloatArray) -> None:
        program = self._playing
        channels = out.shape[1]
        target = _flat(out)
        position = 0
        if program is not None:
            for offset, cursor, length in self._stretches(program, self._cursor, len(out)):
                source = program.flat[cursor * channels : (cursor + length) * channels]
                target[offset * channels : (offset + length) * channels] = source
                self._log(offset, length, program.serial, cursor, is_running=True)
                self._cursor, position = cursor + length, offset + length
            self._soften_cut(out[:position], program)
        if position < len(out):
            target[position * channels :] = self._silence_of(len(out) - position)
            serial = program.serial if program else 0
            self._log(position, len(out) - position, serial, self._cursor, is_running=False)

    def _silence_of(self, frames: int) -> memoryview[float]:
        numbers = frames * self._tail.shape[1]
        if numbers > len(self._silence):
            self._silence = _flat(np.zeros(numbers, dtype=np.float32))
        return self._silence[:numbers]

    def _soften_cut(self, out: FloatArray, program: Program) -> None:
        """Fade the last frames of a stretch that stops in the middle of the sound."""
        if program.loop is not None or program.last >= len(program.frames) or len(out) == 0:
            return
        fade_start = program.last - len(self._fade)
        first_cursor = self._cursor - len(out)
        begin = max(fade_start, first_cursor)
        if begin < self._cursor:
            weights = self._fade[::-1][begin - fade_start : self._cursor - fade_start]
            out[begin - first_cursor :] *= weights

    def _fill(self, out: FloatArray, program: Program, cursor: int) -> None:
        for offset, start, length in self._stretches(program, cursor, len(out)):
            out[offset : offset + length] = program.frames[start : start + length]

    @staticmethod
    def _stretches(program: Program, cursor: int, wanted: int) -> list[tuple[int, int, int]]:
        """(offset in the block, first frame, length) of the stretches that come next."""
        stretches = []
        offset = 0
        while offset < wanted:
            end = program.last
            if program.loop is not None and cursor <= program.loop[1]:
                end = program.loop[1]
                if cursor == end:
                    cursor = program.loop[0]
            length = min(end - cursor, wanted - offset)
            if length <= 0:
                break
            stretches.append((offset, cursor, length))
            offset, cursor = offset + length, cursor + length
        return stretches

    def _fade_in(self, out: FloatArray) -> None:
        if self._fade_in_left:
            start = len(self._fade) - self._fade_in_left
            weights = self._fade[start : start + len(out)]
            out[: len(weights)] *= weights
            self._fade_in_left -= len(weights)

    def _mix_tail(self, out: FloatArray) -> None:
        if len(self._tail):
            length = min(len(self._tail), len(out))
            out[:length] += self._tail[:length]
            self._tail = self._tail[length:]

    def _log(self, offset: int, length: int, serial: int, cursor: int, *, is_running: bool) -> None:
        self.segments.append(
            Segment(self.clock + offset, length, serial, cursor, is_running=is_running)
        )

    def heard(self, clock: float) -> Segment | None:
        """The segment that contains frame number `clock`; the oldest known for one before it."""
        found = None
        for segment in reversed(self.segments.copy()):
            found = segment
            if segment.clock <= clock:
                break
        return found
