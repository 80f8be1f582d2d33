"""The hashes of what was downloaded: kept at the first time, compared ever after."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from soundstudio.core.catalogue_table import downloadable_items
from soundstudio.core.errors import ModelError
from soundstudio.core.file_digest import sha256_of_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from soundstudio.downloads.transfer import RemoteFile

PINS_FOLDER: Final = ".pins"
_SHA256_DIGITS: Final = 64


@dataclass(frozen=True, slots=True)
class HashCheck:
    """How many files were compared, and how many bytes they have."""

    files: int
    size_bytes: int


def read_pins(id_: str, models_folder: Path) -> dict[str, str]:
    """File's path in its folder → SHA-256. Empty if it was never downloaded, or is damaged."""
    try:
        values = json.loads(_path(id_, models_folder).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(values, dict):
        return {}
    return {str(name): str(sha256) for name, sha256 in values.items()}


def write_pins(id_: str, models_folder: Path, hashes: Mapping[str, str]) -> None:
    """Keep the hashes. Raises OSError."""
    path = _path(id_, models_folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(json.dumps(dict(hashes), indent=1), encoding="utf-8")
    temporary.replace(path)


def hash_of(file: RemoteFile, path: Path) -> str:
    """The SHA-256 of a file that was found to be `file`; read only if it is not known."""
    is_known = len(file.sha256_start) == _SHA256_DIGITS
    return file.sha256_start if is_known else sha256_of_file(path)


def known_hashes(id_: str, models_folder: Path) -> dict[str, str]:
    """What is known: the catalogue's, else the first download's. A hash may be its beginning."""
    hashes = read_pins(id_, models_folder)
    for item in downloadable_items():
        if item.id == id_:
            known = {file.name: file.sha256 or file.sha256_start for file in item.files}
            whole = {name: sha for name, sha in known.items() if len(sha) == _SHA256_DIGITS}
            hashes = {name: sha for name, sha in known.items() if sha} | hashes | whole
    return hashes


def compare_hashes(
    id_: str, folder: Path, models_folder: Path, report: Callable[[int, int], None]
) -> HashCheck:
    """Compare the files of `folder` with the hashes that are known of them.

    report(bytes so far, bytes in all). Raises ModelError: a file differs; OSError.
    """
    known = known_hashes(id_, models_folder)
    there = {name: folder / name for name in known if (folder / name).is_file()}
    total = sum(path.stat().st_size for path in there.values())
    done = 0
    for name, path in sorted(there.items()):
        report(done, total)
        if not sha256_of_file(path).startswith(known[name]):
            raise ModelError(
                f"{name} is not the file that was published: its SHA-256 differs.",
                "Remove it and download it again.",
            )
        done += path.stat().st_size
    report(done, total)
    return HashCheck(len(there), total)


def _path(id_: str, models_folder: Path) -> Path:
    return models_folder / PINS_FOLDER / f"{id_}.json"
