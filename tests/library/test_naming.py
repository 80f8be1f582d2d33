"""Names that work everywhere and take nobody's place."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from soundstudio.core.errors import StorageError
from soundstudio.library.naming import cut_to_bytes, free_path, safe_name

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("rain on tin", "rain on tin"),
        ('a/b\\c:d*e?f"g<h>i|j', "a b c d e f g h i j"),
        ("  many   spaces\t\n ", "many spaces"),
        ("ends with dots...", "ends with dots"),
        (".hidden", "hidden"),
        ("CON", "CON sound"),
        ("nul.wav", "nul sound"),
        ("Com1", "Com1 sound"),
        ("console", "console"),
        ("\x00\x1f\x7f", "sound"),
        ("\u202egnp.exe", "gnp.exe"),
        ("\ud83d", "sound"),
        ("", "sound"),
        ("..", "sound"),
        ("مطر على السطح", "مطر على السطح"),
        ("e\u0301", "é"),
    ],
)
def test_names_are_made_safe(text: str, name: str) -> None:
    assert safe_name(text) == name


@pytest.mark.parametrize(
    "text", ["x" * 999, "é" * 999, "🌧" * 999, "مطر " * 999, "e\u0323\u0301" * 99]
)
@pytest.mark.parametrize("size", [10, 50, 199])
def test_names_are_cut_by_bytes(tmp_path: Path, text: str, size: int) -> None:
    name = safe_name(text, size)
    assert 0 < len(name.encode()) <= size
    (tmp_path / f"{name}.wav").touch()


def test_cutting_keeps_accents_with_their_letters() -> None:
    assert cut_to_bytes("ae\u0301", 2) == "a"
    assert cut_to_bytes("ae\u0301", 4) == "ae\u0301"
    assert cut_to_bytes("🌧🌧", 7) == "🌧"


def test_no_name_is_given_twice(tmp_path: Path) -> None:
    assert free_path(tmp_path, "rain").name == "rain.wav"
    assert free_path(tmp_path, "rain").name == "rain_01.wav"
    (tmp_path / "rain_02.wav").mkdir()
    assert free_path(tmp_path, "rain").name == "rain_03.wav"
    assert free_path(tmp_path / "new" / "folder", "rain").name == "rain.wav"


def test_threads_never_get_the_same_name(tmp_path: Path) -> None:
    names: list[str] = []

    def take() -> None:
        names.extend(free_path(tmp_path, "x").name for _ in range(20))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(names)) == 80


def test_long_folders_leave_room_for_windows(tmp_path: Path) -> None:
    folder = tmp_path / ("d" * 60) / ("e" * 60)
    path = free_path(folder, "x" * 200)
    assert len(str(path)) <= 259


def test_a_folder_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError):
        free_path(tmp_path / "file" / "sub", "rain")
