"""The fine-tuning process as the window sees it: started apart, found again, ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from soundstudio.core.errors import RunError, explain_os_error
from soundstudio.core.run_lock import holder_of
from soundstudio.jobs.engine_thread import describe_exit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from soundstudio.core.run_files import RunFolder


def run_command() -> list[str]:
    """The command of a fine-tuning process, from a checkout or a frozen application."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "--finetune-run"]
    return [sys.executable, "-m", "soundstudio", "--finetune-run"]


def start_process(
    run: RunFolder, steps: int | None = None, command: Sequence[str] | None = None
) -> subprocess.Popen[bytes]:
    """Start the process of a run; it goes on when this one ends, and writes into the run's log.

    Raises StorageError (its folder cannot be written into), RunError.
    """
    arguments = [*(command or run_command()), str(run.folder)]
    if steps is not None:
        arguments += ["--steps", str(steps)]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    if getattr(sys, "frozen", False):
        # Otherwise it would use files that a bundle unpacked for this process, and removes with it.
        environment["PYINSTALLER_RESET_ENVIRONMENT"] = "1"
    try:
        log = run.log.open("ab")
    except OSError as error:
        raise explain_os_error(error, f"starting the run {run.name}") from error
    with log:
        try:
            return subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                close_fds=True,
                **_apart(),
            )
        except OSError as error:
            raise RunError(
                f"The process of the run “{run.name}” could not be started: "
                f"{error.strerror or error}.",
                "The log folder (Help menu) says more.",
            ) from error


def _apart() -> dict[str, Any]:
    """Not in this process's session, so that neither its end nor Ctrl+C reaches the other."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}


def end_by_force(run: RunFolder, process: subprocess.Popen[bytes] | None) -> None:
    """Kill what works on a run: the process that was started, or whoever holds its lock."""
    if process is not None and process.poll() is None:
        process.kill()
    pid = holder_of(run)
    if pid and pid != os.getpid():
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)


def last_words_of(process: subprocess.Popen[bytes]) -> str:
    """How a process ended; "" if as it should."""
    code = process.poll()
    if not code:
        return ""
    # A signal's number is below zero here.
    words = describe_exit(abs(code), crashed=code < 0, name="fine-tuning process")
    return words if code < 0 else f"{words} The log in the run's folder says more."


def let_go(process: subprocess.Popen[bytes]) -> None:
    """This process ends, the other one goes on: that is meant, and no reason for a warning."""
    if process.poll() is None:
        process.returncode = 0
