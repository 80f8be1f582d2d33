"""A folder read in the background: progress, cancelling, what vanishes, and the file for a run."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from made_sounds import write_sound

from soundstudio.core.errors import StorageError
from soundstudio.dataset.captions import CaptionCandidate
from soundstudio.dataset.clips import DatasetOptions
from soundstudio.dataset.dataset import load_dataset
from soundstudio.dataset.findings import DatasetError
from soundstudio.dataset.scan import scan_folder
from soundstudio.jobs.background import Background
from soundstudio.jobs.clip_reading import ClipReader, ReadClips, read_captions, write_for_run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

PATIENCE_MS = 30_000


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    folder = tmp_path / "clips"
    for number in range(6):
        write_sound(folder / f"sound {number} bell.wav", number)
    return folder


@pytest.fixture
def reader(qapp: object) -> Iterator[ClipReader]:
    background = Background(threads=1)
    reader = ClipReader(background)
    yield reader
    reader.close()
    background.close()


def read_now(folder: Path) -> ReadClips:
    return read_captions(scan_folder(folder, processes=1), DatasetOptions(), {})


def test_a_folder_becomes_clips_with_earlier_choices(
    qtbot: QtBot, reader: ClipReader, clips: Path
) -> None:
    seen: list[tuple[int, int]] = []
    reader.progressed.connect(lambda done, total: seen.append((done, total)))
    choices = {clips / "sound 3 bell.wav": CaptionCandidate("edited", "a cow")}
    with qtbot.waitSignal(reader.finished, timeout=PATIENCE_MS) as finished:
        reader.read(clips, DatasetOptions(), choices)
        assert reader.is_busy
    read: ReadClips = finished.args[0]
    assert not reader.is_busy
    assert [row.caption for row in read.table.rows].count("a cow") == 1
    assert "a cow" not in [row.caption for row in read.original.rows]
    assert sum(read.dataset.counts().values()) == 6
    assert seen[0] == (0, 0)
    assert seen[-1] == (6, 6)


def test_cancelling_ends_it(qtbot: QtBot, reader: ClipReader, clips: Path) -> None:
    finished: list[object] = []
    reader.finished.connect(finished.append)
    with qtbot.waitSignal(reader.cancelled, timeout=PATIENCE_MS):
        reader.read(clips, DatasetOptions(), {})
        reader.cancel()
    assert finished == []
    assert not reader.is_busy


@pytest.mark.parametrize(("name", "words"), [("nowhere", "no folder"), ("empty", "no sounds")])
def test_nothing_to_read_is_said(
    qtbot: QtBot, reader: ClipReader, tmp_path: Path, name: str, words: str
) -> None:
    (tmp_path / "empty").mkdir()
    with qtbot.waitSignal(reader.failed, timeout=PATIENCE_MS) as failed:
        reader.read(tmp_path / name, DatasetOptions(), {})
    assert words in failed.args[0].sentence()


def test_a_table_of_an_earlier_time_that_is_gone_stops_nothing(
    qtbot: QtBot, reader: ClipReader, clips: Path, tmp_path: Path
) -> None:
    options = DatasetOptions(caption_table=tmp_path / "gone.csv")
    with qtbot.waitSignal(reader.finished, timeout=PATIENCE_MS) as finished:
        reader.read(clips, options, {})
    sentences = [finding.sentence for finding in finished.args[0].dataset.findings]
    assert any("gone.csv" in sentence for sentence in sentences)


def test_the_file_for_a_run_is_a_dataset(clips: Path, tmp_path: Path) -> None:
    read = read_now(clips)
    file = write_for_run(read, tmp_path / "kept" / "bells.jsonl", tmp_path / "runs")
    assert load_dataset(tmp_path / "kept" / "bells.jsonl").clips == read.dataset.clips
    assert file == str(tmp_path / "kept" / "bells.jsonl")
    # The run has its own copy now; one of a run that has not begun yet stays.
    (tmp_path / "runs" / "bells").mkdir(parents=True)
    shutil.copy(file, tmp_path / "runs" / "bells" / "dataset.jsonl")
    write_for_run(read, tmp_path / "kept" / "waits.jsonl", tmp_path / "runs")
    write_for_run(read, tmp_path / "kept" / "third.jsonl", tmp_path / "runs")
    kept = {path.name for path in (tmp_path / "kept").iterdir()}
    assert kept == {"waits.jsonl", "third.jsonl"}


def test_clips_or_a_folder_that_vanished_begin_no_run(clips: Path, tmp_path: Path) -> None:
    read = read_now(clips)
    (clips / "sound 2 bell.wav").unlink()
    with pytest.raises(DatasetError, match=r"sound 2 bell\.wav vanished"):
        write_for_run(read, tmp_path / "kept" / "a.jsonl", tmp_path / "runs")
    shutil.rmtree(clips)
    with pytest.raises(DatasetError, match="not there any more"):
        write_for_run(read, tmp_path / "kept" / "a.jsonl", tmp_path / "runs")
    assert not (tmp_path / "kept").exists()


def test_a_place_that_cannot_be_written_is_said(clips: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file", encoding="ascii")
    with pytest.raises(StorageError, match="list of clips"):
        write_for_run(read_now(clips), tmp_path / "kept" / "a.jsonl", tmp_path / "runs")
