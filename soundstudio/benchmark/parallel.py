"""Independent pieces of work over several processes, each with a state that loads once.

Plain spawned processes rather than accelerate's launcher: nothing is shared between the pieces, a
queue balances uneven ones, one parent shows one progress, and the application starts them itself
on every system. Each process sees one graphics card, so that several cards are used, too.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from soundstudio.core import processes as core_processes
from soundstudio.core.processes import usable_cores

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Counting = Callable[[str, int, int], None]
"""Progress: what is being done, how many pieces are done, of how many. May raise Cancelled."""

State = TypeVar("State")
Piece = TypeVar("Piece")
Answer = TypeVar("Answer")


def ignore_counting(what: str, done: int, total: int) -> None:
    """The progress callable of somebody who does not look."""


def work_through(
    pieces: Sequence[Piece],
    load: Callable[[], State],
    work: Callable[[State, Piece], Answer],
    processes: int = 1,
) -> Iterator[tuple[int, Answer]]:
    """`core.processes.work_through`, each process with its card and its share of the cores."""
    count = min(core_processes.checked_processes(processes), len(pieces))
    surroundings = _surroundings(count) if count > 1 else ({},)
    yield from core_processes.work_through(pieces, load, work, processes, surroundings)


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
