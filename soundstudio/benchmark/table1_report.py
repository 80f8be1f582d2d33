"""Table I's result: rows beside the paper's, what differs in protocol, files and a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from soundstudio.benchmark.paper_figures import PAPER_BACKBONE, table1_row
from soundstudio.benchmark.plots import draw_table1, save_picture
from soundstudio.benchmark.provenance import dataset_facts, model_facts, now, versions
from soundstudio.benchmark.result_files import write_json, write_scores_csv
from soundstudio.benchmark.score_facts import METRICS, with_interval
from soundstudio.benchmark.subsets import PAPER_COUNTS

if TYPE_CHECKING:
    from pathlib import Path

    from soundstudio.benchmark.dataset import Dataset
    from soundstudio.benchmark.subsets import Subset
    from soundstudio.benchmark.table1 import Table1Plan, Table1Rows

_SHARED_SETTINGS: Final = ("duration_s", "steps", "guidance", "sampler", "eta")


def report_table1(
    dataset: Dataset, subset: Subset, found: Table1Rows, plan: Table1Plan
) -> dict[str, Any]:
    """The whole result as plain values."""
    backbone = plan.backbone.facts()
    settings = plan.settings.to_dict()
    rows = []
    for row in found.rows:
        paper = table1_row(dataset.kind, row["condition"])
        rows.append(
            row
            | {"networks": f"{backbone['name']} backbone", "paper": paper.scores if paper else None}
        )
    return {
        "benchmark": "table1",
        "finished_at": now(),
        "dataset": dataset_facts(dataset, found.clips),
        "subset": {"name": subset.name, "note": subset.note},
        "model": model_facts(plan.model, found.model_sha256),
        "backbone": backbone,
        "protocol": {
            "template": plan.template,
            "device": plan.device,
            "dtype": plan.dtype,
            "seed": plan.seed,
            "draws": plan.draws,
            **{name: settings[name] for name in _SHARED_SETTINGS},
        },
        "versions": versions(),
        "differences": _differences(dataset, found, plan),
        "failures": found.failures,
        "rows": rows,
    }


def write_table1(folder: Path, report: dict[str, Any]) -> list[Path]:
    """Write table1.json, .csv, .png and .svg; returns their paths. Raises StorageError."""
    paths = [folder / f"table1{suffix}" for suffix in (".json", ".csv", ".png", ".svg")]
    write_json(paths[0], report)
    write_scores_csv(paths[1], report["rows"], ("condition", "clips"))
    figure = draw_table1(report)
    for path in paths[2:]:
        save_picture(figure, path)
    return paths


def table_rows(report: dict[str, Any]) -> list[tuple[str, ...]]:
    """A table with a head: for each condition our row and the paper's, and whose networks."""
    rows = [("condition", "from", "networks", *(metric.upper() for metric in METRICS))]
    for row in report["rows"]:
        scores = [row[metric] for metric in METRICS]
        cells = ["-" if score is None else with_interval(score, ".2f") for score in scores]
        rows.append((row["condition"], "here", row["networks"], *cells))
        if (paper := row["paper"]) is not None:
            cells = [f"{paper[metric]:.2f}" for metric in METRICS]
            rows.append((row["condition"], "paper", PAPER_BACKBONE, *cells))
    return rows


def _differences(dataset: Dataset, found: Table1Rows, plan: Table1Plan) -> list[str]:
    """What differs from the paper's protocol, or may."""
    sentences = [
        f"The model is {plan.model.title}; the paper's is AudioLDM as published by March 2023, "
        "in a size that it does not name.",
    ]
    if plan.backbone.facts()["name"] != "paper":
        sentences.append(
            f"The networks are not the paper's ({PAPER_BACKBONE}): "
            "the numbers cannot be compared with its numbers."
        )
    wanted = PAPER_COUNTS.get(dataset.kind)
    if wanted is not None and len(found.clips) != wanted:
        sentences.append(
            f"{len(found.clips)} clips were scored, the paper scored {wanted}; "
            "FD and IS depend on the number."
        )
    if dataset.missing:
        sentences.append(dataset.missing_sentence())
    settings = plan.settings
    sentences += [
        f"Prompts come from the template “{plan.template}”; the paper does not give its prompts.",
        f"{settings.steps} steps of {settings.sampler}, guidance {settings.guidance:g}, "
        f"{settings.duration_s:g} s; the paper gives none of these.",
        "Conditioned on audio, a model hears the very clip that its sound is then compared with.",
    ]
    return sentences
