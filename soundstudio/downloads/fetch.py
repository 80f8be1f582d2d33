"""Catalogue items → folders: listed, fetched into a partial folder, verified, renamed."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from soundstudio.core.catalogue_table import (
    BYTES_PER_WEIGHT,
    PARTIAL_FOLDER,
    TableItem,
    find_item,
)
from soundstudio.core.errors import DownloadError, ModelError, explain_os_error
from soundstudio.core.file_lock import held
from soundstudio.core.model_shelf import size_of
from soundstudio.downloads.pins import hash_of, read_pins, write_pins
from soundstudio.downloads.transfer import Patience, RemoteFile, check_space, fetch_file, mismatch
from soundstudio.engine.model_folder import read_model_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_LISTING: Final = "listing.json"
_ENDINGS: Final = (".json", ".txt", ".safetensors")


def download(
    item: TableItem,
    models_folder: Path,
    report: Callable[[int, int], None],
    patience: Patience | None = None,
) -> Path:
    """Fetch all files of `item`; its folder. A call that was killed is gone on with.

    report(bytes so far, bytes in all; 0 if unknown) may raise to stop; what has arrived stays.
    The caller has shown the licence. Raises DownloadError, StorageError, ModelError.
    """
    place, partial = item.place(models_folder), item.partial_place(models_folder)
    if place.exists():
        raise ModelError(f"{place} exists already.", "Remove it before it is downloaded again.")
    try:
        with held(_lock_path(item.id, models_folder)) as is_mine:
            if not is_mine:
                raise _busy(item)
            partial.mkdir(parents=True, exist_ok=True)
            _fetch_all(item, models_folder, report, patience or Patience())
            place.parent.mkdir(parents=True, exist_ok=True)
            partial.rename(place)
            # Last: a listing that went before its files might be followed by a newer one.
            (place / _LISTING).unlink()
    except OSError as error:
        raise explain_os_error(error, f"downloading into {models_folder}") from error
    return place


def remove_download(id_: str, models_folder: Path) -> bool:
    """Delete a half download, or what is no model. False if there is neither.

    Whole models are removed as every model is. Raises ModelError, StorageError.
    """
    item = find_item(id_)
    places = [item.partial_place(models_folder)]
    if item.kind != "model":
        places.append(item.place(models_folder))
    there = [place for place in places if place.is_dir()]
    if not there:
        return False
    try:
        with held(_lock_path(id_, models_folder)) as is_mine:
            if not is_mine:
                raise _busy(item)
            for place in there:
                shutil.rmtree(place)
    except OSError as error:
        raise explain_os_error(error, f"removing {item.title}") from error
    return True


def _lock_path(id_: str, models_folder: Path) -> Path:
    return models_folder / PARTIAL_FOLDER / f"{id_}.lock"


def _busy(item: TableItem) -> DownloadError:
    return DownloadError(
        f"{item.title} is being downloaded by another process.", "Wait for it, or stop it first."
    )


def _fetch_all(
    item: TableItem, models_folder: Path, report: Callable[[int, int], None], patience: Patience
) -> None:
    """Bring everything into the partial folder, and see that it is what it should be."""
    partial = item.partial_place(models_folder)
    files = _listing(item, models_folder, patience)
    is_known = all(file.size_bytes for file in files)
    total = sum(file.size_bytes for file in files) if is_known else 0
    _check_space(item, files, partial)
    done = 0
    for file in files:
        base = done
        fetch_file(file, partial / file.path, lambda n, b=base: report(b + n, total), patience)  # type: ignore[misc]
        done += (partial / file.path).stat().st_size
        report(done, total)
    if item.kind == "model":
        read_model_folder(partial)
    write_pins(
        item.id, models_folder, {file.path: hash_of(file, partial / file.path) for file in files}
    )


def _check_space(item: TableItem, files: tuple[RemoteFile, ...], partial: Path) -> None:
    """All files at once, and for a checkpoint the model that it becomes."""
    needed = sum(file.size_bytes for file in files) - size_of(partial)
    if item.kind == "checkpoint":
        needed += item.parameters * BYTES_PER_WEIGHT["float32"]
    check_space(max(0, needed), partial)


def _listing(item: TableItem, models_folder: Path, patience: Patience) -> tuple[RemoteFile, ...]:
    """What to fetch. Kept, so that a resumed download goes on with the same revision."""
    partial = item.partial_place(models_folder)
    try:
        rows = json.loads((partial / _LISTING).read_text(encoding="utf-8"))
        return tuple(RemoteFile(**row) for row in rows)
    except (OSError, ValueError, TypeError):
        listed = _ask(item, models_folder, patience)
    for file in listed:  # of another listing, perhaps of another revision
        path = partial / file.path
        if path.is_file() and mismatch(file, path):
            path.unlink()
    temporary = partial / (_LISTING + ".new")
    temporary.write_text(json.dumps([asdict(file) for file in listed]), encoding="utf-8")
    temporary.replace(partial / _LISTING)
    return listed


def _ask(item: TableItem, models_folder: Path, patience: Patience) -> tuple[RemoteFile, ...]:
    """The table's files or the Hub's, with all that is known of each."""
    if item.hub_id:
        listed = _ask_hub(item, patience)
    else:
        listed = tuple(RemoteFile(file.name, file.url) for file in item.files)
    pins = read_pins(item.id, models_folder)
    known = {file.name: file for file in item.files}
    completed = []
    for file in listed:
        row = known.get(file.path)
        expected = (row.sha256 or row.sha256_start) if row else ""
        if file.sha256_start and not file.sha256_start.startswith(expected):
            raise DownloadError(
                f"The server lists another {file.path} than the one that the catalogue knows.",
                "Check HF_ENDPOINT; a newer version of Sound Studio may know it.",
            )
        size = file.size_bytes or (row.size_bytes if row else 0)
        sha256 = file.sha256_start or (row.sha256 if row else "")
        if not sha256 and not file.git_sha1:
            sha256 = pins.get(file.path, expected)
        completed.append(replace(file, size_bytes=size, sha256_start=sha256))
    return tuple(completed)


def _ask_hub(item: TableItem, patience: Patience) -> tuple[RemoteFile, ...]:
    """The Hub's list, with sizes and hashes. HF_ENDPOINT names another server."""
    from huggingface_hub import HfApi, hf_hub_url
    from huggingface_hub.errors import OfflineModeIsEnabled

    endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/") or None
    try:
        info = HfApi(endpoint=endpoint, token=False).model_info(
            item.hub_id, files_metadata=True, timeout=patience.timeout_s
        )
    except OfflineModeIsEnabled as error:
        raise DownloadError(
            "HF_HUB_OFFLINE forbids downloads.", "Unset that variable, then try again."
        ) from error
    except Exception as error:
        raise DownloadError(
            f"The Hub does not answer for {item.hub_id}: {type(error).__name__}.",
            "Check the connection, the proxy and HF_ENDPOINT.",
        ) from error
    files = []
    for sibling in info.siblings or ():
        name = sibling.rfilename
        if not _is_wanted(item, name):
            continue
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise DownloadError(f"The server lists a file outside the model's folder: {name}.")
        url = hf_hub_url(item.hub_id, name, revision=info.sha, endpoint=endpoint)
        sha256 = sibling.lfs.sha256 if sibling.lfs else ""
        git_sha1 = "" if sibling.lfs else (sibling.blob_id or "")
        files.append(RemoteFile(name, url, sibling.size or 0, sha256, git_sha1))
    _check_listing(item, {file.path for file in files})
    return tuple(files)


def _is_wanted(item: TableItem, name: str) -> bool:
    """Of a model everything that it is loaded from; else what the table names."""
    if item.kind == "model":
        return name.endswith(_ENDINGS) and ".fp16." not in name
    return any(file.name == name for file in item.files)


def _check_listing(item: TableItem, names: set[str]) -> None:
    if item.kind == "model" and "model_index.json" not in names:
        raise DownloadError(f"{item.hub_id} holds no model in diffusers' layout.")
    missing = [file.name for file in item.files if file.name not in names]
    if missing:
        raise DownloadError(f"{item.hub_id} holds no {missing[0]}.")
