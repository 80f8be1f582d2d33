"""`soundstudio benchmark`: the paper's figures and tables on the user's copies of its datasets."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from soundstudio.cli.destination import check_writable
from soundstudio.cli.terminal import CountBar, write_json, write_line, write_problem, write_table
from soundstudio.core.catalogue import find_model
from soundstudio.core.paths import user_folders
from soundstudio.core.requests import DEFAULT_SAMPLER, SAMPLERS, GenerationRequest
from soundstudio.core.settings import chosen_models_folder, load_settings

if TYPE_CHECKING:
    from soundstudio.benchmark.backbone_source import ChosenBackbone
    from soundstudio.benchmark.dataset import Dataset
    from soundstudio.benchmark.subsets import Subset

# Repeated here so that the parser needs no NumPy; a test holds them to the benchmark's own.
DATASETS: Final = ("esc50", "urbansound8k", "audiocaps", "audioset", "folder")
SUBSETS: Final = ("paper", "held-out", "all")
CORRUPTIONS: Final = ("noise", "mask", "interference", "disorder")
CONDITIONS: Final = ("text", "audio")


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command and its benchmarks to the parser."""
    parser = commands.add_parser(
        "benchmark",
        help="run the paper's Figure 1 or Table I",
        description="Run a benchmark of the paper on your copy of a dataset. An interrupted run "
        "goes on where it stopped when it is started again with the same folder.",
    )
    kinds = parser.add_subparsers(
        title="benchmarks", metavar="BENCHMARK", required=True, parser_class=type(parser)
    )
    shared = _shared_options()
    _add_figure1(kinds.add_parser(
        "figure1", parents=[common, shared], help="how the metrics answer corrupted sounds",
        description="Corrupt a growing share of real sounds and watch FD, IS, KL and FAD.",
    ))  # fmt: skip
    _add_table1(kinds.add_parser(
        "table1", parents=[common, shared], help="score a model without fine-tuning",
        description="Generate a sound for each real one, from its text and from its sound, "
        "and score them.",
    ))  # fmt: skip


def _shared_options() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    add = shared.add_argument
    add("--dataset", choices=DATASETS, required=True, help="the layout of --data")
    add("--data", metavar="DIR", required=True, help="the dataset's folder")
    add("-o", "--out", metavar="DIR", required=True, help="where results and what can be reused go")
    add("--subset", choices=SUBSETS, default="paper",
        help="drawn as in the paper, by whole recordings, or all (default: paper)")  # fmt: skip
    add("--clips", metavar="N", type=int, help="at most so many clips")
    add("--seed", metavar="N", type=_seed, default=0, help="of all that is drawn (default: 0)")
    add("--backbone", choices=("bundled", "paper"), default="bundled",
        help="the networks that listen (default: %(default)s)")  # fmt: skip
    add("--panns", metavar="FILE", help="Cnn14_16k_mAP=0.438.pth, for --backbone paper")
    add("--vggish", metavar="FILE", help="VGGish's weights, for --backbone paper")
    add("--clap", metavar="FOLDER",
        help="a model folder whose CLAP hears for bundled FAD (default: the starter)")  # fmt: skip
    add("--draws", metavar="N", type=int, default=200,
        help="resamples of each interval (default: %(default)s)")  # fmt: skip
    add("--processes", metavar="N", type=int, default=1, help="default: 1; each loads the networks")
    add("--device", choices=("auto", "cuda", "mps", "cpu"), help="default: as in the settings")
    return shared


def _add_figure1(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--corruption", choices=CORRUPTIONS, nargs="+", default=list(CORRUPTIONS),
        help="default: all four")  # fmt: skip
    add("--points", metavar="N", type=int, default=11,
        help="shares from 0 to 100 %% (default: %(default)s)")  # fmt: skip
    add("--mel", choices=("scaled", "audioldm"), help="the mel that is corrupted (default: scaled)")
    add("--noise-spread", choices=("variance", "deviation"),
        help="what is 20 %% of the mel's range (default: variance)")  # fmt: skip
    add("--noise-mean", choices=("mel", "zero"), help="default: mel, as the paper says")
    add("--mask-share", metavar="X", type=float, help="of the clip, each of two (default: 0.1)")
    add("--snr", dest="snr_db", metavar="DB", type=float, help="of interference (default: 0)")
    add("--events", metavar="N", type=int, help="in a sequence (default: 4)")
    add("--event-duration", dest="event_s", metavar="S", type=float, help="default: 1.25")
    add("--first-order", choices=("random", "by-class"),
        help="of the events before they are disordered (default: random)")  # fmt: skip
    parser.set_defaults(run=run_figure1)


def _add_table1(parser: argparse.ArgumentParser) -> None:
    defaults = GenerationRequest(prompt="")
    add = parser.add_argument
    add("--model", metavar="ID|FOLDER", help="default: the model of the settings")
    add(
        "--condition", choices=CONDITIONS, nargs="+", default=list(CONDITIONS), help="default: both"
    )
    add("--template", metavar="NAME|TEXT", default="label",
        help="how labels become prompts: label, sound-of, or a sentence with {label}")  # fmt: skip
    add("--duration", metavar="S", type=float, help="default: that of the dataset's clips")
    add("--steps", metavar="N", type=int, default=defaults.steps, help="default: %(default)s")
    add("--guidance", metavar="W", type=float, default=defaults.guidance,
        help="default: %(default)s")  # fmt: skip
    add("--sampler", metavar="NAME", default=DEFAULT_SAMPLER,
        help=f"{', '.join(SAMPLERS)} (default: %(default)s)")  # fmt: skip
    add("--eta", metavar="X", type=float, default=0.0, help="DDIM's noise, 0 to 1 (default: 0)")
    add("--dtype", choices=("auto", "float32", "bfloat16", "float16"),
        help="default: as in the settings")  # fmt: skip
    parser.set_defaults(run=run_table1)


