"""The background threads the window knows: each owns a child process and speaks with it."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import (
    QByteArray,
    QMetaObject,
    QObject,
    QProcess,
    QProcessEnvironment,
    Qt,
    QThread,
    QTimer,
    Signal,
    Slot,
)

from soundstudio.core.messages import (
    PROTOCOL_VERSION,
    BenchmarkFinished,
    EngineReady,
    JobFinished,
    Message,
    ModelFinished,
    ProtocolError,
    ScoreFinished,
    Shutdown,
    decode,
    encode,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

log = logging.getLogger(__name__)

Phase = Literal["starting", "ready", "restarting", "failed", "closed"]

GRACE_MS = 1500
ENGINE_NICENESS = 5


@dataclass(frozen=True, slots=True)
class EngineState:
    """Where the engine process stands; `sentence` is for the user and may be empty."""

    phase: Phase
    sentence: str = ""


class RestartPolicy:
    """How long to wait before a restart, and when to give up.

    Each crash without a finished job between doubles the wait; after `most` the answer is None.
    """

    def __init__(
        self, most: int = 4, first_wait_s: float = 0.25, forget_after_s: float = 120
    ) -> None:
        self._most = most
        self._first_wait_s = first_wait_s
        self._forget_after_s = forget_after_s
        self._crashes: deque[float] = deque()

    def wait_after_crash(self, now_s: float) -> float | None:
        """Seconds to wait before starting again, or None to give up."""
        while self._crashes and now_s - self._crashes[0] > self._forget_after_s:
            self._crashes.popleft()
        self._crashes.append(now_s)
        if len(self._crashes) > self._most:
            return None
        return float(self._first_wait_s * 2 ** (len(self._crashes) - 1))

    def forgive(self) -> None:
        """A job succeeded: earlier crashes no longer count."""
        self._crashes.clear()


def engine_command() -> list[str]:
    """The command that starts the engine process, from a checkout or a frozen application."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "--worker"]
    return [sys.executable, "-m", "soundstudio.worker"]


def describe_exit(code: int, crashed: bool, name: str = "engine") -> str:
    """What the user is told about an engine that ended by itself."""
    if crashed or code < 0:
        # Qt gives the signal's number as the exit code of a killed process.
        if code == 9:
            return f"The {name} was killed, perhaps because the computer ran out of memory."
        return f"The {name} crashed (signal {code})." if code else f"The {name} crashed."
    return f"The {name} ended unexpectedly (exit code {code})."


def _yield_to_window(pid: int) -> None:
    """Let the window and the audio callback go before the engine where processors are few."""
    if hasattr(os, "setpriority"):
        try:
            os.setpriority(os.PRIO_PROCESS, pid, ENGINE_NICENESS)
        except OSError as error:
            log.info("the engine keeps its priority: %s", error)


class EngineThread(QThread):
    """Starts the engine process, restarts it after a crash, ends it when the window closes.

    name: what the process is called where its end is told.
    signals:
        message_received(Message): every message of the engine, in order.
        state_changed(EngineState): starting, ready, restarting, failed, closed.
        engine_stopped(str): it ended without being asked to; the sentence says how.
    """

    message_received = Signal(object)
    state_changed = Signal(object)
    engine_stopped = Signal(str)
    _send_requested = Signal(object)
    _restart_requested = Signal(str)
    _rest_requested = Signal()

    def __init__(
        self,
        command: Sequence[str] | None = None,
        policy: RestartPolicy | None = None,
        parent: QObject | None = None,
        name: str = "engine",
    ) -> None:
        super().__init__(parent)
        self.name = name
        self._process = _EngineProcess(
            list(command or engine_command()), policy or RestartPolicy(), self
        )
        self._process.moveToThread(self)
        self._send_requested.connect(self._process.send)
        self._restart_requested.connect(self._process.restart)
        self._rest_requested.connect(self._process.rest)
        self.started.connect(self._process.start)

    def send(self, message: Message) -> None:
        """Send a message; may be called from any thread and never blocks."""
        self._send_requested.emit(message)

    def restart(self, sentence: str = "") -> None:
        """End the process at once if it runs and start a fresh one, whatever happened before."""
        self._restart_requested.emit(sentence)

    def rest(self) -> None:
        """End an idle process to free its memory; `restart` brings a fresh one."""
        self._rest_requested.emit()

    def shutdown(self) -> None:
        """End the process and the thread; returns when both are gone."""
        if self.isRunning():
            QMetaObject.invokeMethod(self._process, "shutdown", Qt.ConnectionType.QueuedConnection)
            self.wait()


