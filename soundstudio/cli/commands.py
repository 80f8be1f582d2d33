"""The parser of all commands, and how their outcomes become exit codes."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from soundstudio.cli import doctor, generate, models
from soundstudio.cli.doctor_facts import application_version
from soundstudio.cli.terminal import write_json, write_problem
from soundstudio.core.errors import InvalidRequestError, StudioError

if TYPE_CHECKING:
    from collections.abc import Sequence

log = logging.getLogger(__name__)

FAILED: Final = 1
WRONG_ARGUMENTS: Final = 2
INTERRUPTED: Final = 130
COMMANDS: Final = ("generate", "models", "doctor")


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        write_problem(f"{message} (see `{self.prog} --help`)")
        self.exit(WRONG_ARGUMENTS)


def files_to_open(argv: Sequence[str]) -> list[str] | None:
    """The files of `soundstudio [FILE…]`, which opens the window; None for everything else."""
    if argv and (argv[0] in COMMANDS or argv[0].startswith("-")):
        return None
    return list(argv) if all(Path(name).exists() for name in argv) else None


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns 0, 1 (explained failure), 2 (wrong arguments), 130 (interrupted)."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments and not arguments[0].startswith("-") and arguments[0] not in COMMANDS:
        write_problem(
            f"there is no command and no file called “{arguments[0]}” (see `soundstudio --help`)"
        )
        return WRONG_ARGUMENTS
    try:
        args = build_parser().parse_args(arguments)
    except SystemExit as request:
        return int(request.code or 0)
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.DEBUG if args.verbose else logging.ERROR,
        format="%(levelname)s %(name)s: %(message)s",
    )
    return _run(args)


def _run(args: argparse.Namespace) -> int:
    try:
        code: int = args.run(args)
        sys.stdout.flush()
    except StudioError as error:
        write_problem(error.sentence())
        if args.json:
            write_json(
                {"error": {"kind": error.kind, "message": error.message, "advice": error.advice}}
            )
        return WRONG_ARGUMENTS if isinstance(error, InvalidRequestError) else FAILED
    except KeyboardInterrupt:
        write_problem("interrupted.")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the result has seen enough, as `head` does. Python would complain again
        # when it closes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:  # the process border: one line, the rest with --verbose
        log.debug("unexpected", exc_info=True)
        write_problem(
            f"something unexpected happened ({type(error).__name__}: {error}); "
            "--verbose shows where."
        )
        return FAILED
    return code


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
    for module in (generate, models, doctor):
        module.add_parser(commands, common)
    return parser
