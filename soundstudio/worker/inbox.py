"""Messages from the window, read in a thread so that a job can be cancelled while it runs."""

from __future__ import annotations

import logging
import os
import queue
import threading
from typing import TYPE_CHECKING, Final

from soundstudio.core.messages import CancelJob, Message, ProtocolError, Shutdown, decode

if TYPE_CHECKING:
    from typing import BinaryIO

log = logging.getLogger(__name__)

# A step or a decoding that is under way when the parent ends gets this long to notice.
EXIT_GRACE_S: Final = 10.0
# The longest message is a scoring of a library's whole search result: 100,000 paths are 12 MB.
MAX_LINE_BYTES: Final = 64_000_000


class Inbox:
    """The messages that wait, the jobs that were cancelled, and whether the parent is gone."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._waiting: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._cancelled: set[str] = set()
        self._closed = threading.Event()
        self._done = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._read, name="inbox", daemon=True).start()

    def next(self) -> Message:
        """The next message; blocks. `Shutdown` once the stream has ended."""
        return self._waiting.get()

    @property
    def is_closed(self) -> bool:
        """True once the parent asked for the end, or is gone."""
        return self._closed.is_set()

    def is_cancelled(self, job_id: str) -> bool:
        return job_id in self._cancelled

    def forget(self, job_id: str) -> None:
        """The job has ended: its cancellation has no further meaning."""
        self._cancelled.discard(job_id)

    def finish(self) -> None:
        """The loop has ended by itself: no need to end the process by force."""
        self._done.set()

    def _read(self) -> None:
        try:
            while line := self._stream.readline(MAX_LINE_BYTES):
                self._take(line)
        except (OSError, ValueError) as error:
            log.warning("stdin cannot be read: %s", error)
        self._close()
        if not self._done.wait(EXIT_GRACE_S):
            log.warning("the parent is gone and the work does not stop; ending the process")
            os._exit(1)

    def _take(self, line: bytes) -> None:
        if not line.strip():
            return
        try:
            message = decode(line)
        except ProtocolError as error:
            log.error("%s", error)
            return
        if isinstance(message, CancelJob):
            # Both: a running job sees the mark, a waiting one is met in the queue first.
            self._cancelled.add(message.job_id)
        elif isinstance(message, Shutdown):
            self._close()
        else:
            self._waiting.put(message)

    def _close(self) -> None:
        self._closed.set()
        self._waiting.put(Shutdown())
