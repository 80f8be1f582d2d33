"""AudioSet and AudioCaps: lists of YouTube segments, whose sounds the user brings."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from soundstudio.benchmark.dataset import Dataset, DatasetClip, sha256_of_files
from soundstudio.dataset.findings import DatasetError
from soundstudio.dataset.metadata_tables import (
    find_metadata,
    read_table,
    read_text,
    sounds_below,
    whole_number,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SPLITS: Final = ("train", "val", "test")
_SEGMENT_FILES: Final = {
    "eval": "eval_segments.csv",
    "balanced": "balanced_train_segments.csv",
    "unbalanced": "unbalanced_train_segments.csv",
}
_SEGMENT_S: Final = 10.0


class _SoundIndex:
    """Finds the sound of a YouTube segment by the names that downloaders give it."""

    def __init__(self, folder: Path) -> None:
        self._by_stem = {path.stem: path for path in sounds_below(folder)}

    def find(self, youtube_id: str, start_s: int) -> Path | None:
        """PANNs' Y<id>, or <id>, each with or without _<start in seconds> or _<milliseconds>."""
        for head in (f"Y{youtube_id}", youtube_id):
            for tail in ("", f"_{start_s}", f"_{start_s * 1000}"):
                if (path := self._by_stem.get(head + tail)) is not None:
                    return path
        return None


def read_audiocaps(folder: Path) -> Dataset:
    """AudioCaps (Kim et al. 2019): train.csv, val.csv, test.csv, in dataset/ or the folder itself.

    val and test have several captions a clip, one a row.
    """
    places = [f"{inner}{split}.csv" for inner in ("dataset/", "") for split in _SPLITS]
    base = find_metadata(folder, places, "AudioCaps").parent
    tables = [path for split in _SPLITS if (path := base / f"{split}.csv").is_file()]
    sounds = _SoundIndex(folder)
    clips: list[DatasetClip] = []
    missing: list[str] = []
    for table in tables:
        captions: dict[tuple[str, int], list[str]] = {}
        for row in read_table(table, ("youtube_id", "start_time", "caption")):
            start_s = whole_number(row["start_time"], "start_time", table)
            captions.setdefault((row["youtube_id"], start_s), []).append(row["caption"].strip())
        for (youtube_id, start_s), texts in captions.items():
            sound = sounds.find(youtube_id, start_s)
            if sound is None:
                missing.append(youtube_id)
                continue
            clips.append(
                DatasetClip(
                    path=sound,
                    name=sound.stem,
                    labels=(),
                    captions=tuple(texts),
                    fold=table.stem,
                    source=youtube_id,
                )
            )
    return Dataset(
        kind="audiocaps",
        title="AudioCaps",
        folder=folder,
        clips=tuple(clips),
        missing=tuple(missing),
        duration_s=_SEGMENT_S,
        metadata_sha256=sha256_of_files(tables),
    )


def read_audioset(folder: Path) -> Dataset:
    """AudioSet (Gemmeke et al. 2017): segment lists and their labels' names.

    Names come from class_labels_indices.csv or ontology.json, ancestors from the latter.
    """
    tables = {
        fold: path
        for fold, name in _SEGMENT_FILES.items()
        for path in (folder / name, folder / "metadata" / name)
        if path.is_file()
    }
    if not tables:
        places = (_SEGMENT_FILES["eval"], f"metadata/{_SEGMENT_FILES['eval']}")
        find_metadata(folder, places, "AudioSet")
    names = _read_names(folder)
    sounds = _SoundIndex(folder)
    clips, missing = [], []
    for fold, table in tables.items():
        for segment in _segments(table):
            path = sounds.find(segment.youtube_id, segment.start_s)
            if path is None:
                missing.append(segment.youtube_id)
                continue
            labels, related = names.of(segment.mids, table)
            clips.append(
                DatasetClip(
                    path=path,
                    name=path.stem,
                    labels=labels,
                    fold=fold,
                    source=segment.youtube_id,
                    related=related,
                )
            )
    return Dataset(
        kind="audioset",
        title="AudioSet",
        folder=folder,
        clips=tuple(clips),
        missing=tuple(missing),
        duration_s=_SEGMENT_S,
        metadata_sha256=sha256_of_files([*tables.values(), *names.files]),
    )


@dataclass(frozen=True, slots=True)
class _Segment:
    youtube_id: str
    start_s: int
    mids: tuple[str, ...]


def _segments(table: Path) -> Iterator[_Segment]:
    """Lines `YTID, start, end, "mid,mid"` after comments that begin with #."""
    lines = read_text(table).splitlines()
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = next(csv.reader([line], skipinitialspace=True))
        if len(cells) != 4:
            raise DatasetError(
                f"Line {number} of {table.name} has {len(cells)} cells; a segment has 4.",
                "Download the metadata again.",
            )
        start_s = whole_number(cells[1], "start_seconds", table)
        mids = tuple(mid.strip() for mid in cells[3].split(",") if mid.strip())
        yield _Segment(cells[0], start_s, mids)


@dataclass(frozen=True, slots=True)
class _LabelNames:
    """Display names of AudioSet's label ids, and the ids above each."""

    names: dict[str, str]
    parents: dict[str, tuple[str, ...]]
    files: tuple[Path, ...]

    def of(self, mids: tuple[str, ...], table: Path) -> tuple[tuple[str, ...], frozenset[str]]:
        """The names of a segment's labels, and these with all their ancestors' names."""
        unknown = [mid for mid in mids if mid not in self.names]
        if unknown:
            raise DatasetError(
                f"{table.name} uses the label {unknown[0]}, "
                f"which {' and '.join(path.name for path in self.files)} do not name.",
                "Use label names and segments of the same release.",
            )
        above: set[str] = set()
        waiting = list(mids)
        while waiting:
            mid = waiting.pop()
            if mid not in above:
                above.add(mid)
                waiting += self.parents.get(mid, ())
        labels = tuple(self.names[mid] for mid in mids)
        return labels, frozenset(self.names[mid] for mid in above)


def _read_names(folder: Path) -> _LabelNames:
    indices = _first_file(folder, "class_labels_indices.csv")
    ontology = _first_file(folder, "ontology.json")
    if indices is None and ontology is None:
        raise DatasetError(
            f"{folder} has neither class_labels_indices.csv nor ontology.json.",
            "One of them must lie beside the segment lists: it names the labels.",
        )
    names: dict[str, str] = {}
    parents: dict[str, tuple[str, ...]] = {}
    if ontology is not None:
        for node in _ontology_nodes(ontology):
            names[node["id"]] = node["name"]
            for child in node.get("child_ids", ()):
                parents[child] = (*parents.get(child, ()), node["id"])
    if indices is not None:
        rows = read_table(indices, ("mid", "display_name"))
        names |= {row["mid"]: row["display_name"] for row in rows}
    return _LabelNames(names, parents, tuple(path for path in (indices, ontology) if path))


def _ontology_nodes(path: Path) -> list[dict[str, Any]]:
    try:
        nodes = json.loads(read_text(path))
        if all(isinstance(node["id"], str) and isinstance(node["name"], str) for node in nodes):
            return list(nodes)
    except (ValueError, TypeError, KeyError):
        pass
    raise DatasetError(
        f"{path.name} is not AudioSet's ontology.",
        "Download it again: a list of nodes with id and name.",
    )


def _first_file(folder: Path, name: str) -> Path | None:
    places = (folder / name, folder / "metadata" / name, folder / "ontology" / name)
    return next((path for path in places if path.is_file()), None)
