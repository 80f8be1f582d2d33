"""One thread that owns one thing (the library, the player) and serves questions in order."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from PySide6.QtCore import QObject, QThread, Signal, Slot

from soundstudio.core.errors import StudioError, explain_os_error

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

Owned = TypeVar("Owned")
Answer = TypeVar("Answer")


def explained(error: Exception, doing: str) -> StudioError:
    """Any exception as a sentence for the user; unexpected ones go to the log in full."""
    if isinstance(error, StudioError):
        return error
    if isinstance(error, OSError):
        return explain_os_error(error, doing)
    log.error("%s failed", doing, exc_info=error)
    return StudioError(
        f"{doing[:1].upper()}{doing[1:]} failed: {error}.", "The log file says more (Help menu)."
    )


@dataclass(frozen=True, slots=True)
class _Question:
    ask: Callable[[Any], Any]
    doing: str
    done: Callable[[Any], None] | None
    failed: Callable[[StudioError], None] | None


class SerialThread(QThread, Generic[Owned]):
    """Makes its thing in its own thread, then answers questions about it one after another.

    Answers arrive in the thread that made the SerialThread, in the order of the questions.
    signals: failed(StudioError) for questions that brought no handler of their own.
    """

    failed = Signal(object)
    _answered = Signal(object)

    def __init__(
        self,
        make: Callable[[], Owned],
        unmake: Callable[[Owned], None],
        doing: str,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._make = make
        self._unmake = unmake
        self._doing = doing
        self._questions: SimpleQueue[_Question | None] = SimpleQueue()
        self._is_closed = False
        self._answered.connect(self._deliver)

    def ask(
        self,
        question: Callable[[Owned], Answer],
        done: Callable[[Answer], None] | None = None,
        failed: Callable[[StudioError], None] | None = None,
        doing: str = "",
    ) -> None:
        """Queue a question; exactly one of `done` and `failed` is called later."""
        if not self._is_closed:
            self._questions.put(_Question(question, doing or self._doing, done, failed))

    def close(self) -> None:
        """Answer what is queued, unmake the thing, end the thread. No answer arrives after."""
        self._is_closed = True
        self._questions.put(None)
        self.wait()

    def run(self) -> None:
        """The thread itself."""
        problem: StudioError | None = None
        owned: Owned | None = None
        try:
            owned = self._make()
        except Exception as error:  # noqa: BLE001 - thread border: becomes a message
            problem = explained(error, self._doing)
            self._answered.emit((self._fail_aloud, problem))
        while (question := self._questions.get()) is not None:
            self._answer(question, owned, problem)
        if owned is not None:
            try:
                self._unmake(owned)
            except Exception:  # thread border
                log.exception("closing after %s failed", self._doing)

    def _answer(
        self, question: _Question, owned: Owned | None, problem: StudioError | None
    ) -> None:
        on_failure = question.failed or self._fail_aloud
        if problem is not None:
            # Said once when the thing could not be made; only those who asked hear it again.
            if question.failed is not None:
                self._answered.emit((question.failed, problem))
            return
        try:
            answer = question.ask(owned)
        except Exception as error:  # noqa: BLE001 - thread border: becomes a message
            self._answered.emit((on_failure, explained(error, question.doing)))
            return
        if question.done is not None:
            self._answered.emit((question.done, answer))

    def _fail_aloud(self, error: StudioError) -> None:
        self.failed.emit(error)

    @Slot(object)
    def _deliver(self, answer: tuple[Callable[[Any], None], Any]) -> None:
        if not self._is_closed:
            deliver, value = answer
            deliver(value)
