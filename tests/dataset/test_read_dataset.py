"""From a folder to a dataset in one call."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from made_sounds import RATE, made_sound, write_samples, write_sound

from soundstudio.core.errors import InvalidRequestError
from soundstudio.dataset.dataset import (
    Dataset,
    DatasetError,
    DatasetOptions,
    load_dataset,
    read_dataset,
    save_dataset,
)
from soundstudio.dataset.segments import segments_of, suiting_segment_s

if TYPE_CHECKING:
    from pathlib import Path


def read(folder: Path, **options: object) -> Dataset:
    return read_dataset(folder, DatasetOptions(**options), processes=1)  # type: ignore[arg-type]


def kinds(dataset: Dataset) -> list[str]:
    return sorted(finding.kind for finding in dataset.findings)


def fingerprint_of(folder: Path) -> dict[str, tuple[str, int, int]]:
    return {
        str(path): (
            hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns,
            path.stat().st_mode,
        )
        for path in folder.rglob("*")
        if path.is_file()
    }  # fmt: skip


def test_a_folder_becomes_a_dataset_and_stays_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    for number in range(30):
        write_sound(folder / ("dog", "rain", "door")[number % 3] / f"{number:03}.wav", number, 0.3)
    shutil.copy(folder / "dog" / "003.wav", folder / "rain" / "010 copy.wav")
    (folder / "rain" / "broken.wav").write_text("broken")
    before = fingerprint_of(folder)
    dataset = read(folder, template="the sound of {caption}", replacements=(("dog", "a dog"),))
    assert fingerprint_of(folder) == before
    assert dataset.folder == folder
    assert {clip.caption for clip in dataset.clips} == {
        "the sound of a dog", "the sound of rain", "the sound of door",
    }  # fmt: skip
    assert dataset.labels() == ("dog", "door", "rain")
    assert dataset.counts() == {"train": 24, "validation": 3, "test": 3}
    assert dataset.durations_s()["train"] == pytest.approx(7.2)
    clip = dataset.clips[0]
    assert clip.path == folder / "dog" / "000.wav"
    assert (clip.start_s, clip.duration_s) == (0.0, 0.3)
    assert clip.content == hashlib.sha256(clip.path.read_bytes()).hexdigest()
    assert kinds(dataset) == ["damaged", "duplicate"]
    save_dataset(dataset, tmp_path / "dataset.jsonl")
    assert load_dataset(tmp_path / "dataset.jsonl") == dataset


def test_reading_again_gives_the_same(tmp_path: Path) -> None:
    for number in range(12):
        write_sound(tmp_path / f"{chr(97 + number) * 4}.wav", number, 0.2)
    assert read(tmp_path) == read(tmp_path)
    assert read(tmp_path, seed=5).clips != read(tmp_path).clips


@pytest.mark.parametrize(
    ("duration_s", "segment_s", "expected"),
    [
        (0.2, 10.0, [(0.0, 0.2)]),
        (10.0, 10.0, [(0.0, 10.0)]),
        (10.9, 10.0, [(0.0, 10.0)]),
        (12.0, 10.0, [(0.0, 10.0), (2.0, 10.0)]),
        (30.5, 10.0, [(0.0, 10.0), (10.0, 10.0), (20.0, 10.0)]),
        (35.0, 10.0, [(0.0, 10.0), (10.0, 10.0), (20.0, 10.0), (25.0, 10.0)]),
        (7200.0, 0.0, [(0.0, 7200.0)]),
    ],
)
def test_segments(duration_s: float, segment_s: float, expected: list[tuple[float, float]]) -> None:
    assert segments_of(duration_s, segment_s) == expected


@pytest.mark.parametrize(
    ("durations_s", "expected_s"),
    [
        ([5.0] * 299 + [5.1, 7.0, 7.24], 5.12),
        ([5.0] * 9 + [7.0], 7.04),
        ([0.5] * 100 + [60.0] * 3, 10.24),
        ([0.5] * 100 + [1.2], 0.64),
        ([7200.0], 10.24),
        ([10.2400227] * 20, 10.24),
        ([0.1], 0.64),
        ([], 10.24),
    ],
)
def test_the_segment_that_suits_clips(durations_s: list[float], expected_s: float) -> None:
    assert suiting_segment_s(durations_s) == expected_s
    assert suiting_segment_s(reversed(durations_s)) == expected_s


def test_a_long_clip_does_not_pad_the_others(tmp_path: Path) -> None:
    """It is cut instead, and the dataset knows the length that was chosen."""
    for number in range(40):
        write_sound(tmp_path / f"{chr(97 + number) * 4}.wav", number, 1.0)
    write_sound(tmp_path / "thunder.wav", 99, 2.0)
    dataset = read(tmp_path)
    assert dataset.options.segment_s == 1.28
    cut = [clip for clip in dataset.clips if clip.path.name == "thunder.wav"]
    assert [(clip.start_s, clip.duration_s) for clip in cut] == [(0.0, 1.28), (0.72, 1.28)]
    save_dataset(dataset, tmp_path / "dataset.jsonl")
    assert load_dataset(tmp_path / "dataset.jsonl").options == dataset.options


def test_silent_segments_are_left_out(tmp_path: Path) -> None:
    parts = [made_sound(1, 10.0), np.zeros(20 * RATE, np.float32), made_sound(2, 10.0)]
    write_samples(tmp_path / "ambience.wav", np.concatenate(parts))
    dataset = read(tmp_path, segment_s=5.0)
    assert [clip.start_s for clip in dataset.clips] == [0.0, 5.0, 30.0, 35.0]
    assert {clip.split for clip in dataset.clips} == {"train"}
    sentences = [finding.sentence for finding in dataset.findings]
    assert "4 of 8 segments of ambience.wav are silent and left out." in sentences
    assert "There are clips of one recording only: none can be spared for validation." in sentences


def test_two_hours(tmp_path: Path) -> None:
    """Read in blocks, cut into segments, all on one side."""
    minute = np.concatenate([made_sound(number, 10.0, 8000) for number in range(6)])
    write_samples(tmp_path / "two hours.flac", np.tile(minute, 120), 8000)
    dataset = read(tmp_path)
    assert len(dataset.clips) == 704
    assert sum(dataset.durations_s().values()) == pytest.approx(7200, abs=11)
    assert kinds(dataset) == ["few clips", "long", "low rate", "splits"]


def test_three_clips(tmp_path: Path) -> None:
    for number, name in enumerate(("dog", "rain", "door")):
        write_sound(tmp_path / f"{name}.wav", number)
    dataset = read(tmp_path)
    assert dataset.counts() == {"train": 2, "validation": 1, "test": 0}
    (finding,) = dataset.findings
    assert finding.sentence.startswith("3 clips are very little")


def test_two_hundred_captions_all_the_same(tmp_path: Path) -> None:
    rows = ["file,caption"]
    for number in range(200):
        write_sound(tmp_path / f"{number:03}.wav", number, 0.1)
        rows.append(f"{number:03}.wav,sound")
    (tmp_path / "captions.csv").write_text("\n".join(rows))
    (finding,) = read(tmp_path).findings
    assert finding.sentence == (
        "All 200 clips have the caption “sound”: text cannot tell them apart."
    )


def test_near_duplicates_share_a_split_or_are_left_out(tmp_path: Path) -> None:
    for number in range(24):
        letter = chr(97 + number)
        write_samples(tmp_path / f"{letter * 5}.wav", made_sound(number, 0.5))
        write_samples(tmp_path / f"{letter * 3}x.wav", made_sound(number, 0.5) * 0.5)
    dataset = read(tmp_path, validation_share=0.3, test_share=0.2)
    assert len(dataset.clips) == 48
    by_recording: dict[str, set[str]] = {}
    for clip in dataset.clips:
        by_recording.setdefault(clip.recording, set()).add(clip.split)
    assert len(by_recording) == 24
    assert all(len(splits) == 1 for splits in by_recording.values())
    assert len(read(tmp_path, keep_near_duplicates=False).clips) == 24


def test_of_near_duplicates_another_is_used_if_the_first_is_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    for name, level in (("a loud", 1.0), ("b soft", 0.5), ("c softer", 0.25)):
        write_samples(folder / f"{name}.wav", made_sound(1, 0.5) * level)
    write_sound(folder / "other.wav", 2)

    def used(*left_out: str) -> list[str]:
        table = tmp_path / "own.csv"
        rows = [f"{name},x,{'yes' if name in left_out else 'no'}" for name in names]
        table.write_text("\n".join(("file,caption,left_out", *rows)))
        dataset = read(folder, keep_near_duplicates=False, caption_table=table)
        return [clip.path.stem for clip in dataset.clips]

    names = [f"{name}.wav" for name in ("a loud", "b soft", "c softer", "other")]
    assert used() == ["a loud", "other"]
    assert used("a loud.wav") == ["b soft", "other"]
    assert used("a loud.wav", "b soft.wav") == ["c softer", "other"]
    assert used(*names[:3]) == ["other"]


def test_clips_that_are_left_out_are_in_no_split_and_said(tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    for number in range(10):
        write_sound(folder / f"{chr(97 + number) * 4} bell.wav", number)
    table = tmp_path / "own.csv"
    table.write_text("file,left_out\naaaa bell.wav,yes\nbbbb bell.wav,yes\ncccc bell.wav,no\n")
    dataset = read(folder, caption_table=table)
    assert len(dataset.clips) == 8
    said = {(f.path.name, f.excludes) for f in dataset.findings if f.kind == "left out" and f.path}
    assert said == {("aaaa bell.wav", True), ("bbbb bell.wav", True)}
    save_dataset(dataset, tmp_path / "kept.jsonl")
    assert load_dataset(tmp_path / "kept.jsonl") == dataset
    rows = [f"{path.name},yes" for path in folder.iterdir()]
    table.write_text("\n".join(("file,left_out", *rows)))
    with pytest.raises(DatasetError, match=r"Every clip of .* is left out"):
        read(folder, caption_table=table)


def test_folders_called_train_and_test(tmp_path: Path) -> None:
    for number in range(20):
        side = "test" if number < 4 else "train"
        write_sound(tmp_path / side / ("dog", "rain")[number % 2] / f"{number}.wav", number, 0.2)
    dataset = read(tmp_path)
    assert dataset.counts()["test"] == 4
    assert {clip.path.parts[-3] for clip in dataset.of_split("test")} == {"test"}
    assert dataset.labels() == ("dog", "rain")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"template": "no field"}, "lacks {caption}"),
        ({"replacements": (("", "x"),)}, "something to search for"),
        ({"validation_share": 1.0}, "at least 0 and less than 1"),
        ({"test_share": float("nan")}, "at least 0 and less than 1"),
        ({"validation_share": 0.5, "test_share": 0.5}, "leave nothing to train on"),
        ({"segment_s": 0.1}, "Segments must be"),
        ({"min_duration_s": 0}, "The shortest clip must be"),
        ({"seed": -1}, "must not be negative"),
    ],
)
def test_impossible_options(tmp_path: Path, options: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidRequestError, match=message):
        read(tmp_path, **options)


def test_no_usable_clip(tmp_path: Path) -> None:
    write_samples(tmp_path / "silent.wav", np.zeros(RATE, np.float32))
    with pytest.raises(DatasetError, match=r"only sound file in .* cannot be used\. silent\.wav: "):
        read(tmp_path)


def test_a_kill_while_saving_leaves_the_old_file(tmp_path: Path) -> None:
    """Whole under its name or not there: seen from another process that is killed."""
    for number in range(3):
        write_sound(tmp_path / "clips" / f"{number}.wav", number, 0.2)
    dataset = read(tmp_path / "clips")
    path = tmp_path / "run" / "dataset.jsonl"
    path.parent.mkdir()
    save_dataset(dataset, path)
    program = (
        "import dataclasses, pathlib, sys\n"
        "from soundstudio.dataset.dataset import load_dataset, save_dataset\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "old = load_dataset(path)\n"
        "big = dataclasses.replace(old, clips=old.clips * 30000)\n"
        "print('ready', flush=True)\n"
        "while True: save_dataset(big, path)\n"
    )
    for delay_s in (0.0, 0.15):
        save_dataset(dataset, path)
        child = subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(delay_s)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()
        assert len(load_dataset(path).clips) in (3, 90_000)
        assert json.loads(path.read_text().splitlines()[0])["version"] == 1
