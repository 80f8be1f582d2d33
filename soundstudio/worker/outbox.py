"""Messages to the window, one line each, from any thread."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from soundstudio.core.messages import Message, encode

if TYPE_CHECKING:
    from typing import BinaryIO

log = logging.getLogger(__name__)


class ParentGone(Exception):  # noqa: N818 - an event, not an error
    """Nobody reads the messages any more."""


class Outbox:
    """Writes messages to a pipe."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def send(self, message: Message) -> None:
        """Write one message. Raises ParentGone if the other end was closed."""
        line = memoryview(encode(message))
        try:
            with self._lock:
                while line:
                    # An unbuffered pipe may take a part of a line only.
                    line = line[self._stream.write(line) :]
        except (BrokenPipeError, ConnectionError, ValueError) as error:
            raise ParentGone from error
