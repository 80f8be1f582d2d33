"""An output device that is open: its stream, its voice, and the clock of what is heard."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from soundstudio.audio import output
from soundstudio.audio.playback import Voice

if TYPE_CHECKING:
    from soundstudio.audio.files import FloatArray
    from soundstudio.audio.output import OutputDevice

# A device that asks for no samples for this long is gone (blocks come every 20 to 100 ms).
_LOST_AFTER_S: Final = 0.7
_MAX_JITTER_S: Final = 0.08
_CLOCK_CORRECTION: Final = 0.1


class OpenOutput:
    """An open stream and the voice it plays."""

    def __init__(self, device: OutputDevice) -> None:
        self.device = device
        self.voice = Voice(device.channels, device.sample_rate)
        self.underflows = 0
        self.failure = ""
        self.is_finished = False
        self.last_call = (time.perf_counter(), 0)
        self._anchor = self.last_call
        self.stream: Any = output.open_stream(device, self._callback, self._on_finished)
        self._latency_frames = float(self.stream.latency) * device.sample_rate

    def _callback(self, out: FloatArray, frames: int, when: Any, status: Any) -> None:
        try:
            if status and status.output_underflow:
                self.underflows += 1
            clock = self.voice.clock
            self.voice.render(out)
            self.last_call = (time.perf_counter(), clock)
            self._anchor = self._smoothed(*self.last_call)
        except Exception as error:  # noqa: BLE001 - the border of the audio thread
            out.fill(0.0)
            self.failure = f"{type(error).__name__}: {error}"

    def _on_finished(self) -> None:
        self.is_finished = True

    def _smoothed(self, called_at: float, clock: int) -> tuple[float, int]:
        """When this block would have been asked for if blocks came evenly.

        They come late and in pairs; a playhead that followed each of them would tremble.
        """
        anchored_at, anchored_clock = self._anchor
        expected = anchored_at + (clock - anchored_clock) / self.device.sample_rate
        error_s = called_at - expected
        if abs(error_s) > _MAX_JITTER_S:
            return called_at, clock
        return expected + _CLOCK_CORRECTION * error_s, clock

    def heard_clock(self) -> float:
        """The number of the frame that leaves the loudspeaker now."""
        called_at, clock = self._anchor
        elapsed_s = min(time.perf_counter() - called_at, _LOST_AFTER_S)
        written_to = self.voice.clock
        heard = clock + elapsed_s * self.device.sample_rate - self._latency_frames
        return min(heard, float(written_to))

    def is_lost(self) -> bool:
        return self.is_finished or time.perf_counter() - self.last_call[0] > _LOST_AFTER_S
