"""Beginning a run: its folder, with everything that was decided written down in it."""

from __future__ import annotations

import dataclasses
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from soundstudio.core.catalogue import find_model
from soundstudio.core.errors import ModelError, RunError, explain_os_error
from soundstudio.core.run_files import RunDescription, read_description, run_folder
from soundstudio.core.run_lock import locked
from soundstudio.dataset.dataset import save_dataset
from soundstudio.engine.model_folder import read_model_folder
from soundstudio.training.fingerprints import fingerprints_of
from soundstudio.training.finished_model import check_name_is_free
from soundstudio.training.run_records import write_description

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from soundstudio.core.catalogue import CatalogueRow
    from soundstudio.core.finetuning import FinetuneSettings
    from soundstudio.core.run_files import RunFolder
    from soundstudio.dataset.dataset import Dataset


def begin_run(
    name: str,
    settings: FinetuneSettings,
    read_clips: Callable[[], Dataset],
    *,
    runs_folder: Path,
    models_folder: Path,
    cache_folder: Path,
    is_claimed: bool = False,
) -> RunFolder:
    """Make the folder of a new run. `read_clips` is called once the cheap checks have passed.

    is_claimed: the folder was made for this run already, and stays if it cannot begin.
    Raises RunError (the name is taken, nothing to train on), ModelError, InvalidRequestError,
    StorageError, and what `read_clips` raises; then there is no folder.
    """
    settings.validated()
    run = run_folder(runs_folder, name)
    if run.description.exists() if is_claimed else run.folder.exists():
        raise RunError(
            f"There is a run called “{name}” already.",
            "Go on with it with --resume, or choose another name.",
        )
    check_name_is_free(name, models_folder)
    row = find_model(settings.model, models_folder)
    base = _base_facts(row, settings)
    dataset = read_clips()
    if not dataset.of_split("train"):
        raise RunError(f"There is no clip to train on in {dataset.folder}.")
    try:
        run.folder.mkdir(parents=True, exist_ok=is_claimed)
    except OSError as error:
        raise explain_os_error(error, f"making the folder of the run {name}") from error
    try:
        save_dataset(dataset, run.dataset)
        description = RunDescription(
            name=name,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            settings=settings,
            base=base,
            models_folder=str(models_folder.absolute()),
            cache_folder=str(cache_folder.absolute()),
        )
        write_description(run, description)
    except BaseException:
        if not is_claimed:
            shutil.rmtree(run.folder, ignore_errors=True)
        raise
    return run


def change_settings(run: RunFolder, **changes: Any) -> RunDescription:
    """Give a run that nobody works on other settings, such as more steps.

    Raises RunError (no such run, busy), InvalidRequestError, StorageError.
    """
    description = read_description(run)
    settings = dataclasses.replace(description.settings, **changes).validated()
    changed = dataclasses.replace(description, settings=settings)
    with locked(run):
        if changed != description:
            write_description(run, changed)
    return changed


def _base_facts(row: CatalogueRow, settings: FinetuneSettings) -> dict[str, Any]:
    if row.folder is None:
        raise ModelError(f"{row.title} is not installed.")
    files = read_model_folder(row.folder)
    if settings.condition == "audio" and not files.has_audio_tower:
        raise ModelError(
            f"{row.title} cannot be trained on sounds: it has no audio tower of CLAP.",
            "Choose --condition text, or a model that can listen.",
        )
    return {
        "id": row.id,
        "title": row.title,
        "licence": row.licence,
        "parameters": row.parameters,
        "folder": str(row.folder.absolute()),
        "fingerprints": fingerprints_of(files).to_dict(),
    }
