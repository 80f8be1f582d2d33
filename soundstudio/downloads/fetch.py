"""Catalogue rows → folders: listed, fetched into a partial folder, verified, renamed."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from soundstudio.core.catalogue_sources import HUB_MODELS, WEIGHTS_FILES, HubModel, WeightsFile
from soundstudio.core.errors import DownloadError, ModelError, StorageError, explain_os_error
from soundstudio.downloads.transfer import Patience, RemoteFile, fetch_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PARTIAL_FOLDER: Final = ".partial"
WEIGHTS_FOLDER: Final = ".weights"
_LISTING: Final = "listing.json"
_SPARE_BYTES: Final = 64 << 20
_ENDINGS: Final = (".json", ".txt", ".safetensors")


def find_source(id_: str) -> HubModel | WeightsFile:
    """The download called `id_`. Raises ModelError."""
    for source in (*HUB_MODELS, *WEIGHTS_FILES):
        if source.id == id_:
            return source
    known = ", ".join(source.id for source in (*HUB_MODELS, *WEIGHTS_FILES))
    raise ModelError(f"There is no download called “{id_}”.", f"There are {known}.")


def place_of(source: HubModel | WeightsFile, models_folder: Path) -> Path:
    """The folder that holds the files of `source` once it is whole."""
    if isinstance(source, HubModel):
        return models_folder / source.id
    return models_folder / WEIGHTS_FOLDER / source.id


def downloaded_weights(id_: str, models_folder: Path) -> Path | None:
    """The downloaded weights file called `id_`; None if it is not there."""
    source = find_source(id_)
    if not isinstance(source, WeightsFile):
        return None
    path = place_of(source, models_folder) / source.file_name
    return path if path.is_file() else None


def remove_download(id_: str, models_folder: Path) -> bool:
    """Delete a half download, or weights that are no model. False if there is neither.

    Whole models are removed as every model is. Raises ModelError, StorageError.
    """
    source = find_source(id_)
    places = [models_folder / PARTIAL_FOLDER / source.id]
    if isinstance(source, WeightsFile):
        places.append(place_of(source, models_folder))
    there = [place for place in places if place.is_dir()]
    try:
        for place in there:
            shutil.rmtree(place)
    except OSError as error:
        raise explain_os_error(error, f"removing {source.title}") from error
    return bool(there)


def download(
    source: HubModel | WeightsFile,
    models_folder: Path,
    report: Callable[[int, int], None],
    patience: Patience | None = None,
) -> Path:
    """Fetch all files of `source`; its folder. A call that was killed is gone on with.

    report(bytes so far, bytes in all; 0 if unknown) may raise to stop; what has arrived stays.
    The caller has shown the licence. Raises DownloadError, StorageError, ModelError.
    """
    patience = patience or Patience()
    place = place_of(source, models_folder)
    if place.exists():
        raise ModelError(f"{place} exists already.", "Remove it before it is downloaded again.")
    partial = models_folder / PARTIAL_FOLDER / source.id
    try:
        partial.mkdir(parents=True, exist_ok=True)
        files = _listing(source, partial, patience)
        total = sum(file.size_bytes for file in files)
        _check_space(files, partial)
        done = 0
        for file in files:
            base = done
            fetch_file(file, partial / file.path, lambda n, b=base: report(b + n, total), patience)  # type: ignore[misc]
            done += (partial / file.path).stat().st_size
            report(done, total)
        (partial / _LISTING).unlink()
        place.parent.mkdir(parents=True, exist_ok=True)
        partial.rename(place)
    except OSError as error:
        raise explain_os_error(error, f"downloading into {models_folder}") from error
    return place


def _listing(
    source: HubModel | WeightsFile, partial: Path, patience: Patience
) -> tuple[RemoteFile, ...]:
    """What to fetch. Kept, so that a resumed download goes on with the same revision."""
    listed: tuple[RemoteFile, ...]
    if isinstance(source, WeightsFile):
        listed = (RemoteFile(source.file_name, source.url, source.size_bytes, source.sha256_start),)
    else:
        try:
            rows = json.loads((partial / _LISTING).read_text(encoding="utf-8"))
            return tuple(RemoteFile(**row) for row in rows)
        except (OSError, ValueError, TypeError):
            listed = _ask_hub(source, patience)
    temporary = partial / (_LISTING + ".new")
    temporary.write_text(json.dumps([asdict(file) for file in listed]), encoding="utf-8")
    temporary.replace(partial / _LISTING)
    return listed


def _ask_hub(source: HubModel, patience: Patience) -> tuple[RemoteFile, ...]:
    """The Hub's list, with sizes and hashes. HF_ENDPOINT names another server."""
    from huggingface_hub import HfApi, hf_hub_url
    from huggingface_hub.errors import OfflineModeIsEnabled

    endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/") or None
    try:
        info = HfApi(endpoint=endpoint, token=False).model_info(
            source.hub_id, files_metadata=True, timeout=patience.timeout_s
        )
    except OfflineModeIsEnabled as error:
        raise DownloadError(
            "HF_HUB_OFFLINE forbids downloads.", "Unset that variable, then try again."
        ) from error
    except Exception as error:
        raise DownloadError(
            f"The Hub does not answer for {source.hub_id}: {type(error).__name__}.",
            "Check the connection, the proxy and HF_ENDPOINT.",
        ) from error
    files = []
    for sibling in info.siblings or ():
        name = sibling.rfilename
        if not name.endswith(_ENDINGS) or ".fp16." in name:
            continue
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise DownloadError(f"The server lists a file outside the model's folder: {name}.")
        url = hf_hub_url(source.hub_id, name, revision=info.sha, endpoint=endpoint)
        sha256 = sibling.lfs.sha256 if sibling.lfs else ""
        git_sha1 = "" if sibling.lfs else (sibling.blob_id or "")
        files.append(RemoteFile(name, url, sibling.size or 0, sha256, git_sha1))
    if not any(file.path == "model_index.json" for file in files):
        raise DownloadError(f"{source.hub_id} holds no model in diffusers' layout.")
    return tuple(files)


def _check_space(files: tuple[RemoteFile, ...], partial: Path) -> None:
    there = sum(path.stat().st_size for path in partial.rglob("*") if path.is_file())
    needed = sum(file.size_bytes for file in files) - there + _SPARE_BYTES
    free = shutil.disk_usage(partial).free
    if needed > free:
        raise StorageError(
            f"The download needs {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free.",
            "Free some space, or choose another models folder.",
        )
