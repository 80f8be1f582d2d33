"""Work for other processes to do in tests; it lies here so that they can import it."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from soundstudio.core.errors import StorageError

if TYPE_CHECKING:
    from pathlib import Path


def load_number(log: Path) -> int:
    with log.open("a") as file:
        file.write(f"{os.getpid()}\n")
    return 100


def add(state: int, piece: int) -> int:
    return state + piece


def complain(state: int, piece: int) -> int:
    raise StorageError("The disk is full.", "Free some space.")


def die(state: int, piece: int) -> int:
    os._exit(9)


def surroundings(*_: object) -> tuple[str, str, str]:
    return (
        os.environ.get("OMP_NUM_THREADS", ""),
        os.environ.get("CUDA_VISIBLE_DEVICES", ""),
        str(signal.getsignal(signal.SIGINT)),
    )
