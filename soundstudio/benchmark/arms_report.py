"""Table II's and Figure 2's result: best scores and curves beside the paper's, and verdicts."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any, Final, Literal

from soundstudio.benchmark.arm_plots import draw_figure2, draw_table2
from soundstudio.benchmark.arms import Arm, ArmRun, ArmsPlan, FinishedArms, runs_of
from soundstudio.benchmark.comparisons import LEVEL, answer_questions, sentence_of
from soundstudio.benchmark.dataset import sha256_of_files
from soundstudio.benchmark.paper_figures import PAPER_BACKBONE, PaperRow, table2_row
from soundstudio.benchmark.plots import save_picture
from soundstudio.benchmark.provenance import dataset_facts, model_facts, now, versions
from soundstudio.benchmark.result_files import write_csv, write_json
from soundstudio.benchmark.score_facts import METRICS
from soundstudio.benchmark.set_score import ACCURACY, MEASURES
from soundstudio.benchmark.subsets import PAPER_COUNTS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from soundstudio.benchmark.dataset import Dataset
    from soundstudio.benchmark.subsets import Subset
    from soundstudio.benchmark.training_split import PreparedClips
    from soundstudio.core.benchmark_requests import DatasetKind

ArmsBenchmark = Literal["table2", "figure2"]
# They differ from arm to arm, or say nothing about the result.
_NOT_SHARED: Final = ("model", "from_scratch", "condition", "seed", "micro_batch")


def report_arms(
    benchmark: ArmsBenchmark,
    dataset: Dataset,
    split: Subset,
    clips: PreparedClips,
    found: FinishedArms,
    plan: ArmsPlan,
) -> dict[str, Any]:
    """The whole result as plain values; both benchmarks share the runs and most of what is said."""
    best_by = plan.settings.best_by
    papers = {arm: _paper_row(dataset.kind, arm) for arm in plan.arms}
    values = {
        arm: {run.seed: run.best(best_by) for run in runs_of(found.runs, arm)} for arm in plan.arms
    }
    settings = plan.settings.to_dict()
    return {
        "benchmark": benchmark,
        "finished_at": now(),
        "dataset": dataset_facts(dataset, clips.evaluation),
        "training": {
            "clips_used": len(clips.train),
            "sounds_sha256": sha256_of_files([clip.path for clip in clips.train]),
        },
        "subset": {
            "name": split.name, "note": split.note, "leaking_sources": split.leaking_sources(),
        },
        "model": model_facts(plan.model, found.model_sha256),
        "backbone": plan.backbone.facts(),
        "protocol": {
            "template": plan.template,
            "seeds": list(plan.seeds),
            "level": LEVEL,
            **{name: value for name, value in settings.items() if name not in _NOT_SHARED},
        },
        "versions": versions(),
        "differences": _differences(dataset, clips, plan),
        "failures": clips.failures,
        "answers": answer_questions(
            values, {arm: row.scores for arm, row in papers.items() if row is not None}  # type: ignore[misc]
        ),
        "rows": [_row(arm, runs_of(found.runs, arm), best_by, papers[arm]) for arm in plan.arms],
        "curves": [_curve(arm, runs_of(found.runs, arm)) for arm in plan.arms],
        "runs": [_run_facts(run, best_by) for run in found.runs],
    }  # fmt: skip


def _paper_row(kind: DatasetKind, arm: Arm) -> PaperRow | None:
    return table2_row(kind, arm.condition, is_pretrained=arm.start == "pre-trained")


def _row(arm: Arm, runs: Sequence[ArmRun], best_by: str, paper: PaperRow | None) -> dict[str, Any]:
    """An arm's best scores and their step over its seeds, and the accuracy before training."""
    best = [run.best(best_by) for run in runs]
    return {
        "start": arm.start,
        "condition": arm.condition,
        "seeds": len(runs),
        "step": spread_of([point["step"] for point in best]),
        **{measure: spread_of([point[measure] for point in best]) for measure in MEASURES},
        "accuracy_before": spread_of([run.points[0][ACCURACY] for run in runs]),
        "real_accuracy": spread_of([run.real_accuracy for run in runs]),
        "paper": None if paper is None else {"step": paper.train_steps, **paper.scores},
    }


def spread_of(values: Sequence[float | None]) -> dict[str, Any] | None:
    """Mean and standard deviation over seeds (None of one), and each seed's value."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    deviation = statistics.stdev(known) if len(known) > 1 else None
    return {"mean": statistics.fmean(known), "deviation": deviation, "values": list(values)}


def _curve(arm: Arm, runs: Sequence[ArmRun]) -> dict[str, Any]:
    steps = [point["step"] for point in runs[0].points]
    points = []
    for number, step in enumerate(steps):
        at = [run.points[number] for run in runs]
        measures = {m: spread_of([point[m] for point in at]) for m in (*MEASURES, "loss")}
        points.append({"step": step, **measures})
    return {"start": arm.start, "condition": arm.condition, "points": points}


def _run_facts(run: ArmRun, best_by: str) -> dict[str, Any]:
    return {
        "run": run.name,
        "start": run.arm.start,
        "condition": run.arm.condition,
        "seed": run.seed,
        "best_step": run.best(best_by)["step"],
        "points": list(run.points),
    }


def write_arms(folder: Path, report: dict[str, Any]) -> list[Path]:
    """Write JSON, CSV, PNG and SVG under the benchmark's name. Raises StorageError."""
    name = report["benchmark"]
    paths = [folder / f"{name}{suffix}" for suffix in (".json", ".csv", ".png", ".svg")]
    write_json(paths[0], report)
    write_csv(paths[1], _best_cells(report) if name == "table2" else _point_cells(report))
    figure = draw_table2(report) if name == "table2" else draw_figure2(report)
    for path in paths[2:]:
        save_picture(figure, path)
    return paths


