"""What a result must say about how it came to be: versions, hashes, the dataset."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

from soundstudio.benchmark.dataset import sha256_of_files
from soundstudio.core.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from soundstudio.benchmark.dataset import Dataset, DatasetClip
    from soundstudio.core.catalogue import CatalogueRow

_PACKAGES: Final = (
    "soundstudio", "numpy", "scipy", "soxr", "soundfile", "torch", "transformers", "diffusers",
)  # fmt: skip


def versions() -> dict[str, str]:
    """Python and the packages whose arithmetic a result depends on."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "unknown"
    return found


def dataset_facts(dataset: Dataset, clips: Sequence[DatasetClip]) -> dict[str, Any]:
    """Which sounds were used: counts, what is missing, and digests of metadata and sounds."""
    return {
        "kind": dataset.kind,
        "title": dataset.title,
        "clips_listed": len(dataset.clips) + len(dataset.missing),
        "clips_missing": len(dataset.missing),
        "missing": list(dataset.missing),
        "clips_used": len(clips),
        "labels": len({label for clip in clips for label in clip.labels}),
        "metadata_sha256": dataset.metadata_sha256,
        "sounds_sha256": sha256_of_files([clip.path for clip in clips]),
    }


def model_digest(row: CatalogueRow) -> str:
    """SHA-256 over the model's weights and configurations. Raises ModelError."""
    if row.folder is None:
        raise ModelError(f"{row.title} is not installed.")
    files = [p for p in row.folder.rglob("*") if p.suffix in (".safetensors", ".json", ".txt")]
    return sha256_of_files(sorted(files))


def model_facts(row: CatalogueRow, sha256: str) -> dict[str, str]:
    """Which model was used."""
    return {"id": row.id, "title": row.title, "licence": row.licence, "sha256": sha256}


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
