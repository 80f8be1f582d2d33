"""Several processes of one fine-tuning on this computer: starting them, listening, ending them.

They meet as accelerate's and torch's own launchers let them meet, by environment variables, so
that `accelerate launch -m soundstudio finetune …` on several machines is the same training.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from soundstudio.core import errors
from soundstudio.core.errors import StudioError
from soundstudio.core.processes import usable_cores
from soundstudio.core.progress import Cancelled, Progress, ProgressCallback
from soundstudio.core.run_files import RunFolder, RunStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

log = logging.getLogger(__name__)

RANK_ARGUMENT: Final = "--finetune-rank"
_GRACE_S: Final = 10.0


class LostRankError(StudioError):
    """A process of a fine-tuning that ended without a word."""

    title = "A process ended"


def train_in_processes(
    run: RunFolder, processes: int, progress: ProgressCallback, say: Callable[[str], None]
) -> RunStatus:
    """Train a run in `processes` processes of this computer; returns how it stands in the end.

    Raises what the first process raises, LostRankError if one of them is killed.
    """
    ranks = [_start(run, rank, environment) for rank, environment in enumerate(_meeting(processes))]
    return _Conversation(ranks).outcome(progress, say)


def _meeting(processes: int) -> list[dict[str, str]]:
    """The environment of each process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    shared = {
        "WORLD_SIZE": str(processes),
        "LOCAL_WORLD_SIZE": str(processes),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "OMP_NUM_THREADS": os.environ.get(
            "OMP_NUM_THREADS", str(max(1, usable_cores() // processes))
        ),
    }
    loopback = {"linux": "lo", "darwin": "lo0"}.get(sys.platform)
    if loopback is not None:
        shared["GLOO_SOCKET_IFNAME"] = os.environ.get("GLOO_SOCKET_IFNAME", loopback)
    return [shared | {"RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(processes)]


def _start(run: RunFolder, rank: int, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    program = [sys.executable, "-m", "soundstudio"]
    if getattr(sys, "frozen", False):
        program = [sys.executable]
    return subprocess.Popen(
        [*program, RANK_ARGUMENT, str(run.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | environment,
    )


class _Conversation:
    """What the processes say, and what it comes down to."""

    def __init__(self, ranks: Sequence[subprocess.Popen[bytes]]) -> None:
        self._ranks = ranks
        self._lines: queue.SimpleQueue[tuple[int, dict[str, Any] | None]] = queue.SimpleQueue()
        self._finished: dict[int, RunStatus] = {}
        self._complained: set[int] = set()
        self._explained: StudioError | None = None
        self._unexplained: StudioError | None = None
        self._readers = [
            threading.Thread(target=self._read, args=(number, rank.stdout), daemon=True)
            for number, rank in enumerate(ranks)
        ]

    def outcome(self, progress: ProgressCallback, say: Callable[[str], None]) -> RunStatus:
        """Listen until all have ended. Raises StudioError."""
        for reader in self._readers:
            reader.start()
        speaking = len(self._ranks)
        try:
            while speaking:
                try:
                    number, line = self._lines.get(timeout=_GRACE_S if self._has_failed else None)
                except queue.Empty:
                    break  # the others wait for the one that failed
                if line is None:
                    speaking -= 1
                    self._note_end(number)
                else:
                    self._take(number, line, progress, say)
        finally:
            end_processes(self._ranks)
            for reader in self._readers:
                reader.join()
        if (failure := self._explained or self._unexplained) is not None:
            raise failure
        return self._finished[0]

    @property
    def _has_failed(self) -> bool:
        return self._explained is not None or self._unexplained is not None

    def _take(
        self,
        number: int,
        line: dict[str, Any],
        progress: ProgressCallback,
        say: Callable[[str], None],
    ) -> None:
        if "say" in line:
            say(line["say"])
        elif "done" in line:
            notes = tuple(line["done"]["notes"])
            self._finished[number] = RunStatus(**(line["done"] | {"notes": notes}))
        elif "error" in line:
            # When one fails, its fellows lose their connection: the one that can explain counts.
            self._complained.add(number)
            error = error_of(line["error"])
            if type(error) is StudioError:
                self._unexplained = self._unexplained or error
            else:
                self._explained = self._explained or error
        elif "progress" in line:
            try:
                progress(Progress(*line["progress"]))
            except Cancelled:
                _ask_to_stop(self._ranks[0])

    def _note_end(self, number: int) -> None:
        if number not in self._finished and number not in self._complained:
            # Its fellows may have said before that they lost the connection.
            self._explained = self._explained or LostRankError(
                "One of the training's processes ended; the memory may have run out.",
                "Resume the run, with fewer processes or a smaller batch.",
            )

    def _read(self, number: int, stream: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError):
            for line in stream:
                with contextlib.suppress(ValueError):
                    message = json.loads(line)
                    if isinstance(message, dict):
                        self._lines.put((number, message))
            stream.close()
        self._lines.put((number, None))


def error_of(facts: dict[str, str]) -> StudioError:
    """The error that another process described."""
    kind = getattr(errors, facts.get("kind", ""), StudioError)
    if not (isinstance(kind, type) and issubclass(kind, StudioError)):
        kind = StudioError
    return kind(facts.get("message", ""), facts.get("advice", ""))


def _ask_to_stop(rank: subprocess.Popen[bytes]) -> None:
    """The end of its input tells the first process to stop after its step."""
    with contextlib.suppress(OSError, ValueError):
        if rank.stdin is not None:
            rank.stdin.close()


def end_processes(ranks: Sequence[subprocess.Popen[bytes]]) -> None:
    """Nothing is left running, whatever it was doing: checkpoints are written whole."""
    for rank in ranks:
        if rank.poll() is None:
            rank.terminate()
    for rank in ranks:
        try:
            rank.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            rank.kill()
            rank.wait()
        _ask_to_stop(rank)


def main(arguments: Sequence[str]) -> int:
    """What each process runs: `--finetune-rank FOLDER`, its place in the environment."""
    # Ctrl+C in a terminal reaches the whole group; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(
        stream=sys.stderr, level=logging.ERROR, format="%(levelname)s %(name)s: %(message)s"
    )
    from soundstudio.worker.finetuning import carry_out
    from soundstudio.worker.process import claim_stdout

    speaker = _Speaker(claim_stdout())
    parent_gone = threading.Event()
    threading.Thread(target=_watch, args=(parent_gone,), daemon=True).start()

    def progress(where: Progress) -> None:
        speaker.send({"progress": [where.stage, where.step, where.steps]})
        if parent_gone.is_set():
            raise Cancelled

    code = 0
    try:
        status = carry_out(
            RunFolder(Path(arguments[0])), progress, lambda text: speaker.send({"say": text})
        )
        speaker.send({"done": status.to_dict()})
    except StudioError as error:
        facts = {"kind": error.kind, "message": error.message, "advice": error.advice}
        speaker.send({"error": facts})
        code = 1
    except Exception as error:  # the process border: it becomes a message
        log.debug("unexpected", exc_info=True)
        text = f"A process of the training failed ({type(error).__name__}: {error})."
        speaker.send({"error": {"kind": "StudioError", "message": text}})
        code = 1
    # Not sys.exit: the thread that watches stdin, or torch's, could hold it up.
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(code)


class _Speaker:
    """Lines to the parent; one that is gone is no reason to fail."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def send(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(json.dumps(message).encode() + b"\n")


def _watch(parent_gone: threading.Event) -> None:
    """Wait for the end of the input: the parent asks for the end, or is gone."""
    with contextlib.suppress(OSError, ValueError):
        while sys.stdin.buffer.read(1):
            pass
    parent_gone.set()
