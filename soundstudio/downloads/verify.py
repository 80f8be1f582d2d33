"""Checking what is installed, and taking it away: models, weights, half downloads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from soundstudio.core.catalogue import find_model
from soundstudio.core.catalogue_table import downloadable_items
from soundstudio.core.errors import ModelError, explain_os_error
from soundstudio.downloads.fetch import remove_download
from soundstudio.downloads.pins import compare_hashes
from soundstudio.engine.model_store import remove_model, verify_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from soundstudio.core.catalogue_table import TableItem


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found whole. tensors: read of a model, 0 of weights that are none.

    hashed_files: whose SHA-256 is known and agrees.
    """

    title: str
    tensors: int
    hashed_files: int

    def sentence(self) -> str:
        """What was looked at."""
        found = [f"all {self.tensors:,} tensors were read"] if self.tensors else []
        if self.hashed_files == 1:
            found.append("the SHA-256 of one file agrees")
        elif self.hashed_files:
            found.append(f"the SHA-256 of {self.hashed_files} files agree")
        if not found:
            found = ["its size is right, and no hash of it is known"]
        return f"{self.title} is whole: {'; '.join(found)}."


def verify(id_: str, models_folder: Path, report: Callable[[int, int], None]) -> Verified:
    """Check a model of any kind, or downloaded weights.

    report(bytes compared, bytes in all) may raise to stop.
    Raises ModelError: it is not there, damaged, or not what was published; StorageError.
    """
    item = _no_model(id_)
    try:
        if item is not None and not (models_folder / item.id).is_dir():
            return _verify_file(item, models_folder, report)
        row = find_model(id_, models_folder)
        assert row.folder is not None
        check = compare_hashes(row.id, row.folder, models_folder, report)
    except OSError as error:
        raise explain_os_error(error, f"reading the files of {id_}") from error
    return Verified(row.title, verify_model(row), check.files)


def remove(id_: str, models_folder: Path) -> str:
    """Delete a model, weights, or a half download; its title. Raises ModelError, StorageError."""
    items = {item.id: item for item in downloadable_items()}
    if id_ in items and remove_download(id_, models_folder):
        return items[id_].title
    row = find_model(id_, models_folder)
    remove_model(row, models_folder)
    return row.title


def _no_model(id_: str) -> TableItem | None:
    """The item of weights, a tokenizer or a checkpoint."""
    for item in downloadable_items():
        if item.id == id_ and item.kind != "model":
            return item
    return None


def _verify_file(
    item: TableItem, models_folder: Path, report: Callable[[int, int], None]
) -> Verified:
    place = item.place(models_folder)
    for file in item.files:
        path = place / file.name
        if not path.is_file():
            raise ModelError(
                f"{item.title} is not installed.", f"Run `soundstudio models download {item.id}`."
            )
        size = path.stat().st_size
        if file.size_bytes and size != file.size_bytes:
            raise ModelError(
                f"{file.name} has {size:,} bytes instead of {file.size_bytes:,}.",
                "Remove it and download it again.",
            )
    return Verified(item.title, 0, compare_hashes(item.id, place, models_folder, report).files)
