"""Which of the clips a table means when it names a file."""

from __future__ import annotations

import unicodedata
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from soundstudio.dataset.words import as_windows_text

if TYPE_CHECKING:
    from collections.abc import Iterable

_SOUND_FOLDERS: Final = ("", "audio", "wav", "sounds", "clips")


class ClipIndex:
    """Finds clips by path, whatever their suffix, by name alone where it is unique."""

    def __init__(self, folder: Path, paths: Iterable[Path]) -> None:
        self._folder = folder
        self._by_path: dict[str, Path] = {}
        self._by_bare_path: dict[str, Path | None] = {}
        self._by_name: dict[str, Path | None] = {}
        self._by_stem: dict[str, Path | None] = {}
        for path in paths:
            self._by_path[_key(path)] = path
            for index, key in (
                (self._by_bare_path, _key(path.with_suffix(""))),
                (self._by_name, _key(path.name)),
                (self._by_stem, _key(path.stem)),
            ):
                # Two clips of one name: it means neither.
                index[key] = None if key in index else path

    def find(self, file: str, table: Path) -> Path | None:
        """The clip that `table` calls `file`: relative to the table, its parent or the folder."""
        for name in dict.fromkeys((file, file.replace("\\", "/"), as_windows_text(file))):
            if (path := self._find(name, table)) is not None:
                return path
        return None

    def _find(self, name: str, table: Path) -> Path | None:
        if not name or "\0" in name:
            return None
        places = [
            base / inner / name
            for base in dict.fromkeys((table.parent, table.parent.parent, self._folder))
            for inner in _SOUND_FOLDERS
        ]
        keys = [_key(_tidy(place)) for place in places]
        for key in keys:
            if key in self._by_path:
                return self._by_path[key]
        pure = PurePosixPath(name)
        # FreeSound's 1-100032-A-0.wav may lie here as .ogg; a name with dots may have no suffix.
        for place, key in zip(places, keys, strict=True):
            for bare in (_key(_tidy(place).with_suffix("")) if place.suffix else key, key):
                if (found := self._by_bare_path.get(bare)) is not None:
                    return found
        return self._by_name.get(_key(pure.name)) or self._by_stem.get(_key(pure.stem))


def _tidy(path: Path) -> Path:
    """Without `..`, unlike resolve() without a look at the disk."""
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and len(parts) > 1:
            parts.pop()
        else:
            parts.append(part)
    return Path(*parts)


def _key(path: Path | str) -> str:
    """One form for names that macOS stores decomposed and tables composed."""
    return unicodedata.normalize("NFC", str(path))
