"""Every test starts clean and leaves nothing behind: own folders, no network, no stray threads."""

from __future__ import annotations

import ipaddress
import os
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from tiny_model import build_tiny_model

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Before anything imports Qt or the hub client.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["HF_HUB_OFFLINE"] = "1"

THREAD_GRACE_S = 3.0
FOLDERS_WITH_TORCH = {"cli", "downloads", "engine", "evaluation", "generation", "training"}


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test touches the developer's settings, library or models."""
    monkeypatch.setenv("SOUNDSTUDIO_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="session")
def tiny_model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny AudioLDM with random weights and an audio tower; do not write into it."""
    return build_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(autouse=True)
def one_thread(request: pytest.FixtureRequest) -> Iterator[None]:
    """One thread for tiny models: more only wait for each other on a busy computer."""
    if request.path.parent.name not in FOLDERS_WITH_TORCH:
        yield
        return
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to anything but this machine fails the test that tries it."""
    connect = socket.socket.connect

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = address[0]
            if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
                pytest.fail(f"a test tried to reach the network: {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)


@pytest.fixture(autouse=True)
def no_stray_threads() -> Iterator[None]:
    """A Python thread that outlives its test fails it."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + THREAD_GRACE_S
    while stray := [
        thread
        for thread in threading.enumerate()
        if thread not in before and thread.is_alive() and not _is_library_thread(thread)
    ]:
        if time.monotonic() > deadline:
            pytest.fail(f"threads left running: {[thread.name for thread in stray]}")
        time.sleep(0.02)


def _is_library_thread(thread: threading.Thread) -> bool:
    """tqdm's monitor lives as long as the process; Qt's threads show up as dummies."""
    return type(thread).__name__ in {"TMonitor", "_DummyThread"}


def pytest_sessionfinish() -> None:
    """Empty the clipboard while Python is there.

    The offscreen platform keeps it in a static object: what a test copied would be destroyed after
    the interpreter and take the process down.
    """
    from PySide6.QtGui import QGuiApplication

    if isinstance(QGuiApplication.instance(), QGuiApplication):
        QGuiApplication.clipboard().clear()
