"""The parser of all commands, and how their outcomes become exit codes."""

from __future__ import annotations

import argparse
import itertools
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from soundstudio.cli import benchmark, doctor, finetune, generate, models, score
from soundstudio.cli.doctor_facts import application_version
from soundstudio.cli.terminal import write_json, write_problem
from soundstudio.core.errors import InvalidRequestError, StudioError

if TYPE_CHECKING:
    from collections.abc import Sequence

log = logging.getLogger(__name__)

FAILED: Final = 1
WRONG_ARGUMENTS: Final = 2
INTERRUPTED: Final = 130
COMMANDS: Final = ("generate", "finetune", "score", "benchmark", "models", "doctor")


class _InterruptedError(StudioError):
    """Ctrl+C."""

    @property
    def kind(self) -> str:
        return "Interrupted"


class _Parser(argparse.ArgumentParser):
    """Leaves it to `main` to say what is wrong."""

    def error(self, message: str) -> NoReturn:
        raise InvalidRequestError(f"{message} (see `{self.prog} --help`)")


def files_to_open(argv: Sequence[str]) -> list[str] | None:
    """The files of `soundstudio [FILE…]`, which opens the window; None for everything else."""
    if argv and (argv[0] in COMMANDS or argv[0].startswith("-")):
        return None
    return list(argv) if all(Path(name).exists() for name in argv) else None


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns 0, 1 (explained failure), 2 (wrong arguments), 130 (interrupted).

    With `--json` stdout holds one object whatever happens; a failure is its key `error`.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    code = 0
    try:
        code, error = _outcome(arguments)
        if error is not None:
            write_problem(error.sentence())
            if _wants_json(arguments):
                write_json({"error": _facts(error)})
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the result has seen enough, as `head` does: no failure. Python would
        # complain again when it closes the streams at exit.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.dup2(nowhere, sys.stderr.fileno())
    return code


def _outcome(arguments: Sequence[str]) -> tuple[int, StudioError | None]:
    """The exit code, and what went wrong."""
    try:
        return _run(arguments), None
    except BrokenPipeError:
        raise
    except InvalidRequestError as error:
        return WRONG_ARGUMENTS, error
    except StudioError as error:
        return FAILED, error
    except KeyboardInterrupt:
        return INTERRUPTED, _InterruptedError("interrupted.")
    except Exception as error:  # the process border: one line, the rest with --verbose
        log.debug("unexpected", exc_info=True)
        name = type(error).__name__
        return FAILED, StudioError(
            f"something unexpected happened ({name}: {error}); --verbose shows where."
        )


def _run(arguments: Sequence[str]) -> int:
    if arguments and not arguments[0].startswith("-") and arguments[0] not in COMMANDS:
        raise InvalidRequestError(
            f"there is no command and no file called “{arguments[0]}” (see `soundstudio --help`)"
        )
    try:
        args = build_parser().parse_args(arguments)
    except SystemExit as request:  # --help, --version
        return int(request.code or 0)
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.DEBUG if args.verbose else logging.ERROR,
        format="%(levelname)s %(name)s: %(message)s",
    )
    code: int = args.run(args)
    return code


def _wants_json(arguments: Sequence[str]) -> bool:
    """Whether `--json` was given, be the other arguments as wrong as they may."""
    options = list(itertools.takewhile(lambda word: word != "--", arguments))
    if options[:1] == ["score"]:
        # Its --json takes a file; only - means stdout.
        following = zip(options, [*options[1:], ""], strict=True)
        return "--json=-" in options or ("--json", score.STDOUT) in following
    # argparse takes beginnings of options, too.
    return any(len(word) > 2 and "--json".startswith(word) for word in options)


def _facts(error: StudioError) -> dict[str, str]:
    return {"kind": error.kind, "message": error.message, "advice": error.advice}


def build_parser() -> argparse.ArgumentParser:
    """The parser; each command sets `run`, a function of the arguments that returns a code."""
    parser = _Parser(
        prog="soundstudio",
        description="AI sound design: without a command, `soundstudio [FILE…]` opens the window.",
    )
    parser.add_argument(
        "--version", action="version", version=f"Sound Studio {application_version()}"
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    common.add_argument("--verbose", action="store_true", help="write the log to stderr")
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", required=True, parser_class=_Parser
    )
    for module in (generate, finetune, score, benchmark, models, doctor):
        module.add_parser(commands, common)
    return parser
