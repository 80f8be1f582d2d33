"""The command line of the recipe: which stages run, where and how long."""

from __future__ import annotations

import argparse
import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from recipe.settings import Settings, StageBudget, tiny
from recipe.stages import STAGES, run_stage

if TYPE_CHECKING:
    from collections.abc import Sequence

_BUDGETS = ("decoder", "clap", "diffusion")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="starter", description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="checkpoints and caches")
    parser.add_argument("--sounds", type=Path, required=True, help="the starter set of sounds")
    parser.add_argument("--library", type=Path, help="the library set, for the judge alone")
    parser.add_argument("--ucs", type=Path, help="the UCS table, text for the text tower")
    parser.add_argument("--minilm", type=Path, help="folder of the sentence model")
    parser.add_argument("--aisfx", type=Path, help="checkpoint.pth of the judge's embedding")
    parser.add_argument("--output", type=Path, default=Path("resources/models/starter"))
    parser.add_argument("--stage", action="append", choices=list(STAGES), help="only these stages")
    parser.add_argument("--minutes", type=float, help="another time budget for the chosen stages")
    parser.add_argument("--start-from", type=Path, help="a model folder to train on from")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--tiny", action="store_true", help="two steps on tiny networks")
    return parser


def settings_of(options: argparse.Namespace) -> Settings:
    """Settings from parsed options."""
    settings = Settings(
        work=options.work,
        sounds=options.sounds,
        library=options.library,
        ucs_table=options.ucs,
        minilm=options.minilm,
        aisfx=options.aisfx,
        output=options.output,
        start_from=options.start_from,
        threads=options.threads,
    )
    if options.minutes is not None:
        changed: dict[str, StageBudget] = {
            name: replace(getattr(settings, name), minutes=options.minutes)
            for name in _BUDGETS
            if name in (options.stage or [])
        }
        settings = replace(settings, **changed)  # type: ignore[arg-type]
    return tiny(settings) if options.tiny else settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen stages in order."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    settings = settings_of(options)
    torch.set_num_threads(settings.threads)
    for stage in options.stage or STAGES:
        run_stage(stage, settings)
    return 0
