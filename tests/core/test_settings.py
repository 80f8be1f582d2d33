"""Settings: typed, sparse, atomic, and never a crash at start."""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING

import pytest

from soundstudio.core.errors import SettingsError, StorageError
from soundstudio.core.settings import Settings, load_settings, save_settings

if TYPE_CHECKING:
    from pathlib import Path

CHANGED = Settings(theme="dark", export_fade_ms=1.5, designer="Ünï", export_trim=True)


def test_missing_file_gives_defaults(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "none.toml") == Settings()


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "settings.toml"
    save_settings(CHANGED, path)
    assert load_settings(path) == CHANGED


def test_only_changes_are_written(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    save_settings(Settings(theme="dark"), path)
    assert path.read_text(encoding="utf-8").split() == ["version", "=", "1", "theme", "=", '"dark"']


def test_values_out_of_place_fall_back(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('theme = "pink"\nexport_trim = 1\nexport_fade_ms = 2\nmystery = 3\n')
    with caplog.at_level(logging.WARNING):
        assert load_settings(path) == Settings(export_fade_ms=2.0)
    assert len(caplog.records) == 3


@pytest.mark.parametrize(
    ("text", "word"),
    [("version = 99", "newer"), ("theme =", "damaged"), ("version = 'x'", "newer")],
)
def test_unreadable_files_are_explained(tmp_path: Path, text: str, word: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=word):
        load_settings(path)
    assert path.read_text() == text


def test_binary_file_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(b"\xff\x00\xfe")
    with pytest.raises(SettingsError, match="damaged"):
        load_settings(path)


def test_unwritable_folder_is_explained(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("in the way")
    with pytest.raises(StorageError, match="riting the settings"):
        save_settings(CHANGED, blocker / "settings.toml")


def test_every_setting_has_a_label_and_a_valid_default() -> None:
    for row in dataclasses.fields(Settings):
        assert row.metadata["label"]
        choices = row.metadata["choices"]
        assert not choices or row.default in choices
