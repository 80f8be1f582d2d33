"""The Universal Category System: its table, suggestions for a prompt, and file names."""

from __future__ import annotations

import csv
import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from soundstudio.core.paths import resource
from soundstudio.library.naming import cut_to_bytes, safe_name

ARCHIVED: Final = "ARCHIVED"
NO_SOURCE: Final = "NONE"
MAX_FX_NAME_CHARACTERS: Final = 60

# How much a word counts by where it stands in a row; beside the best place the others add a little.
_FIELD_WEIGHTS: Final = {"subcategory": 3.0, "category": 2.5, "synonyms": 1.2, "explanations": 0.6}
_OTHER_FIELDS_SHARE: Final = 0.25
# The row for everything of a category is meant when the category is named and nothing more.
_PLAIN_SUBCATEGORIES: Final = ("GENERAL", "MISC")
_PLAIN_BONUS: Final = 1.5
# Each further word of the prompt that a row knows makes chance less likely.
_COVERAGE_BONUS: Final = 0.15
# DOG is meant by "dog" rather than DOG WILD.
_LONG_SUBCATEGORY_SHARE: Final = 0.85
# An ambience is a whole place; it takes more than one of its sounds to mean it.
_AMBIENCE: Final = "AMBIENCE"
_AMBIENCE_SHARE: Final = 0.8
# Where a sound is heard says less about it than what is heard.
_PLACE_WORDS: Final = frozenset(("at", "from", "in", "inside", "into", "near", "on", "through",
                                 "under", "with"))  # fmt: skip
_PLACE_SHARE: Final = 0.7
# Adjectives of size and level stand in rows by accident: they decide only between equals.
_WEAK_WORDS: Final = frozenset((
    "big", "close", "deep", "distant", "fast", "heavy", "high", "huge", "light", "little", "long",
    "loud", "low", "old", "overhead", "quick", "short", "single", "slow", "small", "soft", "softly",
    "strong", "young",
))  # fmt: skip
_WEAK_SHARE: Final = 0.15
_IRREGULAR: Final = {
    "automobile": "car", "bike": "bicycle", "broken": "break", "breaking": "break",
    "children": "child", "drove": "drive", "feet": "foot", "geese": "goose", "men": "man",
    "metallic": "metal", "mice": "mouse", "people": "crowd", "phone": "telephone",
    "tyre": "tire", "tyres": "tire",
    "voice": "vocal", "voices": "vocal", "women": "woman", "wooden": "wood",
}  # fmt: skip
_STOP_WORDS: Final = frozenset((
    "a", "an", "and", "another", "any", "are", "as", "at", "away", "be", "being", "by", "far",
    "for", "from", "got", "has", "have", "in", "inside", "into", "is", "it", "its", "like", "near",
    "of", "off", "on", "onto", "or", "other", "out", "over", "some", "sound", "sounds", "that",
    "the", "their", "them", "then", "there", "this", "through", "to", "under", "up", "very", "was",
    "were", "while", "with", "without",
))  # fmt: skip
_WORD: Final = re.compile(r"[a-z0-9]+")
_REFERENCE: Final = re.compile(r"\b[A-Z]{3,}(?:[- &]+[A-Z]{2,})*\b")
_NAME: Final = re.compile(
    r"^(?P<cat>[A-Za-z0-9]+)(?:-(?P<user>[^_]+))?_(?:(?P<vendor>[^_-]+)-)?(?P<fx>[^_]+)"
    r"_(?P<creator>[^_]+)_(?P<source>[^_]+)(?:_(?P<data>.+))?$"
)


@dataclass(frozen=True, slots=True)
class UcsCategory:
    """One row of the table. cat_id is the head of a file name, its case never altered."""

    cat_id: str
    category: str
    subcategory: str
    explanations: str
    synonyms: tuple[str, ...]

    @property
    def full_name(self) -> str:
        return f"{self.category}-{self.subcategory}"


@dataclass(frozen=True, slots=True)
class UcsName:
    """The blocks of a UCS file name; optional ones are empty."""

    cat_id: str
    fx_name: str
    creator_id: str
    source_id: str
    user_category: str = ""
    vendor_category: str = ""
    user_data: str = ""


@lru_cache(maxsize=1)
def categories() -> tuple[UcsCategory, ...]:
    """All 752 rows, read on first use."""
    with resource("ucs", "ucs-8.2.1.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            UcsCategory(
                cat_id=row["CatID"],
                category=row["Category"],
                subcategory=row["SubCategory"],
                explanations=row["Explanations"],
                synonyms=tuple(word for word in row["Synonyms"].split("; ") if word),
            )
            for row in csv.DictReader(file)
        )


@lru_cache(maxsize=1)
def _by_id() -> dict[str, UcsCategory]:
    return {category.cat_id: category for category in categories()}


def category(cat_id: str) -> UcsCategory | None:
    """The row of an id, its case honoured."""
    return _by_id().get(cat_id)


