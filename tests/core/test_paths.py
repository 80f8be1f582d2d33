"""Resources are found from a checkout, an installed wheel and a frozen application."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from soundstudio.core import paths

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_checkout() -> None:
    assert paths.resource("ucs", "ucs-8.2.1.csv").is_file()


def test_frozen_application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "resources").mkdir()
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    assert paths.resources_folder() == tmp_path / "resources"


def test_installed_wheel_finds_its_own_copy(tmp_path: Path) -> None:
    package = tmp_path / "soundstudio"
    (package / "core").mkdir(parents=True)
    (package / "resources").mkdir()
    (package / "__init__.py").touch()
    (package / "core" / "__init__.py").touch()
    source = ROOT / "soundstudio" / "core" / "paths.py"
    (package / "core" / "paths.py").write_text(source.read_text(encoding="utf-8"))
    code = "from soundstudio.core import paths; print(paths.resources_folder())"
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert Path(shown.stdout.strip()) == package / "resources"


def test_everything_moves_with_the_home_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOUNDSTUDIO_HOME", str(tmp_path))
    folders = paths.user_folders()
    for folder in (folders.library_file, folders.settings_file, folders.exports, folders.logs):
        assert folder.is_relative_to(tmp_path)


def test_without_the_variable_the_platform_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOUNDSTUDIO_HOME")
    folders = paths.user_folders()
    assert folders.exports.name == "Sound Studio"
    assert folders.config.is_absolute()
