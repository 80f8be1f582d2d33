"""dataset.jsonl: what is written reads in again equal, and damage is said."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from soundstudio.core.errors import StorageError
from soundstudio.dataset.dataset import (
    Dataset,
    DatasetClip,
    DatasetError,
    DatasetOptions,
    Finding,
    load_dataset,
    save_dataset,
)


def a_dataset() -> Dataset:
    odd = Path(os.fsdecode(b"/sounds/caf\xe9 \xe9.wav"))
    clips = (
        DatasetClip(odd, "käfer 雨", "insect", "käfer", "train", 0.0, 10.24, "ab" * 32),
        DatasetClip(Path("/sounds/a\nb.wav"), "", None, "a", "test", 1 / 3, 0.1, "cd" * 32),
    )
    findings = (
        Finding("duplicate", "It repeats another.", odd, excludes=True, other=Path("/sounds/x")),
        Finding("few clips", "Only two clips."),
    )
    options = DatasetOptions(
        caption_table=Path("/t.csv"), replacements=(("a", "b"), ("c", "")), seed=7
    )
    return Dataset(Path("/sounds"), clips, findings, options)


def test_round_trip(tmp_path: Path) -> None:
    save_dataset(a_dataset(), tmp_path / "dataset.jsonl")
    assert load_dataset(tmp_path / "dataset.jsonl") == a_dataset()
    assert list(tmp_path.iterdir()) == [tmp_path / "dataset.jsonl"]


def test_counts_and_durations() -> None:
    dataset = a_dataset()
    assert dataset.counts() == {"train": 1, "validation": 0, "test": 1}
    assert dataset.durations_s() == {"train": 10.24, "validation": 0, "test": 0.1}
    assert dataset.labels() == ("insect",)


@pytest.mark.parametrize("keep", [0, 1, 2, 4])
def test_a_file_cut_short_is_not_believed(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "dataset.jsonl"
    save_dataset(a_dataset(), path)
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:keep]))
    with pytest.raises(DatasetError, match="damaged or not a dataset"):
        load_dataset(path)


@pytest.mark.parametrize(
    "content", [b"[1]\n", b"{}\n", b'"text"\n', b"\xff\xfe", b'{"format": "x", "version": 1}\n']
)
def test_other_files_are_not_datasets(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other.jsonl").write_bytes(content)
    with pytest.raises(DatasetError, match=r"other\.jsonl is damaged or not a dataset"):
        load_dataset(tmp_path / "other.jsonl")


def test_a_newer_version_is_named(tmp_path: Path) -> None:
    path = tmp_path / "dataset.jsonl"
    save_dataset(a_dataset(), path)
    head, *rest = path.read_text().splitlines()
    newer = json.dumps(json.loads(head) | {"version": 2})
    path.write_text("\n".join([newer, *rest]))
    with pytest.raises(DatasetError, match="newer version"):
        load_dataset(path)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be read: No such file"):
        load_dataset(tmp_path / "none.jsonl")


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="does not exist"):
        save_dataset(a_dataset(), tmp_path / "none" / "dataset.jsonl")
