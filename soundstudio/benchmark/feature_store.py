"""Features on disk, named by a digest of all that they depend on: never stale, always whole."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from soundstudio.audio.atomic_file import written_whole

if TYPE_CHECKING:
    from pathlib import Path

    from soundstudio.evaluation.backbones import Backbone, ClipFeatures


class BackboneSource(Protocol):
    """Where a process gets its backbone from. It travels to other processes, so it is small."""

    def facts(self) -> dict[str, Any]:
        """About the networks; `fingerprint` changes when a sound would get other features."""
        ...

    def load(self) -> Backbone:
        """Load the networks; takes seconds."""
        ...


def digest_of(facts: dict[str, Any]) -> str:
    """SHA-256 of JSON facts, in a canonical spelling."""
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


class FeatureStore:
    """A folder of one file a clip."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path_of(self, key: str) -> Path:
        """Two hundred and fifty-six folders keep each of them short."""
        return self.folder / key[:2] / f"{key}.npz"

    def save(self, key: str, features: ClipFeatures) -> None:
        """Write the features of one clip. Raises StorageError."""
        path = self.path_of(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        fields = dataclasses.fields(features)
        arrays = {field.name: np.asarray(getattr(features, field.name)) for field in fields}
        with written_whole(path) as temporary, temporary.open("wb") as file:
            np.savez(file, **arrays)

    def load(self, key: str) -> ClipFeatures | None:
        """The features, or None if they are not there or damaged."""
        from soundstudio.evaluation.backbones import ClipFeatures

        try:
            with np.load(io.BytesIO(self.path_of(key).read_bytes())) as arrays:
                values: dict[str, Any] = {name: arrays[name] for name in arrays.files}
            names = {name: str(value) for name, value in values.items() if value.dtype.kind == "U"}
            return ClipFeatures(**(values | names))
        except (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile):
            return None
