"""Figure 1: how the metrics answer corruption of a growing share of a set's clips.

Each sound is made and listened to once; the series only recombine what was heard.
"""

from __future__ import annotations

import dataclasses
import functools
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from soundstudio.benchmark import parallel
from soundstudio.benchmark.corruption import CorruptionChoices, corrupted_clips
from soundstudio.benchmark.dataset import sha256_of_files
from soundstudio.benchmark.feature_store import BackboneSource, FeatureStore, digest_of
from soundstudio.benchmark.listening import Listener
from soundstudio.benchmark.result_files import read_json, write_json
from soundstudio.benchmark.score_facts import facts_of_scores
from soundstudio.benchmark.stimuli import (
    REFERENCE_OF,
    Stimulus,
    StimulusKind,
    plan_stimuli,
    render,
)
from soundstudio.benchmark.swap_floor import swap_floors
from soundstudio.core.benchmark_requests import CORRUPTIONS, CorruptionName
from soundstudio.core.errors import AudioFileError, InvalidRequestError
from soundstudio.core.processes import checked_processes
from soundstudio.dataset.findings import DatasetError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from soundstudio.benchmark.dataset import DatasetClip
    from soundstudio.benchmark.parallel import Counting
    from soundstudio.evaluation.backbones import ClipFeatures

    KeyedFeatures = tuple[str, ClipFeatures]

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
        checked_processes(self.processes)
        if not self.corruptions:
            raise InvalidRequestError("Figure 1 needs at least one corruption.")
        if len(self.shares) < 2 or not all(0.0 <= share <= 1.0 for share in self.shares):
            raise InvalidRequestError("Figure 1 needs at least two shares between 0 and 1.")
        if self.draws < 2:
            raise InvalidRequestError(f"An interval needs at least 2 draws, not {self.draws}.")
        return self


@dataclass(frozen=True, slots=True)
class Figure1Series:
    """The points of all curves, the clips that they stand on, and those that could not be read.

    floors: by corruption and metric, the change that chance alone brings (see `swap_floor`).
    """

    points: list[dict[str, Any]]
    floors: dict[str, dict[str, Any]]
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
    readable, failures = listening.readable_clips(clips)
    heard = listening.hear_all(readable)
    points: list[dict[str, Any]] = []
    floors: dict[str, dict[str, Any]] = {}
    for corruption in plan.corruptions:
        reference, changed = heard[REFERENCE_OF[corruption]], heard[corruption]
        steps = len(plan.shares) + 1
        for number, share in enumerate(sorted(plan.shares)):
            points.append(_point(corruption, share, reference, changed, plan, folder))
            progress(f"scoring {corruption}", number + 1, steps)
        floors[corruption] = _floors(corruption, reference, changed, plan, folder)
        progress(f"scoring {corruption}", steps, steps)
    return Figure1Series(points, floors, readable, failures)


class _Listening:
    """Plans stimuli and hears them."""

    def __init__(self, plan: Figure1Plan, folder: Path, progress: Counting) -> None:
        self._plan = plan
        store = FeatureStore(folder / "features")
        self._listener = Listener(store, plan.backbone, plan.processes, progress)
        self._make = functools.partial(render, choices=plan.choices)
        self._fingerprint = plan.backbone.facts()["fingerprint"]
        self._digests: dict[Path, str] = {}

    def readable_clips(
        self, clips: Sequence[DatasetClip]
    ) -> tuple[tuple[DatasetClip, ...], dict[str, str]]:
        """The clips that can be heard untouched, and a sentence on each of the others, by name.

        Raises DatasetError if fewer than two can.
        """
        failures: dict[str, str] = {}
        keys: dict[str, str] = {}
        keyed = []
        for stimulus in self._stimuli("clean", clips):
            try:
                key = keys[stimulus.name] = self._key(stimulus)
            except OSError as error:
                failures[stimulus.name] = f"It cannot be read: {error.strerror or error}."
            else:
                keyed.append((key, stimulus))
        heard = self._listener.hear(keyed, self._make, "untouched sounds")
        failures |= {n: heard.failures[k] for n, k in keys.items() if k in heard.failures}
        readable = tuple(clip for clip in clips if keys.get(clip.name) in heard.features)
        if len(readable) < FEWEST_CLIPS:
            raise DatasetError(
                f"{len(readable)} of {len(clips)} clips can be read; two are the least.",
                next(iter(failures.values()), ""),
            )
        return readable, failures

    def hear_all(self, clips: Sequence[DatasetClip]) -> dict[StimulusKind, list[KeyedFeatures]]:
        """Key and features of each clip in each kind that the plan needs.

        Raises AudioFileError: the clips are known to be readable.
        """
        kinds = [kind for c in self._plan.corruptions for kind in (REFERENCE_OF[c], c)]
        keys: dict[StimulusKind, list[str]] = {}
        keyed = []
        for kind in dict.fromkeys(kinds):
            stimuli = self._stimuli(kind, clips)
            keys[kind] = [self._key(stimulus) for stimulus in stimuli]
            keyed += list(zip(keys[kind], stimuli, strict=True))
        heard = self._listener.hear(keyed, self._make, "corrupted sounds")
        for key, sentence in heard.failures.items():
            stimulus = dict(keyed)[key]
            raise AudioFileError(f"{stimulus.name} with {stimulus.kind}: {sentence}")
        return {kind: [(key, heard.features[key]) for key in keys[kind]] for kind in keys}

    def _stimuli(self, kind: StimulusKind, clips: Sequence[DatasetClip]) -> list[Stimulus]:
        return plan_stimuli(clips, kind, self._plan.seed, self._plan.choices)

    def _key(self, stimulus: Stimulus) -> str:
        for path in stimulus.paths:
            if path not in self._digests:
                self._digests[path] = sha256_of_files([path])
        return digest_of(
            {
                "protocol": PROTOCOL,
                "backbone": self._fingerprint,
                "kind": stimulus.kind,
                "sounds": [self._digests[path] for path in stimulus.paths],
                "seed": stimulus.seed,
                "order": stimulus.order,
                "choices": dataclasses.asdict(self._plan.choices),
            }
        )


def _point(
    corruption: CorruptionName,
    share: float,
    reference: Sequence[KeyedFeatures],
    changed: Sequence[KeyedFeatures],
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
    key = _key_of_sets(reference, mixed, plan)
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


def _floors(
    corruption: CorruptionName,
    reference: Sequence[KeyedFeatures],
    changed: Sequence[KeyedFeatures],
    plan: Figure1Plan,
    folder: Path,
) -> dict[str, Any]:
    """What chance alone does to each metric when all clips are corrupted; from the folder, too."""
    key = _key_of_sets(reference, changed, plan)
    path = folder / "points" / f"{corruption}-chance.json"
    stored = read_json(path)
    if stored is None or stored.get("key") != key:
        floors = swap_floors(
            [features for _, features in reference],
            [features for _, features in changed],
            draws=plan.draws,
            seed=plan.seed,
        )
        facts = {metric: dataclasses.asdict(floor) for metric, floor in floors.items()}
        stored = {"key": key, "floors": facts}
        write_json(path, stored)
    found: dict[str, Any] = stored["floors"]
    return found


def _key_of_sets(
    reference: Sequence[KeyedFeatures], mixed: Sequence[KeyedFeatures], plan: Figure1Plan
) -> str:
    return digest_of(
        {
            "mixed": [key for key, _ in mixed],
            "reference": [key for key, _ in reference],
            "draws": plan.draws,
            "seed": plan.seed,
        }
    )
