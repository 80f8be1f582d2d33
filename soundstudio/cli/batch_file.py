"""`generate --batch`: a CSV file, a row a request."""

from __future__ import annotations

import argparse
import copy
import csv
import io
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Final

from soundstudio.core.errors import (
    AudioFileError,
    InvalidRequestError,
    StorageError,
    StudioError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from soundstudio.core.requests import GenerationRequest

PROMPT: Final = "prompt"
OUT: Final = "out"
_ALIASES: Final = {"n": "variations"}
# How people call what a column holds, where the column's own name does not do.
_NAMES: Final = {
    "steps": "number of steps",
    "variations": "number of variations",
    "candidates": "number of candidates",
    "like-weight": "weight of the reference clip",
}
_MOST_NAMED: Final = 5


def read_batch(
    path: Path,
    args: argparse.Namespace,
    add_options: Callable[[argparse.ArgumentParser], None],
    request_of: Callable[[argparse.Namespace], GenerationRequest],
) -> list[tuple[argparse.Namespace, GenerationRequest]]:
    """The arguments and the request of each row: its own cells, the command line's elsewhere.

    Everything is read and checked before anything is generated.
    Raises InvalidRequestError that names each wrong row, StorageError if the file cannot be read.
    """
    rows = list(_rows(path))
    if not rows:
        raise InvalidRequestError(f"{path.name} holds no rows.", "It needs a column “prompt”.")
    options = _options(add_options)
    parsed = []
    wrong: list[tuple[int, StudioError]] = []
    for number, row in rows:
        try:
            row_args = _parse_row(row, args, options)
            parsed.append((row_args, request_of(row_args)))
        except (InvalidRequestError, AudioFileError) as error:
            wrong.append((number, error))
    if wrong:
        raise _wrong_rows(path, wrong)
    _check_names(path, [row_args for row_args, _ in parsed])
    return parsed


def _options(add_options: Callable[[argparse.ArgumentParser], None]) -> dict[str, argparse.Action]:
    """The options that may be columns, by their long names."""
    parser = argparse.ArgumentParser(add_help=False)
    add_options(parser)
    return {
        option.removeprefix("--"): action
        for action in parser._actions
        for option in action.option_strings
        if option.startswith("--")
    }


def _wrong_rows(path: Path, wrong: list[tuple[int, StudioError]]) -> InvalidRequestError:
    file = f" of {path.name}"
    parts: list[str] = []
    for number, error in wrong[:_MOST_NAMED]:
        message = error.message.rstrip(".")
        if message.startswith(("The ", "There ")):
            message = message[0].lower() + message[1:]
        parts.append(f"{'row' if parts else 'Row'} {number}{'' if parts else file}: {message}")
    if len(wrong) > _MOST_NAMED:
        parts.append(f"and {len(wrong) - _MOST_NAMED} more")
    advice = wrong[0][1].advice if len(wrong) == 1 else ""
    return InvalidRequestError("; ".join(parts) + ".", advice)


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
    row: dict[str, str], args: argparse.Namespace, options: dict[str, argparse.Action]
) -> argparse.Namespace:
    parsed = copy.copy(args)
    parsed.prompt = row.get(PROMPT, "")
    parsed.name = row.get(OUT, "").strip()
    _check_out(parsed.name)
    for column, value in row.items():
        if column in (PROMPT, OUT) or not value.strip():
            continue
        if column not in options:
            raise InvalidRequestError(
                f"there is no option called “{column}”",
                f"Columns may be {PROMPT}, {OUT}, {', '.join(sorted(options))}.",
            )
        setattr(parsed, options[column].dest, _converted(column, value.strip(), options[column]))
    return parsed


def _converted(column: str, value: str, option: argparse.Action) -> object:
    """A cell as its option wants it. Raises InvalidRequestError, worded for people."""
    name = _NAMES.get(column, column)
    if option.choices is not None and value not in option.choices:
        raise InvalidRequestError(f"the {name} “{value}” is not one of {', '.join(option.choices)}")
    if not callable(option.type):
        return value
    try:
        converted: object = option.type(value)
    except argparse.ArgumentTypeError as error:
        raise InvalidRequestError(str(error)) from error
    except ValueError as error:
        kind = "whole number" if option.type is int else "number"
        raise InvalidRequestError(f"the {name} “{value}” is not a {kind}") from error
    return converted


def _check_out(name: str) -> None:
    """Refuse a name that leads out of the folder of `-o`, on this system or another."""
    if not name:
        return
    for path in (PurePosixPath(name), PureWindowsPath(name)):
        if path.anchor or path.drive or ".." in path.parts or name.startswith("~"):
            raise InvalidRequestError(
                f"the file “{name}” lies outside the folder of -o",
                f"Let the column {OUT} hold a name, or a path below that folder.",
            )
    if not PurePosixPath(name).name or name.endswith(("/", "\\")):
        raise InvalidRequestError(f"“{name}” in the column {OUT} is no file's name")


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
