"""A real engine process to talk with."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

import pytest

from soundstudio.core.messages import Message, decode, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE_S = 120


class EngineProcess:
    """`python -m soundstudio.worker` with its pipes; messages arrive in a queue."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "soundstudio.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        self.received: SimpleQueue[Message] = SimpleQueue()
        self.log: list[bytes] = []
        self._threads = [
            threading.Thread(target=self._read_messages),
            threading.Thread(target=self._read_log),
        ]
        for thread in self._threads:
            thread.start()

    def _read_messages(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.received.put(decode(line))

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        self.log.extend(self.process.stderr)

    def send(self, *messages: Message | bytes) -> None:
        assert self.process.stdin is not None
        for message in messages:
            self.process.stdin.write(message if isinstance(message, bytes) else encode(message))
        self.process.stdin.flush()

    def until(self, kind: type[Message] | Callable[[Message], bool]) -> list[Message]:
        """All messages up to and including the first of this kind."""
        seen: list[Message] = []
        while True:
            try:
                seen.append(self.received.get(timeout=PATIENCE_S))
            except Empty:
                pytest.fail(f"the engine stays silent after {seen}; its log: {self.log}")
            if isinstance(seen[-1], kind) if isinstance(kind, type) else kind(seen[-1]):
                return seen

    def wait(self) -> int:
        return self.process.wait(timeout=PATIENCE_S)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for thread in self._threads:
            thread.join()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None and not stream.closed:
                try:
                    stream.close()
                except BrokenPipeError:
                    continue


@pytest.fixture
def engine() -> Iterator[EngineProcess]:
    process = EngineProcess()
    yield process
    process.close()
