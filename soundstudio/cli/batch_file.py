"""`generate --batch`: a CSV file, a row a request."""

from __future__ import annotations

import argparse
import contextlib
import copy
import csv
import io
from typing import TYPE_CHECKING, Final, NoReturn

from soundstudio.core.errors import InvalidRequestError, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PROMPT: Final = "prompt"
OUT: Final = "out"
_ALIASES: Final = {"n": "variations"}
_NOT_IN_ROWS: Final = ("batch", "json", "verbose", "out", "help")


class _RowParser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InvalidRequestError(message)


def read_batch(
    path: Path, args: argparse.Namespace, add_options: Callable[[argparse.ArgumentParser], None]
) -> list[argparse.Namespace]:
    """The arguments of each row: its own cells, and those of the command line elsewhere.

    Everything is read and checked before anything is generated.
    Raises InvalidRequestError with the row's number, StorageError if the file cannot be read.
    """
    rows = list(_rows(path))
    if not rows:
        raise InvalidRequestError(f"{path.name} holds no rows.", "It needs a column “prompt”.")
    parser = _RowParser(add_help=False, allow_abbrev=False)
    add_options(parser)
    known = {
        option.removeprefix("--")
        for action in parser._actions
        for option in action.option_strings
        if option.startswith("--")
    } - set(_NOT_IN_ROWS)
    parsed = []
    for number, row in rows:
        with _named_row(path, number):
            parsed.append(_parse_row(row, args, parser, known))
    _check_names(path, parsed)
    return parsed


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        # Excel writes a byte-order mark.
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InvalidRequestError(f"{path.name} is not a text file in UTF-8.") from error
    head = text.partition("\n")[0]
    separator = next((mark for mark in (",", ";", "\t") if mark in head), ",")
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        for row in reader:
            if None in row:
                raise InvalidRequestError(
                    f"Row {reader.line_num} of {path.name} has more cells than the head.",
                    "Put prompts that hold a comma into double quotes.",
                )
            if any(row.values()):
                yield reader.line_num, {_column(key): value or "" for key, value in row.items()}
    except csv.Error as error:
        raise InvalidRequestError(f"{path.name} is not a CSV file: {error}.") from error


def _column(name: str) -> str:
    column = name.strip().lower().removeprefix("--").replace("_", "-").replace(" ", "-")
    return _ALIASES.get(column, column)


def _parse_row(
    row: dict[str, str],
    args: argparse.Namespace,
    parser: argparse.ArgumentParser,
    known: set[str],
) -> argparse.Namespace:
    words = []
    for column, value in row.items():
        if column in (PROMPT, OUT) or not value.strip():
            continue
        if column not in known:
            raise InvalidRequestError(
                f"there is no option called “{column}”",
                f"Columns may be {PROMPT}, {OUT}, {', '.join(sorted(known))}.",
            )
        words.append(f"--{column}={value.strip()}")
    base = copy.copy(args)
    base.prompt = None
    base.name = row.get(OUT, "").strip()
    prompt = row.get(PROMPT, "") or args.prompt
    return parser.parse_args([*words, *(["--", prompt] if prompt else [])], namespace=base)


@contextlib.contextmanager
def _named_row(path: Path, number: int) -> Iterator[None]:
    """Put the file's name and the row's number before what is wrong in it."""
    try:
        yield
    except InvalidRequestError as error:
        message = error.message.rstrip(".")
        raise InvalidRequestError(
            f"Row {number} of {path.name}: {message}.", error.advice
        ) from error


def _check_names(path: Path, rows: list[argparse.Namespace]) -> None:
    seen: set[str] = set()
    for row in rows:
        if not row.name:
            continue
        name = row.name.lower().removesuffix(".wav")
        if name in seen:
            raise InvalidRequestError(
                f"{path.name} names the file “{row.name}” twice.",
                f"Give each row its own {OUT}, or leave the column empty.",
            )
        seen.add(name)
