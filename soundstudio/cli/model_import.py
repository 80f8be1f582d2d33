"""`soundstudio models import`: a model folder, or AudioLDM's original .ckpt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from soundstudio.cli.terminal import ProgressBar, write_json, write_line
from soundstudio.core.errors import InvalidRequestError
from soundstudio.core.settings import current_models_folder

if TYPE_CHECKING:
    import argparse

    from soundstudio.core.catalogue import CatalogueRow

SUMMARY: Final = "bring in a model folder (diffusers' AudioLDM layout) or an original .ckpt"


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `models import`."""
    parser.add_argument("--name", metavar="ID", help="the new model's id (default: the file's)")
    parser.add_argument(
        "--heads",
        choices=("trained", "published"),
        help="the UNet's attention heads: as it was trained (default), or 8 as on the Hub",
    )
    parser.add_argument(
        "--weights",
        choices=("ema", "raw"),
        help="of a .ckpt: the UNet's averaged weights (default), or its live ones",
    )
    parser.add_argument(
        "--tokenizer",
        metavar="FOLDER",
        help="for a .ckpt: roberta-base's vocab.json and merges.txt, or tokenizer.json",
    )


def run(args: argparse.Namespace) -> int:
    """Import and say under which name."""
    from soundstudio.cli.models import describe

    source = Path(args.operand).expanduser()
    row = _import_file(args, source) if source.is_file() else _import_folder(args, source)
    if args.json:
        write_json({"imported": describe(row)})
    else:
        write_line(f"{row.title} is imported as “{row.id}”.")
    return 0


def _import_file(args: argparse.Namespace, source: Path) -> CatalogueRow:
    from soundstudio.engine.import_checkpoint import import_checkpoint

    bar = ProgressBar(1)
    try:
        return import_checkpoint(
            source,
            current_models_folder(),
            name=args.name,
            weights=args.weights or "ema",
            heads=args.heads or "trained",
            tokenizer=Path(args.tokenizer).expanduser() if args.tokenizer else None,
            progress=bar,
        )
    finally:
        bar.clear()


def _import_folder(args: argparse.Namespace, source: Path) -> CatalogueRow:
    from soundstudio.engine.model_store import import_model

    if args.weights or args.tokenizer:
        raise InvalidRequestError("--weights and --tokenizer are for .ckpt files only.")
    return import_model(source, current_models_folder(), args.name, args.heads)
