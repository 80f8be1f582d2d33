"""Class names and file names as words."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_CAMEL: Final = re.compile(r"(?<=[a-zäöüß])(?=[A-ZÄÖÜ])|(?<=[A-Z])(?=[A-Z][a-z])")
_SEPARATORS: Final = re.compile(r"[\s_.+~=#,;&]+|(?<!\d)-|-(?!\d)|[()\[\]{}]")
# What cameras, recorders and sound libraries add, and what says nothing about the sound.
_NOISE: Final = re.compile(
    r"^(?:\d+(?:st|nd|rd|th)?|v\d+|take\d*|tk\d*|var\d*|alt\d*|copy|final|master|mono|stereo|mix"
    r"|loop\d*|\d+(?:hz|khz|k|bit|bits|db|bpm|s|sec|ms)|\d{4}-\d\d-\d\d|[a-z]?\d{3,}[a-z]?"
    r"|zoom\d*|rec\d*|track\d*|audio\d*|sound\d*|sample\d*|file\d*|untitled\d*|wav|mp3|flac|ogg)$"
)


def plain_label(label: str) -> str:
    """A class name as words: chirping_birds → chirping birds."""
    return " ".join(label.replace("_", " ").split())


def printable(text: str) -> str:
    """Text that can be shown and stored: no lone surrogates, no control characters."""
    text = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode("utf-8"))
    kept = (letter if unicodedata.category(letter)[0] != "C" else " " for letter in text)
    return " ".join("".join(kept).split())


def shown_name(path: Path) -> str:
    """The file's name for a sentence; bytes that are no text become question marks."""
    return printable(path.name)


def words_of_name(stem: str) -> str:
    """A file or folder name as words; empty if nothing in it says what is heard.

    Separators and CamelCase fall apart, numbers, takes, rates and dates go, capitals become small.
    """
    text = _CAMEL.sub(" ", printable(stem.encode("utf-8", "ignore").decode()))
    words = [word.strip("-'") for word in _SEPARATORS.sub(" ", text).split()]
    kept = [word for word in (word.casefold() for word in words) if word and not _NOISE.match(word)]
    # A lone letter between numbers is a take, at the end a variant.
    while kept and len(kept[-1]) == 1 and kept[-1].isascii() and len(kept) > 1:
        kept.pop()
    if all(len(word) == 1 and word.isascii() for word in kept):
        return ""
    return " ".join(kept)
