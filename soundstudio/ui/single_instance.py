"""One window per user (and per SOUNDSTUDIO_HOME): a second start hands its files to the first."""

from __future__ import annotations

import getpass
import hashlib
import json
import logging
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtNetwork import QLocalServer, QLocalSocket

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

log = logging.getLogger(__name__)

CONNECT_MS = 400
MAX_MESSAGE_BYTES = 1_000_000


def server_name(data_folder: Path) -> str:
    """A name that differs between users and between data folders."""
    text = f"{getpass.getuser()}:{data_folder.absolute()}"
    return f"soundstudio-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def hand_over(name: str, files: Sequence[str]) -> bool:
    """Give files (maybe none) to a window that runs; False if there is none."""
    socket = QLocalSocket()
    socket.connectToServer(name)
    if not socket.waitForConnected(CONNECT_MS):
        return False
    socket.write((json.dumps(list(files)) + "\n").encode())
    socket.waitForBytesWritten(CONNECT_MS)
    # The answer proves that a window lives there, not a process that hangs.
    is_taken = socket.waitForReadyRead(5 * CONNECT_MS)
    socket.disconnectFromServer()
    return is_taken


class SingleInstance(QObject):
    """Listens for later starts.

    signals: raised(list): another start asked for the window, with these files.
    """

    raised = Signal(list)

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._on_connection)
        self._sockets: set[QLocalSocket] = set()
        if not self._server.listen(name):
            # Nobody answered on it (see hand_over), so it was left behind by a crash.
            QLocalServer.removeServer(name)
            if not self._server.listen(name):
                log.warning("no single-instance socket: %s", self._server.errorString())

    @property
    def is_listening(self) -> bool:
        return self._server.isListening()

    def close(self) -> None:
        self._server.close()

    @Slot()
    def _on_connection(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            self._sockets.add(socket)
            socket.readyRead.connect(lambda socket=socket: self._read(socket))
            socket.disconnected.connect(lambda socket=socket: self._drop(socket))
            if socket.bytesAvailable():
                self._read(socket)

    def _read(self, socket: QLocalSocket) -> None:
        if not socket.canReadLine():
            if socket.bytesAvailable() > MAX_MESSAGE_BYTES:
                socket.abort()
            return
        try:
            files = json.loads(bytes(socket.readLine().data()))
        except ValueError:
            log.warning("a second start sent something unreadable")
            files = []
        socket.write(b"taken\n")
        socket.flush()
        self.raised.emit([str(name) for name in files] if isinstance(files, list) else [])

    def _drop(self, socket: QLocalSocket) -> None:
        self._sockets.discard(socket)
        # Else the socket's end could free the last reference to this object, which would end its
        # server, which would end the socket a second time.
        socket.readyRead.disconnect()
        socket.disconnected.disconnect()
        socket.deleteLater()
