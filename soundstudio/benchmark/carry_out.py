"""From a request to files: what window and command line run when a benchmark is asked for."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from soundstudio.audio.atomic_file import check_writable
from soundstudio.benchmark import parallel
from soundstudio.benchmark.backbone_source import ChosenBackbone
from soundstudio.core.catalogue import find_clap, find_model
from soundstudio.core.finetuning import FinetuneSettings
from soundstudio.core.requests import GenerationRequest
from soundstudio.core.score_words import TITLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from soundstudio.benchmark.arms_report import ArmsBenchmark
    from soundstudio.benchmark.dataset import Dataset
    from soundstudio.benchmark.parallel import Counting
    from soundstudio.core.benchmark_requests import BenchmarkRequest
    from soundstudio.core.catalogue import CatalogueRow

    Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class BenchmarkResult:
    """What a benchmark found, and the files that hold it.

    head: what was measured, in a sentence. rows: a table with a head. lines: verdicts.
    """

    report: dict[str, Any]
    paths: tuple[Path, ...]
    head: str
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[str, ...] = ()


def carry_out(
    request: BenchmarkRequest,
    progress: Counting = parallel.ignore_counting,
    tell: Tell = lambda _: None,
) -> BenchmarkResult:
    """Run a benchmark, or go on with it, and write its files into the folder `request.out`.

    progress: its exceptions end the work; what was made is kept. tell: is given a sentence that
    should be read before the work begins. The report's `summary` is what the result says in words.
    Raises StudioError.
    """
    request.validated()
    if request.benchmark == "figure1":
        return _figure1(request, progress, tell)
    if request.benchmark == "table1":
        return _table1(request, progress, tell)
    return _arms(request, progress, tell)


def _figure1(request: BenchmarkRequest, progress: Counting, tell: Tell) -> BenchmarkResult:
    from soundstudio.benchmark import figure1_report
    from soundstudio.benchmark.corruption import CorruptionChoices
    from soundstudio.benchmark.figure1 import Figure1Plan, run_figure1
    from soundstudio.benchmark.subsets import draw_subset

    wishes = dataclasses.asdict(request.corruption)
    steps = max(1, request.shares - 1)
    plan = Figure1Plan(
        backbone=_backbone(request),
        corruptions=request.corruptions,
        shares=tuple(number / steps for number in range(request.shares)),
        choices=CorruptionChoices(**{k: v for k, v in wishes.items() if v is not None}),
        seed=request.seed,
        draws=request.draws,
        processes=request.processes,
    ).validated()
    dataset, folder = _dataset_and_folder(request, tell)
    subset = draw_subset(dataset, request.subset, seed=request.seed, count=request.clips)
    series = run_figure1(subset.clips, plan, folder, progress)
    report = figure1_report.report_figure1(dataset, series, plan)
    report["subset"] = {"name": subset.name, "note": subset.note}
    return _result(
        report,
        folder,
        figure1_report.write_figure1,
        f"{dataset.title}: {subset.note} All clips corrupted, with 95 % intervals.",
        figure1_report.answer_rows(report),
        figure1_report.claim_lines(report),
    )


def _table1(request: BenchmarkRequest, progress: Counting, tell: Tell) -> BenchmarkResult:
    from soundstudio.benchmark import table1, table1_report
    from soundstudio.benchmark.prompts import template_of
    from soundstudio.benchmark.subsets import draw_subset

    backbone = _backbone(request)
    template = template_of(request.template)
    row = _model(request)
    dataset, folder = _dataset_and_folder(request, tell)
    subset = draw_subset(dataset, request.subset, seed=request.seed, count=request.clips)
    wishes = request.generation
    plan = table1.Table1Plan(
        backbone=backbone,
        model=row,
        settings=GenerationRequest(
            prompt="",
            duration_s=dataset.duration_s if wishes.duration_s is None else wishes.duration_s,
            guidance=wishes.guidance,
            steps=wishes.steps,
            sampler=wishes.sampler,
            eta=wishes.eta,
        ),
        conditions=request.conditions,
        template=template,
        device=request.device,
        dtype=request.dtype,
        seed=request.seed,
        draws=request.draws,
        processes=request.processes,
    )
    found = table1.run_table1(subset.clips, plan, folder, progress)
    report = table1_report.report_table1(dataset, subset, found, plan)
    return _result(
        report,
        folder,
        table1_report.write_table1,
        f"{row.title} on {dataset.title}: {subset.note}",
        table1_report.table_rows(report),
    )


def _arms(request: BenchmarkRequest, progress: Counting, tell: Tell) -> BenchmarkResult:
    from soundstudio.benchmark import arm_runs, arms, arms_report
    from soundstudio.benchmark.prompts import template_of
    from soundstudio.benchmark.training_split import FoldChoice, draw_split, prepare_clips

    backbone = _backbone(request)
    template = template_of(request.template)
    row = _model(request)
    wishes = request.training
    folds = FoldChoice(wishes.validate_fold, wishes.train_folds) if wishes.validate_fold else None
    dataset, folder = _dataset_and_folder(request, tell)
    split = draw_split(dataset, request.subset, folds=folds, seed=request.seed, count=request.clips)
    plan = arms.ArmsPlan(
        backbone=backbone,
        model=row,
        settings=_training_settings(request, len(split.clips)),
        arms=tuple(
            arm
            for arm in arms.ARMS
            if arm.start in wishes.starts and arm.condition in request.conditions
        ),
        seeds=wishes.seeds,
        template=template,
        processes=request.processes,
    ).validated()
    clips = prepare_clips(
        split, dataset.folder, template, processes=request.processes, progress=progress
    )
    found = arm_runs.run_arms(clips.training, plan, folder, progress)
    name: ArmsBenchmark = "table2" if request.benchmark == "table2" else "figure2"
    report = arms_report.report_arms(name, dataset, split, clips, found, plan)
    lines = arms_report.answer_lines(report)
    return _result(
        report,
        folder,
        arms_report.write_arms,
        f"{row.title} on {dataset.title}: {split.note}",
        arms_report.best_rows(report) if name == "table2" else arms_report.curve_rows(report),
        lines if name == "table2" else [*arms_report.paper_lines(report), *lines],
    )


def _training_settings(request: BenchmarkRequest, clips: int) -> FinetuneSettings:
    wishes = request.training
    return FinetuneSettings(
        validation_sounds=clips if wishes.sounds is None else wishes.sounds,
        best_by=wishes.best_by,
        device=request.device,
        dtype=request.dtype,
        steps=wishes.steps,
        validate_every=wishes.validate_every,
        batch_size=wishes.batch_size,
        learning_rate=wishes.learning_rate,
        warmup_steps=wishes.warmup_steps,
        max_gradient_norm=wishes.max_gradient_norm,
        sampling_steps=wishes.sampling_steps,
        guidance=wishes.guidance,
    )


def _result(
    report: dict[str, Any],
    folder: Path,
    write: Callable[[Path, dict[str, Any]], list[Path]],
    head: str,
    rows: Sequence[tuple[str, ...]],
    lines: Sequence[str] = (),
) -> BenchmarkResult:
    """The result on disk, with the words in which it is told: a reader need not compute them."""
    head = f"{head} {_heard_with(report['backbone'])}"
    report["summary"] = {
        "head": head, "rows": [list(row) for row in rows], "lines": list(lines),
    }  # fmt: skip
    return BenchmarkResult(report, tuple(write(folder, report)), head, tuple(rows), tuple(lines))


def _heard_with(backbone: dict[str, Any]) -> str:
    """ "Heard with A (FD, IS, KL) and B (FAD)."."""
    networks = [
        f"{network['title']} ({', '.join(TITLES[key] for key in network['metrics'])})"
        for network in backbone["networks"]
    ]
    return f"Heard with {' and '.join(networks)}."


def _backbone(request: BenchmarkRequest) -> ChosenBackbone:
    def path_of(name: str) -> Path | None:
        return Path(name).expanduser().absolute() if name else None

    return ChosenBackbone(
        name=request.backbone,
        panns=path_of(request.panns),
        vggish=path_of(request.vggish),
        clap=find_clap(request.clap, Path(request.models_folder)) if request.clap else None,
        device=request.device,
    ).validated()


def _model(request: BenchmarkRequest) -> CatalogueRow:
    return find_model(request.model, Path(request.models_folder))


def _dataset_and_folder(request: BenchmarkRequest, tell: Tell) -> tuple[Dataset, Path]:
    """What lies in the dataset's folder, and where results go, which can be written to."""
    from soundstudio.benchmark.layouts import read_dataset

    folder = Path(request.out).expanduser().absolute()
    dataset = read_dataset(request.dataset, Path(request.data).expanduser().absolute())
    check_writable(folder)
    if sentence := dataset.missing_sentence():
        tell(sentence)
    return dataset, folder
