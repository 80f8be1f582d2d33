"""Features on disk, named by a digest of all that they depend on: never stale, always whole."""

from __future__ import annotations

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

_ARRAYS = ("embedding", "logits", "frames")


class BackboneSource(Protocol):
    """Where a process gets its backbone from. It travels to other processes, so it is small."""

    def identity(self) -> str:
        """Name and digest of the weights: features of different identities are never mixed."""
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
        arrays = {name: np.asarray(getattr(features, name)) for name in _ARRAYS}
        with written_whole(path) as temporary, temporary.open("wb") as file:
            np.savez(file, **arrays)

    def load(self, key: str) -> ClipFeatures | None:
        """The features, or None if they are not there or damaged."""
        from soundstudio.evaluation.backbones import ClipFeatures

        try:
            with np.load(io.BytesIO(self.path_of(key).read_bytes())) as arrays:
                return ClipFeatures(**{name: arrays[name] for name in _ARRAYS})
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None