def suggest(text: str, count: int = 5) -> list[UcsCategory]:
    """The categories whose words fit a prompt best, best first; none if no word is known.

    Each stem counts by its rarity among the rows, and by where it stands in a row.
    """
    index = _index()
    rows = categories()
    scores: dict[int, float] = {}
    matches: dict[int, int] = {}
    for word, share in _shares(text).items():
        importance = index.rarity.get(word, 0.0) * share
        for row, weight in index.postings.get(word, ()):
            scores[row] = scores.get(row, 0.0) + importance * weight
            if share > _WEAK_SHARE:
                matches[row] = matches.get(row, 0) + 1
            if weight >= _FIELD_WEIGHTS["category"] and (
                rows[row].subcategory in _PLAIN_SUBCATEGORIES
            ):
                scores[row] += _PLAIN_BONUS
    # Equal scores keep the table's order, but a row called MISC yields to a named one.
    for row, count_of_words in matches.items():
        scores[row] *= 1 + _COVERAGE_BONUS * (count_of_words - 1)
        if rows[row].category == _AMBIENCE:
            scores[row] *= _AMBIENCE_SHARE
    ranked = sorted(matches, key=lambda row: (-scores[row], rows[row].subcategory == "MISC", row))
    return [rows[row] for row in ranked[:count]]


def _shares(text: str) -> dict[str, float]:
    """How much each stem of a prompt counts, 0 to 1."""
    shares: dict[str, float] = {}
    is_place = False
    for word in _words(text):
        is_place = is_place or (word in _PLACE_WORDS and bool(shares))
        if word in _STOP_WORDS or len(word) < 2:
            continue
        share = _WEAK_SHARE if word in _WEAK_WORDS else _PLACE_SHARE if is_place else 1.0
        stem = _stem(word)
        shares[stem] = max(share, shares.get(stem, 0.0))
    return shares


@dataclass(frozen=True, slots=True)
class _Index:
    """Inverse document frequency of each stem, and (row, weight of its places) where it stands."""

    rarity: dict[str, float]
    postings: dict[str, list[tuple[int, float]]]


@lru_cache(maxsize=1)
def _index() -> _Index:
    postings: dict[str, list[tuple[int, float]]] = {}
    count = 0
    for row, entry in enumerate(categories()):
        if entry.category == ARCHIVED:
            continue
        count += 1
        fields = {
            "subcategory": entry.subcategory,
            "category": entry.category,
            # Words in capitals name other rows, often to say that a sound belongs there.
            "explanations": _REFERENCE.sub(" ", entry.explanations),
            "synonyms": " ".join(entry.synonyms),
        }
        places: dict[str, list[float]] = {}
        for name, text in fields.items():
            stems = set(_stems(text))
            is_long = name == "subcategory" and len(stems) > 1
            share = _LONG_SUBCATEGORY_SHARE if is_long else 1.0
            for word in stems:
                places.setdefault(word, []).append(_FIELD_WEIGHTS[name] * share)
        for word, weights in places.items():
            best = max(weights)
            weight = best + _OTHER_FIELDS_SHARE * (sum(weights) - best)
            postings.setdefault(word, []).append((row, weight))
    rarity = {
        word: math.log(1 + (count - len(found) + 0.5) / (len(found) + 0.5))
        for word, found in postings.items()
    }
    return _Index(rarity, postings)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower().replace("'", ""))


def _stems(text: str) -> list[str]:
    return [_stem(word) for word in _words(text) if word not in _STOP_WORDS and len(word) > 1]


def _stem(word: str) -> str:
    """Plural and verb endings off: dogs, barking, crashes, stopped -> dog, bark, crash, stop."""
    word = _IRREGULAR.get(word, word)
    for ending, replacement in (("ies", "y"), ("sses", "ss"), ("shes", "sh"), ("ches", "ch"),
                                ("xes", "x"), ("ing", ""), ("ed", ""), ("s", "")):  # fmt: skip
        stem = word[: len(word) - len(ending)] + replacement
        if word.endswith(ending) and len(stem) >= 3 and not word.endswith(("ss", "us", "is")):
            word = stem
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
        word = word[:-1]
    return word.removesuffix("e") if len(word) > 3 else word


def parse_name(stem: str) -> UcsName | None:
    """The blocks of a file name without suffix; None if it does not follow UCS."""
    match = _NAME.match(stem)
    if match is None or match["cat"] not in _by_id():
        return None
    return UcsName(
        cat_id=match["cat"],
        fx_name=match["fx"],
        creator_id=match["creator"],
        source_id=match["source"],
        user_category=match["user"] or "",
        vendor_category=match["vendor"] or "",
        user_data=match["data"] or "",
    )


def ucs_file_name(name: UcsName, max_bytes: int = 200) -> str:
    """The file name without suffix; blocks are cleaned, the FX name gives way if it is too long.

    Raises ValueError for an id that is not in the table.
    """
    if category(name.cat_id) is None:
        raise ValueError(f"{name.cat_id} is not a UCS category")
    head = name.cat_id
    if user_category := clean_block(name.user_category):
        head += f"-{user_category}"
    vendor = clean_block(name.vendor_category)
    tail = [clean_block(name.creator_id) or NO_SOURCE, clean_block(name.source_id) or NO_SOURCE]
    if user_data := safe_name(name.user_data, 60, fallback=""):
        tail.append(user_data)
    fixed = len("_".join((head, *tail)).encode()) + len(vendor.encode()) + 2
    fx_name = clean_block(name.fx_name)[:MAX_FX_NAME_CHARACTERS].strip()
    fx_name = cut_to_bytes(fx_name, max(max_bytes - fixed, 10)).strip() or "Sound"
    return "_".join((head, f"{vendor}-{fx_name}" if vendor else fx_name, *tail))


def clean_block(text: str) -> str:
    """A block of a name: nothing that separates blocks, nothing that a file system forbids."""
    return safe_name(re.sub(r"[_\-.]+", " ", text), 120, fallback="")
