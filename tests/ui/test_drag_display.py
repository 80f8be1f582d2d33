"""A second process receives what is dragged out of the window, on a real X server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from queue import Empty, Queue
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from soundstudio.audio.files import Sound, probe, write_wav

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
TOOLS = ("Xvfb", "openbox", "xdotool")

pytestmark = [
    pytest.mark.display,
    pytest.mark.skipif(
        not all(shutil.which(tool) for tool in TOOLS), reason=f"needs {', '.join(TOOLS)}"
    ),
]


class Talker:
    """A child process whose lines can be waited for."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        self._lines: Queue[str] = Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.strip())

    def line(self, timeout_s: float = 30) -> str:
        try:
            return self._lines.get(timeout=timeout_s)
        except Empty:
            pytest.fail(f"{self.process.args} said nothing (exit code {self.process.poll()})")

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def display(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of programs on an X server of their own, with a window manager."""
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1600x900x24", "-nolisten", "tcp"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    with os.fdopen(reading) as pipe:
        number = pipe.readline().strip()
    environment = {
        **os.environ,
        "DISPLAY": f":{number}",
        "QT_QPA_PLATFORM": "xcb",
        "PYTHONPATH": str(HERE.parents[1]),
        "SOUNDSTUDIO_HOME": str(tmp_path / "hôme #1"),
    }
    manager = subprocess.Popen(["openbox"], env=environment, stderr=subprocess.DEVNULL)
    yield environment
    for process in (manager, server):
        process.terminate()
        process.wait()


class Desk:
    """The window, the target, and a hand with a mouse."""

    def __init__(self, environment: dict[str, str], sound: Path) -> None:
        self.environment = environment
        self.target = Talker([sys.executable, str(HERE / "drop_target.py")], environment)
        assert self.target.line() == "ready"
        source = [sys.executable, str(HERE / "drag_source.py"), str(sound)]
        self.source = Talker(source, environment)
        self.places: dict[str, Any] = json.loads(self.source.line(60))

    def xdotool(self, *words: object) -> None:
        subprocess.run(["xdotool", *map(str, words)], env=self.environment, check=True, timeout=20)

    def drag(self, place: str) -> dict[str, Any]:
        """Drag from a place of the window to the target; what the target got."""
        x, y = self.places[place]
        self.xdotool("mousemove", x, y)
        time.sleep(0.3)
        self.xdotool("mousedown", 1)
        for step in range(1, 11):
            self.xdotool("mousemove", x + (1400 - x) * step // 10, y + (300 - y) * step // 10)
            time.sleep(0.15)
        self.xdotool("mousemove", 1402, 302)
        time.sleep(0.3)
        self.xdotool("mouseup", 1)
        got: dict[str, Any] = json.loads(self.target.line())
        return got

    def end(self) -> None:
        self.source.end()
        self.target.end()


@pytest.fixture
def desk(display: dict[str, str], tmp_path: Path) -> Iterator[Desk]:
    sound = tmp_path / "rain é #2 100%.wav"
    t = np.arange(16000) / 16000
    wave = (0.4 * np.sin(2 * np.pi * 440 * t)).astype(np.float32)
    write_wav(sound, Sound(wave[np.newaxis], 16000), "PCM_16")
    desk = Desk(display, sound)
    yield desk
    desk.end()


def test_row_is_dropped_as_a_final_file_by_copy(desk: Desk, tmp_path: Path) -> None:
    got = desk.drag("row")
    (path,) = got["paths"]
    assert Path(path).parent == tmp_path / "hôme #1" / "exports"
    assert got["sizes"] == [Path(path).stat().st_size]
    assert got["offers"] == ["CopyAction"]
    assert probe(Path(path)).sample_rate == 48000
    assert probe(Path(path)).duration_s == pytest.approx(1.0, abs=0.01)
    assert json.loads(desk.source.line()) == {"exported": [path]}


def test_selection_is_dropped_as_a_clip_of_its_own(desk: Desk) -> None:
    got = desk.drag("selection")
    (path,) = got["paths"]
    assert probe(Path(path)).duration_s == pytest.approx(0.5, abs=0.01)
    assert got["sizes"] == [Path(path).stat().st_size]
