"""One process at a time works on a run; the system itself releases the lock of a killed one."""

from __future__ import annotations

import contextlib
import os
import time
from typing import IO, TYPE_CHECKING, Any, Final

from soundstudio.core.errors import RunError, explain_os_error
from soundstudio.core.file_lock import lock_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundstudio.core.run_files import RunFolder

# Whoever only asks who holds the lock has it for a moment, too.
_PATIENCE_S: Final = 1.0
_PAUSE_S: Final = 0.05


@contextlib.contextmanager
def locked(run: RunFolder) -> Iterator[None]:
    """Hold the run's lock; the file names the process that does.

    Raises RunError if another process holds it, StorageError.
    """
    try:
        file = run.lock.open("a+", encoding="ascii")
    except OSError as error:
        raise explain_os_error(error, f"locking the run {run.name}") from error
    with file:
        try:
            _lock_patiently(file)
        except OSError as error:
            pid = _pid_in(file)
            raise RunError(
                f"The run “{run.name}” is being worked on already"
                f"{f', by process {pid}' if pid else ''}.",
                "Wait until it ends, or stop it first.",
            ) from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def holder_of(run: RunFolder) -> int | None:
    """The process that works on the run, None if none does; 0 if its number cannot be read.

    A lock file that cannot be opened is held by nobody: who works on the run could open it.
    """
    try:
        file = run.lock.open("r+", encoding="ascii")
    except OSError:
        return None
    with file:
        try:
            lock_file(file)
        except OSError:
            return _pid_in(file)
        return None


def _pid_in(file: IO[Any]) -> int:
    with contextlib.suppress(OSError, ValueError):
        file.seek(0)
        return int(file.read(20).strip())
    return 0


def _lock_patiently(file: IO[Any]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            lock_file(file)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE_S)
        else:
            return
