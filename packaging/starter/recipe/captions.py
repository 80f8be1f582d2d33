"""Captions of the real clips: the manifest's words, paraphrases by concept, and decoded names."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from recipe.caption_tables import CONCEPTS, DOOM_NAMES, DOOM_SUFFIXES, Concept

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_TEMPLATES = ("{}", "{}", "sound of {}", "the sound of {}", "{} sound effect", "a recording of {}")
_NUMBER = re.compile(r"\(\d+\)|\b\d+\b")
_PLAIN_FOLDERS = ("freedoom", "minetest-data")
"""Their captions say no more than their labels."""
_MOST_CONCEPTS = 2
_RARE = 2
"""A synonym that more UCS categories share says too little about any of them."""


@dataclass(frozen=True, slots=True)
class Description:
    """Captions of a clip, the concept it counts to ("" for none) and single words for it."""

    captions: tuple[str, ...]
    concept: str
    words: tuple[str, ...]


def read_synonyms(table: Path) -> dict[str, tuple[str, ...]]:
    """The synonyms of each UCS category, by CatID, that hardly another category has."""
    with table.open(newline="", encoding="utf-8-sig") as stream:
        found = {
            row["CatID"]: [word.strip().lower() for word in row["Synonyms"].split(";")]
            for row in csv.DictReader(stream)
        }
    uses = Counter(word for words in found.values() for word in set(words))
    return {
        name: tuple(dict.fromkeys(w for w in words if len(w) > 2 and uses[w] <= _RARE))
        for name, words in found.items()
    }


def plain_words(text: str) -> str:
    """Lower-case words without brackets' numbers, underscores or stray punctuation."""
    words = _NUMBER.sub(" ", text.lower().replace("_", " ").replace("-", " "))
    return " ".join(re.sub(r"[^a-z0-9'/ ]", " ", words).replace("/", " ").split())


def doom_phrase(name: str) -> str:
    """Decode a Doom sound name: a known effect, or a monster's action by its suffix."""
    if name in DOOM_NAMES:
        return DOOM_NAMES[name]
    for suffix, phrase in DOOM_SUFFIXES:
        if name.endswith(suffix):
            return phrase
    return "strange game sound"


def concepts_in(text: str) -> list[Concept]:
    """The concepts whose patterns occur in ``text``; the first two at most."""
    found = (c for c in CONCEPTS if re.search(rf"\b(?:{c.pattern})", text))
    return list(islice(found, _MOST_CONCEPTS))


def concept_of_family(family: str) -> str:
    """The concept that a synthesised family counts to, or one of its own."""
    found = (c.phrases[0] for c in CONCEPTS if family in c.families)
    return next(found, f"synthetic {family}")


def with_templates(phrases: list[str]) -> tuple[str, ...]:
    """Each phrase as it is, and the first few inside longer sentences."""
    longer = [t.format(p) for p in phrases[:4] for t in _TEMPLATES[2:]]
    return tuple(dict.fromkeys([*phrases, *longer]))


def describe(row: Mapping[str, str], synonyms: Mapping[str, tuple[str, ...]]) -> Description:
    """What one manifest row says, the plainest caption first.

    synonyms: of UCS categories, as :func:`read_synonyms` finds them; may be empty.
    """
    folder = row["file"].split("/")[0]
    text = doom_phrase(row["label"]) if folder == "freedoom" else plain_words(row["label"])
    own = [text] if folder in _PLAIN_FOLDERS else [text, plain_words(row["caption"])]
    concepts = concepts_in(text)
    phrases = [*own, *(phrase for concept in concepts for phrase in concept.phrases)]
    words = [w for c in concepts for name in c.categories for w in synonyms.get(name, ())]
    return Description(
        with_templates(list(dict.fromkeys(phrases))),
        concepts[0].phrases[0] if concepts else "",
        tuple(dict.fromkeys(words)),
    )
