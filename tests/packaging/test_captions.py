"""Captions of real clips."""

from __future__ import annotations

from recipe.captions import captions_of_row, concept_phrases, doom_phrase, plain_words


def test_words_match_at_their_start_only() -> None:
    assert "rain falling" not in concept_phrases("train passing")
    assert "plasma weapon" not in concept_phrases("ui confirmation")


def test_plain_words_drop_numbers_and_marks() -> None:
    assert plain_words("tropical: bird (2)") == "tropical bird"


def test_doom_names_are_decoded() -> None:
    assert doom_phrase("dshtgn") == "double barrelled shotgun shot"
    assert "scream" in doom_phrase("cybdth")


def test_row_gets_distinct_captions_with_the_label_first() -> None:
    row = {"file": "mod-sounds/dog_01.flac", "label": "dog bark", "caption": "dog bark"}
    captions = captions_of_row(row)
    assert captions[0] == "dog bark"
    assert len(captions) == len(set(captions)) > 5
