"""`soundstudio benchmark`: the paper's figures and tables on the user's copies of its datasets."""

from __future__ import annotations

import argparse
import dataclasses
from typing import TYPE_CHECKING, Any, Final, TypeVar

from soundstudio.cli.terminal import CountBar, write_json, write_line, write_problem, write_table
from soundstudio.core.benchmark_requests import (
    CORRUPTIONS,
    DATASETS,
    STARTS,
    SUBSETS,
    BenchmarkRequest,
    CorruptionWishes,
    GenerationWishes,
    TrainingWishes,
)
from soundstudio.core.finetuning import BEST_BY, CONDITIONS, FinetuneSettings
from soundstudio.core.paths import user_folders
from soundstudio.core.requests import DEFAULT_SAMPLER, SAMPLERS, GenerationRequest
from soundstudio.core.settings import chosen_models_folder, load_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from soundstudio.benchmark.carry_out import BenchmarkResult

Wishes = TypeVar("Wishes", CorruptionWishes, GenerationWishes, TrainingWishes)
_SHARED: Final = ("dataset", "data", "out", "subset", "clips", "seed", "backbone", "processes")
_ARM_OPTIONS: Final[tuple[tuple[str, str, Any, str], ...]] = (
    ("steps", "N", int, "of every run"),
    ("validate_every", "N", int, "steps"),
    ("batch_size", "N", int, "clips a step"),
    ("learning_rate", "X", float, "after the warm-up"),
    ("warmup_steps", "N", int, "over which the learning rate rises"),
    ("max_gradient_norm", "X", float, "longer gradients are shortened to it; 0 leaves them"),
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
    add("--clap", metavar="CLAP",
        help="whose CLAP hears for bundled FAD: clap-htsat-tiny, clap-htsat-base, LAION's file, or "
        "a model with an audio tower (default: the starter)")  # fmt: skip
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
    parser.set_defaults(run=run, benchmark="figure1")


def _add_table1(parser: argparse.ArgumentParser) -> None:
    defaults = GenerationRequest(prompt="")
    _add_draws(parser)
    _add_model(parser)
    add = parser.add_argument
    add(
        "--duration",
        dest="duration_s",
        metavar="S",
        type=float,
        help="default: that of the dataset's clips",
    )
    add("--steps", metavar="N", type=int, default=defaults.steps, help="default: %(default)s")
    add("--guidance", metavar="W", type=float, default=defaults.guidance,
        help="default: %(default)s")  # fmt: skip
    add("--sampler", metavar="NAME", default=DEFAULT_SAMPLER,
        help=f"{', '.join(SAMPLERS)} (default: %(default)s)")  # fmt: skip
    add("--eta", metavar="X", type=float, default=0.0, help="DDIM's noise, 0 to 1 (default: 0)")
    parser.set_defaults(run=run, benchmark="table1")


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
    add(
        "--start",
        dest="starts",
        choices=STARTS,
        nargs="+",
        default=list(STARTS),
        help="default: both",
    )
    add("--seeds", metavar="N,N,…", type=_seeds, default=(0, 1, 2),
        help="of the runs; --seed draws the clips (default: 0,1,2)")  # fmt: skip
    add(
        "--validate-fold",
        metavar="FOLD",
        default="",
        help="evaluate on this fold instead of a drawn subset",
    )
    add("--train-folds", metavar="FOLD,FOLD,…", type=_names, default=(),
        help="with --validate-fold (default: all others)")  # fmt: skip
    add("--sounds", metavar="N", type=int,
        help="generated at each validation (default: one for each evaluated clip)")  # fmt: skip
    add("--best-by", choices=BEST_BY, default="fd", help="chooses the step (default: fd)")
    for name, metavar, number, text in _ARM_OPTIONS:
        add(f"--{name.replace('_', '-')}", metavar=metavar, type=number,
            default=getattr(defaults, name), help=f"{text} (default: %(default)s)")  # fmt: skip
    parser.set_defaults(run=run, benchmark=kind)


def run(args: argparse.Namespace) -> int:
    """Carry out a benchmark. Raises StudioError."""
    from soundstudio.benchmark.carry_out import carry_out

    request = request_of(args).validated()
    bar = CountBar()

    def tell(sentence: str) -> None:
        bar.clear()
        write_problem(sentence)

    try:
        result = carry_out(request, bar, tell)
    finally:
        bar.clear()
    return _said(args, result)


def request_of(args: argparse.Namespace) -> BenchmarkRequest:
    """The request that the words of the command line make. Raises SettingsError."""
    settings = load_settings(user_folders().settings_file)
    shared: dict[str, Any] = {
        "benchmark": args.benchmark,
        "models_folder": str(chosen_models_folder(settings, user_folders())),
        "device": args.device or settings.device,
        **{name: getattr(args, name) for name in _SHARED},
        **{name: getattr(args, name) or "" for name in ("panns", "vggish", "clap")},
    }
    if args.benchmark == "figure1":
        return BenchmarkRequest(
            **shared,
            draws=args.draws,
            corruptions=_once(args.corruption),
            shares=args.points,
            corruption=_wishes(CorruptionWishes, args),
        )
    shared |= {
        "model": args.model or settings.model,
        "conditions": _once(args.condition),
        "template": args.template,
        "dtype": args.dtype or settings.dtype,
    }
    if args.benchmark == "table1":
        return BenchmarkRequest(
            **shared, draws=args.draws, generation=_wishes(GenerationWishes, args)
        )
    return BenchmarkRequest(**shared, training=_wishes(TrainingWishes, args))


def _wishes(kind: type[Wishes], args: argparse.Namespace) -> Wishes:
    """The options of one kind of benchmark: each field is an argument of its name."""
    given: dict[str, Any] = {}
    for field in dataclasses.fields(kind):
        value = getattr(args, field.name)
        given[field.name] = _once(value) if isinstance(value, list) else value
    return kind(**given)


def _once(values: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(values))


def _said(args: argparse.Namespace, result: BenchmarkResult) -> int:
    """Print a result as every benchmark does, and say which files hold it; the exit code."""
    for name, sentence in result.report["failures"].items():
        write_problem(f"{name} was left out: {sentence}")
    if args.json:
        write_json(result.report | {"files": [str(path.absolute()) for path in result.paths]})
        return 0
    write_line(result.head)
    write_table(result.rows)
    for line in result.lines:
        write_line(line)
    write_line("What differs from the paper:")
    for sentence in result.report["differences"]:
        write_line(f"- {sentence}")
    for path in result.paths:
        write_line(str(path))
    return 0


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
