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
from soundstudio.jobs.clip_reading import (
    ClipReader,
    ReadClips,
    read_captions,
    read_own_table,
    rebuilt,
    write_for_run,
)

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
    return read_captions(scan_folder(folder, processes=1), DatasetOptions(), {}, {})


def test_a_folder_becomes_clips_with_earlier_choices(
    qtbot: QtBot, reader: ClipReader, clips: Path
) -> None:
    seen: list[tuple[int, int]] = []
    reader.progressed.connect(lambda done, total: seen.append((done, total)))
    choices = {clips / "sound 3 bell.wav": CaptionCandidate("edited", "a cow")}
    ticks = {clips / "sound 5 bell.wav": True}
    with qtbot.waitSignal(reader.finished, timeout=PATIENCE_MS) as finished:
        reader.read(clips, DatasetOptions(), choices, ticks)
        assert reader.is_busy
    read: ReadClips = finished.args[0]
    assert not reader.is_busy
    assert [row.caption for row in read.table.rows].count("a cow") == 1
    assert "a cow" not in [row.caption for row in read.original.rows]
    assert sum(read.dataset.counts().values()) == 5
    assert (read.numbers.used, read.numbers.left_out) == (5, 1)
    assert read.numbers.unused == {clips / "sound 5 bell.wav"}
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


def test_a_table_that_says_nothing_of_it_leaves_the_same_clips_out(
    clips: Path, tmp_path: Path
) -> None:
    read = read_now(clips)
    gone, other = clips / "sound 1 bell.wav", clips / "sound 2 bell.wav"
    table = read.table.with_left_out({gone: True})
    options = DatasetOptions(caption_table=tmp_path / "own.csv")
    (tmp_path / "own.csv").write_text(f"file,caption\n{other.name},ding\n", encoding="utf-8")
    again = read_own_table(read, table, options)
    assert again.numbers.unused == {gone}
    assert "ding" in {row.caption for row in again.table.rows}
    (tmp_path / "own.csv").write_text(f"file,left_out\n{other.name},yes\n", encoding="utf-8")
    assert read_own_table(read, table, options).numbers.unused == {other}


def test_nothing_left_to_train_on_begins_no_run(clips: Path, tmp_path: Path) -> None:
    read = read_now(clips)
    table = read.table.with_left_out(dict.fromkeys((row.path for row in read.table.rows), True))
    empty = rebuilt(read, table, DatasetOptions())
    assert empty.numbers.used == 0
    assert [f.sentence for f in empty.dataset.findings if f.kind == "few clips"] == [
        "Every clip is left out: there is nothing to train on."
    ]
    with pytest.raises(DatasetError, match="Every clip is left out"):
        write_for_run(empty, tmp_path / "kept" / "a.jsonl", tmp_path / "runs")


def test_a_place_that_cannot_be_written_is_said(clips: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file", encoding="ascii")
    with pytest.raises(StorageError, match="list of clips"):
        write_for_run(read_now(clips), tmp_path / "kept" / "a.jsonl", tmp_path / "runs")
