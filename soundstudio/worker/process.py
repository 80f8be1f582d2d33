"""Sets the engine process up: its streams, its log, its priority; then runs the loop."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING, Final

from soundstudio.core.messages import ONLINE, PROTOCOL_VERSION, EngineReady
from soundstudio.engine.surroundings import prepare_surroundings
from soundstudio.worker.inbox import Inbox
from soundstudio.worker.loop import Engine
from soundstudio.worker.outbox import Outbox

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import BinaryIO

log = logging.getLogger(__name__)

# The window's drawing and the audio callback go first; alone, the engine still gets everything.
NICENESS: Final = 5
_BELOW_NORMAL_PRIORITY_CLASS: Final = 0x4000


def main(arguments: Sequence[str] = ()) -> int:
    """Speak the protocol on stdin and stdout until stdin ends. Returns the exit code.

    arguments: “--online” where downloads are wanted.
    """
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s"
    )
    # Ctrl+C in a terminal reaches the whole group; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    step_back()
    prepare_surroundings(is_offline=ONLINE not in arguments)
    outbox = Outbox(claim_stdout())
    inbox = Inbox(sys.stdin.buffer)
    inbox.start()
    outbox.send(EngineReady(PROTOCOL_VERSION, os.getpid()))
    Engine(inbox, outbox).run()
    # Not sys.exit: a thread of torch, or the reader in its blocking read, could hold it up.
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(0)


def claim_stdout() -> BinaryIO:
    """The stream of the protocol; whatever else writes to stdout lands on stderr."""
    sys.stdout.flush()
    protocol = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(protocol, "wb", buffering=0)


def step_back() -> None:
    """Lower this process's priority, where the system allows it."""
    with contextlib.suppress(OSError, AttributeError):
        if sys.platform == "win32":
            import ctypes

            kernel = ctypes.windll.kernel32
            kernel.SetPriorityClass(kernel.GetCurrentProcess(), _BELOW_NORMAL_PRIORITY_CLASS)
        else:
            os.nice(NICENESS)
