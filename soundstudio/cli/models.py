"""`soundstudio models`: which models there are; importing, verifying, removing them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from soundstudio.cli import model_import
from soundstudio.cli.terminal import write_json, write_line, write_table
from soundstudio.core.catalogue_table import BYTES_PER_WEIGHT, find_item, memory_bytes
from soundstudio.core.errors import ModelError
from soundstudio.core.model_shelf import shelf
from soundstudio.core.settings import current_models_folder
from soundstudio.core.transfer_rate import size_words

if TYPE_CHECKING:
    import argparse

    from soundstudio.core.catalogue import CatalogueRow
    from soundstudio.core.model_shelf import ShelfRow


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command and what it can do to the parser."""
    parser = commands.add_parser(
        "models", parents=[common], help="list, import, verify and remove models"
    )
    parser.set_defaults(run=_list)
    actions = parser.add_subparsers(title="actions", metavar="ACTION")
    for name, run, operand, text in (
        ("list", _list, "", "which models there are (the default)"),
        ("download", _download, "ID", "fetch a model, checkpoint or weights"),
        ("import", model_import.run, "PATH", model_import.SUMMARY),
        ("verify", _verify, "ID", "check a model's or weights' files, and their known hashes"),
        ("remove", _remove, "ID", "delete what was imported or downloaded"),
    ):
        # The common options stand before and after the action; only one of them counts.
        action = actions.add_parser(name, help=text, description=text)
        action.add_argument("--json", action="store_true", default=_unset())
        action.add_argument("--verbose", action="store_true", default=_unset())
        if name == "download":
            action.add_argument(
                "--accept-licence",
                action="store_true",
                help="accept the licence without being asked",
            )
        if operand:
            action.add_argument("operand", metavar=operand)
        if name == "import":
            model_import.add_options(action)
        action.set_defaults(run=run)


def _unset() -> Any:
    import argparse

    return argparse.SUPPRESS


def describe(row: CatalogueRow) -> dict[str, Any]:
    """A row of the catalogue for `--json`."""
    return {
        "id": row.id,
        "title": row.title,
        "kind": row.kind,
        "installed": row.is_installed,
        "licence": row.licence,
        "parameters": row.parameters or None,
        "sample_rate": row.sample_rate,
        "capabilities": list(row.capabilities),
        "folder": str(row.folder) if row.folder else None,
    }


def describe_shelf(row: ShelfRow) -> dict[str, Any]:
    """The same of a row of the shelf, weights and checkpoints included."""
    return {
        "id": row.id,
        "title": row.title,
        "kind": row.kind,
        "installed": row.is_installed,
        "state": row.state,
        "licence": row.licence,
        "parameters": row.parameters or None,
        "bytes": row.size_bytes or None,
        "received_bytes": row.received_bytes,
        "memory_bytes": {p: memory_bytes(row.parameters, p) or None for p in BYTES_PER_WEIGHT},
        "sample_rate": row.item.sample_rate_hz if row.item else 16000,
        "capabilities": list(row.capabilities),
        "folder": str(row.folder) if row.folder else None,
    }


def _list(args: argparse.Namespace) -> int:
    rows = shelf(current_models_folder())
    if args.json:
        write_json({"models": [describe_shelf(row) for row in rows]})
        return 0
    head = ("ID", "TITLE", "KIND", "INSTALLED", "SIZE", "PARAMETERS", "LICENCE")
    write_table([head, *(_cells(row) for row in rows)])
    return 0


def _cells(row: ShelfRow) -> tuple[str, ...]:
    parameters = f"{row.parameters / 1e6:.0f} M" if row.parameters else "?"
    size = size_words(row.size_bytes) if row.size_bytes else "?"
    states = {
        "installed": "yes",
        "fetched": "waits for its import",
        "partial": f"begun, {size_words(row.received_bytes)}",
        "absent": "no",
    }
    return row.id, row.title, row.kind, states[row.state], size, parameters, row.licence


def _download(args: argparse.Namespace) -> int:
    from soundstudio.cli.terminal import TransferBar
    from soundstudio.downloads.install import install

    item = find_item(args.operand)
    if not args.accept_licence:
        _ask_licence(item.title, item.licence)
    bar = TransferBar()
    try:
        installed = install(item, current_models_folder(), bar)
    finally:
        bar.clear()
    if args.json:
        write_json({"downloaded": item.id, "folder": str(installed.folder)})
    else:
        write_line(f"{item.title} is in {installed.folder}.")
    return 0


def _ask_licence(title: str, licence: str) -> None:
    """Ask on a terminal. Raises ModelError if the licence is not accepted."""
    import sys

    if sys.stdin.isatty():
        sys.stderr.write(f"{title} comes under {licence}. Accept it? [y/N] ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() in ("y", "yes"):
            return
    raise ModelError(
        f"{title} comes under the licence {licence}, which was not accepted.",
        "Read it, then add --accept-licence.",
    )


def _verify(args: argparse.Namespace) -> int:
    from soundstudio.cli.terminal import TransferBar
    from soundstudio.downloads.verify import verify

    bar = TransferBar()
    try:
        found = verify(
            args.operand,
            current_models_folder(),
            lambda done, total: bar("checking", done, total),
        )
    finally:
        bar.clear()
    if args.json:
        write_json(
            {
                "verified": args.operand,
                "title": found.title,
                "tensors": found.tensors,
                "hashed_files": found.hashed_files,
            }
        )
    else:
        write_line(found.sentence())
    return 0


def _remove(args: argparse.Namespace) -> int:
    from soundstudio.downloads.verify import remove

    title = remove(args.operand, current_models_folder())
    if args.json:
        write_json({"removed": args.operand, "title": title})
    else:
        write_line(f"{title} was removed.")
    return 0
