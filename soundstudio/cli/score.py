"""`soundstudio score`: two folders of sounds → how good the generated ones are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from soundstudio.cli.terminal import ProgressBar, write_json, write_line, write_table
from soundstudio.core.errors import InvalidRequestError, StorageError, explain_os_error

if TYPE_CHECKING:
    import argparse

    from soundstudio.evaluation.backbones import Backbone
    from soundstudio.evaluation.scores import Score
    from soundstudio.evaluation.scoring import ScoringResult

STDOUT: Final = "-"
_WORST_SHOWN: Final = 5


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    del common  # its --json takes no file
    parser = commands.add_parser(
        "score",
        help="score generated sounds",
        description="Score the sounds of a folder: FD, IS, KL and FAD against a folder of "
        "reference sounds, each with a 95 %% interval. Without a reference only IS (and, where "
        "prompts are known, the CLAP score) can be given.",
    )
    add = parser.add_argument
    add("generated", metavar="GENERATED", help="folder of generated sounds")
    add("reference", metavar="REFERENCE", nargs="?",
        help="folder of real sounds; the same file names make pairs for KL")  # fmt: skip
    add("--backbone", choices=("bundled", "paper"), default="bundled",
        help="paper needs --panns and --vggish (default: bundled)")  # fmt: skip
    add("--panns", metavar="FILE", help="Cnn14_16k_mAP=0.438.pth, for --backbone paper")
    add("--vggish", metavar="FILE", help="vggish-10086976.pth, for --backbone paper")
    add("--prompts", metavar="FILE.csv",
        help="columns file and prompt (default: what the WAV files say)")  # fmt: skip
    add("--json", metavar="FILE", help="write all numbers there; - prints them instead of a table")
    add("--csv", metavar="FILE", help="write a line for each generated sound there")
    add("--draws", metavar="N", type=int, default=200, help="resamples of an interval")
    add("--seed", metavar="N", type=int, default=0, help="of the resamples (default: 0)")
    add("--device", choices=("auto", "cuda", "mps", "cpu"), default="auto")
    add("--no-cache", action="store_true", help="hear every sound anew and keep nothing")
    add("--verbose", action="store_true", help="write the log to stderr")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Score what the arguments name. Raises StudioError."""
    _check(args)
    targets = [Path(name).expanduser() for name in (args.json, args.csv) if name and name != STDOUT]
    for target in targets:
        _check_target(target)
    from soundstudio.evaluation.feature_cache import FeatureCache
    from soundstudio.evaluation.prompts import read_prompts
    from soundstudio.evaluation.scoring import ScoringOptions, score_folders
    from soundstudio.evaluation.sets import find_sounds

    generated = Path(args.generated).expanduser()
    reference = Path(args.reference).expanduser() if args.reference else None
    for folder in filter(None, (generated, reference)):
        find_sounds(folder)  # before the networks are loaded
    prompts = read_prompts(Path(args.prompts).expanduser()) if args.prompts else None
    backbone = _backbone(args)
    bar = ProgressBar(variations=1)
    try:
        result = score_folders(
            generated,
            reference,
            backbone,
            options=ScoringOptions(args.draws, args.seed, prompts),
            cache=None if args.no_cache else FeatureCache(backbone),
            progress=bar,
        )
    finally:
        bar.clear()
    _write(result, args)
    return 0


def _check(args: argparse.Namespace) -> None:
    files = [name for name in ("panns", "vggish") if getattr(args, name)]
    if args.backbone == "paper" and len(files) < 2:
        raise InvalidRequestError(
            "--backbone paper needs --panns and --vggish.",
            "They name your copies of Cnn14_16k_mAP=0.438.pth and vggish-10086976.pth.",
        )
    if args.backbone == "bundled" and files:
        raise InvalidRequestError(f"--{files[0]} belongs to --backbone paper.")
    if args.draws < 2:
        raise InvalidRequestError("--draws must be at least 2.")
    if args.seed < 0:
        raise InvalidRequestError("--seed must not be negative.")


