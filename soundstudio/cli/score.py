"""`soundstudio score`: two folders of sounds → how good the generated ones are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from soundstudio.cli.score_comparison import show_side_by_side
from soundstudio.cli.terminal import CountBar, ProgressBar, write_json, write_line, write_table
from soundstudio.core.errors import InvalidRequestError, StorageError

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
        "reference sounds, each with a 95 % interval. Without a reference only IS (and, where "
        "prompts are known, the CLAP score) can be given.",
    )
    add = parser.add_argument
    add("generated", metavar="GENERATED", nargs="?",
        help="folder of generated sounds; may be left out with --beside")  # fmt: skip
    add("reference", metavar="REFERENCE", nargs="?",
        help="folder of real sounds; the same file names make pairs for KL")  # fmt: skip
    add("--backbone", choices=("bundled", "paper"),
        help="what hears the sounds; paper is PANNs and VGGish, downloaded or named with --panns "
        "and --vggish (default: bundled, or paper where these are given)")  # fmt: skip
    add("--panns", metavar="FILE", help="Cnn14_16k_mAP=0.438.pth, for the backbone paper")
    add("--vggish", metavar="FILE", help="vggish-10086976.pth, for the backbone paper")
    add("--clap", metavar="CLAP",
        help="whose CLAP hears for the bundled FAD and the CLAP score: clap-htsat-tiny or "
        "clap-htsat-base (LAION's, downloaded), their file, or a model with an audio tower "
        "(default: the starter)")  # fmt: skip
    add("--prompts", metavar="FILE.csv",
        help="columns file and prompt (default: what the WAV files say)")  # fmt: skip
    add("--json", metavar="FILE", help="write all numbers there; - prints them instead of a table")
    add("--csv", metavar="FILE", help="write a line for each generated sound there")
    add("--beside", metavar="FILE.json", action="append", default=[],
        help="show an earlier --json file side by side with this scoring, in the table, --table, "
        "--latex and --html; can be given several times")  # fmt: skip
    add("--title", metavar="TEXT", help="the scoring's name in tables (default: the folder's)")
    add("--table", metavar="FILE.csv", help="write a line for each scoring there")
    add("--latex", metavar="FILE.tex", help="write a table for a paper there")
    add("--html", metavar="FILE.html", help="write a page to send to somebody, with the sounds")
    add(
        "--draws",
        metavar="N",
        type=int,
        default=200,
        help="resamples of an interval (default: 200)",
    )
    add("--seed", metavar="N", type=int, default=0, help="of the resamples (default: 0)")
    add("--device", choices=("auto", "cuda", "mps", "cpu"), default="auto")
    add("--no-cache", action="store_true", help="hear every sound anew and keep nothing")
    add("--verbose", action="store_true", help="write the log to stderr")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Score what the arguments name. Raises StudioError."""
    _check(args)
    files = (args.json, args.csv, args.table, args.latex, args.html)
    for name in files:
        if name and name != STDOUT:
            _check_target(Path(name).expanduser())
    from soundstudio.library.scores.reports import read_reports

    # Before the networks are loaded.
    earlier = [report for name in args.beside for report in read_reports(Path(name).expanduser())]
    if args.generated is None:
        reports = earlier
    else:
        result = _score(args)
        reports = [_write(result, args), *earlier]
    _export(reports, args)
    if args.beside and STDOUT not in (args.json, args.csv):
        show_side_by_side(reports)
    return 0


def _score(args: argparse.Namespace) -> ScoringResult:
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
        return score_folders(
            generated,
            reference,
            backbone,
            options=ScoringOptions(args.draws, args.seed, prompts),
            cache=None if args.no_cache else FeatureCache(backbone),
            progress=bar,
        )
    finally:
        bar.clear()


def _check(args: argparse.Namespace) -> None:
    _check_what_is_scored(args)
    for name in ("table", "latex", "html"):
        if getattr(args, name) == STDOUT:
            raise InvalidRequestError(f"--{name} needs the name of a file.")
    files = [name for name in ("panns", "vggish") if getattr(args, name)]
    if args.backbone is None:
        args.backbone = "paper" if files else "bundled"
    if args.backbone == "paper":
        _find_downloaded_weights(args)
    if args.backbone == "paper" and not (args.panns and args.vggish):
        raise InvalidRequestError(
            "The backbone paper needs --panns and --vggish.",
            "They name your copies of Cnn14_16k_mAP=0.438.pth and vggish-10086976.pth; or run "
            "`soundstudio models download panns-cnn14-16k`, and the same for vggish.",
        )
    if args.backbone == "bundled" and files:
        raise InvalidRequestError(f"--{files[0]} is not for --backbone bundled.")
    if args.backbone == "paper" and args.clap:
        raise InvalidRequestError("--clap is not for the backbone paper: VGGish hears for its FAD.")
    if args.draws < 2:
        raise InvalidRequestError("--draws must be at least 2.")
    if args.seed < 0:
        raise InvalidRequestError("--seed must not be negative.")


def _find_downloaded_weights(args: argparse.Namespace) -> None:
    """What is not named is looked for among the downloads."""
    from soundstudio.core.catalogue_table import PANNS, VGGISH, downloaded_file
    from soundstudio.core.settings import current_models_folder

    for option, id_ in (("panns", PANNS), ("vggish", VGGISH)):
        path = None if getattr(args, option) else downloaded_file(id_, current_models_folder())
        if path is not None:
            setattr(args, option, str(path))


