"""Many sounds to their features, over several processes, each heard once."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from soundstudio.audio.files import read_sound
from soundstudio.benchmark import parallel
from soundstudio.benchmark.dataset import sha256_of_files
from soundstudio.benchmark.feature_store import digest_of
from soundstudio.core.errors import AudioFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from soundstudio.audio.files import Sound
    from soundstudio.benchmark.feature_store import BackboneSource, FeatureStore
    from soundstudio.benchmark.parallel import Counting
    from soundstudio.evaluation.backbones import Backbone, ClipFeatures


Piece = TypeVar("Piece")


@dataclass(frozen=True, slots=True)
class Heard:
    """By key: features, or a sentence about a sound that cannot be read."""

    features: dict[str, ClipFeatures]
    failures: dict[str, str]


@dataclass(frozen=True, slots=True)
class Listener:
    """Hears sounds through a backbone unless `store` knows their features already."""

    store: FeatureStore
    backbone: BackboneSource
    processes: int = 1
    progress: Counting = parallel.ignore_counting

    def hear(
        self, pieces: Sequence[tuple[str, Piece]], make: Callable[[Piece], Sound], what: str
    ) -> Heard:
        """Hear what `make` makes of each (key, piece); both must be picklable.

        The key names everything that the features depend on.
        """
        heard = Heard({}, {})
        waiting = []
        for key, piece in dict(pieces).items():
            if (known := self.store.load(key)) is None:
                waiting.append((key, piece))
            else:
                heard.features[key] = known
        work = functools.partial(_hear_one, self.store, make)
        answers = parallel.work_through(waiting, self.backbone.load, work, self.processes)
        for done, (number, failure) in enumerate(answers, start=1):
            key, _ = waiting[number]
            if (features := self.store.load(key)) is None:
                heard.failures[key] = failure or "Its features could not be stored."
            else:
                heard.features[key] = features
            self.progress(f"listening to {what}", done, len(waiting))
        return heard


def _hear_one(
    store: FeatureStore,
    make: Callable[[Piece], Sound],
    backbone: Backbone,
    keyed_piece: tuple[str, Piece],
) -> str:
    """Make one sound, hear it, store its features. Returns what is wrong with it, or ""."""
    key, piece = keyed_piece
    try:
        features = backbone.features(make(piece))
    except AudioFileError as error:
        return error.sentence()
    arrays = (features.embedding, features.logits, features.frames)
    if not all(np.isfinite(array).all() for array in arrays):
        return "The networks answer it with values that are not numbers."
    store.save(key, features)
    return ""


def hear_files(
    listener: Listener, limit_s: float, paths: Mapping[str, Path], what: str
) -> tuple[dict[str, ClipFeatures], dict[str, str]]:
    """By name: features, and a sentence on each file that cannot be read."""
    fingerprint = listener.backbone.facts()["fingerprint"]
    keys = {
        name: digest_of(
            {"backbone": fingerprint, "limit_s": limit_s, "sound": _digest_or_name(path)}
        )
        for name, path in paths.items()
    }
    keyed = [(keys[name], path) for name, path in paths.items()]
    heard = listener.hear(keyed, functools.partial(read_sound, max_duration_s=limit_s), what)
    features = {n: heard.features[k] for n, k in keys.items() if k in heard.features}
    return features, {n: heard.failures[k] for n, k in keys.items() if k in heard.failures}


def _digest_or_name(path: Path) -> str:
    """What cannot be opened has no features; the reader says why."""
    try:
        return sha256_of_files([path])
    except OSError:
        return str(path)
