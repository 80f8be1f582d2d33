"""The composition root: no model stack in the window's process, one instance, clean ends."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from soundstudio.app import read_settings
from soundstudio.core.paths import user_folders
from soundstudio.core.settings import Settings
from soundstudio.ui.crash_reports import CrashReports, report_of, start_logging
from soundstudio.ui.single_instance import SingleInstance, hand_over, server_name

if TYPE_CHECKING:
    import pytest
    from pytestqt.qtbot import QtBot

ROOT = Path(__file__).parents[1]
FAKE_ENGINE = ROOT / "tests" / "jobs" / "fake_engine.py"


def run_python(
    code: str, *arguments: str, timeout_s: float = 60
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_window_never_imports_the_model_stack() -> None:
    answer = run_python(
        """
        import sys
        import soundstudio.app
        heavy = {"torch", "diffusers", "transformers", "scipy", "sounddevice", "pyqtgraph"}
        print(sorted(heavy & set(sys.modules)))
        """
    )
    assert answer.stdout.strip() == "[]", answer.stderr


def test_importing_the_app_makes_no_folders(tmp_path: Path) -> None:
    run_python("import soundstudio.app")
    assert not (tmp_path / "home").exists()


WINDOW = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
import soundstudio.app as app
from soundstudio.jobs import engine_thread
engine_thread.engine_command.__code__ = (lambda: [sys.executable, sys.argv[1]]).__code__
class Quick(app.Studio):
    def start(self, files=()):
        super().start(files)
        print("usable", flush=True)
        self.library_desk.clip_added.connect(lambda clip: print("added", clip.name, flush=True))
        QTimer.singleShot(int(sys.argv[2]), self.window.close)
app.Studio = Quick
sys.exit(app.run_window(sys.argv[3:]))
"""


def test_window_opens_and_ends_with_code_0() -> None:
    answer = run_python(WINDOW, str(FAKE_ENGINE), "600")
    assert answer.stdout.strip() == "usable", answer.stderr
    assert answer.returncode == 0
    assert answer.stderr == ""
    assert (user_folders().logs / "soundstudio.log").is_file() or user_folders().logs.is_dir()


def test_second_start_hands_its_files_over_and_says_so(tmp_path: Path) -> None:
    import numpy as np

    from soundstudio.audio.files import Sound, write_wav

    sound = tmp_path / "from second.wav"
    write_wav(sound, Sound(np.ones((1, 8000), dtype=np.float32) * 0.1, 16000), "PCM_16")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"}
    first = subprocess.Popen(
        [sys.executable, "-c", WINDOW, str(FAKE_ENGINE), "6000"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert first.stdout is not None
    assert first.stdout.readline().strip() == "usable"
    second = run_python(WINDOW, str(FAKE_ENGINE), "6000", str(sound))
    assert second.returncode == 0
    assert "already open" in second.stderr
    assert second.stdout == ""
    assert first.stdout.readline().strip() == "added from second"
    first.communicate(timeout=60)
    assert first.returncode == 0


def test_homes_are_told_apart(tmp_path: Path) -> None:
    assert server_name(tmp_path / "a") != server_name(tmp_path / "b")


def test_nobody_answers_where_nobody_is(qapp: object, tmp_path: Path) -> None:
    assert not hand_over(server_name(tmp_path), ["x.wav"])


def test_stale_socket_is_taken_over(qtbot: QtBot, tmp_path: Path) -> None:
    name = server_name(tmp_path)
    crashed = run_python(
        """
        import os, sys
        from PySide6.QtCore import QCoreApplication
        from PySide6.QtNetwork import QLocalServer
        app = QCoreApplication([])
        server = QLocalServer()
        assert server.listen(sys.argv[1])
        os._exit(0)
        """,
        name,
    )
    assert crashed.returncode == 0
    assert not hand_over(name, [])
    instance = SingleInstance(name)
    assert instance.is_listening
    instance.close()


def test_files_arrive_at_the_first_instance(qtbot: QtBot, tmp_path: Path) -> None:
    name = server_name(tmp_path)
    instance = SingleInstance(name)
    with qtbot.waitSignal(instance.raised, timeout=20000) as raised:
        other = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "import sys; from soundstudio.ui.single_instance import hand_over;"
                "sys.exit(0 if hand_over(sys.argv[1], sys.argv[2:]) else 1)",
                name,
                "/tmp/rain é #1.wav",
            ],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    assert raised.args[0] == ["/tmp/rain é #1.wav"]
    qtbot.waitUntil(lambda: other.poll() is not None, timeout=20000)
    assert other.returncode == 0
    instance.close()


def test_a_socket_that_ends_last_takes_nothing_with_it() -> None:
    """The server's end and its socket's must not end the socket twice."""
    answer = run_python(
        """
        from PySide6.QtCore import QCoreApplication, QEvent
        from PySide6.QtNetwork import QLocalSocket
        from soundstudio.ui.single_instance import SingleInstance

        app = QCoreApplication([])

        def use():
            instance = SingleInstance("soundstudio-test-ends-last")
            socket = QLocalSocket()
            socket.connectToServer("soundstudio-test-ends-last")
            assert socket.waitForConnected(5000)
            while not instance._sockets:
                app.processEvents()
            instance._drop(next(iter(instance._sockets)))
            instance.close()

        use()
        app.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        print("alive")
        """
    )
    assert answer.stdout.strip() == "alive", answer.stderr


def test_damaged_settings_give_defaults_and_a_reason(tmp_path: Path) -> None:
    folders = user_folders()
    folders.config.mkdir(parents=True)
    folders.settings_file.write_text("version = 99", encoding="utf-8")
    settings, problem = read_settings(folders)
    assert settings == Settings()
    assert problem is not None
    assert "newer version" in problem.message


def test_log_folder_that_cannot_be_made_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert start_logging(tmp_path / "file" / "logs") is None


def test_uncaught_error_is_logged_and_shown(
    qtbot: QtBot, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = sys.excepthook
    reports = CrashReports(tmp_path)
    try:
        with caplog.at_level(logging.CRITICAL):
            try:
                raise ValueError("not expected")
            except ValueError as error:
                sys.excepthook(type(error), error, error.__traceback__)
        qtbot.waitUntil(lambda: reports._dialog is not None, timeout=5000)
        assert reports._dialog is not None
        reports._dialog.reject()
    finally:
        reports.close()
    assert "uncaught" in caplog.text
    assert sys.excepthook is before


def test_report_names_versions_and_the_error() -> None:
    try:
        raise ValueError("the reason")
    except ValueError as error:
        report = report_of(type(error), error, error.__traceback__)
    assert "PySide" in report or "Qt 6" in report
    assert "ValueError: the reason" in report
