"""Features on the disk, so that a set that was scored once is scored again in no time."""

from __future__ import annotations

import io
import logging
import zipfile
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from soundstudio.audio.atomic_file import written_whole
from soundstudio.core.errors import AudioFileError, StorageError, explain_os_error
from soundstudio.core.file_digest import sha256_of_file
from soundstudio.core.paths import user_folders
from soundstudio.evaluation.backbones import ClipFeatures
from soundstudio.evaluation.clip_measurements import ClipMeasurements

if TYPE_CHECKING:
    from pathlib import Path

    from soundstudio.evaluation.backbones import Backbone

log = logging.getLogger(__name__)

_ARRAYS: Final = {"embedding": 1, "logits": 1, "frames": 2}
_NO_ENTRY: Final = (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile)


def content_hash(path: Path) -> str:
    """The SHA-256 of a sound file's bytes: a renamed or copied clip keeps its features.

    Raises AudioFileError if the file cannot be read.
    """
    try:
        return sha256_of_file(path)
    except OSError as error:
        raise AudioFileError(f"{path.name} cannot be read: {error.strerror or error}.") from error


class FeatureCache:
    """A folder with one file per sound, named by the hash of its bytes; one folder a backbone.

    Entries are written whole or not at all, so several scorings may share the folder; one that is
    damaged is made anew. A full disk costs only the caching.
    """

    def __init__(self, backbone: Backbone, folder: Path | None = None) -> None:
        root = folder or user_folders().cache / "features"
        self._backbone = backbone
        self.folder = root / f"{backbone.name}-{backbone.facts.fingerprint[:24]}"
        self._is_writable = True

    def load(self, content_sha256: str) -> tuple[ClipFeatures, ClipMeasurements] | None:
        """What was stored for a sound; None if nothing usable was."""
        path = self._path(content_sha256)
        try:
            # Read at once: nothing of a file that is being replaced stays open (Windows).
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as entry:
                return self._decoded(entry)
        except FileNotFoundError:
            return None
        except _NO_ENTRY as error:
            log.info("the cached features in %s are damaged: %s", path, error)
            return None

    def store(
        self, content_sha256: str, features: ClipFeatures, measurements: ClipMeasurements
    ) -> None:
        """Keep a sound's features; a failure is logged once and changes nothing else."""
        if not self._is_writable:
            return
        buffer = io.BytesIO()
        names = np.array([features.backbone, features.frames_backbone])
        arrays = {name: getattr(features, name) for name in _ARRAYS}
        np.savez(buffer, names=names, measurements=measurements.as_array(), **arrays)
        path = self._path(content_sha256)
        try:
            _make_folder(path.parent)
            with written_whole(path, "keeping features for later") as temporary:
                temporary.write_bytes(buffer.getvalue())
        except StorageError as error:
            self._is_writable = False
            log.warning("%s", error.sentence())

    def _path(self, content_sha256: str) -> Path:
        return self.folder / content_sha256[:2] / f"{content_sha256}.npz"

    def _decoded(self, entry: Any) -> tuple[ClipFeatures, ClipMeasurements]:
        arrays = {}
        for name, rank in _ARRAYS.items():
            array = np.asarray(entry[name])
            if array.ndim != rank or array.dtype != np.float32 or not np.isfinite(array).all():
                raise ValueError(f"{name} is {array.dtype} {array.shape}")
            arrays[name] = array
        backbone, frames_backbone = (str(name) for name in entry["names"])
        facts = self._backbone.facts.networks[0]
        if arrays["embedding"].shape != (facts.dimensions,):
            raise ValueError(f"{arrays['embedding'].shape} is no embedding of {facts.title}")
        features = ClipFeatures(**arrays, backbone=backbone, frames_backbone=frames_backbone)
        return features, ClipMeasurements.from_array(entry["measurements"])


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain_os_error(error, "keeping features for later") from error
