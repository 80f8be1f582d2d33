"""What the window remembers, and how it behaves with little room."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QToolButton

from soundstudio.ui.main_window import FRAME, MainWindow, exceeds
from soundstudio.ui.settings_dialog import SettingsDialog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from soundstudio.app import Studio


def test_size_and_numbers_are_remembered(qtbot: QtBot, tmp_path: Path) -> None:
    state = tmp_path / "config" / "window.ini"
    window = MainWindow(state)
    window.resize(1040, 666)
    window.remember("volume", 0.25)
    window.save_places()
    again = MainWindow(state)
    again.restore_places()
    # The offscreen platform has a screen of 800 by 800, to which widths are cut.
    assert again.height() == 666
    assert again.remembered("volume", 1.0) == 0.25
    for each in (window, again):
        each.deleteLater()


def test_damaged_state_file_means_the_defaults(qtbot: QtBot, tmp_path: Path) -> None:
    state = tmp_path / "window.ini"
    state.write_bytes(b"[General]\ngeometry=@ByteArray(rubbish)\nvolume=loud\n\xff\xfe")
    window = MainWindow(state)
    window.restore_places()
    assert window.remembered("volume", 0.5) == 0.5
    assert window.width() == 1280
    window.deleteLater()


def test_narrow_window_leaves_room_for_the_search(
    qtbot: QtBot, make_studio: Callable[..., Studio]
) -> None:
    studio = make_studio()
    panel = studio.library_panel
    favourites = panel._filters.button(1)
    assert isinstance(favourites, QToolButton)
    studio.window.resize(1400, 800)
    qtbot.waitUntil(lambda: not panel._count.isHidden(), timeout=2000)
    assert favourites.toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonTextBesideIcon
    studio.window.resize(1040, 600)
    qtbot.waitUntil(panel._count.isHidden, timeout=2000)
    assert favourites.toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonIconOnly
    assert panel.search.width() > 120


def test_settings_reach_the_panels_and_the_file(
    qtbot: QtBot, make_studio: Callable[..., Studio]
) -> None:
    studio = make_studio()
    studio.settings.change(designer="Ada", spectrogram_scale="log")
    studio.settings.apply(studio.settings.current)
    assert studio.viewer.scale() == "log"
    file = studio.folders.settings_file
    qtbot.waitUntil(lambda: file.is_file() and "Ada" in file.read_text(), timeout=5000)


@pytest.mark.qt_log_ignore("propagateSizeHints", extend=True)
def test_settings_dialog_applies_on_ok(qtbot: QtBot, make_studio: Callable[..., Studio]) -> None:
    studio = make_studio()
    studio.settings.open_dialog()
    (shown,) = studio.window.findChildren(SettingsDialog)
    box = shown.editor("theme")
    box.setCurrentIndex(box.findData("light"))
    shown.accept()
    assert not studio.theme.colours.is_dark
    assert studio.settings.current.theme == "light"


@pytest.mark.parametrize(
    ("width", "height", "sticks_out"),
    [(1920, 1040, False), (1280, 800, True), (1366, 728, True), (1280, 1024, True)],
)
def test_a_screen_too_small_for_the_frame(width: int, height: int, sticks_out: bool) -> None:
    assert exceeds(QSize(1280, 800) + FRAME, QSize(width, height)) is sticks_out


def test_first_start_on_a_small_screen_fills_it(qtbot: QtBot, tmp_path: Path) -> None:
    window = MainWindow(tmp_path / "window.ini")
    assert exceeds(window.size(), window.screen().availableGeometry().size())
    window.restore_places()
    assert window.isMaximized()
    window.deleteLater()