def _best_cells(report: dict[str, Any]) -> list[list[Any]]:
    rows: list[list[Any]] = [
        ["start", "condition", "seeds", "step", "metric", "mean", "deviation", "paper_step",
         "paper"],
    ]  # fmt: skip
    for row in report["rows"]:
        paper = row["paper"] or {}
        for measure in MEASURES:
            if (score := row[measure]) is not None:
                facts = [row["start"], row["condition"], row["seeds"], row["step"]["mean"], measure]
                numbers = [score["mean"], score["deviation"]]
                rows.append([*facts, *numbers, paper.get("step"), paper.get(measure)])
    return rows


def _point_cells(report: dict[str, Any]) -> list[list[Any]]:
    rows: list[list[Any]] = [["start", "condition", "seed", "step", "metric", "value"]]
    for run in report["runs"]:
        for point in run["points"]:
            rows += [
                [run["start"], run["condition"], run["seed"], point["step"], name, point[name]]
                for name in (*MEASURES, "loss")
                if point[name] is not None
            ]
    return rows


def best_rows(report: dict[str, Any]) -> list[tuple[str, ...]]:
    """A table with a head: for each arm our best scores and the paper's, and whose networks."""
    head = ("start", "condition", "from", "networks", "step", *(m.upper() for m in METRICS))
    rows = [(*head, "accuracy", "before")]
    networks = f"{report['backbone']['name']} backbone"
    for row in report["rows"]:
        arm = (row["start"], row["condition"])
        cells = [_cell(row[measure]) for measure in (*MEASURES, "accuracy_before")]
        rows.append((*arm, "here", networks, _cell(row["step"], ",.0f"), *cells))
        if (paper := row["paper"]) is not None:
            cells = [f"{paper[metric]:.2f}" for metric in METRICS]
            rows.append((*arm, "paper", PAPER_BACKBONE, f"{paper['step']:,}", *cells, "-", "-"))
    return rows


def curve_rows(report: dict[str, Any]) -> list[tuple[str, ...]]:
    """A table with a head: a row for each step of each arm."""
    rows = [("start", "condition", "step", *(m.upper() for m in METRICS), "accuracy")]
    for curve in report["curves"]:
        for point in curve["points"]:
            cells = [_cell(point[measure]) for measure in MEASURES]
            rows.append((curve["start"], curve["condition"], f"{point['step']:,}", *cells))
    return rows


def paper_lines(report: dict[str, Any]) -> list[str]:
    """A line for each arm on the one point of its curve that the paper prints."""
    lines = []
    for row in report["rows"]:
        if (paper := row["paper"]) is not None:
            scores = ", ".join(f"{metric.upper()} {paper[metric]:.2f}" for metric in METRICS)
            lines.append(
                f"The paper's best, {row['start']}, {row['condition']}: {scores} at step "
                f"{paper['step']:,} ({PAPER_BACKBONE})"
            )
    return lines


def _cell(spread: dict[str, Any] | None, form: str = ".2f") -> str:
    if spread is None:
        return "-"
    text = format(spread["mean"], form)
    if spread["deviation"] is not None:
        text += f" ± {format(spread['deviation'], form)}"
    return text


def answer_lines(report: dict[str, Any]) -> list[str]:
    """A line for each question that the arms can answer."""
    return [sentence_of(answer) for answer in report["answers"]]


def _differences(dataset: Dataset, clips: PreparedClips, plan: ArmsPlan) -> list[str]:
    """What differs from the paper's protocol, or may."""
    settings = plan.settings
    sentences = [
        f"The model is {plan.model.title}; the paper's is AudioLDM as published by March 2023, in "
        "a size that it does not name.",
        "From scratch, the UNet alone is new here; the paper seems to mean the same.",
    ]
    if plan.backbone.facts()["name"] != "paper":
        sentences.append(
            f"The networks are not the paper's ({PAPER_BACKBONE}): "
            "the numbers cannot be compared with its numbers."
        )
    sounds = min(settings.validation_sounds, len(clips.evaluation))
    wanted = PAPER_COUNTS.get(dataset.kind)
    counts = f"{sounds} sounds are generated and scored at a time, {len(clips.evaluation)} clips "
    counts += "are held out"
    if wanted is None or (sounds, len(clips.evaluation)) != (wanted, wanted):
        counts += f"; the paper has {wanted or 'a number it does not name'}"
    sentences += [f"{counts}. FD and IS depend on the number.", _training_sentence(plan)]
    if dataset.missing:
        sentences.append(dataset.missing_sentence())
    sentences += [
        f"Prompts and captions in training come from the template “{plan.template}”; the paper "
        "does not give its own.",
        f"The best step of a run is the one with the best {settings.best_by.upper()} on the "
        "evaluated clips, as far as the paper's words go: a best score that was chosen by itself "
        "is better than what a fresh set would give.",
        f"Each arm is trained with {len(plan.seeds)} seed{'s' * (len(plan.seeds) != 1)}; the paper "
        "reports one run.",
        "The averaged weights are sampled, with text in every arm, as in the paper.",
    ]
    return sentences


def _training_sentence(plan: ArmsPlan) -> str:
    settings = plan.settings
    return (
        f"{settings.steps:,} steps of {settings.batch_size} clips, learning rate "
        f"{settings.learning_rate:g}, validated every {settings.validate_every:,} steps with "
        f"{settings.sampling_steps} sampling steps and guidance {settings.guidance:g}; the paper "
        "gives the step of its best scores alone (20,000 to 480,000)."
    )
