"""What a fine-tuning of the benchmark trains on, and what it is evaluated on.

As the paper says, as far as it does: a random part of the dataset for evaluation, the rest for
training. Folds can be named instead.
"""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from soundstudio.benchmark import parallel
from soundstudio.benchmark.prompts import prompt_of
from soundstudio.benchmark.subsets import PAPER_COUNTS, Subset, draw_subset
from soundstudio.core.errors import InvalidRequestError
from soundstudio.dataset.captions import CaptionRow, CaptionTable
from soundstudio.dataset.clips import DatasetOptions
from soundstudio.dataset.dataset import Dataset as TrainingDataset
from soundstudio.dataset.dataset import build_dataset
from soundstudio.dataset.examine import examine
from soundstudio.dataset.findings import DatasetError
from soundstudio.dataset.folder import FolderContents
from soundstudio.dataset.scan import Scan, examine_all

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from soundstudio.benchmark.dataset import Dataset, DatasetClip
    from soundstudio.benchmark.parallel import Counting
    from soundstudio.core.benchmark_requests import DatasetKind, SubsetName
    from soundstudio.core.progress import Progress
    from soundstudio.dataset.examine import Examined

_PUBLISHED_COUNTS: Final[dict[DatasetKind, int]] = {"esc50": 2000, "urbansound8k": 8732}
_SHARE: Final = 0.2
"""For evaluation where the paper names no number: ESC-50's own share there."""
_PUBLISHED_FOLDS: Final[dict[DatasetKind, tuple[tuple[str, ...], str]]] = {
    "audiocaps": (("train",), "test"),
    "audioset": (("balanced",), "eval"),
}
FEWEST_CLIPS: Final = 2


@dataclass(frozen=True, slots=True)
class FoldChoice:
    """Folds by name. train: none means all but the one to evaluate on."""

    evaluation: str
    train: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PreparedClips:
    """What the runs train with, the clips it was made of, and a sentence on each left out."""

    training: TrainingDataset
    train: tuple[DatasetClip, ...]
    evaluation: tuple[DatasetClip, ...]
    failures: dict[str, str]


def draw_split(
    dataset: Dataset,
    name: SubsetName,
    *,
    folds: FoldChoice | None = None,
    seed: int = 0,
    count: int | None = None,
) -> Subset:
    """`clips` to evaluate on (at most `count`), `others` to train on.

    Without `folds`: the published splits of AudioCaps and AudioSet, else drawn as `name` says; of
    a set that is smaller than the published one, the paper's share instead of its number.
    Raises InvalidRequestError: nothing is left to train on, an unknown fold.
    """
    if folds is None and dataset.kind in _PUBLISHED_FOLDS:
        train, evaluation = _PUBLISHED_FOLDS[dataset.kind]
        folds = FoldChoice(evaluation, train)
    if folds is not None:
        return _by_folds(dataset, name, folds, seed, count)
    if name == "all":
        raise InvalidRequestError(
            "All clips for evaluation leave nothing to train on.",
            "Choose the subset paper or held-out, or name a fold to validate on.",
        )
    most = _paper_count(dataset)
    if (dataset.kind, name) == ("esc50", "held-out"):
        most = len(dataset.clips)  # the fold says how many
    wanted = min(count, most) if count is not None else most
    subset = draw_subset(dataset, name, seed=seed, count=wanted)
    if not subset.others:
        raise InvalidRequestError("There are too few clips to train on some and evaluate others.")
    return subset


def _paper_count(dataset: Dataset) -> int:
    """How many clips the paper evaluates on, or as many of a smaller set in proportion."""
    share = _SHARE
    if dataset.kind in PAPER_COUNTS:
        share = PAPER_COUNTS[dataset.kind] / _PUBLISHED_COUNTS[dataset.kind]
    in_proportion = round(share * len(dataset.clips))
    return max(FEWEST_CLIPS, min(in_proportion, PAPER_COUNTS.get(dataset.kind, in_proportion)))


