"""A sound server without hardware: jackd with its dummy driver, and a recorder of what we play."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import pytest

from soundstudio.audio.files import Sound, read_sound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RATE = 48000
PATIENCE_S = 10.0


class JackServer:
    """One jackd under a name of its own, so that nobody else's server is met."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name, self._lock = free_server_name()
        self.environment = {**os.environ, "JACK_DEFAULT_SERVER": self.name}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            ["jackd", "-r", "-n", self.name, "-d", "dummy", "-r", str(RATE), "-p", "1024"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if not wait_for(lambda: bool(self.ports())):
            self.kill()
            pytest.skip("jackd does not start here")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self) -> None:
        """End it in peace: a killed server keeps its place in the registry of eight."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                self.kill()
            self.process = None

    def close(self) -> None:
        self.stop()
        self._lock.close()

    def ports(self) -> list[str]:
        listed = subprocess.run(
            ["jack_lsp"], env=self.environment, capture_output=True, text=True, check=False
        )
        return listed.stdout.split() if listed.returncode == 0 else []

    def our_ports(self) -> list[str]:
        return [port for port in self.ports() if "out_" in port]

    def record(self, seconds: float) -> Callable[[], Sound]:
        """Start to record our ports; the returned function waits and gives the sound."""
        assert wait_for(lambda: len(self.our_ports()) >= 2), self.ports()
        path = self.folder / f"{secrets.token_hex(4)}.wav"
        recorder = subprocess.Popen(
            ["jack_rec", "-f", str(path), "-d", str(seconds), "-b", "24", *self.our_ports()],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        # Nothing may be played before the recorder is connected: its ports tell.
        assert wait_for(lambda: any("jackrec" in port for port in self.ports())), self.ports()

        def finish() -> Sound:
            try:
                recorder.wait(seconds + PATIENCE_S)
            finally:
                recorder.kill()
                recorder.wait()
            return read_sound(path)

        return finish


def free_server_name() -> tuple[str, TextIO]:
    """One of four names, and the file that keeps other test runs from taking it too."""
    import fcntl

    for number in range(4):
        name = f"soundstudio-test-{number}"
        lock = (Path(tempfile.gettempdir()) / f"{name}.lock").open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        return name, lock
    pytest.skip("four other test runs use sound servers")


def wait_for(condition: Callable[[], bool], patience_s: float = PATIENCE_S) -> bool:
    """Poll until a condition holds; False if it never does."""
    deadline = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture
def jack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[JackServer]:
    """A running server that this process finds as its sound output."""
    if shutil.which("jackd") is None or not sys.platform.startswith("linux"):
        pytest.skip("jackd is not installed")
    from soundstudio.audio import output
    from soundstudio.core.errors import AudioDeviceError

    server = JackServer(tmp_path)
    monkeypatch.setenv("JACK_DEFAULT_SERVER", server.name)
    try:
        server.start()
        try:
            output.restart_portaudio()
        except AudioDeviceError as error:
            pytest.skip(error.sentence())
        if not output.output_devices():
            pytest.skip("ALSA has no way to JACK here (libasound2-plugins)")
        yield server
    finally:
        server.close()
        output.restart_portaudio()
