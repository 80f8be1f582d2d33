"""A whole window over the fake engine and a player that makes no sound."""

from __future__ import annotations

import gc
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QEvent

from soundstudio.app import Studio
from soundstudio.audio.files import Sound, write_wav
from soundstudio.audio.player import PlayerState
from soundstudio.core.paths import user_folders
from soundstudio.ui.icons import Icons
from soundstudio.ui.theme import Theme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

    from soundstudio.audio.growing_sound import GrowingSound
    from soundstudio.audio.output import OutputDevice

FAKE_ENGINE = Path(__file__).parents[1] / "jobs" / "fake_engine.py"
FAKE_SCORER = FAKE_ENGINE.with_name("fake_scorer.py")


class SilentPlayer:
    """Keeps time by the clock and remembers what it was asked."""

    def __init__(self) -> None:
        self.level_gain = 1.0
        self.played: list[tuple[float, tuple[float, float] | None, float | None]] = []
        self.opened: list[str] = []
        self.growing: list[GrowingSound] = []
        self.grown: list[int] = []
        self.state_now = PlayerState("idle", "", "Loudspeaker")
        self._started_s = 0.0
        self._from_s = 0.0
        self._until_s = 0.0
        self.loop: tuple[float, float] | None = None

    @property
    def state(self) -> PlayerState:
        return self.state_now

    @property
    def is_playing(self) -> bool:
        return self.loop is not None or time.monotonic() < self._until_s

    @property
    def underflows(self) -> int:
        return 0

    def devices(self) -> tuple[OutputDevice, ...]:
        return ()

    def open(self, device: str = "", *, wait: bool = True) -> None:
        self.opened.append(device)

    def refresh_devices(self, *, wait: bool = True) -> None:
        self.opened.append("refreshed")

    def play(
        self,
        sound: Sound,
        start_s: float = 0.0,
        loop: tuple[float, float] | None = None,
        end_s: float | None = None,
    ) -> None:
        self.played.append((start_s, loop, end_s))
        self._started_s, self._from_s, self.loop = time.monotonic(), start_s, loop
        self._until_s = self._started_s + (end_s or sound.duration_s) - start_s

    def play_growing(self, growing: GrowingSound) -> None:
        self.growing.append(growing)
        self._started_s, self._from_s = time.monotonic(), 0.0
        self.grow()

    def grow(self) -> None:
        growing = self.growing[-1]
        self.grown.append(growing.filled)
        self._until_s = self._started_s + growing.filled / growing.sample_rate

    def stop(self) -> None:
        self._until_s, self.loop = 0.0, None

    def set_loop(self, loop: tuple[float, float] | None) -> None:
        self.loop = loop

    def seek(self, position_s: float) -> None:
        self._from_s = position_s

    def position_s(self) -> float:
        return self._from_s + time.monotonic() - self._started_s

    def close(self) -> None:
        self.stop()


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    theme = Theme(qapp, "dark")
    yield theme
    qapp.styleHints().colorSchemeChanged.disconnect(theme._apply)
    qapp.setStyleSheet("")
    theme.deleteLater()


@pytest.fixture
def icons(theme: Theme) -> Icons:
    return Icons(theme)


@pytest.fixture
def make_studio(qtbot: QtBot, qapp: QApplication) -> Iterator[Callable[..., Studio]]:
    """`make_studio(*files)` opens the window; it is closed after the test."""
    studios: list[Studio] = []

    def make(
        *files: str,
        engine: tuple[str, ...] = (),
        is_real: bool = False,
        trains: bool = False,
        models: list[str] | None = None,
    ) -> Studio:
        fake = [sys.executable, str(FAKE_ENGINE), *engine]
        scorer = None if is_real else [sys.executable, str(FAKE_SCORER)]
        # A training outlives its window: it must be wished for.
        run = None if trains else [sys.executable, "-c", "pass"]
        engine_command = None if is_real else fake
        studio = Studio(qapp, user_folders(), engine_command, SilentPlayer, scorer, run, models)
        studios.append(studio)
        studio.start(files)
        return studio

    yield make
    for studio in studios:
        if not studio.engine.isFinished():
            studio.window.leave()
        qapp.styleHints().colorSchemeChanged.disconnect(studio.theme._apply)
        studio.window.deleteLater()
        studio.theme.deleteLater()
    # Windows on their way out must be gone before the style sheet is: after ten of them Qt walked
    # over what had been one of their widgets, and crashed.
    studios.clear()
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    qapp.setStyleSheet("")


@pytest.fixture
def studio(make_studio: Callable[..., Studio], qtbot: QtBot) -> Studio:
    """A window whose engine is up."""
    studio = make_studio()
    qtbot.waitUntil(lambda: studio.status.phase == "ready", timeout=15000)
    return studio


@pytest.fixture
def tone_file(tmp_path: Path) -> Path:
    """One second of a decaying tone at 16 kHz."""
    return write_tone(tmp_path / "tone.wav")


def write_tone(path: Path, duration_s: float = 1.0, frequency_hz: float = 440.0) -> Path:
    t = np.arange(int(duration_s * 16000)) / 16000
    wave = 0.5 * np.sin(2 * np.pi * frequency_hz * t) * np.exp(-t)
    write_wav(path, Sound(wave.astype(np.float32), 16000), "PCM_16")
    return path
