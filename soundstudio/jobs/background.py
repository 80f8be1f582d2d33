"""Short work off the window's thread: a pool whose late answers are dropped by generation."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QObject, QThreadPool, Signal, Slot

from soundstudio.jobs.serial_thread import explained

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from soundstudio.core.errors import StudioError

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")


class Background(QObject):
    """Runs functions in a pool; the answers come back to the thread that owns this object.

    Work carries a key. A newer piece of work of the same key makes the older one's answer void,
    so a slow spectrogram never overwrites the one that is wanted now.
    """

    _answered = Signal(object)

    def __init__(self, threads: int = 2, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(threads)
        self._generations: dict[Hashable, int] = {}
        self._is_closed = False
        self._answered.connect(self._deliver)

    def run(
        self,
        key: Hashable,
        work: Callable[[], Answer],
        done: Callable[[Answer], None],
        failed: Callable[[StudioError], None] | None = None,
        doing: str = "the work",
    ) -> None:
        """Do `work` in the pool, then call `done` or `failed` unless newer work took the key."""
        if self._is_closed:
            return
        generation = self._generations.get(key, 0) + 1
        self._generations[key] = generation
        self._pool.start(lambda: self._work(key, generation, work, done, failed, doing))

    def drop(self, key: Hashable) -> None:
        """Make the answers of running and waiting work of this key void."""
        if key in self._generations:
            self._generations[key] += 1

    def close(self) -> None:
        """Drop what waits, let what runs end; no answer arrives after."""
        self._is_closed = True
        self._pool.clear()
        self._pool.waitForDone()

    def _work(
        self,
        key: Hashable,
        generation: int,
        work: Callable[[], Any],
        done: Callable[[Any], None],
        failed: Callable[[StudioError], None] | None,
        doing: str,
    ) -> None:
        if self._is_stale(key, generation):
            return
        try:
            answer: Any = work()
            deliver: Callable[[Any], None] | None = done
        except Exception as error:  # noqa: BLE001 - thread border: becomes a message
            answer = explained(error, doing)
            deliver = failed
        if deliver is not None and not self._is_closed:
            self._answered.emit((key, generation, deliver, answer))

    def _is_stale(self, key: Hashable, generation: int) -> bool:
        return self._is_closed or self._generations.get(key) != generation

    @Slot(object)
    def _deliver(self, answer: tuple[Hashable, int, Callable[[Any], None], Any]) -> None:
        key, generation, deliver, value = answer
        if self._is_stale(key, generation):
            return
        # One entry a key would grow for ever with one key a clip.
        del self._generations[key]
        deliver(value)
