"""`soundstudio models`: which models there are; importing, verifying, removing them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from soundstudio.cli import model_import
from soundstudio.cli.terminal import write_json, write_line, write_table
from soundstudio.core.catalogue import catalogue, find_model
from soundstudio.core.errors import ModelError
from soundstudio.core.settings import current_models_folder

if TYPE_CHECKING:
    import argparse

    from soundstudio.core.catalogue import CatalogueRow


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command and what it can do to the parser."""
    parser = commands.add_parser(
        "models", parents=[common], help="list, import, verify and remove models"
    )
    parser.set_defaults(run=_list)
    actions = parser.add_subparsers(title="actions", metavar="ACTION")
    for name, run, operand, text in (
        ("list", _list, "", "which models there are (the default)"),
        ("download", _download, "ID", "fetch a model of the catalogue"),
        ("import", model_import.run, "PATH", model_import.SUMMARY),
        ("verify", _verify, "ID", "check a model's files"),
        ("remove", _remove, "ID", "delete an imported or downloaded model"),
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


def _list(args: argparse.Namespace) -> int:
    rows = catalogue(current_models_folder())
    if args.json:
        write_json({"models": [describe(row) for row in rows]})
        return 0
    head = ("ID", "TITLE", "KIND", "INSTALLED", "PARAMETERS", "LICENCE")
    write_table([head, *(_cells(row) for row in rows)])
    return 0


def _cells(row: CatalogueRow) -> tuple[str, ...]:
    size = f"{row.parameters / 1e6:.0f} M" if row.parameters else "?"
    installed = "yes" if row.is_installed else "no"
    return row.id, row.title, row.kind, installed, size, row.licence


def _download(args: argparse.Namespace) -> int:
    from soundstudio.cli.terminal import CountBar
    from soundstudio.downloads.fetch import download, find_source

    source = find_source(args.operand)
    if not args.accept_licence:
        _ask_licence(source.title, source.licence)
    bar = CountBar()
    try:
        folder = download(
            source,
            current_models_folder(),
            lambda done, total: bar(f"{source.id}, MB", done >> 20, total >> 20),
        )
    finally:
        bar.clear()
    if args.json:
        write_json({"downloaded": source.id, "folder": str(folder)})
    else:
        write_line(f"{source.title} is in {folder}.")
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
    from soundstudio.engine.model_store import verify_model

    row = find_model(args.operand, current_models_folder())
    tensors = verify_model(row)
    if args.json:
        write_json({"verified": describe(row), "tensors": tensors})
    else:
        write_line(f"{row.title} is whole: all {tensors:,} tensors were read.")
    return 0


def _remove(args: argparse.Namespace) -> int:
    from soundstudio.core.catalogue_sources import HUB_MODELS, WEIGHTS_FILES
    from soundstudio.downloads.fetch import remove_download

    downloads = {source.id for source in (*HUB_MODELS, *WEIGHTS_FILES)}
    if args.operand in downloads and remove_download(args.operand, current_models_folder()):
        if args.json:
            write_json({"removed": {"id": args.operand}})
        else:
            write_line(f"The download of {args.operand} was removed.")
        return 0
    from soundstudio.engine.model_store import remove_model

    row = find_model(args.operand, current_models_folder())
    remove_model(row, current_models_folder())
    if args.json:
        write_json({"removed": describe(row)})
    else:
        write_line(f"{row.title} was removed.")
    return 0
