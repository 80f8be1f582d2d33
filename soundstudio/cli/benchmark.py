"""`soundstudio benchmark`: the paper's figures and tables on the user's copies of its datasets."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from soundstudio.cli.destination import check_writable
from soundstudio.cli.terminal import CountBar, write_json, write_line, write_problem, write_table
from soundstudio.core.catalogue import find_model
from soundstudio.core.errors import InvalidRequestError
from soundstudio.core.finetuning import BEST_BY, FinetuneSettings
from soundstudio.core.paths import user_folders
from soundstudio.core.requests import DEFAULT_SAMPLER, SAMPLERS, GenerationRequest
from soundstudio.core.settings import chosen_models_folder, load_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from soundstudio.benchmark.backbone_source import ChosenBackbone
    from soundstudio.benchmark.dataset import Dataset
    from soundstudio.benchmark.subsets import Subset

# Repeated here so that the parser needs no NumPy; a test holds them to the benchmark's own.
DATASETS: Final = ("esc50", "urbansound8k", "audiocaps", "audioset", "folder")
SUBSETS: Final = ("paper", "held-out", "all")
CORRUPTIONS: Final = ("noise", "mask", "interference", "disorder")
CONDITIONS: Final = ("text", "audio")
STARTS: Final = ("pre-trained", "scratch")
_ARM_OPTIONS: Final[tuple[tuple[str, str, Any, str], ...]] = (
    ("steps", "N", int, "of every run"),
    ("validate_every", "N", int, "steps"),
    ("batch_size", "N", int, "clips a step"),
    ("learning_rate", "X", float, "after the warm-up"),
    ("warmup_steps", "N", int, "over which the learning rate rises"),
    ("sampling_steps", "N", int, "of each generated sound"),
    ("guidance", "W", float, "of these sounds"),
)


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command and its benchmarks to the parser."""
    parser = commands.add_parser(
        "benchmark",
        help="run the paper's figures and tables",
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
    _add_arms(kinds.add_parser(
        "table2", parents=[common, shared], help="the best scores of four kinds of fine-tuning",
        description="Fine-tune from the model and from scratch, on text and on sounds, with "
        "several seeds, and compare the best scores. figure2 with the same folder uses the "
        "same runs.",
    ), "table2")  # fmt: skip
    _add_arms(kinds.add_parser(
        "figure2", parents=[common, shared], help="the same four, score by training step",
        description="Fine-tune from the model and from scratch, on text and on sounds, with "
        "several seeds, and draw the scores by step. table2 with the same folder uses the "
        "same runs.",
    ), "figure2")  # fmt: skip


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
    add("--processes", metavar="N", type=int, default=1, help="default: 1; each loads the networks")
    add("--device", choices=("auto", "cuda", "mps", "cpu"), help="default: as in the settings")
    return shared


def _add_draws(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--draws", metavar="N", type=int, default=200,
        help="resamples of each interval (default: %(default)s)")  # fmt: skip


def _add_figure1(parser: argparse.ArgumentParser) -> None:
    _add_draws(parser)
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
    _add_draws(parser)
    _add_model(parser)
    add = parser.add_argument
    add("--duration", metavar="S", type=float, help="default: that of the dataset's clips")
    add("--steps", metavar="N", type=int, default=defaults.steps, help="default: %(default)s")
    add("--guidance", metavar="W", type=float, default=defaults.guidance,
        help="default: %(default)s")  # fmt: skip
    add("--sampler", metavar="NAME", default=DEFAULT_SAMPLER,
        help=f"{', '.join(SAMPLERS)} (default: %(default)s)")  # fmt: skip
    add("--eta", metavar="X", type=float, default=0.0, help="DDIM's noise, 0 to 1 (default: 0)")
    parser.set_defaults(run=run_table1)


def _add_model(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--model", metavar="ID|FOLDER", help="default: the model of the settings")
    add(
        "--condition", choices=CONDITIONS, nargs="+", default=list(CONDITIONS), help="default: both"
    )
    add("--template", metavar="NAME|TEXT", default="label",
        help="how labels become prompts: label, sound-of, or a sentence with {label}")  # fmt: skip
    add("--dtype", choices=("auto", "float32", "bfloat16", "float16"),
        help="default: as in the settings")  # fmt: skip


def _add_arms(parser: argparse.ArgumentParser, kind: str) -> None:
    _add_model(parser)
    defaults = FinetuneSettings()
    add = parser.add_argument
    add("--start", choices=STARTS, nargs="+", default=list(STARTS), help="default: both")
    add("--seeds", metavar="N,N,…", type=_seeds, default=(0, 1, 2),
        help="of the runs; --seed draws the clips (default: 0,1,2)")  # fmt: skip
    add("--validate-fold", metavar="FOLD", help="evaluate on this fold instead of a drawn subset")
    add("--train-folds", metavar="FOLD,FOLD,…", type=_names, default=(),
        help="with --validate-fold (default: all others)")  # fmt: skip
    add("--sounds", metavar="N", type=int,
        help="generated at each validation (default: one for each evaluated clip)")  # fmt: skip
    add("--best-by", choices=BEST_BY, default="fd", help="chooses the step (default: fd)")
    for name, metavar, number, text in _ARM_OPTIONS:
        add(f"--{name.replace('_', '-')}", metavar=metavar, type=number,
            default=getattr(defaults, name), help=f"{text} (default: %(default)s)")  # fmt: skip
    parser.set_defaults(run=run_arms, benchmark=kind)


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
    head = f"{dataset.title}: {subset.note} At 100 %:"
    rows, lines = figure1_report.answer_rows(report), figure1_report.claim_lines(report)
    return _said(args, report, paths, head, rows, lines)


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
    head = f"{row.title} on {dataset.title}: {subset.note}"
    return _said(args, report, paths, head, table1_report.table_rows(report))


def run_arms(args: argparse.Namespace) -> int:
    """Run Table II or Figure 2. Raises StudioError."""
    from soundstudio.benchmark import arm_runs, arms, arms_report
    from soundstudio.benchmark.prompts import template_of
    from soundstudio.benchmark.training_split import FoldChoice, draw_split, prepare_clips

    settings = load_settings(user_folders().settings_file)
    backbone = _backbone(args)
    template = template_of(args.template)
    row = find_model(args.model or settings.model, chosen_models_folder(settings, user_folders()))
    if args.train_folds and args.validate_fold is None:
        raise InvalidRequestError(
            "Folds to train on need a fold to evaluate on.", "Add --validate-fold."
        )
    folds = FoldChoice(args.validate_fold, args.train_folds) if args.validate_fold else None
    dataset, folder = _dataset_and_folder(args)
    split = draw_split(dataset, args.subset, folds=folds, seed=args.seed, count=args.clips)
    given = {name: getattr(args, name) for name, *_ in _ARM_OPTIONS}
    plan = arms.ArmsPlan(
        backbone=backbone,
        model=row,
        settings=FinetuneSettings(
            validation_sounds=len(split.clips) if args.sounds is None else args.sounds,
            best_by=args.best_by,
            device=args.device or settings.device,
            dtype=args.dtype or settings.dtype,
            **given,
        ),
        arms=tuple(
            arm for arm in arms.ARMS if arm.start in args.start and arm.condition in args.condition
        ),
        seeds=args.seeds,
        template=template,
        processes=args.processes,
    ).validated()
    bar = CountBar()
    try:
        clips = prepare_clips(
            split, dataset.folder, template, processes=args.processes, progress=bar
        )
        found = arm_runs.run_arms(clips.training, plan, folder, bar)
    finally:
        bar.clear()
    report = arms_report.report_arms(args.benchmark, dataset, split, clips, found, plan)
    paths = arms_report.write_arms(folder, report)
    is_table = args.benchmark == "table2"
    rows = arms_report.best_rows(report) if is_table else arms_report.curve_rows(report)
    lines = arms_report.answer_lines(report)
    if not is_table:
        lines = [*arms_report.paper_lines(report), *lines]
    return _said(args, report, paths, f"{row.title} on {dataset.title}: {split.note}", rows, lines)


def _said(
    args: argparse.Namespace,
    report: dict[str, Any],
    paths: list[Path],
    head: str,
    rows: list[tuple[str, ...]],
    lines: Sequence[str] = (),
) -> int:
    """Print a result as every benchmark does, and say which files hold it; the exit code."""
    for name, sentence in report["failures"].items():
        write_problem(f"{name} was left out: {sentence}")
    if args.json:
        write_json(report | {"files": [str(path.absolute()) for path in paths]})
        return 0
    write_line(head)
    write_table(rows)
    for line in lines:
        write_line(line)
    write_line("What differs from the paper:")
    for sentence in report["differences"]:
        write_line(f"- {sentence}")
    for path in paths:
        write_line(str(path))
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
    from soundstudio.benchmark.subsets import draw_subset

    dataset, folder = _dataset_and_folder(args)
    subset = draw_subset(dataset, args.subset, seed=args.seed, count=args.clips)
    return dataset, subset, folder


def _dataset_and_folder(args: argparse.Namespace) -> tuple[Dataset, Path]:
    from soundstudio.benchmark.layouts import read_dataset

    folder = Path(args.out).expanduser().absolute()
    dataset = read_dataset(args.dataset, Path(args.data).expanduser().absolute())
    if args.clips is not None and args.clips < 1:
        raise InvalidRequestError(f"The number of clips must be at least 1; it is {args.clips}.")
    check_writable(folder)
    if sentence := dataset.missing_sentence():
        write_problem(sentence)
    return dataset, folder


def _seed(text: str) -> int:
    """A seed, 0 or more (an argparse type)."""
    try:
        value = int(text)
    except ValueError:
        value = -1
    if value < 0:
        raise argparse.ArgumentTypeError(f"the seed “{text}” is not a whole number from 0 up")
    return value


def _seeds(text: str) -> tuple[int, ...]:
    """Seeds, each once, separated by commas (an argparse type)."""
    return tuple(dict.fromkeys(_seed(part.strip()) for part in text.split(",")))


def _names(text: str) -> tuple[str, ...]:
    """Names separated by commas (an argparse type)."""
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
