"""Which files are sounds, and which of them belong together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from soundstudio.evaluation.sets import find_sounds, pair_by_name
from soundstudio.evaluation.statistics import ScoringError

if TYPE_CHECKING:
    from pathlib import Path


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


class TestFindSounds:
    def test_sounds_of_all_folders_in_order(self, tmp_path: Path) -> None:
        touch(tmp_path, "b.WAV", "a/z.ogg", "notes.txt", ".hidden.wav", ".trash/c.wav", "c.flac")
        sounds = find_sounds(tmp_path)
        assert [sounds.name_of(path) for path in sounds.paths] == ["a/z.ogg", "b.WAV", "c.flac"]

    def test_a_folder_called_wav_is_none(self, tmp_path: Path) -> None:
        touch(tmp_path, "a.wav", "folder.wav/b.wav")
        assert [path.name for path in find_sounds(tmp_path).paths] == ["a.wav", "b.wav"]

    @pytest.mark.parametrize(
        ("name", "words"),
        [("empty", "no sounds in"), ("gone", "no folder"), ("file.wav", "is a file")],
    )
    def test_nothing_to_score(self, tmp_path: Path, name: str, words: str) -> None:
        (tmp_path / "empty").mkdir()
        touch(tmp_path, "file.wav", "empty/readme.txt")
        with pytest.raises(ScoringError, match=words):
            find_sounds(tmp_path / name)


class TestPairs:
    def test_suffix_and_case_do_not_matter(self) -> None:
        pairing = pair_by_name(["Dog.wav", "rain.wav"], ["rain.flac", "dog.OGG"])
        assert pairing.pairs == ((0, 1), (1, 0))
        assert not pairing.refusal

    def test_dots_in_names(self) -> None:
        assert pair_by_name(["v1.2.wav", "v1.3.wav"], ["v1.3.ogg", "v1.2.ogg"]).pairs == (
            (0, 1),
            (1, 0),
        )

    def test_folders_come_before_names(self) -> None:
        pairing = pair_by_name(["dog/1.wav", "cat/1.wav"], ["cat/1.wav", "dog/1.wav"])
        assert pairing.pairs == ((0, 1), (1, 0))
        assert not pairing.ambiguous

    def test_a_flat_folder_pairs_with_a_deep_one(self) -> None:
        assert pair_by_name(["a.wav"], ["fold1/a.wav", "fold2/b.wav"]).pairs == ((0, 0),)

    def test_a_name_that_stands_for_two_sounds_is_none(self) -> None:
        pairing = pair_by_name(
            ["1.wav", "2.wav", "3.wav"], ["x/1.wav", "y/1.wav", "2.wav", "3.wav"]
        )
        assert pairing.pairs == ((1, 2), (2, 3))
        assert pairing.ambiguous == ("1",)
        assert pairing.unpaired_generated == (0,)
        assert pairing.unpaired_reference == 2

    def test_few_equal_names_are_an_accident(self) -> None:
        pairing = pair_by_name(["1.wav", "a.wav", "b.wav"], ["1.wav", "c.wav", "d.wav"])
        assert pairing.pairs == ()
        assert "Only 1 of 3" in pairing.refusal

    def test_half_of_the_names_are_enough(self) -> None:
        pairing = pair_by_name(["1.wav", "a.wav"], ["1.wav", "c.wav"])
        assert pairing.pairs == ((0, 0),)
        assert pairing.unpaired_generated == (1,)

    def test_no_equal_names(self) -> None:
        pairing = pair_by_name(["a.wav"], ["b.wav"])
        assert pairing.pairs == ()
        assert "No generated sound" in pairing.refusal

    def test_a_reference_of_many_more_sounds_is_fine(self) -> None:
        pairing = pair_by_name(["7.wav"], [f"{number}.wav" for number in range(99)])
        assert pairing.pairs == ((0, 7),)
        assert pairing.unpaired_reference == 98
