"""What a chosen folder holds: sounds counted, ESC-50's folds found, damage passed over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from soundstudio.jobs.folder_facts import FolderFacts, look_at

if TYPE_CHECKING:
    from pathlib import Path


def test_sounds_are_counted_in_subfolders_hidden_ones_left_out(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / ".hidden").mkdir()
    for name in ("a.WAV", "inner/b.ogg", "c.txt", ".d.wav", ".hidden/e.wav"):
        (tmp_path / name).touch()
    assert look_at(tmp_path) == FolderFacts(2)
    assert look_at(tmp_path / "nowhere") == FolderFacts(0)


def test_folds(tmp_path: Path) -> None:
    (tmp_path / "meta").mkdir()
    table = tmp_path / "meta" / "esc50.csv"
    table.write_text("filename,fold\na.wav,2\nb.wav,1\nc.wav,2\n", encoding="utf-8")
    assert look_at(tmp_path).folds == ("1", "2")
    table.write_bytes(b"filename,fold\n\xff\xfe\x00,1\n")
    assert look_at(tmp_path).folds == ()
