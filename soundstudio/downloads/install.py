"""From the catalogue to what works: downloaded, and an original checkpoint made a model of."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from soundstudio.core.catalogue_table import TOKENIZER, TableItem, find_item
from soundstudio.core.errors import DownloadError, ModelError, explain_os_error
from soundstudio.downloads.fetch import download
from soundstudio.engine.import_checkpoint import import_checkpoint
from soundstudio.engine.roberta_tokenizer import ROBERTA_CONFIG, find_tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from soundstudio.core.progress import Progress
    from soundstudio.downloads.transfer import Patience

InstallStage = Literal["downloading", "importing"]


@dataclass(frozen=True, slots=True)
class Installed:
    """What is there now, and where. is_model: it can generate."""

    item: TableItem
    folder: Path
    is_model: bool


def install(
    item: TableItem,
    models_folder: Path,
    tell: Callable[[InstallStage, int, int], None],
    patience: Patience | None = None,
) -> Installed:
    """Download `item`, and its tokenizer if it needs one that is not here.

    An original checkpoint is imported under its id, then its file removed.

    tell(stage, done, total) may raise to stop; what has arrived stays. Goes on where an earlier
    call ended. Raises DownloadError, ModelError, StorageError.
    """

    def report(done: int, total: int) -> None:
        tell("downloading", done, total)

    if item.kind != "checkpoint":
        folder = download(item, models_folder, report, patience)
        if item.needs_tokenizer:
            _get_tokenizer(item, models_folder, report, patience)
        return Installed(item, folder, item.kind == "model")
    if (models_folder / item.id).exists():
        raise ModelError(f"There is a model called “{item.id}” already.", "Remove it first.")
    file = item.place(models_folder) / item.files[0].name
    if not file.is_file():
        download(item, models_folder, report, patience)
    _get_tokenizer(item, models_folder, report, patience)

    def progress(where: Progress) -> None:
        tell("importing", where.step, where.steps)

    row = import_checkpoint(file, models_folder, name=item.id, progress=progress)
    try:
        shutil.rmtree(item.place(models_folder))
    except OSError as error:
        raise explain_os_error(error, f"removing {file}, which is imported now") from error
    assert row.folder is not None
    return Installed(item, row.folder, True)


def _get_tokenizer(
    item: TableItem,
    models_folder: Path,
    report: Callable[[int, int], None],
    patience: Patience | None,
) -> None:
    """If none is on this computer, it is fetched, 1.4 MB."""
    try:
        find_tokenizer(None, models_folder, ROBERTA_CONFIG)
    except ModelError:
        tokenizer = find_item(TOKENIZER)
        try:
            download(tokenizer, models_folder, report, patience)
        except DownloadError as error:
            raise DownloadError(
                f"{item.title} is there, but the tokenizer that it needs is not: {error.message}",
                "Try again later; only what is missing is fetched. Or put vocab.json and "
                f"merges.txt of {tokenizer.hub_id} into {tokenizer.place(models_folder)}.",
            ) from error