def _check_target(target: Path) -> None:
    """A report that cannot be written is said before minutes are spent. Raises StorageError."""
    if target.is_dir():
        raise StorageError(f"{target} is a folder.", "Name a file in it.")
    if not target.absolute().parent.is_dir():
        raise StorageError(f"There is no folder {target.absolute().parent}.")


def _backbone(args: argparse.Namespace) -> Backbone:
    from soundstudio.evaluation.backbones import load_bundled, load_paper

    if args.backbone == "bundled":
        return load_bundled(device=args.device)
    return load_paper(
        Path(args.panns).expanduser(), Path(args.vggish).expanduser(), device=args.device
    )


def _write(result: ScoringResult, args: argparse.Namespace) -> None:
    from soundstudio.evaluation.score_report import as_csv, as_json

    facts = as_json(result)
    if args.json == STDOUT:
        write_json(facts)
    elif args.json:
        text = json.dumps(facts, ensure_ascii=False, indent=2, allow_nan=False)
        _write_file(Path(args.json).expanduser(), f"{text}\n")
    if args.csv == STDOUT:
        write_line(as_csv(result).rstrip("\n"))
    elif args.csv:
        _write_file(Path(args.csv).expanduser(), as_csv(result))
    if STDOUT not in (args.json, args.csv):
        _show(result)


def _write_file(path: Path, text: str) -> None:
    from soundstudio.audio.atomic_file import written_whole

    try:
        with written_whole(path) as temporary:
            temporary.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise explain_os_error(error, f"writing {path.name}") from error


def _show(result: ScoringResult) -> None:
    """The table, a sentence for each number, what is wrong with the sets, and the worst clips."""
    from soundstudio.core.score_words import MEANINGS, TITLES
    from soundstudio.evaluation.score_report import scores_by_key

    scores = scores_by_key(result)
    shown = {key: score for key, score in scores.items() if score is not None}
    rows: list[tuple[str, ...]] = [("SCORE", "VALUE", "95 % INTERVAL", "BACKBONE", "FROM")]
    rows += [_cells(TITLES[key], score) for key, score in shown.items()]
    write_table(rows)
    write_line("")
    for key in scores:
        if key in shown:
            write_line(f"{TITLES[key]}: {MEANINGS[key]}.")
        elif result.reference is not None or key == "is":
            write_line(f"{TITLES[key]}: none. {result.scores.missing.get(key, '')}".rstrip())
    if result.scores.fd_infinite is not None:
        write_line(
            f"Beside FD: extrapolated to endlessly many sounds {result.scores.fd_infinite:.4g}; "
            f"kernel distance, which has no bias, {result.scores.kernel_distance:.4g}."
        )
    if result.cautions:
        write_line("\nMind")
        for caution in result.cautions:
            write_line(f"  {caution.sentence}")
    _show_failures(result)
    _show_worst(result)


def _cells(title: str, score: Score) -> tuple[str, ...]:
    interval = score.interval
    between = f"{interval.low:.4g} to {interval.high:.4g}" if interval else ""
    counts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in score.counts.items())
    return title, f"{score.value:.4g}", between, score.backbone, counts


def _show_failures(result: ScoringResult) -> None:
    failed = [row for row in result.rows if row.failure]
    if failed:
        write_line("\nNot heard")
        for row in failed:
            write_line(f"  {row.name}: {row.failure}")


def _show_worst(result: ScoringResult) -> None:
    """The clips without which FD would fall most."""
    ranked = sorted(
        (row for row in result.rows if row.fd_without is not None and row.fd_without < 0),
        key=lambda row: row.fd_without or 0.0,
    )
    if not ranked:
        return
    write_line("\nPull FD up most")
    head = ("  CLIP", "FD WITHOUT IT", "NEAREST REFERENCE", "SIMILARITY", "CLASS")
    rows: list[tuple[str, ...]] = [
        (
            f"  {row.name}",
            f"{row.fd_without:+.3g}",
            row.nearest,
            f"{row.similarity:.2f}",
            f"{row.sound_class}",
        )
        for row in ranked[:_WORST_SHOWN]
    ]
    write_table([head, *rows])
