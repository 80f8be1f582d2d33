"""Looking and listening: what is open goes to the viewer, and through the player to the ears."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from soundstudio.jobs.sound_picture import load_sound, picture_of, requantised
from soundstudio.ui.level_meter import levels_at

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from soundstudio.audio.growing_sound import GrowingSound
    from soundstudio.audio.player import PlayerLike
    from soundstudio.core.errors import StudioError
    from soundstudio.jobs.background import Background
    from soundstudio.jobs.serial_thread import SerialThread
    from soundstudio.jobs.sound_picture import LoadedSound, SpectrogramPicture
    from soundstudio.ui.transport_bar import TransportBar
    from soundstudio.ui.viewer_panel import ViewerPanel

FRAME_MS = 16
KEPT_SOUNDS = 6
START_GRACE_FRAMES = 30
PLAYS_ALREADY = "It plays already; the picture comes when all of it is there."


class Audition(QObject):
    """Holds the opened sound; plays it, its selection or its loop, and moves the playhead.

    signals:
        playing_changed(bool). opened(object): the LoadedSound, or None.
        failed(StudioError): the sound cannot be read.
    """

    playing_changed = Signal(bool)
    opened = Signal(object)
    failed = Signal(object)

    def __init__(
        self,
        player: PlayerLike,
        player_thread: SerialThread[PlayerLike],
        background: Background,
        viewer: ViewerPanel,
        transport: TransportBar,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._player = player
        self._thread = player_thread
        self._background = background
        self._viewer = viewer
        self._transport = transport
        self._path: Path | None = None
        self._loaded: LoadedSound | None = None
        self._growing: GrowingSound | None = None
        self._picture: SpectrogramPicture | None = None
        self._kept: OrderedDict[Path, LoadedSound] = OrderedDict()
        self._is_playing = False
        self._is_looping = False
        self._cursor_s = 0.0
        self._starting_frames = 0
        self._frames = QTimer(self, interval=FRAME_MS)
        self._frames.timeout.connect(self._on_frame)
        viewer.canvas.selection_changed.connect(self._on_selection)
        viewer.canvas.seek_requested.connect(self.seek)
        viewer.canvas.cursor_moved.connect(transport.show_reading)
        viewer.look_changed.connect(self._on_look)
        transport.volume_changed.connect(self._on_volume)

    # what is open

    @property
    def loaded(self) -> LoadedSound | None:
        return self._loaded

    @property
    def path(self) -> Path | None:
        """The file that is open or being opened."""
        return self._path

    def open(self, path: Path | None, *, and_play: bool = False, is_grown: bool = False) -> None:
        """Show a sound file, and play it once it is there.

        is_grown: it holds what `play_growing` began with; if that still plays, it plays on.
        """
        if path == self._path and self._loaded is not None:
            if and_play:
                self._play_from(0.0)
            return
        self._path = path
        if path is None:
            self.stop()
            self._background.drop("open")
            self._show(None, "")
            return
        kept = self._kept.get(path)
        if kept is not None:
            self._on_loaded(kept, and_play)
            return
        self._background.run(
            "open",
            lambda: load_sound(path),
            lambda loaded: self._on_loaded(loaded, and_play, is_grown),
            self._on_failed,
            f"opening {path.name}",
        )

    def forget(self, path: Path) -> None:
        """A file was removed or changed; read it anew next time."""
        self._kept.pop(path, None)
        if path == self._path:
            self.open(None)

    def _on_loaded(self, loaded: LoadedSound, and_play: bool, is_grown: bool = False) -> None:
        self._kept[loaded.path] = loaded
        self._kept.move_to_end(loaded.path)
        while len(self._kept) > KEPT_SOUNDS:
            self._kept.popitem(last=False)
        plays_on = is_grown and self._growing is not None
        self._growing = None
        if not plays_on:
            self.stop()
        self._show(loaded, "")
        self._draw(loaded)
        if plays_on:
            self.set_looping(self._is_looping)
        elif and_play:
            self._play_from(0.0)

    def _on_failed(self, error: StudioError) -> None:
        self.stop()
        self._show(None, error.message)
        self.failed.emit(error)

    def _show(self, loaded: LoadedSound | None, message: str) -> None:
        self._loaded = loaded
        self._picture = None
        self._cursor_s = 0.0
        self._viewer.banner.hide()
        self._viewer.show_sound(loaded, message)
        self._transport.set_position(0.0)
        self._transport.set_duration(loaded.duration_s if loaded else None)
        self.opened.emit(loaded)

    # what is heard before it is there

    @property
    def is_growing(self) -> bool:
        """Whether a sound plays whose file is not there yet."""
        return self._growing is not None

    def play_growing(self, growing: GrowingSound) -> None:
        """Play what is there of a sound; `grow` after each piece, `open` when its file is there."""
        if not self._player.state.is_usable:
            return
        self.open(None)
        self._show(None, PLAYS_ALREADY)
        self._transport.set_duration(growing.duration_s)
        self._growing = growing
        self._thread.ask(lambda player: player.play_growing(growing))
        self._starting_frames = START_GRACE_FRAMES
        self._set_playing(True)

    def grow(self) -> None:
        """More of it is there."""
        if self._growing is not None:
            self._thread.ask(lambda player: player.grow())

    # how it looks

    def _draw(self, loaded: LoadedSound) -> None:
        scale, (floor, ceiling) = self._viewer.scale(), self._viewer.range_db()
        old = self._picture
        make: Callable[[], SpectrogramPicture]
        if old is not None and old.scale == scale:
            make = lambda: requantised(old, floor, ceiling)  # noqa: E731 - one of two ways
        else:
            make = lambda: picture_of(loaded, scale, floor, ceiling)  # type: ignore[arg-type]  # noqa: E731
        self._background.run(
            "picture", make, lambda p: self._on_picture(loaded, p), doing="drawing the spectrogram"
        )

    def _on_picture(self, loaded: LoadedSound, picture: SpectrogramPicture) -> None:
        if loaded is self._loaded:
            self._picture = picture
            self._viewer.canvas.show_picture(picture)

    def _on_look(self) -> None:
        if self._loaded is not None:
            self._draw(self._loaded)

    # playing

    @property
    def is_playing(self) -> bool:
        return self._is_playing

    def toggle(self) -> None:
        """Play, or stop if something plays."""
        if self._is_playing:
            self.stop()
        elif self._loaded is not None:
            self.play()

    def play(self) -> None:
        """Play the selection, or from the cursor on."""
        selection = self._viewer.canvas.selection()
        if selection is not None:
            self._play_from(selection[0], selection[1])
        else:
            at_end = self._loaded is not None and self._cursor_s >= self._loaded.duration_s - 0.01
            self._play_from(0.0 if at_end else self._cursor_s)

    def stop(self) -> None:
        """Stop at once; the cursor stays where play began."""
        if self._is_playing:
            self._growing = None
            self._thread.ask(lambda player: player.stop())
            self._set_playing(False)

    def close(self) -> None:
        """Fall silent for good."""
        self.stop()
        self._frames.stop()

    def seek(self, time_s: float) -> None:
        """Go to a time; playing goes on from there."""
        if self._loaded is None:
            return
        self._cursor_s = min(max(time_s, 0.0), self._loaded.duration_s)
        if self._is_playing:
            self._play_from(self._cursor_s)
        else:
            self._viewer.canvas.set_playhead(self._cursor_s)
            self._transport.set_position(self._cursor_s)

    def seek_by(self, seconds: float) -> None:
        now = self._player.position_s() if self._is_playing else self._cursor_s
        self.seek(now + seconds)

    def seek_end(self) -> None:
        if self._loaded is not None:
            self.seek(self._loaded.duration_s)

    def set_looping(self, is_looping: bool) -> None:
        """Repeat the selection, or all of the sound."""
        self._is_looping = is_looping
        if self._is_playing:
            loop = self._loop()
            self._thread.ask(lambda player: player.set_loop(loop))

    def _loop(self) -> tuple[float, float] | None:
        if not self._is_looping or self._loaded is None:
            return None
        return self._viewer.canvas.selection() or (0.0, self._loaded.duration_s)

    def _play_from(self, start_s: float, end_s: float | None = None) -> None:
        loaded = self._loaded
        if loaded is None or not self._player.state.is_usable:
            return
        loop = self._loop()
        if loop is not None:
            end_s = None
            if not loop[0] <= start_s < loop[1]:
                start_s = loop[0]
        self._cursor_s = start_s
        sound = loaded.sound
        self._thread.ask(lambda player: player.play(sound, start_s, loop, end_s))
        self._starting_frames = START_GRACE_FRAMES
        self._set_playing(True)

    def _set_playing(self, is_playing: bool) -> None:
        if is_playing:
            self._frames.start()
        if is_playing != self._is_playing:
            self._is_playing = is_playing
            self._transport.set_playing(is_playing)
            self.playing_changed.emit(is_playing)
        if not is_playing:
            self._viewer.canvas.set_playhead(self._cursor_s or None)
            self._transport.set_position(self._cursor_s)

    def _on_selection(self, selection: tuple[float, float] | None) -> None:
        if selection is not None and not self._is_playing:
            self._cursor_s = selection[0]
        if self._is_playing and self._is_looping:
            self.set_looping(True)

    def _on_volume(self, volume: float) -> None:
        # Perceived loudness follows the level in dB more than the amplitude.
        self._player.level_gain = volume**2

    def _on_frame(self) -> None:
        """Once a screen frame while something plays or the meter still falls."""
        loaded, growing = self._loaded, self._growing
        if not self._is_playing or (loaded is None and growing is None):
            self._transport.meter.show_levels(-math.inf, -math.inf, FRAME_MS / 1000)
            if self._transport.meter.is_at_rest:
                self._frames.stop()
            return
        if self._starting_frames > 0 and not self._player.is_playing:
            # The order to play is still on its way to the player's thread.
            self._starting_frames -= 1
            return
        if not self._player.is_playing:
            if growing is None or growing.is_complete:
                self._growing = None
                self._set_playing(False)
            return  # else it has caught up with the engine and waits for the next piece
        self._starting_frames = 0
        now = self._player.position_s()
        self._transport.set_position(now)
        if loaded is not None:
            self._viewer.canvas.set_playhead(now)
            peak, rms = levels_at(loaded.mono, loaded.sound.sample_rate, now)
        else:
            assert growing is not None
            peak, rms = levels_at(growing.samples[0], growing.sample_rate, now)
        self._transport.meter.show_levels(peak, rms, FRAME_MS / 1000)
