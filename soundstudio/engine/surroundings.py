"""What torch and its friends must find in the environment before they are imported."""

from __future__ import annotations

import contextlib
import gc
import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_OFFLINE_SWITCHES: Final = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
_QUIET: Final = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DIFFUSERS_VERBOSITY": "error",
    "TRANSFORMERS_VERBOSITY": "error",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
}
# Threads that wait for each other sleep instead of spinning. Beside a busy program (a DAW, a
# training) spinning threads steal the time their own partners need: steps were up to 80 times
# slower. Alone it costs a few microseconds a layer.
_PASSIVE_THREADS: Final = {"OMP_WAIT_POLICY": "PASSIVE", "KMP_BLOCKTIME": "1"}


def prepare_surroundings(*, is_offline: bool = True) -> None:
    """Set what the user has not set: no network, quiet libraries, threads that share well.

    is_offline: False in the process that downloads, and before all other calls: the Hub's client
    reads its switches once, and believes either of them.
    """
    switches = dict.fromkeys(_OFFLINE_SWITCHES, "1" if is_offline else "0")
    for name, value in (switches | _QUIET | _PASSIVE_THREADS).items():
        os.environ.setdefault(name, value)


@contextlib.contextmanager
def without_collections() -> Iterator[None]:
    """Import and build without looking for garbage in between.

    torch, diffusers and transformers make a million objects that all stay; going through them
    again and again took a quarter of the time until the first sound.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
