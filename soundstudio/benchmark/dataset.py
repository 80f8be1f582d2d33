"""A dataset of real sounds: its clips with labels, captions, folds and source recordings."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from soundstudio.core.file_digest import sha256_of_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from soundstudio.core.benchmark_requests import DatasetKind


_NAMED_MISSING: Final = 5


@dataclass(frozen=True, slots=True)
class DatasetClip:
    """One real sound.

    name: unique in the dataset, without a suffix. labels: class names in plain words.
    fold: the published fold or split, "" where there is none.
    source: the recording that the clip was cut from; clips that share it are near-copies.
    related: the labels and, where an ontology is known, their ancestors.
    """

    path: Path
    name: str
    labels: tuple[str, ...]
    captions: tuple[str, ...] = ()
    fold: str = ""
    source: str = ""
    related: frozenset[str] = frozenset()

    def is_related_to(self, other: DatasetClip) -> bool:
        """Whether both share a label or one label is an ancestor of the other."""
        ours, theirs = self.related or set(self.labels), other.related or set(other.labels)
        return bool(ours & set(other.labels) or theirs & set(self.labels))


@dataclass(frozen=True, slots=True)
class Dataset:
    """What lies in a folder in the layout that `kind` was published in.

    missing: names of clips that the metadata lists and the folder lacks.
    duration_s: how long a clip of this dataset is meant to be.
    metadata_sha256: of the metadata files, "" for a plain folder.
    """

    kind: DatasetKind
    title: str
    folder: Path
    clips: tuple[DatasetClip, ...]
    missing: tuple[str, ...] = ()
    duration_s: float = 10.0
    metadata_sha256: str = ""

    def missing_sentence(self) -> str:
        """How many clips are missing and which, or "" if none is."""
        if not self.missing:
            return ""
        named = ", ".join(self.missing[:_NAMED_MISSING])
        rest = len(self.missing) - _NAMED_MISSING
        more = f" and {rest} more" if rest > 0 else ""
        listed = len(self.clips) + len(self.missing)
        return f"{len(self.missing)} of {listed} clips have no sound file here: {named}{more}."

    def labels(self) -> tuple[str, ...]:
        """All labels, sorted."""
        return tuple(sorted({label for clip in self.clips for label in clip.labels}))


def sha256_of_files(paths: Iterable[Path]) -> str:
    """One digest over the contents of several files, in the given order."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(bytes.fromhex(sha256_of_file(path)))
    return digest.hexdigest()
