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

# How much a word counts by where it stands, and BM25's saturation and length constants.
_FIELD_WEIGHTS: Final = {"subcategory": 3.0, "category": 2.5, "explanations": 1.0, "synonyms": 1.0}
_SATURATION: Final = 1.2
_LENGTH_SHARE: Final = 0.35
_STOP_WORDS: Final = frozenset((
    "a", "an", "and", "another", "any", "are", "as", "at", "away", "be", "being", "by", "far",
    "for", "from", "got", "has", "have", "in", "inside", "into", "is", "it", "its", "like", "near",
    "of", "off", "on", "onto", "or", "other", "out", "over", "some", "sound", "sounds", "that",
    "the", "their", "them", "then", "there", "this", "through", "to", "under", "up", "very", "was",
    "were", "while", "with", "without",
))  # fmt: skip
_WORD: Final = re.compile(r"[a-z0-9]+")
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

    BM25 (Robertson and Zaragoza 2009) over synonyms, explanations and names, with a light stemmer.
    Words early in the prompt count a little more: they name the sound, later ones its place.
    """
    words = _stems(text)
    index = _index()
    scores: dict[int, float] = {}
    for position, word in enumerate(words):
        importance = index.rarity.get(word, 0.0) * (1.0 if position < 3 else 0.8)
        for row, weight in index.postings.get(word, ()):
            scores[row] = scores.get(row, 0.0) + importance * weight
    rows = categories()
    # Equal scores keep the table's order, but a row called MISC yields to a named one.
    ranked = sorted(scores, key=lambda row: (-scores[row], rows[row].subcategory == "MISC", row))
    return [rows[row] for row in ranked[:count]]


@dataclass(frozen=True, slots=True)
class _Index:
    """Inverse document frequency of each stem, and (row, saturated frequency) where it stands."""

    rarity: dict[str, float]
    postings: dict[str, list[tuple[int, float]]]


@lru_cache(maxsize=1)
def _index() -> _Index:
    counts: dict[int, dict[str, float]] = {}
    for row, entry in enumerate(categories()):
        if entry.category == ARCHIVED:
            continue
        fields = {
            "subcategory": entry.subcategory,
            "category": entry.category,
            "explanations": entry.explanations,
            "synonyms": " ".join(entry.synonyms),
        }
        frequency: dict[str, float] = {}
        for name, text in fields.items():
            for word in set(_stems(text)):
                frequency[word] = frequency.get(word, 0.0) + _FIELD_WEIGHTS[name]
        counts[row] = frequency
    mean = sum(sum(words.values()) for words in counts.values()) / len(counts)
    postings: dict[str, list[tuple[int, float]]] = {}
    for row, words in counts.items():
        length = 1 - _LENGTH_SHARE + _LENGTH_SHARE * sum(words.values()) / mean
        for word, frequency_of_word in words.items():
            saturated = frequency_of_word / (frequency_of_word + _SATURATION * length)
            postings.setdefault(word, []).append((row, saturated))
    rarity = {
        word: math.log(1 + (len(counts) - len(found) + 0.5) / (len(found) + 0.5))
        for word, found in postings.items()
    }
    return _Index(rarity, postings)


def _stems(text: str) -> list[str]:
    words = _WORD.findall(text.lower().replace("'", ""))
    return [_stem(word) for word in words if word not in _STOP_WORDS]


def _stem(word: str) -> str:
    """Plural and verb endings off: dogs, barking, crashes, stopped -> dog, bark, crash, stop."""
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