def _by_folds(
    dataset: Dataset, name: SubsetName, folds: FoldChoice, seed: int, count: int | None
) -> Subset:
    known = sorted({clip.fold for clip in dataset.clips if clip.fold})
    train = folds.train or tuple(fold for fold in known if fold != folds.evaluation)
    for fold in (folds.evaluation, *train):
        if fold not in known:
            raise InvalidRequestError(
                f"{dataset.title} has no fold “{fold}” here.",
                f"Its folds are {', '.join(known)}." if known else "It has no folds at all.",
            )
    if folds.evaluation in train or not train:
        raise InvalidRequestError(
            f"Fold {folds.evaluation} cannot be trained on and evaluated on.",
            "Choose other folds to train on.",
        )
    inside = [clip for clip in dataset.clips if clip.fold == folds.evaluation]
    fold_only = dataclasses.replace(dataset, clips=tuple(inside))
    drawn = draw_subset(fold_only, "all", seed=seed, count=count)
    others = tuple(clip for clip in dataset.clips if clip.fold in train)
    note = (
        f"{len(drawn.clips)} of {len(inside)} clips of fold {folds.evaluation} for evaluation, "
        f"{len(others)} clips of {', '.join(train)} for training."
    )
    return Subset(name, drawn.clips, others, note)


def prepare_clips(
    split: Subset,
    folder: Path,
    template: str,
    *,
    processes: int = 1,
    progress: Counting = parallel.ignore_counting,
) -> PreparedClips:
    """Examine the sounds of both sides and make the dataset of them that runs train on.

    folder: the dataset's. Silent and damaged clips are left out and named.
    Raises DatasetError if a side has too few clips left.
    """
    sides = {clip.path.absolute(): "validation" for clip in split.clips}
    sides |= {clip.path.absolute(): "train" for clip in split.others}
    clips = {clip.path.absolute(): clip for clip in (*split.clips, *split.others)}
    paths = sorted(clips)

    def report(where: Progress) -> None:
        progress("reading clips", where.step, where.steps)

    options = DatasetOptions(validation_share=0.0, test_share=0.0)
    work = functools.partial(_examine_batch, min_duration_s=options.min_duration_s)
    examined = examine_all(paths, work, report, processes)
    usable = tuple(one.clip for one in examined if one.clip is not None)
    failures = {
        clips[finding.path].name: finding.sentence
        for one in examined
        for finding in one.findings
        if finding.excludes and finding.path is not None
    }
    rows = tuple(_row(clips[clip.path], sides[clip.path], template) for clip in usable)
    # Near duplicates stay where the split put them: the paper's protocol is not mended here.
    scan = Scan(FolderContents(folder.absolute(), sounds=list(paths)), usable, {}, ())
    training = build_dataset(scan, CaptionTable(folder.absolute(), rows), options)
    kept = {clip.path for clip in training.clips}
    train = tuple(clip for clip in split.others if clip.path.absolute() in kept)
    evaluation = tuple(clip for clip in split.clips if clip.path.absolute() in kept)
    if not train or len(evaluation) < FEWEST_CLIPS:
        raise DatasetError(
            f"{len(train)} clips to train on and {len(evaluation)} to evaluate on can be used; "
            f"1 and {FEWEST_CLIPS} are the least.",
            next(iter(failures.values()), ""),
        )
    return PreparedClips(training, train, evaluation, failures)


def _examine_batch(_: None, paths: Sequence[Path], *, min_duration_s: float) -> list[Examined]:
    return [examine(path, min_duration_s) for path in paths]


def _row(clip: DatasetClip, split: str, template: str) -> CaptionRow:
    """label: of clips that have one class; a sound has no class of its own where it has several."""
    return CaptionRow(
        path=clip.path.absolute(),
        candidates=(),
        caption=prompt_of(clip, template),
        source=None,
        label=clip.labels[0] if len(clip.labels) == 1 else None,
        split=split,
        recording=clip.source,
    )
