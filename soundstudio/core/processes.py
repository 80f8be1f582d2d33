"""Independent pieces of work over several processes, each with a state that loads once."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from soundstudio.core.errors import InvalidRequestError, StudioError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from multiprocessing.sharedctypes import Synchronized

State = TypeVar("State")
Piece = TypeVar("Piece")
Answer = TypeVar("Answer")

MAX_PROCESSES: Final = 64
_state: Any = None
_given_up: Any = None


class LostProcessError(StudioError):
    """A process that ended without an answer."""

    title = "A process ended"


def usable_cores() -> int:
    """Processor cores this process may use: affinity and container quota included."""
    count = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    with contextlib.suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        if quota != "max":
            count = min(count, max(1, round(int(quota) / int(period))))
    return count


def checked_processes(processes: int) -> int:
    """The number itself. Raises InvalidRequestError."""
    if not 1 <= processes <= MAX_PROCESSES:
        raise InvalidRequestError(
            f"The number of processes must be between 1 and {MAX_PROCESSES}; it is {processes}."
        )
    return processes


def work_through(
    pieces: Sequence[Piece],
    load: Callable[[], State],
    work: Callable[[State, Piece], Answer],
    processes: int = 1,
    surroundings: Sequence[Mapping[str, str]] = ({},),
    *,
    apart: bool = False,
) -> Iterator[tuple[int, Answer]]:
    """Yield (number of the piece, its answer) as they are done; with one process in order.

    One process is this one, unless the work must be kept `apart` because it may crash.
    `load` and `work` must be picklable if there are several processes. An exception from either
    ends everything; leaving the iterator early does, too, after the pieces at hand; long ones can
    ask `is_given_up`. surroundings: environment variables of each process, used in turn.
    Raises LostProcessError if a process is killed, after all answers that were there before.
    """
    checked_processes(processes)
    if not pieces or (not apart and (processes == 1 or len(pieces) < 2)):
        state = load() if pieces else None
        for number, piece in enumerate(pieces):
            yield number, work(state, piece)  # type: ignore[arg-type]
        return
    context = multiprocessing.get_context("spawn")
    count = max(1, min(processes, len(pieces)))
    started = context.Value("i", 0)
    # A bare byte: a lock might be held by a process that is killed.
    given_up = context.RawValue("b", 0)
    start = (load, started, given_up, tuple(surroundings))
    pool = ProcessPoolExecutor(count, context, _start, start)
    try:
        waiting = {pool.submit(_answer, work, piece): n for n, piece in enumerate(pieces)}
        lost: BaseException | None = None
        for future in as_completed(waiting):
            failure = future.exception()
            if isinstance(failure, BrokenProcessPool):
                lost = failure
            else:
                yield waiting[future], future.result()
        if lost is not None:
            raise LostProcessError(
                "One of the processes ended without an answer; the memory may have run out.",
                "Start again with fewer processes: what was finished is kept.",
            ) from lost
    finally:
        given_up.value = 1
        pool.shutdown(wait=True, cancel_futures=True)


def is_given_up() -> bool:
    """Whether nobody waits for the answer of this process any more."""
    return _given_up is not None and bool(_given_up.value)


def _start(
    load: Callable[[], Any],
    started: Synchronized[int],
    given_up: Any,
    surroundings: tuple[Mapping[str, str], ...],
) -> None:
    """First thing in each process, before torch is imported there."""
    global _state, _given_up  # noqa: PLW0603 - a process pool hands its state on in no other way
    # Ctrl+C reaches the whole group; the parent alone decides what happens.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with started.get_lock():
        number = started.value
        started.value += 1
    os.environ.update(surroundings[number % len(surroundings)])
    _given_up = given_up
    _state = load()


def _answer(work: Callable[[Any, Any], Any], piece: Any) -> Any:
    return work(_state, piece)
