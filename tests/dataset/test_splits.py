"""Recordings stay whole, tables win, labels keep their shares, the seed decides the rest."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from soundstudio.dataset.captions import CaptionRow
from soundstudio.dataset.clips import DatasetOptions
from soundstudio.dataset.recordings import bare_stem, on_both_sides, recordings_of
from soundstudio.dataset.splits import split_rows

FOLDER = Path("/clips")


def rows_of(*names: str, **facts: str) -> list[CaptionRow]:
    return [CaptionRow(FOLDER / f"{name}.wav", (), "", None, **facts) for name in names]


@pytest.mark.parametrize(
    ("stem", "bare"),
    [
        ("name_01", "name"), ("name-take2", "name"), ("name (3)", "name"), ("name 4", "name"),
        ("Name_Take_02", "Name"), ("name_v2", "name"), ("name_01_L", "name"), ("rain-r", "rain"),
        ("name05", "name"), ("1-100032-A-0", "100032"), ("7061-6-0-12", "7061"), ("001", ""),
        ("intake", "intake"), ("wave", "wave"), ("car_part2", "car"), ("雨_03", "雨"),
        ("2", ""), ("mp3", "mp"), ("ball", "ball"), ("steps_01_02", "steps"),
    ],
)  # fmt: skip
def test_bare_stems(stem: str, bare: str) -> None:
    assert bare_stem(stem) == bare


def test_takes_share_a_recording_in_their_folder_only() -> None:
    rows = rows_of("a/dog_01", "a/dog-take2", "b/dog_01", "a/cat", "001", "002")
    recordings, counted = recordings_of(rows, {}, FOLDER)
    assert recordings == ["a/dog", "a/dog", "b/dog", "a/cat", "001.wav", "002.wav"]
    assert counted == []


def test_near_duplicates_and_tables_tie_recordings() -> None:
    rows = [*rows_of("a_1", "b_1", "c", "d"), *rows_of("e", "f", recording="r")]
    recordings, _ = recordings_of(rows, {2: 1, 5: 3}, FOLDER)
    assert recordings == ["a", "b", "b", "d", "d", "d"]


def test_many_numbers_are_a_count_but_said_takes_are_not() -> None:
    counted_rows = rows_of(*(f"dog_{number}" for number in range(30)))
    recordings, counted = recordings_of(counted_rows, {}, FOLDER)
    assert (len(set(recordings)), counted) == (30, ["dog"])
    takes = rows_of(*(f"dog_take{number}" for number in range(30)))
    assert recordings_of(takes, {}, FOLDER) == (["dog"] * 30, [])


def labelled(label: str, recordings: int, cuts: int) -> list[CaptionRow]:
    names = [f"{label}{a}x{b}" for a in range(recordings) for b in range(cuts)]
    return [
        CaptionRow(FOLDER / name, (), "", None, label=label, recording=name.split("x")[0])
        for name in names
    ]


def test_shares_labels_and_whole_recordings() -> None:
    rows = labelled("dog", 40, 2) + labelled("rain", 30, 1) + labelled("door", 20, 3)
    recordings = [row.recording for row in rows]
    splits, findings = split_rows(rows, recordings, DatasetOptions(seed=3))
    assert findings == []
    assert on_both_sides(recordings, splits) == 0
    for label, size in (("dog", 80), ("rain", 30), ("door", 60)):
        counts = Counter(s for s, row in zip(splits, rows, strict=True) if row.label == label)
        for split in ("validation", "test"):
            assert counts[split] == pytest.approx(size / 10, abs=3)
    assert Counter(splits)["validation"] == pytest.approx(17, abs=3)


def test_many_rare_labels_still_fill_the_shares() -> None:
    rows = [row for number in range(100) for row in labelled(f"label {number} ", 1, 2)]
    splits, _ = split_rows(rows, [row.recording for row in rows], DatasetOptions())
    assert Counter(splits) == {"train": 160, "validation": 20, "test": 20}


def test_the_seed_decides_and_the_order_does_not() -> None:
    rows = labelled("dog", 60, 1)
    names = [row.recording for row in rows]
    first = dict(zip(names, split_rows(rows, names, DatasetOptions(seed=1))[0], strict=True))
    again = split_rows(rows[::-1], names[::-1], DatasetOptions(seed=1))[0]
    assert dict(zip(names[::-1], again, strict=True)) == first
    other = split_rows(rows, names, DatasetOptions(seed=2))[0]
    assert other != list(first.values())


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (1, {"train": 1}), (2, {"train": 2}), (3, {"train": 2, "validation": 1}),
        (4, {"train": 3, "validation": 1}), (5, {"train": 3, "validation": 1, "test": 1}),
    ],
)  # fmt: skip
def test_few_clips(count: int, expected: dict[str, int]) -> None:
    rows = rows_of(*(f"{letter}" for letter in "vwxyz"[:count]))
    splits, findings = split_rows(rows, [str(n) for n in range(count)], DatasetOptions())
    assert Counter(splits) == expected
    assert bool(findings) == (count < 3)
    if count == 1:
        assert "clips of one recording only" in findings[0].sentence


def test_no_shares_no_splits() -> None:
    rows = labelled("dog", 20, 1)
    options = DatasetOptions(validation_share=0, test_share=0)
    assert split_rows(rows, [row.recording for row in rows], options) == (["train"] * 20, [])


def test_a_split_column_wins_over_everything() -> None:
    rows = [
        *rows_of("a", split="Training"), *rows_of("b", split="valid"), *rows_of("c", split="eval"),
        *rows_of("d", split="test"),
    ]  # fmt: skip
    splits, findings = split_rows(rows, ["r", "r", "s", "t"], DatasetOptions())
    assert splits == ["train", "validation", "test", "test"]
    assert [finding.sentence for finding in findings] == [
        "One recording has clips in more than one split, because a table puts them there."
    ]


def test_folds_test_on_the_last_and_validate_on_whole_recordings_of_the_others() -> None:
    rows = [
        CaptionRow(FOLDER / f"{n}.wav", (), "", None, label="ab"[n % 2], fold=f"fold{n % 5 + 1}")
        for n in range(100)
    ]
    recordings = [f"{n % 5} {n // 10}" for n in range(100)]
    splits, findings = split_rows(rows, recordings, DatasetOptions())
    assert [n for n, split in enumerate(splits) if split == "test"] == list(range(4, 100, 5))
    assert Counter(splits)["validation"] == pytest.approx(8, abs=2)
    assert on_both_sides(recordings, splits) == 0
    assert findings == []


def test_a_table_without_validation() -> None:
    rows = [*rows_of(*"abcdefghij", split="train"), *rows_of("k", "l", split="test")]
    splits, findings = split_rows(rows, [str(n) for n in range(12)], DatasetOptions())
    assert Counter(splits) == {"train": 9, "validation": 1, "test": 2}
    assert splits[10:] == ["test", "test"]
    assert "they were drawn from the training clips" in findings[0].sentence


def test_other_cuts_follow_those_that_a_table_names() -> None:
    rows = [*rows_of("a", split="test"), *rows_of("b", "c"), *rows_of("d", split="validation")]
    splits, _ = split_rows(rows, ["r", "r", "s", "t"], DatasetOptions())
    assert splits == ["test", "test", "train", "validation"]


def test_an_unknown_split_is_named() -> None:
    rows = [*rows_of("a", "b", split="holdout"), *rows_of("c", split="train")]
    _, findings = split_rows(rows, ["r", "s", "t"], DatasetOptions())
    assert "puts 2 clips into a split “holdout”" in findings[0].sentence


@pytest.mark.parametrize("short", [2, 10, 40])
def test_a_very_long_recording_is_trained_on(short: int) -> None:
    """It is most of what there is: neither is it all kept for checks, nor do they take the rest."""
    rows = rows_of(*(f"recording {number}" for number in range(short)), "two hours of sea")
    names = [row.path.stem for row in rows]
    sizes = [1] * short + [703]
    for seed in range(5):
        splits, _ = split_rows(rows, names, DatasetOptions(seed=seed), sizes)
        assert splits[-1] == "train"
        assert splits.count("validation") >= 1
        if short >= 10:
            assert splits.count("train") > short / 2
