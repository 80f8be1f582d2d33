"""Watches the sound output: which devices there are, whether one is lost, what to tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

if TYPE_CHECKING:
    from soundstudio.audio.player import PlayerLike, PlayerState
    from soundstudio.jobs.serial_thread import SerialThread
    from soundstudio.ui.status_line import StatusLine
    from soundstudio.ui.transport_bar import TransportBar

LOOK_MS = 500
# A device that was there and is gone may be plugged in again.
LOOKS_BETWEEN_TRIES = 8


class OutputWatch(QObject):
    """Polls the player's state; devices are asked for in the player's own thread."""

    def __init__(
        self,
        player: PlayerLike,
        thread: SerialThread[PlayerLike],
        transport: TransportBar,
        status: StatusLine,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._player = player
        self._thread = thread
        self._transport = transport
        self._status = status
        self._wanted = ""
        self._shown: PlayerState | None = None
        self._was_usable = False
        self._looks_since_try = 0
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self._look)

    def start(self, device: str) -> None:
        """Open the wanted device and keep watching."""
        self.choose(device)
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def choose(self, device: str) -> None:
        """Play through this device from now on; "" is the system's default."""
        self._wanted = device
        self._thread.ask(lambda player: player.open(device), lambda _: self._list_devices())

    def refresh(self) -> None:
        """Look for devices again: one was plugged in."""
        self._thread.ask(lambda player: player.refresh_devices(), lambda _: self._list_devices())

    def _list_devices(self) -> None:
        self._thread.ask(
            lambda player: [device.title for device in player.devices()],
            lambda titles: self._transport.set_devices(titles, self._wanted),
        )
        self._look()

    def _look(self) -> None:
        state = self._player.state
        if state != self._shown:
            self._shown = state
            self._status.show_output(state)
        if state.is_usable:
            self._was_usable = True
        elif state.status == "no device" and self._was_usable:
            self._looks_since_try += 1
            if self._looks_since_try >= LOOKS_BETWEEN_TRIES:
                self._looks_since_try = 0
                self.refresh()
