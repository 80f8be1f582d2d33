"""Everything of the catalogue with what lies on the disk of it: models, checkpoints, weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from soundstudio.core.catalogue import CatalogueRow, Kind, catalogue
from soundstudio.core.catalogue_table import TableItem, downloadable_items

if TYPE_CHECKING:
    from pathlib import Path

ShelfKind = Kind | Literal["weights"]
ShelfState = Literal["installed", "fetched", "partial", "absent"]
_HIDDEN_KINDS = ("tokenizer",)


@dataclass(frozen=True, slots=True)
class ShelfRow:
    """One thing that is there or can be had.

    state: “fetched” is an original checkpoint that arrived and waits for its import, “partial” a
    download that was begun. size_bytes: on the disk if installed, else of the download; 0 if
    unknown. received_bytes: of a begun download. item: its row in the table of downloads.
    """

    id: str
    title: str
    kind: ShelfKind
    licence: str
    parameters: int
    capabilities: tuple[str, ...]
    state: ShelfState
    size_bytes: int
    received_bytes: int
    folder: Path | None
    item: TableItem | None

    @property
    def is_installed(self) -> bool:
        return self.state == "installed"


def shelf(models_folder: Path) -> tuple[ShelfRow, ...]:
    """The starter, then what can be downloaded in the table's order, then the user's own models.

    It looks at every file in the models folder: milliseconds, more on a network drive.
    """
    items = {item.id: item for item in downloadable_items()}
    models = {row.id: row for row in catalogue(models_folder)}
    shown = [item for item in items.values() if item.kind not in _HIDDEN_KINDS]
    rows = [_model_row(row, None, models_folder) for row in models.values() if _is_shipped(row)]
    for item in shown:
        row = models.pop(item.id, None)
        if row is not None and row.is_installed:
            rows.append(_model_row(row, item, models_folder))
        else:
            rows.append(_item_row(item, models_folder))
    rows += [
        _model_row(row, None, models_folder) for row in models.values() if not _is_shipped(row)
    ]
    return tuple(rows)


def _is_shipped(row: CatalogueRow) -> bool:
    return row.kind == "bundled"


def _model_row(row: CatalogueRow, item: TableItem | None, models_folder: Path) -> ShelfRow:
    return ShelfRow(
        id=row.id,
        title=row.title,
        kind=row.kind,
        licence=row.licence,
        parameters=row.parameters or (item.parameters if item else 0),
        capabilities=row.capabilities,
        state="installed" if row.is_installed else "absent",
        size_bytes=size_of(row.folder) if row.folder else 0,
        received_bytes=0,
        folder=row.folder,
        item=item,
    )


def _item_row(item: TableItem, models_folder: Path) -> ShelfRow:
    """Of weights, and of what is not installed."""
    place, partial = item.place(models_folder), item.partial_place(models_folder)
    state: ShelfState = "absent"
    folder = None
    if item.kind != "model" and (place / item.files[0].name).is_file():
        state, folder = "fetched" if item.kind == "checkpoint" else "installed", place
    elif partial.is_dir():
        state = "partial"
    kinds: dict[str, ShelfKind] = {"model": "downloadable", "checkpoint": "original checkpoint"}
    received = size_of(partial) if state == "partial" else 0
    return ShelfRow(
        id=item.id,
        title=item.title,
        kind=kinds.get(item.kind, "weights"),
        licence=item.licence,
        parameters=item.parameters,
        capabilities=item.capabilities,
        state=state,
        size_bytes=size_of(folder) if folder else item.size_bytes,
        received_bytes=received,
        folder=folder,
        item=item,
    )


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder; what vanishes meanwhile counts nothing."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue
    return total
