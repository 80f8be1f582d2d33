"""`soundstudio models import`: a folder in diffusers' layout, or an original .ckpt file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from soundstudio.cli.terminal import CountBar
from soundstudio.core.settings import current_models_folder

if TYPE_CHECKING:
    import argparse

    from soundstudio.core.catalogue import CatalogueRow
    from soundstudio.core.progress import Progress


def add_options(parser: argparse.ArgumentParser) -> None:
    """What a .ckpt leaves open."""
    group = parser.add_argument_group("of an original .ckpt file")
    add: Any = group.add_argument
    add("--name", metavar="ID", default="", help="of the model (default: the file's name)")
    add("--weights", choices=("ema", "raw"), default="ema",
        help="the averaged UNet, which the original samples with, or the latest "
        "(default: %(default)s)")  # fmt: skip
    add("--heads", choices=("trained", "published"), default="trained",
        help="attention heads as the model was trained, or 8 everywhere as in the folders on the "
        "Hub, which sounds a little different (default: %(default)s)")  # fmt: skip
    add("--tokenizer", metavar="FOLDER",
        help="with vocab.json and merges.txt of roberta-base (default: from an installed model)",
        )  # fmt: skip


def imported(args: argparse.Namespace) -> CatalogueRow:
    """Import what the arguments name. Raises StudioError."""
    path = Path(args.operand).expanduser()
    models_folder = current_models_folder()
    if path.is_dir():
        from soundstudio.engine.model_store import import_model

        return import_model(path, models_folder)
    from soundstudio.engine.original.importing import ImportChoices, import_checkpoint

    tokenizer = Path(args.tokenizer).expanduser() if args.tokenizer else None
    choices = ImportChoices(args.name, args.weights, args.heads, tokenizer)
    bar = CountBar()

    def report(where: Progress) -> None:
        if not args.json:
            bar(where.stage, where.step, where.steps)

    try:
        return import_checkpoint(path, models_folder, choices, report)
    finally:
        bar.clear()
