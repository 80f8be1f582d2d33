"""Captions of real clips."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from recipe.caption_tables import CONCEPTS
from recipe.captions import (
    concept_of_family,
    concepts_in,
    describe,
    doom_phrase,
    plain_words,
    read_synonyms,
)
from recipe.synthesis import FAMILIES

from soundstudio.core.paths import resource

if TYPE_CHECKING:
    from pathlib import Path


def test_words_match_at_their_start_only() -> None:
    assert "rain falling" not in [c.phrases[0] for c in concepts_in("train passing")]
    assert "plasma weapon" not in [c.phrases[0] for c in concepts_in("ui confirmation")]


def test_plain_words_drop_numbers_and_marks() -> None:
    assert plain_words("tropical: bird (2)") == "tropical bird"


def test_doom_names_are_decoded() -> None:
    assert doom_phrase("dshtgn") == "double barrelled shotgun shot"
    assert "scream" in doom_phrase("cybdth")


def test_row_gets_distinct_captions_with_the_label_first() -> None:
    row = {"file": "mod-sounds/dog_01.flac", "label": "dog bark", "caption": "dog bark"}
    captions = describe(row, {}).captions
    assert captions[0] == "dog bark"
    assert len(captions) == len(set(captions)) > 5


def test_row_counts_to_its_first_concept_and_takes_its_words() -> None:
    row = {"file": "mod-sounds/dog_01.flac", "label": "dog bark", "caption": "dog bark"}
    said = describe(row, {"ANMLDog": ("terrier", "spaniel"), "ANMLCat": ("tabby",)})
    assert (said.concept, said.words) == ("dog barking", ("terrier", "spaniel"))
    nothing = describe({**row, "label": "xyz", "caption": "xyz"}, {})
    assert (nothing.concept, nothing.words) == ("", ())


def test_every_concept_is_filed_where_ucs_has_a_place() -> None:
    with resource("ucs", "ucs-8.2.1.csv").open(newline="", encoding="utf-8-sig") as stream:
        known = {row["CatID"] for row in csv.DictReader(stream)}
    assert {name for concept in CONCEPTS for name in concept.categories} <= known


def test_synthesised_families_count_to_the_concept_that_they_stand_for() -> None:
    named = [family for concept in CONCEPTS for family in concept.families]
    assert len(named) == len(set(named)) > 40
    assert set(named) <= set(FAMILIES)
    assert concept_of_family("fire") == "fire crackling"
    assert concept_of_family("riser") == "synthetic riser"


def test_synonyms_that_many_categories_share_are_left_out(tmp_path: Path) -> None:
    table = tmp_path / "ucs.csv"
    rows = ["A,hit; Terrier; ax", "B,hit; bell", "C,hit; bell"]
    table.write_text("CatID,Synonyms\n" + "\n".join(rows) + "\n", encoding="utf-8")
    assert read_synonyms(table) == {"A": ("terrier",), "B": ("bell",), "C": ("bell",)}
