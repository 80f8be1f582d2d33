"""The published layouts, read from small copies; what is missing or wrong is said."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from soundstudio.benchmark.dataset import DatasetClip
from soundstudio.benchmark.layouts import DATASET_KINDS, read_dataset
from soundstudio.dataset.findings import DatasetError

if TYPE_CHECKING:
    from pathlib import Path

    from soundstudio.core.benchmark_requests import DatasetKind


def touch(*paths: Path) -> None:
    """Readers look whether a sound is there; none opens it."""
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_esc50(esc_folder: Path) -> None:
    dataset = read_dataset("esc50", esc_folder)
    assert (dataset.title, len(dataset.clips)) == ("ESC-50, 4 classes", 12)
    assert (dataset.missing, dataset.missing_sentence(), dataset.duration_s) == ((), "", 5.0)
    clip = dataset.clips[3]
    assert (clip.name, clip.labels) == ("1-1003-A-3", ("chirping birds",))
    assert (clip.fold, clip.source) == ("1", "1001")
    assert dataset.labels() == ("chirping birds", "dog", "rain", "rooster")
    assert len(dataset.metadata_sha256) == 64


def test_another_suffix_serves(esc_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "esc"
    shutil.copytree(esc_folder, folder)
    sound = read_dataset("esc50", folder).clips[0].path
    sound.rename(sound.with_suffix(".ogg"))
    assert read_dataset("esc50", folder).clips[0].path.suffix == ".ogg"


def test_missing_sounds_are_counted_and_named(esc_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "esc"
    shutil.copytree(esc_folder, folder)
    sounds = sorted((folder / "audio").iterdir())
    for path in sounds[:7]:
        path.unlink()
    dataset = read_dataset("esc50", folder)
    assert len(dataset.clips) == 5
    sentence = dataset.missing_sentence()
    assert sentence.startswith("7 of 12 clips have no sound file here: 1-1000-A-0.wav, ")
    assert sentence.endswith(" and 2 more.")
    for path in sounds[7:]:
        path.unlink()
    with pytest.raises(DatasetError, match="12 of 12 clips have no sound"):
        read_dataset("esc50", folder)


URBAN_HEAD = "slice_file_name,fsID,start,end,salience,fold,classID,class"


def test_urbansound8k(tmp_path: Path) -> None:
    rows = [URBAN_HEAD, "7-1-0-0.wav,7,0,4,1,2,1,car_horn", "7-1-0-1.wav,7,4,8,1,2,1,car_horn"]
    (tmp_path / "metadata").mkdir()
    (tmp_path / "metadata" / "UrbanSound8K.csv").write_text("\n".join(rows))
    touch(
        tmp_path / "audio" / "fold2" / "7-1-0-0.wav", tmp_path / "audio" / "fold1" / "7-1-0-1.wav"
    )
    dataset = read_dataset("urbansound8k", tmp_path)
    (clip,) = dataset.clips
    assert (clip.labels, clip.fold, clip.source) == (("car horn",), "2", "7")
    assert dataset.missing == ("7-1-0-1.wav",)  # it lies in another fold than the table says
    assert dataset.duration_s == 4.0


def test_audiocaps(tmp_path: Path) -> None:
    head = "audiocap_id,youtube_id,start_time,caption"
    base = tmp_path / "dataset"
    base.mkdir()
    (base / "train.csv").write_text(f"{head}\n1,aaa,30,Rain falls\n")
    (base / "test.csv").write_text(
        f'{head}\n2,-bb,10,"A dog barks, twice"\n3,-bb,10,Barking\n4,-bb,20,Birds\n5,ccc,0,Wind\n'
    )
    touch(*(tmp_path / "audio" / name for name in ("Yaaa.wav", "-bb_10.flac", "Y-bb_20000.wav")))
    dataset = read_dataset("audiocaps", tmp_path)
    assert [(clip.name, clip.fold, clip.captions) for clip in dataset.clips] == [
        ("Yaaa", "train", ("Rain falls",)),
        ("-bb_10", "test", ("A dog barks, twice", "Barking")),
        ("Y-bb_20000", "test", ("Birds",)),
    ]
    assert dataset.missing == ("ccc",)
    assert {clip.source for clip in dataset.clips} == {"aaa", "-bb"}


SEGMENTS = """# Segments csv created Sun Mar  5 10:54:31 2017
# num_ytids=2
# YTID, start_seconds, end_seconds, positive_labels
aaa, 30.000, 40.000, "/m/dog,/m/rain"
-bb, 0.000, 10.000, "/m/bark"
"""
ONTOLOGY = [
    {"id": "/m/animal", "name": "Animal", "child_ids": ["/m/dog"]},
    {"id": "/m/dog", "name": "Dog", "child_ids": ["/m/bark"]},
    {"id": "/m/bark", "name": "Bark", "child_ids": []},
    {"id": "/m/rain", "name": "Rain", "child_ids": []},
    {"id": "/m/cat", "name": "Cat, house", "child_ids": []},
]


def audioset(folder: Path) -> Path:
    (folder / "eval_segments.csv").write_text(SEGMENTS)
    (folder / "ontology.json").write_text(json.dumps(ONTOLOGY))
    touch(folder / "audios" / "Yaaa.wav", folder / "audios" / "Y-bb.wav")
    return folder


def test_audioset(tmp_path: Path) -> None:
    dataset = read_dataset("audioset", audioset(tmp_path))
    both, bark = dataset.clips
    assert (both.labels, both.fold, both.source) == (("Dog", "Rain"), "eval", "aaa")
    assert bark.labels == ("Bark",)
    assert bark.related == {"Bark", "Dog", "Animal"}
    assert bark.is_related_to(both)
    assert both.is_related_to(bark)
    rain = DatasetClip(both.path, "rain", ("Rain",), related=frozenset({"Rain"}))
    assert not rain.is_related_to(bark)


def test_audioset_names_from_the_list_of_classes(tmp_path: Path) -> None:
    audioset(tmp_path)
    (tmp_path / "ontology.json").unlink()
    (tmp_path / "class_labels_indices.csv").write_text(
        'index,mid,display_name\n0,/m/dog,"Dog, hound"\n1,/m/rain,Rain\n2,/m/bark,Bark\n'
    )
    dataset = read_dataset("audioset", tmp_path)
    assert dataset.clips[0].labels == ("Dog, hound", "Rain")
    assert dataset.clips[1].related == {"Bark"}


def test_any_folder(tmp_path: Path) -> None:
    touch(*(tmp_path / n for n in ("door_slam_02.wav", "rain/a.wav", "rain/a.flac", "Note.txt")))
    touch(tmp_path / ".hidden" / "b.wav", tmp_path / "42.wav")
    dataset = read_dataset("folder", tmp_path)
    assert {clip.name: clip.labels for clip in dataset.clips} == {
        "42.wav": ("42",),
        "door_slam_02.wav": ("door slam",),
        "rain__a.flac": ("rain",),
        "rain__a.wav": ("rain",),
    }


@pytest.mark.parametrize("kind", DATASET_KINDS)
def test_no_folder_and_an_empty_one(kind: DatasetKind, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no folder"):
        read_dataset(kind, tmp_path / "gone")
    with pytest.raises(DatasetError, match=r"does not hold|holds no sounds"):
        read_dataset(kind, tmp_path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\xff\xfe\x00bad", "not a text file"),
        (b"filename,fold\na.wav,1\n", "lacks the columns category, src_file"),
        (b"filename,fold,category,src_file\n", "lists no clips"),
        (b"", "lacks the columns"),
        (b"filename,fold,category,src_file\na.wav,1\n", "Row 2 of esc50.csv is incomplete"),
        (b"filename,fold,category,src_file\na.wav,one,dog,7\n", "“one” in its column fold"),
    ],
)
def test_unreadable_tables(content: bytes, sentence: str, tmp_path: Path) -> None:
    touch(tmp_path / "audio" / "a.wav", tmp_path / "meta" / "esc50.csv")
    (tmp_path / "meta" / "esc50.csv").write_bytes(content)
    with pytest.raises(DatasetError, match=sentence):
        read_dataset("esc50", tmp_path)


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("eval_segments.csv", "aaa, 30.0, 40.0\n", "Line 1 of eval_segments.csv has 3 cells"),
        ("eval_segments.csv", 'aaa, now, 4.0, "/m/dog"\n', "“now” in its column start_seconds"),
        ("eval_segments.csv", 'aaa, 30.0, 40.0, "/m/fox"\n', "uses the label /m/fox"),
        ("ontology.json", "[1, 2]", "not AudioSet's ontology"),
        ("ontology.json", "{", "not AudioSet's ontology"),
    ],
)
def test_unreadable_audioset(file: str, content: str, sentence: str, tmp_path: Path) -> None:
    audioset(tmp_path)
    (tmp_path / file).write_text(content)
    with pytest.raises(DatasetError, match=sentence):
        read_dataset("audioset", tmp_path)


def test_audioset_without_names(tmp_path: Path) -> None:
    audioset(tmp_path)
    (tmp_path / "ontology.json").unlink()
    with pytest.raises(DatasetError, match="neither class_labels_indices"):
        read_dataset("audioset", tmp_path)
