"""Captions of the real clips: the manifest's words, paraphrases by concept, and decoded names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from recipe.caption_tables import CONCEPTS, DOOM_NAMES, DOOM_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEMPLATES = ("{}", "{}", "sound of {}", "the sound of {}", "{} sound effect", "a recording of {}")
_NUMBER = re.compile(r"\(\d+\)|\b\d+\b")


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


def concept_phrases(text: str) -> tuple[str, ...]:
    """Paraphrases of every concept whose pattern occurs in ``text``; the first two at most."""
    found: list[str] = []
    matches = 0
    for pattern, phrases in CONCEPTS:
        if re.search(rf"\b(?:{pattern})", text):
            found.extend(phrases)
            matches += 1
            if matches == 2:
                break
    return tuple(found)


def with_templates(phrases: list[str]) -> tuple[str, ...]:
    """Each phrase as it is, and the first few inside longer sentences."""
    longer = [t.format(p) for p in phrases[:4] for t in _TEMPLATES[2:]]
    return tuple(dict.fromkeys([*phrases, *longer]))


def captions_of_row(row: Mapping[str, str]) -> tuple[str, ...]:
    """Distinct captions of one manifest row, the plainest first."""
    folder = row["file"].split("/")[0]
    label = plain_words(row["label"])
    if folder == "freedoom":
        phrase = doom_phrase(row["label"])
        return with_templates([phrase, *concept_phrases(phrase)])
    phrases = [label] if folder == "minetest-data" else [label, plain_words(row["caption"])]
    return with_templates(list(dict.fromkeys([*phrases, *concept_phrases(label)])))
