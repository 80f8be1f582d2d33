"""Figure 1: how the metrics answer corruption of a growing share of a set's clips.

Each sound is made and listened to once; the series only recombine what was heard.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from soundstudio.audio.atomic_file import written_whole
from soundstudio.benchmark import parallel
from soundstudio.benchmark.corruption import CORRUPTIONS, CorruptionChoices, corrupted_clips
from soundstudio.benchmark.dataset import DatasetError, sha256_of_files
from soundstudio.benchmark.feature_store import BackboneSource, FeatureStore, digest_of
from soundstudio.benchmark.score_facts import facts_of_scores
from soundstudio.benchmark.stimuli import (
    REFERENCE_OF,
    Stimulus,
    StimulusKind,
    plan_stimuli,
    render,
)
from soundstudio.core.errors import AudioFileError, InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from soundstudio.benchmark.corruption import CorruptionName
    from soundstudio.benchmark.dataset import DatasetClip
    from soundstudio.benchmark.parallel import Counting
    from soundstudio.evaluation.backbones import Backbone, ClipFeatures

log = logging.getLogger(__name__)

PROTOCOL: Final = 1
"""Counted up when the same choices would give other sounds, so that no old features are reused."""
FEWEST_CLIPS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure1Plan:
    """Everything that determines the figure, but for the clips."""

    backbone: BackboneSource
    corruptions: tuple[CorruptionName, ...] = CORRUPTIONS
    shares: tuple[float, ...] = tuple(number / 10 for number in range(11))
    choices: CorruptionChoices = field(default_factory=CorruptionChoices)
    seed: int = 0
    draws: int = 200
    processes: int = 1

    def validated(self) -> Figure1Plan:
        """Return the plan itself, or raise InvalidRequestError."""
        self.choices.validated()
        parallel.checked_processes(self.processes)
        if not self.corruptions:
            raise InvalidRequestError("Figure 1 needs at least one corruption.")
        if len(self.shares) < 2 or not all(0.0 <= share <= 1.0 for share in self.shares):
            raise InvalidRequestError("Figure 1 needs at least two shares between 0 and 1.")
        if self.draws < 2:
            raise InvalidRequestError(f"An interval needs at least 2 draws, not {self.draws}.")
        return self


@dataclass(frozen=True, slots=True)
class Figure1Series:
    """The points of all curves, the clips that they stand on, and those that could not be read."""

    points: list[dict[str, Any]]
    clips: tuple[DatasetClip, ...]
    failures: dict[str, str]


def run_figure1(
    clips: Sequence[DatasetClip],
    plan: Figure1Plan,
    folder: Path,
    progress: Counting = parallel.ignore_counting,
) -> Figure1Series:
    """Compute all points; what lies in `folder` from an interrupted run is reused.

    `progress` is called after each piece of work; what it raises ends the work.
    Raises DatasetError for fewer than two readable clips, StorageError, LostProcessError.
    """
    plan.validated()
    listening = _Listening(plan, folder, progress)
    heard, failures = listening.features("clean", clips)
    readable = tuple(clip for clip in clips if clip.name in heard)
    if len(readable) < FEWEST_CLIPS:
        raise DatasetError(
            f"{len(readable)} of {len(clips)} clips can be read; two are the least.",
            next(iter(failures.values()), ""),
        )
    points: list[dict[str, Any]] = []
    for corruption in plan.corruptions:
        kinds = (REFERENCE_OF[corruption], corruption)
        reference, changed = (listening.features_of_all(kind, readable) for kind in kinds)
        for number, share in enumerate(sorted(plan.shares)):
            points.append(_point(corruption, share, reference, changed, plan, folder))
            progress(f"scoring {corruption}", number + 1, len(plan.shares))
    return Figure1Series(points, readable, failures)


class _Listening:
    """Makes stimuli and listens to them, unless their features are there already."""

    def __init__(self, plan: Figure1Plan, folder: Path, progress: Counting) -> None:
        self._plan = plan
        self._store = FeatureStore(folder / "features")
        self._progress = progress
        self._identity = plan.backbone.identity()
        self._digests: dict[Path, str] = {}

    def features_of_all(
        self, kind: StimulusKind, clips: Sequence[DatasetClip]
    ) -> list[tuple[str, ClipFeatures]]:
        """Key and features of each clip. Raises AudioFileError: readable clips are expected."""
        heard, failures = self.features(kind, clips)
        if failures:
            name, sentence = next(iter(failures.items()))
            raise AudioFileError(f"{name} cannot be scored as {kind}: {sentence}")
        return [heard[clip.name] for clip in clips]

    def features(
        self, kind: StimulusKind, clips: Sequence[DatasetClip]
    ) -> tuple[dict[str, tuple[str, ClipFeatures]], dict[str, str]]:
        """By clip name: key and features, and the sentences about clips that cannot be read."""
        stimuli = plan_stimuli(clips, kind, self._plan.seed, self._plan.choices)
        heard: dict[str, tuple[str, ClipFeatures]] = {}
        failures: dict[str, str] = {}
        waiting: list[tuple[str, Stimulus]] = []
        for stimulus in stimuli:
            try:
                key = self._key(stimulus)
            except OSError as error:
                failures[stimulus.name] = f"{stimulus.paths[0].name}: {error.strerror or error}."
                continue
            stored = self._store.load(key)
            if stored is None:
                waiting.append((key, stimulus))
            else:
                heard[stimulus.name] = (key, stored)
        work = functools.partial(_listen, self._store, self._plan.choices)
        answers = parallel.work_through(
            waiting, self._plan.backbone.load, work, self._plan.processes
        )
        for done, (number, failure) in enumerate(answers, start=1):
            key, stimulus = waiting[number]
            features = self._store.load(key)
            if features is None:
                failures[stimulus.name] = failure or "its features could not be stored."
            else:
                heard[stimulus.name] = (key, features)
            self._progress(f"listening to {kind} sounds", done, len(waiting))
        return heard, failures

    def _key(self, stimulus: Stimulus) -> str:
        for path in stimulus.paths:
            if path not in self._digests:
                self._digests[path] = sha256_of_files([path])
        return digest_of(
            {
                "protocol": PROTOCOL,
                "backbone": self._identity,
                "kind": stimulus.kind,
                "sounds": [self._digests[path] for path in stimulus.paths],
                "seed": stimulus.seed,
                "order": stimulus.order,
                "choices": dataclasses.asdict(self._plan.choices),
            }
        )


def _listen(
    store: FeatureStore,
    choices: CorruptionChoices,
    backbone: Backbone,
    piece: tuple[str, Stimulus],
) -> str:
    """Make one sound, listen to it, store its features. Returns what is wrong with it, or ""."""
    key, stimulus = piece
    try:
        store.save(key, backbone.features(render(stimulus, choices)))
    except AudioFileError as error:
        return error.sentence()
    return ""


def _point(
    corruption: CorruptionName,
    share: float,
    reference: Sequence[tuple[str, ClipFeatures]],
    changed: Sequence[tuple[str, ClipFeatures]],
    plan: Figure1Plan,
    folder: Path,
) -> dict[str, Any]:
    """The four scores at one share, from the folder if the very same features made them."""
    from soundstudio.evaluation.scores import compute_scores

    is_corrupted = corrupted_clips(len(reference), share, plan.seed)
    mixed = [
        after if touched else before
        for before, after, touched in zip(reference, changed, is_corrupted, strict=True)
    ]
    key = digest_of(
        {
            "mixed": [key for key, _ in mixed],
            "reference": [key for key, _ in reference],
            "draws": plan.draws,
            "seed": plan.seed,
        }
    )
    path = folder / "points" / f"{corruption}-{share:.4f}.json"
    stored = read_json(path)
    if stored is not None and stored.get("key") == key:
        return stored
    scores = compute_scores(
        [features for _, features in mixed],
        [features for _, features in reference],
        [(number, number) for number in range(len(mixed))],
        draws=plan.draws,
        seed=plan.seed,
    )
    point: dict[str, Any] = {
        "key": key,
        "corruption": corruption,
        "share": share,
        "clips": len(mixed),
        "corrupted": int(is_corrupted.sum()),
    }
    point |= facts_of_scores(scores)
    write_json(path, point)
    return point


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in a file, or None if there is none or it is damaged."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write an object so that it is whole or not there. Raises StorageError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
    with written_whole(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
