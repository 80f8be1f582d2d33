"""A missing display is a sentence, not an abort."""

from __future__ import annotations

import subprocess
import sys

import pytest

from soundstudio.ui.display import display_problem

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X11 and Wayland")

NO_SUCH_DISPLAY = ":4242"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)


def test_none_at_all() -> None:
    assert "no display" in display_problem()


def test_one_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", NO_SUCH_DISPLAY)
    assert NO_SUCH_DISPLAY in display_problem()


@pytest.mark.parametrize("name", ["QT_QPA_PLATFORM", "WAYLAND_DISPLAY"])
def test_somebody_else_decides(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "offscreen")
    assert display_problem() == ""


@pytest.mark.parametrize("display", ["", NO_SUCH_DISPLAY])
def test_the_application_explains_and_ends(display: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", display)
    ended = subprocess.run(
        [sys.executable, "-m", "soundstudio"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert "the window cannot open" in ended.stderr
