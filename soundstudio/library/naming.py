"""File names that work on every system and never take somebody else's place."""

from __future__ import annotations

import html
import os
import re
import unicodedata
from typing import TYPE_CHECKING, Final

from soundstudio.core.errors import StorageError, explain_os_error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_NAME_BYTES: Final = 200
MAX_PATH_CHARACTERS: Final = 250
_FORBIDDEN: Final = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]')
_RESERVED: Final = re.compile(r"^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?$", re.IGNORECASE)
_MAX_TRIES: Final = 10_000


def safe_name(text: str, max_bytes: int = MAX_NAME_BYTES, fallback: str = "sound") -> str:
    """`text` as a file name without suffix, in any script, on Windows, macOS and Linux.

    Forbidden and invisible characters become spaces, spaces collapse, no dot or space at either
    end, no Windows device name, at most `max_bytes` of UTF-8 without cutting a letter from its
    accents. Empty becomes `fallback`.
    """
    text = unicodedata.normalize("NFC", text.encode("utf-8", "ignore").decode())
    text = _FORBIDDEN.sub(" ", text)
    text = "".join(
        letter if unicodedata.category(letter) not in ("Cc", "Cf", "Co", "Cn", "Zl", "Zp") else " "
        for letter in text
    )
    text = cut_to_bytes(" ".join(text.split()).strip(". "), max_bytes).strip(". ")
    if _RESERVED.match(text):
        text = f"{text.split('.')[0]} sound"
    return text or fallback


def cut_to_bytes(text: str, max_bytes: int) -> str:
    """The longest start of `text` whose UTF-8 fits, not ending inside an accented letter."""
    encoded = text.encode("utf-8")
    if len(encoded) <= max_bytes:
        return text
    cut = encoded[:max_bytes].decode("utf-8", "ignore")
    following = text[len(cut)]
    while cut and unicodedata.combining(following):
        following, cut = cut[-1], cut[:-1]
    return cut


def candidates(folder: Path, name: str, suffix: str = ".wav") -> Iterator[Path]:
    """`name`, `name_01`, `name_02` … in `folder`, shortened so that Windows takes the path."""
    name = _shortened_for(folder, name, suffix)
    for count in range(_MAX_TRIES):
        yield folder / (f"{name}_{count:02d}{suffix}" if count else f"{name}{suffix}")


def free_path(folder: Path, name: str, suffix: str = ".wav") -> Path:
    """Reserve the first free of the `candidates` by creating an empty file, and return it.

    Two programs never get the same path, and an existing file is never returned. Whoever gives up
    must remove the file. Raises StorageError.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in candidates(folder, name, suffix):
            try:
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
            except FileExistsError:
                continue
            return path
    except OSError as error:
        raise explain_os_error(error, f"writing into {folder}") from error
    raise StorageError(f"{folder} holds too many files called {name}.", "Choose another folder.")


def _shortened_for(folder: Path, name: str, suffix: str) -> str:
    """Leave room for the folder, the suffix and a number in what Windows takes for a path."""
    room = MAX_PATH_CHARACTERS - len(str(folder.absolute())) - len(suffix) - 6
    return name[: max(room, 20)].rstrip(". ") or "sound"


def printable(text: str) -> str:
    """`text` on one line, as every file in UTF-8 takes it.

    On Linux a file's name may hold bytes that are no letters: they and control characters are
    shown as the sign for an unknown one, line ends and tabs as spaces.
    """
    return "".join(
        " "
        if letter in "\t\r\n"
        else "\N{REPLACEMENT CHARACTER}"
        if unicodedata.category(letter) in ("Cs", "Cc")
        else letter
        for letter in text
    )


def escaped(text: str) -> str:
    """`text` on one line for HTML and SVG, as content and in attributes."""
    return html.escape(printable(text), quote=True)
