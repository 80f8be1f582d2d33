"""The published layouts of the paper's datasets, and any folder, read into a Dataset."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from soundstudio.benchmark.audioset import read_audiocaps, read_audioset
from soundstudio.benchmark.dataset import Dataset, DatasetClip, sha256_of_files
from soundstudio.dataset.findings import DatasetError
from soundstudio.dataset.metadata_tables import (
    find_metadata,
    read_table,
    sound_with_any_suffix,
    sounds_below,
    whole_number,
)
from soundstudio.dataset.words import plain_label

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from soundstudio.core.benchmark_requests import DatasetKind

_TRAILING_NUMBER: Final = re.compile(r"[\s_\-.]*\(?\d+\)?$")


def read_dataset(kind: DatasetKind, folder: Path) -> Dataset:
    """Read the metadata and find the sounds; no sound is opened.

    Raises DatasetError if the metadata is missing or unreadable, or no clip has its sound.
    """
    dataset = _READERS[kind](folder)
    if not dataset.clips:
        raise DatasetError(
            dataset.missing_sentence() or f"{folder} holds no sounds.",
            "Give the folder that holds the sounds.",
        )
    return dataset


def _read_esc50(folder: Path) -> Dataset:
    """ESC-50 (Piczak 2015): meta/esc50.csv and audio/; ESC-10 comes in the same layout."""
    metadata = find_metadata(folder, ("meta/esc50.csv",), "ESC-50")
    clips, missing = [], []
    for row in read_table(metadata, ("filename", "fold", "category", "src_file")):
        path = sound_with_any_suffix(folder / "audio" / row["filename"])
        if path is None:
            missing.append(row["filename"])
            continue
        clips.append(
            _labelled_clip(
                path, row["category"], whole_number(row["fold"], "fold", metadata), row["src_file"]
            )
        )
    classes = {clip.labels[0] for clip in clips}
    title = "ESC-50" if len(classes) > 10 else f"ESC-50, {len(classes)} classes"
    return Dataset(
        kind="esc50",
        title=title,
        folder=folder,
        clips=tuple(clips),
        missing=tuple(missing),
        duration_s=5.0,
        metadata_sha256=sha256_of_files([metadata]),
    )


def _read_urbansound8k(folder: Path) -> Dataset:
    """UrbanSound8K (Salamon et al. 2014): metadata/UrbanSound8K.csv and audio/fold1 … fold10.

    Slices of one freesound recording share fsID.
    """
    metadata = find_metadata(
        folder, ("metadata/UrbanSound8K.csv", "UrbanSound8K.csv"), "UrbanSound8K"
    )
    clips, missing = [], []
    for row in read_table(metadata, ("slice_file_name", "fsID", "fold", "class")):
        fold = whole_number(row["fold"], "fold", metadata)
        path = sound_with_any_suffix(folder / "audio" / f"fold{fold}" / row["slice_file_name"])
        if path is None:
            missing.append(row["slice_file_name"])
            continue
        clips.append(_labelled_clip(path, row["class"], fold, row["fsID"]))
    return Dataset(
        kind="urbansound8k",
        title="UrbanSound8K",
        folder=folder,
        clips=tuple(clips),
        missing=tuple(missing),
        duration_s=4.0,
        metadata_sha256=sha256_of_files([metadata]),
    )


def _labelled_clip(path: Path, label: str, fold: int, source: str) -> DatasetClip:
    """A clip of a dataset of one label a clip, in numbered folds."""
    labels = (plain_label(label),)
    return DatasetClip(
        path=path,
        name=path.stem,
        labels=labels,
        fold=str(fold),
        source=source,
        related=frozenset(labels),
    )


def _read_folder(folder: Path) -> Dataset:
    """Any folder: a clip's label is its folder's name, or its own without a trailing number."""
    if not folder.is_dir():
        raise DatasetError(f"There is no folder {folder}.")
    clips = []
    for path in sounds_below(folder):
        inner = path.relative_to(folder)
        word = inner.parent.name or _TRAILING_NUMBER.sub("", path.stem) or path.stem
        labels = (plain_label(word.replace("-", " ")),)
        clips.append(
            DatasetClip(
                path=path,
                # The suffix stays: rain.wav and rain.flac may lie side by side.
                name="__".join(inner.parts),
                labels=labels,
                source=str(inner),
                related=frozenset(labels),
            )
        )
    return Dataset(kind="folder", title=folder.name, folder=folder, clips=tuple(clips))


_READERS: Final[Mapping[DatasetKind, Callable[[Path], Dataset]]] = {
    "esc50": _read_esc50,
    "urbansound8k": _read_urbansound8k,
    "audiocaps": read_audiocaps,
    "audioset": read_audioset,
    "folder": _read_folder,
}
DATASET_KINDS: Final[tuple[DatasetKind, ...]] = tuple(_READERS)
