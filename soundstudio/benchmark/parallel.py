"""Independent pieces of work over several processes, each with a state that loads once.

Plain spawned processes rather than accelerate's launcher: nothing is shared between the pieces, a
queue balances uneven ones, one parent shows one progress, and the application starts them itself
on every system. Each process sees one graphics card, so that several cards are used, too.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Any, Final, TypeVar

from soundstudio.core.errors import InvalidRequestError, StudioError
from soundstudio.engine.devices import usable_cores

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.sharedctypes import Synchronized

Counting = Callable[[str, int, int], None]
"""Progress: what is being done, how many pieces are done, of how many. May raise Cancelled."""

State = TypeVar("State")
Piece = TypeVar("Piece")
Answer = TypeVar("Answer")

MAX_PROCESSES: Final = 64
_state: Any = None


class LostProcessError(StudioError):
    """A process that ended without an answer."""

    title = "A process ended"


def ignore_counting(what: str, done: int, total: int) -> None:
    """The progress callable of somebody who does not look."""


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
) -> Iterator[tuple[int, Answer]]:
    """Yield (number of the piece, its answer) as they are done; with one process in order.

    `load` and `work` must be picklable if there are several processes. An exception from either
    ends everything; leaving the iterator early does, too, after the pieces at hand.
    Raises LostProcessError if a process is killed.
    """
    if checked_processes(processes) == 1 or len(pieces) < 2:
        state = load() if pieces else None
        for number, piece in enumerate(pieces):
            yield number, work(state, piece)  # type: ignore[arg-type]
        return
    context = multiprocessing.get_context("spawn")
    count = min(processes, len(pieces))
    started = context.Value("i", 0)
    pool = ProcessPoolExecutor(count, context, _start, (load, started, _surroundings(count)))
    try:
        waiting = {pool.submit(_answer, work, piece): n for n, piece in enumerate(pieces)}
        for future in as_completed(waiting):
            yield waiting[future], future.result()
    except BrokenProcessPool as error:
        raise LostProcessError(
            "One of the processes ended without an answer; the memory may have run out.",
            "Start again with fewer processes: what was finished is kept.",
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _surroundings(count: int) -> tuple[dict[str, str], ...]:
    """The environment of each process: its card, and its share of the processor."""
    cards = _graphics_cards()
    threads = str(max(1, usable_cores() // count))
    return tuple(
        {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", threads)}
        | ({"CUDA_VISIBLE_DEVICES": cards[number % len(cards)]} if cards else {})
        for number in range(count)
    )


def _graphics_cards() -> list[str]:
    """The cards as CUDA_VISIBLE_DEVICES names them."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [card for card in named.split(",") if card.strip()]
    import torch

    return [str(number) for number in range(torch.cuda.device_count())]


def _start(
    load: Callable[[], Any], started: Synchronized[int], surroundings: tuple[dict[str, str], ...]
) -> None:
    """First thing in each process, before torch is imported there."""
    global _state  # noqa: PLW0603 - a process pool hands its state on in no other way
    # Ctrl+C reaches the whole group; the parent alone decides what happens.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with started.get_lock():
        number = started.value
        started.value += 1
    os.environ.update(surroundings[number % len(surroundings)])
    _state = load()


def _answer(work: Callable[[Any, Any], Any], piece: Any) -> Any:
    return work(_state, piece)
