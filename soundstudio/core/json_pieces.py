"""JSON of megabytes read piece by piece, so that other threads get their turn in between.

`json.loads` is one call into C that holds the interpreter's lock: 70 ms for the report of 10,000
clips, in which a window cannot answer. Here each element of a list is one such call.
"""

from __future__ import annotations

import json
from json.decoder import WHITESPACE  # type: ignore[attr-defined]
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def loads_in_pieces(content: bytes, parse_constant: Callable[[str], Any] | None = None) -> Any:
    """The value of a JSON text, as `json.loads` gives it. Raises ValueError, RecursionError.

    parse_constant: is given NaN, Infinity and -Infinity.
    """
    text = content.decode(json.detect_encoding(content), "surrogatepass")
    reader = _Reader(text, json.JSONDecoder(parse_constant=parse_constant))
    value, end = reader.value(reader.skip(0))
    if reader.skip(end) != len(text):
        raise json.JSONDecodeError("Extra data", text, end)
    return value


class _Reader:
    def __init__(self, text: str, decoder: json.JSONDecoder) -> None:
        self._text = text
        self._decoder = decoder

    def skip(self, at: int) -> int:
        """The place of the next character that is no white space."""
        return int(WHITESPACE.match(self._text, at).end())

    def value(self, at: int) -> tuple[Any, int]:
        """The value that begins at a place, and where it ends."""
        if self._text.startswith("{", at):
            return self._object(at)
        if self._text.startswith("[", at):
            return self._list(at)
        return self._decoder.raw_decode(self._text, at)

    def _object(self, at: int) -> tuple[dict[str, Any], int]:
        found: dict[str, Any] = {}
        at = self.skip(at + 1)
        if self._text.startswith("}", at):
            return found, at + 1
        while True:
            if not self._text.startswith('"', at):
                raise json.JSONDecodeError("Expecting property name", self._text, at)
            key, at = self._decoder.raw_decode(self._text, at)
            at = self._expect(":", self.skip(at))
            found[key], at = self.value(self.skip(at))
            at = self.skip(at)
            if self._text.startswith("}", at):
                return found, at + 1
            at = self.skip(self._expect(",", at))

    def _list(self, at: int) -> tuple[list[Any], int]:
        """A list: its elements are small, each is read at once."""
        found: list[Any] = []
        at = self.skip(at + 1)
        if self._text.startswith("]", at):
            return found, at + 1
        while True:
            value, at = self._decoder.raw_decode(self._text, at)
            found.append(value)
            at = self.skip(at)
            if self._text.startswith("]", at):
                return found, at + 1
            at = self.skip(self._expect(",", at))

    def _expect(self, sign: str, at: int) -> int:
        if not self._text.startswith(sign, at):
            raise json.JSONDecodeError(f"Expecting {sign!r}", self._text, at)
        return at + 1