def _check_what_is_scored(args: argparse.Namespace) -> None:
    if args.generated is not None:
        return
    if not args.beside:
        raise InvalidRequestError(
            "GENERATED is missing: the folder of generated sounds.",
            "To compare earlier scorings only, name their files with --beside.",
        )
    for name in ("json", "csv", "title"):
        if getattr(args, name):
            raise InvalidRequestError(f"--{name} needs GENERATED: it is about its scoring.")


def _check_target(target: Path) -> None:
    """A report that cannot be written is said before minutes are spent. Raises StorageError."""
    if target.is_dir():
        raise StorageError(f"{target} is a folder.", "Name a file in it.")
    if not target.absolute().parent.is_dir():
        raise StorageError(f"There is no folder {target.absolute().parent}.")


def _backbone(args: argparse.Namespace) -> Backbone:
    from soundstudio.core.catalogue import find_clap
    from soundstudio.core.settings import current_models_folder
    from soundstudio.evaluation.backbones import load_bundled, load_paper

    if args.backbone == "bundled":
        clap = find_clap(args.clap, current_models_folder()) if args.clap else None
        return load_bundled(clap, args.device)
    return load_paper(
        Path(args.panns).expanduser(), Path(args.vggish).expanduser(), device=args.device
    )


def _write(result: ScoringResult, args: argparse.Namespace) -> dict[str, Any]:
    """Show one scoring, or write it where --json and --csv say; returns its report."""
    from soundstudio.evaluation.score_report import as_csv, as_json
    from soundstudio.library.scores import exports
    from soundstudio.library.scores.reports import entitled

    report: dict[str, Any] = entitled(as_json(result), args.title)
    if args.json == STDOUT:
        write_json(report)
    elif args.json:
        exports.write_json([report], Path(args.json).expanduser())
    if args.csv == STDOUT:
        write_line(as_csv(result).rstrip("\n"))
    elif args.csv:
        exports.write_clips_csv(report, Path(args.csv).expanduser())
    if STDOUT not in (args.json, args.csv):
        _show(result)
    return report


def _export(reports: list[dict[str, Any]], args: argparse.Namespace) -> None:
    """Write all scorings beside each other where --table, --latex and --html say."""
    from soundstudio.library.scores import exports
    from soundstudio.library.scores.page import write_html

    if args.table:
        exports.write_csv(reports, Path(args.table).expanduser())
    if args.latex:
        exports.write_latex(reports, Path(args.latex).expanduser())
    if args.html:
        bar = CountBar()
        try:
            write_html(
                reports,
                Path(args.html).expanduser(),
                progress=lambda done, total: bar("sounds", done, total),
            )
        finally:
            bar.clear()


def _show(result: ScoringResult) -> None:
    """The table, a sentence for each number, what is wrong with the sets, and the worst clips."""
    from soundstudio.core.score_words import MEANINGS, TITLES, words_beside_fd
    from soundstudio.evaluation.score_report import beside_numbers, scores_by_key

    scores = scores_by_key(result)
    shown = {key: score for key, score in scores.items() if score is not None}
    rows: list[tuple[str, ...]] = [("SCORE", "VALUE", "95 % INTERVAL", "BACKBONE", "FROM")]
    rows += [_cells(TITLES[key], score) for key, score in shown.items()]
    if shown:
        write_table(rows)
        write_line("")
    for key in scores:
        if key in shown:
            write_line(f"{TITLES[key]}: {MEANINGS[key]}.")
        elif result.reference is not None or key == "is":
            write_line(f"{TITLES[key]}: none. {result.scores.missing.get(key, '')}".rstrip())
    if (words := words_beside_fd(beside_numbers(result))) is not None:
        write_line(words)
    said = result.scores.missing.values()
    sentences = [c.sentence for c in result.cautions if c.sentence not in said]
    if sentences:
        write_line("\nMind")
        for sentence in sentences:
            write_line(f"  {sentence}")
    _show_failures(result)
    _show_worst(result)


def _cells(title: str, score: Score) -> tuple[str, ...]:
    interval = score.interval
    between = f"{interval.low:.4g} to {interval.high:.4g}" if interval else ""
    counts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in score.counts.items())
    return title, f"{score.value:.4g}", between, score.backbone, counts


def _show_failures(result: ScoringResult) -> None:
    from soundstudio.library.scores.reports import not_heard

    failed = not_heard(result.rows, result.references_failed)
    if failed:
        write_line("\nNot heard")
        for name, failure in failed:
            write_line(f"  {name}: {failure}")


def _show_worst(result: ScoringResult) -> None:
    """The clips without which FD would fall most."""
    from soundstudio.core.score_words import class_note

    ranked = sorted(
        (row for row in result.rows if row.fd_without is not None and row.fd_without < 0),
        key=lambda row: row.fd_without or 0.0,
    )
    if not ranked:
        return
    write_line("\nPull FD up most")
    head = ("  CLIP", "CHANGE OF FD WITHOUT IT", "NEAREST REFERENCE", "SIMILARITY", "CLASS")
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
    write_line(f"  {class_note(result.backbone)}")