class _EngineProcess(QObject):
    """The process itself; lives in the engine thread, whose event loop serves its pipes."""

    def __init__(self, command: list[str], policy: RestartPolicy, thread: EngineThread) -> None:
        super().__init__()
        self._command = command
        self._policy = policy
        self._thread = thread
        self._process: QProcess | None = None
        self._timer: QTimer | None = None
        self._is_closing = False

    @Slot()
    def start(self) -> None:
        if self._timer is None:
            self._timer = QTimer(self)
            self._timer.setSingleShot(True)
            self._timer.timeout.connect(self.start)
        self._drop_process()
        process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert("PYTHONUNBUFFERED", "1")
        process.setProcessEnvironment(environment)
        process.readyReadStandardOutput.connect(self._read_messages)
        process.readyReadStandardError.connect(self._read_log)
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_error)
        self._process = process
        self._thread.state_changed.emit(EngineState("starting"))
        process.start(self._command[0], self._command[1:])

    @Slot(object)
    def send(self, message: Message) -> None:
        if self._process is None or self._process.state() == QProcess.ProcessState.NotRunning:
            log.warning("no engine to send %s to", type(message).__name__)
            return
        self._process.write(QByteArray(encode(message)))

    @Slot(str)
    def restart(self, sentence: str) -> None:
        self._policy.forgive()
        was_running = self._drop_process()
        if was_running:
            self._thread.engine_stopped.emit(sentence or f"The {self._thread.name} was restarted.")
        self.start()

    @Slot()
    def rest(self) -> None:
        if self._drop_process():
            self._thread.state_changed.emit(EngineState("closed"))

    @Slot()
    def shutdown(self) -> None:
        self._is_closing = True
        if self._timer is not None:
            self._timer.stop()
        process = self._process
        if process is not None and process.state() != QProcess.ProcessState.NotRunning:
            process.write(QByteArray(encode(Shutdown())))
            process.closeWriteChannel()
            if not process.waitForFinished(GRACE_MS):
                log.info("the engine did not end by itself; killing it")
                process.kill()
                process.waitForFinished(GRACE_MS)
        self._process = None
        if process is not None:
            process.deleteLater()
        self._thread.state_changed.emit(EngineState("closed"))
        self._thread.quit()

    def _drop_process(self) -> bool:
        """Silence and kill the present process; whether one was running."""
        process, self._process = self._process, None
        if process is None:
            return False
        was_running = process.state() != QProcess.ProcessState.NotRunning
        process.finished.disconnect(self._on_finished)
        process.errorOccurred.disconnect(self._on_error)
        if was_running:
            process.kill()
            process.waitForFinished(GRACE_MS)
        process.deleteLater()
        return was_running

    @Slot()
    def _read_messages(self) -> None:
        process = self._process
        while process is not None and process.canReadLine():
            line = bytes(process.readLine().data())
            try:
                message = decode(line)
            except ProtocolError as error:
                log.warning("%s", error)
                continue
            self._receive(message)

    def _receive(self, message: Message) -> None:
        if isinstance(message, EngineReady):
            if message.protocol != PROTOCOL_VERSION:
                self._give_up(
                    f"The {self._thread.name} belongs to another version of Sound Studio."
                )
                return
            _yield_to_window(message.pid)
            self._thread.state_changed.emit(EngineState("ready"))
        elif isinstance(message, JobFinished | ScoreFinished | BenchmarkFinished | ModelFinished):
            self._policy.forgive()
        self._thread.message_received.emit(message)

    @Slot()
    def _read_log(self) -> None:
        if self._process is not None:
            text = bytes(self._process.readAllStandardError().data()).decode(errors="replace")
            for line in text.splitlines():
                log.info("engine: %s", line)

    @Slot(int, QProcess.ExitStatus)
    def _on_finished(self, code: int, status: QProcess.ExitStatus) -> None:
        self._read_messages()
        self._read_log()
        if not self._is_closing:
            self._after_crash(self._exit_words(code, status))

    @Slot(QProcess.ProcessError)
    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart and not self._is_closing:
            self._after_crash(f"The {self._thread.name} process could not be started.")

    def _exit_words(self, code: int, status: QProcess.ExitStatus) -> str:
        is_crash = status == QProcess.ExitStatus.CrashExit
        return describe_exit(code, is_crash, self._thread.name)

    def _after_crash(self, sentence: str) -> None:
        log.error("%s", sentence)
        self._thread.engine_stopped.emit(sentence)
        wait_s = self._policy.wait_after_crash(time.monotonic())
        if wait_s is None:
            self._give_up(f"{sentence} It was restarted several times without success.")
            return
        self._thread.state_changed.emit(EngineState("restarting", sentence))
        if self._timer is not None:
            self._timer.start(int(wait_s * 1000))

    def _give_up(self, sentence: str) -> None:
        self._drop_process()
        self._thread.state_changed.emit(EngineState("failed", sentence))
