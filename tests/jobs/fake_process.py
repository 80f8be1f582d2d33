"""What the stand-ins for child processes share: core's messages on standard input and output."""

from __future__ import annotations

import os
import sys
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING

from soundstudio.core import messages as m

if TYPE_CHECKING:
    from collections.abc import Callable

cancelled: set[str] = set()
jobs: SimpleQueue[m.Message] = SimpleQueue()
_lock = threading.Lock()


def say(message: m.Message) -> None:
    with _lock:
        sys.stdout.buffer.write(m.encode(message))
        sys.stdout.buffer.flush()


def serve(work: Callable[[], None]) -> None:
    """Queue what arrives for `work`, which runs in a thread, until the input ends."""
    if "--die-at-start" in sys.argv:
        os._exit(7)
    say(m.EngineReady(m.PROTOCOL_VERSION, os.getpid()))
    threading.Thread(target=work, daemon=True).start()
    for line in sys.stdin.buffer:
        message = m.decode(line)
        if isinstance(message, m.CancelJob):
            cancelled.add(message.job_id)
        elif isinstance(message, m.Shutdown):
            break
        else:
            jobs.put(message)
    os._exit(0)
