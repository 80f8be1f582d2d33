"""The texts that the text tower learns on: captions, UCS words and templates around them."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np

_ADJECTIVES = [
    "loud",
    "quiet",
    "soft",
    "heavy",
    "light",
    "fast",
    "slow",
    "distant",
    "close",
    "deep",
    "high",
    "low",
    "short",
    "long",
    "bright",
    "dark",
    "metallic",
    "wooden",
    "wet",
    "dry",
    "big",
    "small",
    "old",
    "electric",
    "gentle",
    "harsh",
    "sharp",
    "dull",
    "hollow",
    "eerie",
    "sci-fi",
    "cartoon",
    "realistic",
    "cinematic",
    "indoor",
    "outdoor",
    "angry",
    "happy",
    "scary",
]
_FRAMES = (
    "{}",
    "a {}",
    "the sound of {}",
    "sound of a {}",
    "{} sound effect",
    "{} in the distance",
    "{} up close",
    "{} in a large room",
    "{} outdoors",
    "recording of {}",
    "{}, field recording",
    "{} with echo",
    "someone hears {}",
    "I want {}",
    "{} for a game",
    "{} loop",
    "single {}",
    "repeated {}",
    "This is a sound of {}.",
)
_PLAIN = (
    "a man walks his dog in the park",
    "the weather was bad all night",
    "kitchen noises at noon",
    "busy street with cars and people",
    "someone types on a keyboard",
    "music for a film",
    "an old house at night",
    "the spaceship lands",
    "children play in the school yard",
    "",
)


def _ucs_texts(table: Path) -> tuple[list[str], list[str]]:
    """Phrases (explanations cut at commas) and single synonyms of the UCS rows."""
    phrases, words = [], []
    with table.open(newline="", encoding="utf-8-sig") as stream:
        for row in csv.DictReader(stream):
            category, sub = row["Category"].lower(), row["SubCategory"].lower()
            phrases += [f"{category} {sub}", f"{sub} {category}"]
            phrases += [p.strip(" .").lower() for p in row["Explanations"].split(",")]
            synonyms = [w.strip().lower() for w in row["Synonyms"].split(";")]
            words += synonyms
            phrases += [f"{word} {category}" for word in synonyms[:12]]
    clean = [" ".join(p.split()) for p in phrases]
    return [p for p in clean if 2 < len(p) < 70], [w for w in words if len(w) > 1]


def build_corpus(
    captions: Sequence[str], ucs_table: Path | None, rng: np.random.Generator
) -> tuple[list[str], list[str]]:
    """All training texts, and the subset about sounds on which the space is whitened."""
    about = list(dict.fromkeys(captions))
    words: list[str] = []
    if ucs_table is not None:
        phrases, words = _ucs_texts(ucs_table)
        about = list(dict.fromkeys([*about, *phrases, *words]))
    made = []
    for text in about:
        frame = _FRAMES[int(rng.integers(len(_FRAMES)))]
        adjective = _ADJECTIVES[int(rng.integers(len(_ADJECTIVES)))]
        other = about[int(rng.integers(len(about)))]
        made.append(frame.format(text))
        made.append(f"{adjective} {text}")
        if len(text) + len(other) < 50:
            made.append(f"{text} and {other}")
    # The empty prompt is the unconditional one: it must be learnt exactly.
    return [*about, *about, *made, *words, *_PLAIN, *[""] * 200], about