def run_figure1(args: argparse.Namespace) -> int:
    """Run Figure 1. Raises StudioError."""
    from soundstudio.benchmark import figure1_report
    from soundstudio.benchmark.corruption import CorruptionChoices
    from soundstudio.benchmark.figure1 import Figure1Plan, run_figure1

    given = {
        field.name: value
        for field in dataclasses.fields(CorruptionChoices)
        if (value := getattr(args, field.name, None)) is not None
    }
    steps = max(1, args.points - 1)
    plan = Figure1Plan(
        backbone=_backbone(args),
        corruptions=tuple(dict.fromkeys(args.corruption)),
        shares=tuple(number / steps for number in range(args.points)),
        choices=CorruptionChoices(**given),
        seed=args.seed,
        draws=args.draws,
        processes=args.processes,
    ).validated()
    dataset, subset, folder = _prepared(args)
    bar = CountBar()
    try:
        series = run_figure1(subset.clips, plan, folder, bar)
    finally:
        bar.clear()
    report = figure1_report.report_figure1(dataset, series, plan)
    report["subset"] = {"name": subset.name, "note": subset.note}
    paths = figure1_report.write_figure1(folder, report)
    _say_failures(series.failures)
    if args.json:
        write_json(report | {"files": [str(path.absolute()) for path in paths]})
        return 0
    write_line(f"{dataset.title}: {subset.note} At 100 %:")
    write_table(figure1_report.answer_rows(report))
    for line in figure1_report.claim_lines(report):
        write_line(line)
    _say_rest(report["differences"], paths)
    return 0


def run_table1(args: argparse.Namespace) -> int:
    """Run Table I. Raises StudioError."""
    from soundstudio.benchmark import table1, table1_report
    from soundstudio.benchmark.prompts import template_of

    settings = load_settings(user_folders().settings_file)
    models_folder = chosen_models_folder(settings, user_folders())
    backbone = _backbone(args)
    template = template_of(args.template)
    row = find_model(args.model or settings.model, models_folder)
    dataset, subset, folder = _prepared(args)
    plan = table1.Table1Plan(
        backbone=backbone,
        model=row,
        settings=GenerationRequest(
            prompt="",
            duration_s=dataset.duration_s if args.duration is None else args.duration,
            guidance=args.guidance,
            steps=args.steps,
            sampler=args.sampler,
            eta=args.eta,
        ),
        conditions=tuple(dict.fromkeys(args.condition)),
        template=template,
        device=args.device or settings.device,
        dtype=args.dtype or settings.dtype,
        seed=args.seed,
        draws=args.draws,
        processes=args.processes,
    )
    bar = CountBar()
    try:
        found = table1.run_table1(subset.clips, plan, folder, bar)
    finally:
        bar.clear()
    report = table1_report.report_table1(dataset, subset, found, plan)
    paths = table1_report.write_table1(folder, report)
    _say_failures(found.failures)
    if args.json:
        write_json(report | {"files": [str(path.absolute()) for path in paths]})
        return 0
    write_line(f"{row.title} on {dataset.title}: {subset.note}")
    write_table(table1_report.table_rows(report))
    _say_rest(report["differences"], paths)
    return 0


def _backbone(args: argparse.Namespace) -> ChosenBackbone:
    from soundstudio.benchmark.backbone_source import ChosenBackbone

    def path_of(name: str | None) -> Path | None:
        return Path(name).expanduser().absolute() if name else None

    return ChosenBackbone(
        name=args.backbone,
        panns=path_of(args.panns),
        vggish=path_of(args.vggish),
        clap_folder=path_of(args.clap),
        device=args.device or load_settings(user_folders().settings_file).device,
    ).validated()


def _prepared(args: argparse.Namespace) -> tuple[Dataset, Subset, Path]:
    """The dataset, the clips to use, and the folder for results, which can be written to."""
    from soundstudio.benchmark.layouts import read_dataset
    from soundstudio.benchmark.subsets import draw_subset

    folder = Path(args.out).expanduser().absolute()
    dataset = read_dataset(args.dataset, Path(args.data).expanduser().absolute())
    subset = draw_subset(dataset, args.subset, seed=args.seed, count=args.clips)
    check_writable(folder)
    if sentence := dataset.missing_sentence():
        write_problem(sentence)
    return dataset, subset, folder


def _say_failures(failures: dict[str, str]) -> None:
    for name, sentence in failures.items():
        write_problem(f"{name} was left out: {sentence}")


def _say_rest(differences: list[str], paths: list[Path]) -> None:
    write_line("What differs from the paper:")
    for sentence in differences:
        write_line(f"- {sentence}")
    for path in paths:
        write_line(str(path))


def _seed(text: str) -> int:
    """A seed, 0 or more (an argparse type)."""
    try:
        value = int(text)
    except ValueError:
        value = -1
    if value < 0:
        raise argparse.ArgumentTypeError(f"the seed “{text}” is not a whole number from 0 up")
    return value
