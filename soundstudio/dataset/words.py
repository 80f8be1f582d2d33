"""Class names and file names as words."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_CAMEL: Final = re.compile(r"(?<=[a-zäöüß])(?=[A-ZÄÖÜ])|(?<=[A-Z])(?=[A-Z][a-z])")
_SEPARATORS: Final = re.compile(r"[\s_.+~=#,;&]+|(?<!\d)-|-(?!\d)|[()\[\]{}]")
# Numbers, takes, rates, dates and recorders' counters say nothing about the sound …
_NOISE: Final = re.compile(
    r"^(?:[\d-]+|v\d+|(?:take|tk|var|alt|loop|zoom|rec|track|audio|sound|sample|file|untitled)\d+"
    r"|\d+(?:hz|khz|k|bit|bits|db|bpm|s|sec|ms)|\d{4}-\d\d-\d\d|[a-z]?\d{3,}[a-z]?)$"
)
# … nor do these at the end, nor where they are all there is.
_LAST: Final = frozenset(("take", "copy", "final", "master", "mono", "stereo", "mix", "wav", "mp3"))
_GENERIC: Final = frozenset((
    "audio", "clip", "file", "img", "mvi", "rec", "recording", "sample", "sound", "take", "track",
    "untitled", "zoom",
))  # fmt: skip


def plain_label(label: str) -> str:
    """A class name as words: chirping_birds → chirping birds."""
    return " ".join(label.replace("_", " ").split())


def printable(text: str) -> str:
    """Text that can be shown and stored: no lone surrogates, no control characters."""
    text = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode("utf-8"))
    kept = (letter if unicodedata.category(letter)[0] != "C" else " " for letter in text)
    return " ".join("".join(kept).split())


def as_windows_text(text: str) -> str:
    """Text whose stray bytes (lone surrogates) are read as Windows-1252; all else as it is."""
    if not any("\udc80" <= letter <= "\udcff" for letter in text):
        return text
    try:
        return text.encode("utf-8", "surrogateescape").decode("cp1252", "replace")
    except UnicodeEncodeError:
        return text


def shown_name(path: Path) -> str:
    """The file's name for a sentence; bytes that are no text become question marks."""
    return printable(path.name)


def words_of_name(stem: str) -> str:
    """A file or folder name as words; empty if nothing in it says what is heard.

    Separators and CamelCase fall apart, numbers, takes, rates and dates go, capitals become small.
    """
    text = _CAMEL.sub(" ", printable(stem.encode("utf-8", "ignore").decode()))
    words = [word.strip("-'") for word in _SEPARATORS.sub(" ", text).split()]
    kept = [word for word in (word.lower() for word in words) if word and not _NOISE.match(word)]
    # A lone letter at the end is a variant.
    while len(kept) > 1 and (kept[-1] in _LAST or (len(kept[-1]) == 1 and kept[-1].isascii())):
        kept.pop()
    if all(word in _GENERIC or (len(word) == 1 and word.isascii()) for word in kept):
        return ""
    return " ".join(kept)
