"""Figure 1's result: JSON, a table, pictures, and which of the paper's claims hold."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

from soundstudio.benchmark.plots import draw_figure1, save_picture
from soundstudio.benchmark.provenance import dataset_facts, now, versions
from soundstudio.benchmark.result_files import write_json, write_scores_csv
from soundstudio.benchmark.score_facts import METRICS, with_interval
from soundstudio.benchmark.verdicts import (
    MONOTONE,
    NOTICEABLE,
    Curve,
    Point,
    answers_of,
    judge_claims,
)

if TYPE_CHECKING:
    from pathlib import Path

    from soundstudio.benchmark.dataset import Dataset
    from soundstudio.benchmark.figure1 import Figure1Plan, Figure1Series

_COLUMNS: Final = ("corruption", "share", "clips", "corrupted")


def report_figure1(dataset: Dataset, series: Figure1Series, plan: Figure1Plan) -> dict[str, Any]:
    """The whole result as plain values."""
    answers = answers_of(_curves(series), _floors(series))
    return {
        "benchmark": "figure1",
        "finished_at": now(),
        "dataset": dataset_facts(dataset, series.clips),
        "backbone": plan.backbone.facts(),
        "protocol": {
            "corruptions": list(plan.corruptions),
            "shares": sorted(plan.shares),
            "seed": plan.seed,
            "draws": plan.draws,
            **dataclasses.asdict(plan.choices),
        },
        "thresholds": {"monotone": MONOTONE, "noticeable": NOTICEABLE},
        "versions": versions(),
        "differences": _differences(dataset, plan),
        "failures": series.failures,
        "claims": judge_claims(answers),
        "answers": [dataclasses.asdict(answer) for answer in answers],
        "floors": series.floors,
        "points": [{k: v for k, v in point.items() if k != "key"} for point in series.points],
    }


def write_figure1(folder: Path, report: dict[str, Any]) -> list[Path]:
    """Write figure1.json, .csv, .png and .svg; returns their paths. Raises StorageError."""
    paths = [folder / f"figure1{suffix}" for suffix in (".json", ".csv", ".png", ".svg")]
    write_json(paths[0], report)
    write_scores_csv(paths[1], report["points"], _COLUMNS)
    figure = draw_figure1(report)
    for path in paths[2:]:
        save_picture(figure, path)
    return paths


def answer_rows(report: dict[str, Any]) -> list[tuple[str, ...]]:
    """The answers as a table with a head: a row a corruption, a column a metric."""
    found = {(row["corruption"], row["metric"]): row for row in report["answers"]}
    ends = {
        (point["corruption"], metric): point[metric]
        for point in report["points"]
        for metric in METRICS
        if point[metric] is not None
    }
    rows = [("corruption", *(metric.upper() for metric in METRICS))]
    for corruption in report["protocol"]["corruptions"]:
        cells = []
        for metric in METRICS:
            row = found.get((corruption, metric))
            end = ends.get((corruption, metric))
            if row is None or end is None:
                cells.append("-")
            else:
                cells.append(f"{row['response']} ({with_interval(end, '.3g')})")
        rows.append((corruption, *cells))
    return rows


def claim_lines(report: dict[str, Any]) -> list[str]:
    """A line for each claim of the paper: its verdict, and what each metric did."""
    lines = []
    for claim in report["claims"]:
        found = [f"{metric.upper()} {what or 'missing'}" for metric, what in claim["found"].items()]
        lines.append(f"{claim['sentence']} — {claim['verdict']} ({', '.join(found)})")
    return lines


def _curves(series: Figure1Series) -> dict[Curve, list[Point]]:
    curves: dict[Curve, list[Point]] = {}
    for point in series.points:
        for metric in METRICS:
            score = point[metric]
            if score is not None:
                low, high = score["interval"] or (score["value"], score["value"])
                curve = curves.setdefault((point["corruption"], metric), [])
                curve.append(Point(point["share"], score["value"], low, high))
    return curves


def _floors(series: Figure1Series) -> dict[Curve, float]:
    return {
        (corruption, metric): floors[metric]["high"]  # type: ignore[misc]
        for corruption, floors in series.floors.items()
        for metric in METRICS
        if metric in floors
    }


def _differences(dataset: Dataset, plan: Figure1Plan) -> list[str]:
    """What is known or chosen to differ from the paper."""
    sentences = [
        f"The sounds are {dataset.title}; the paper does not name the set behind its Figure 1.",
        "Mels become sound again by Griffin-Lim, for untouched and corrupted sounds alike; "
        "the paper does not say how its mels became sound.",
    ]
    if plan.backbone.facts()["name"] != "paper":
        sentences.append(
            "The networks are not the paper's (PANNs and VGGish): the shapes of curves can be "
            "compared, their values cannot."
        )
    if plan.choices.mel == "audioldm":
        sentences.append("Masks are set to the log mel's floor, because its zero is loud.")
    return sentences
