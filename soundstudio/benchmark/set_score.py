"""Scores of the sounds of one validation, and whether each lands beside clips of its class."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from soundstudio.benchmark.listening import Listener, hear_files
from soundstudio.benchmark.score_facts import METRICS
from soundstudio.engine.nearest import nearest_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from soundstudio.benchmark.feature_store import BackboneSource, FeatureStore
    from soundstudio.evaluation.backbones import Backbone, ClipFeatures

ACCURACY: Final = "accuracy"
MEASURES: Final = (*METRICS, ACCURACY)
HEARD_S: Final = 60.0
_DRAWS: Final = 2
"""Intervals are not kept: the spread over seeds says more of how sure a result is."""
_FEWEST: Final = 2


@dataclass(slots=True)
class KeptBackbone:
    """A BackboneSource that loads once in its process."""

    source: BackboneSource
    _backbone: Backbone | None = field(default=None, init=False)

    def facts(self) -> dict[str, Any]:
        return self.source.facts()

    def load(self) -> Backbone:
        if self._backbone is None:
            self._backbone = self.source.load()
        return self._backbone


class SetScore:
    """A `soundstudio.training.validation.Score` with the benchmark's networks.

    labels: by file name, the class of a validation clip; sounds generated from its caption have
    the same name. Unlike a run's own scoring, a failure ends the validation: it is made again when
    the run goes on, so that no point of a curve is missing.
    """

    def __init__(
        self, store: FeatureStore, source: BackboneSource, labels: Mapping[str, str | None]
    ) -> None:
        self._listener = Listener(store, source)
        self._labels = labels

    def __call__(self, generated: Path, reference: Path) -> dict[str, float | None]:
        """Values of fd, is, kl, fad and accuracy; None where one cannot be had."""
        from soundstudio.evaluation.scores import compute_scores

        sounds, clips = self._hear(generated), self._hear(reference)
        if len(sounds) < _FEWEST or len(clips) < _FEWEST:
            return dict.fromkeys(MEASURES)
        places = {name: number for number, name in enumerate(clips)}
        pairs = [(number, places[name]) for number, name in enumerate(sounds) if name in places]
        scores = compute_scores(
            list(sounds.values()), list(clips.values()), pairs, draws=_DRAWS
        ).by_key()
        found = {
            name: None if (score := scores[name]) is None else float(score.value)
            for name in METRICS
        }
        return found | {ACCURACY: self._accuracy(sounds, clips)}

    def real_accuracy(self, reference: Path) -> float | None:
        """As the accuracy, of the real clips among each other: what could be reached at best."""
        clips = self._hear(reference)
        if len(clips) < _FEWEST:
            return None
        embeddings = _embeddings(clips)
        nearest, _ = nearest_of(embeddings, embeddings, kin=np.arange(len(clips)))
        return self._share(list(clips), list(clips), nearest.tolist())

    def _hear(self, folder: Path) -> dict[str, ClipFeatures]:
        paths = {path.name: path for path in sorted(folder.glob("*.wav"))}
        return hear_files(self._listener, HEARD_S, paths, "a validation")[0]

    def _accuracy(
        self, sounds: Mapping[str, ClipFeatures], clips: Mapping[str, ClipFeatures]
    ) -> float | None:
        """How many sounds have their prompt's class in the real clip that they are nearest to."""
        nearest, _ = nearest_of(_embeddings(sounds), _embeddings(clips))
        return self._share(list(sounds), list(clips), nearest.tolist())

    def _share(
        self, names: Sequence[str], clips: Sequence[str], nearest: Sequence[int]
    ) -> float | None:
        wanted = [self._labels.get(name) for name in names]
        found = [self._labels.get(clips[place]) for place in nearest]
        pairs = [(a, b) for a, b in zip(wanted, found, strict=True) if a is not None]
        if not pairs:
            return None
        return sum(a == b for a, b in pairs) / len(pairs)


def _embeddings(clips: Mapping[str, ClipFeatures]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.stack([clip.embedding for clip in clips.values()]).astype(np.float64)
