"""A lock on an open file that the system itself releases when its process ends, however it ends."""

from __future__ import annotations

import contextlib
import sys
from typing import IO, TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Windows locks bytes and lets nobody read them: one far behind whatever the file says.
_LOCKED_BYTE: Final = 1 << 30


def lock_file(file: IO[Any]) -> None:
    """Lock an open file until it is closed. Raises OSError if another process holds it."""
    if sys.platform == "win32":
        import msvcrt

        file.seek(_LOCKED_BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextlib.contextmanager
def held(path: Path) -> Iterator[bool]:
    """Whether the lock of the file at `path` could be had; held until the block ends.

    The file is made if it is missing, and stays: who removed it could not tell who waits for it.
    Raises OSError if it can be neither made nor opened.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        try:
            lock_file(file)
        except OSError:
            yield False
            return
        yield True
