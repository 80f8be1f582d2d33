"""Output devices and streams: the only place that touches sounddevice and PortAudio."""

from __future__ import annotations

import atexit
import ctypes
import ctypes.util
import logging
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from soundstudio.core.errors import AudioDeviceError

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

NO_PORTAUDIO = "Sound output needs the PortAudio library, which is not installed."
NO_DEVICE = "No sound output was found."
_CLIENT_NAME: Final = b"Sound Studio"
# As long as PortAudio lets through and one byte more than JACK does.
_REFUSED_CLIENT_NAME: Final = b"Sound Studio goes by ALSA".ljust(64, b".")


@dataclass(frozen=True, slots=True)
class OutputDevice:
    """One output as PortAudio names it. `title` is what a settings file keeps."""

    name: str
    host_api: str
    is_default: bool
    sample_rate: int = 48000
    channels: int = 2
    index: int = -1

    @property
    def title(self) -> str:
        return f"{self.name} ({self.host_api})"


def load_portaudio() -> Any:
    """The sounddevice module. Raises AudioDeviceError if PortAudio is missing or refuses."""
    if "sounddevice" in sys.modules:
        return sys.modules["sounddevice"]
    try:
        _keep_off_jack(keep_off=True)
        import sounddevice
    except (OSError, ImportError) as error:
        log.info("sounddevice cannot be imported: %s", error)
        raise AudioDeviceError(
            NO_PORTAUDIO, "Install it (on Debian: apt install libportaudio2) and start again."
        ) from error
    except Exception as error:  # PortAudioError lives in the module that failed to import
        raise AudioDeviceError(f"The sound system cannot be started: {error}.") from error
    if not _has_outputs(sounddevice):
        _restart_with_jack(sounddevice)
    return sounddevice


def _keep_off_jack(*, keep_off: bool) -> None:
    """Keep PortAudio from becoming a JACK client, or let it.

    A PortAudio that was one aborts the whole process when it is terminated after the JACK server
    died (an assertion in its Terminate). A client name that JACK refuses as too long is the only
    handle on that; ALSA's device called jack still leads there.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        set_name = ctypes.CDLL(ctypes.util.find_library("portaudio")).PaJack_SetClientName
    except (OSError, AttributeError, TypeError):
        return
    # PortAudio keeps the pointer: these bytes live as long as the module.
    set_name(_REFUSED_CLIENT_NAME if keep_off else _CLIENT_NAME)


def _has_outputs(sounddevice: Any) -> bool:
    return any(device["max_output_channels"] > 0 for device in sounddevice.query_devices())


def _restart_with_jack(sounddevice: Any) -> None:
    """JACK by itself is better than no sound at all."""
    _keep_off_jack(keep_off=False)
    _initialise_again(sounddevice)


def _initialise_again(sounddevice: Any) -> None:
    try:
        sounddevice._terminate()
        sounddevice._initialize()
    except sounddevice.PortAudioError as error:
        raise AudioDeviceError(f"The sound system cannot be started again: {error}.") from error


def output_devices() -> tuple[OutputDevice, ...]:
    """All outputs that PortAudio saw when it was started; empty if there are none."""
    sounddevice = load_portaudio()
    try:
        devices = sounddevice.query_devices()
        host_apis = sounddevice.query_hostapis()
    except sounddevice.PortAudioError as error:
        log.info("outputs cannot be listed: %s", error)
        return ()
    default = _default_index(sounddevice, host_apis)
    return tuple(
        OutputDevice(
            name=str(device["name"]),
            host_api=str(host_apis[device["hostapi"]]["name"]),
            is_default=index == default,
            sample_rate=round(device["default_samplerate"]) or 48000,
            channels=min(int(device["max_output_channels"]), 2),
            index=index,
        )
        for index, device in enumerate(devices)
        if device["max_output_channels"] > 0
    )


def _default_index(sounddevice: Any, host_apis: Any) -> int:
    index = int(sounddevice.default.device[1])
    if index >= 0:
        return index
    found = [int(api["default_output_device"]) for api in host_apis]
    return next((index for index in found if index >= 0), -1)


def choose_device(devices: tuple[OutputDevice, ...], wanted: str) -> OutputDevice | None:
    """The device called `wanted` (title, or name alone), else the default, else the first."""
    for device in devices:
        if wanted and wanted in (device.title, device.name):
            return device
    defaults = [device for device in devices if device.is_default]
    return next(iter(defaults or devices), None)


def restart_portaudio(*, was_lost: bool = False) -> None:
    """Start PortAudio again, so that it sees devices that came or went. Kills open streams.

    was_lost: the last stream died. If PortAudio is a JACK client then, restarting it would abort
    the process; the known devices are kept instead.
    Raises AudioDeviceError.
    """
    sounddevice = load_portaudio()
    host_apis = sounddevice.query_hostapis()
    if was_lost and any("JACK" in api["name"] and api["devices"] for api in host_apis):
        atexit.unregister(sounddevice._exit_handler)
        return
    _keep_off_jack(keep_off=True)
    _initialise_again(sounddevice)
    if not _has_outputs(sounddevice):
        _restart_with_jack(sounddevice)


def open_stream(
    device: OutputDevice, callback: Callable[..., None], finished: Callable[[], None]
) -> Any:
    """A running output stream at the device's own rate. Raises AudioDeviceError."""
    sounddevice = load_portaudio()
    try:
        stream = sounddevice.OutputStream(
            device=device.index,
            samplerate=device.sample_rate,
            channels=device.channels,
            dtype="float32",
            blocksize=1024,
            latency=0.1,
            callback=callback,
            finished_callback=finished,
        )
        stream.start()
    except (sounddevice.PortAudioError, ValueError, OSError) as error:
        raise AudioDeviceError(
            f"{device.title} cannot be opened: {error}.", "Choose another sound output."
        ) from error
    return stream


def close_stream(stream: Any) -> None:
    """Stop a stream at once, whatever state it is in."""
    sounddevice = load_portaudio()
    try:
        stream.abort(ignore_errors=True)
        stream.close(ignore_errors=True)
    except (sounddevice.PortAudioError, OSError) as error:
        log.info("a stream did not close cleanly: %s", error)
