"""Files → features: each clip is heard once, and one that cannot be heard is marked."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, cast

import numpy as np

from soundstudio.audio.files import probe, read_sound
from soundstudio.core.errors import AudioFileError
from soundstudio.core.progress import Progress, ProgressCallback, ignore_progress
from soundstudio.evaluation.backbones import HEARD_S
from soundstudio.evaluation.clip_measurements import ClipMeasurements
from soundstudio.evaluation.feature_cache import content_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from soundstudio.audio.files import Sound
    from soundstudio.evaluation.backbones import Backbone, BatchingBackbone, ClipFeatures
    from soundstudio.evaluation.feature_cache import FeatureCache
    from soundstudio.evaluation.sets import SoundSet

log = logging.getLogger(__name__)

_BATCH: Final = 8
_BATCH_S: Final = 40.0
"""So much sound together: activations of a second take about 7 MB."""


@dataclass(frozen=True, slots=True)
class HeardClip:
    """One file of a set: its features, or `failure`, a sentence that says why there are none."""

    path: Path
    name: str
    content_sha256: str = ""
    features: ClipFeatures | None = None
    measurements: ClipMeasurements | None = None
    failure: str = ""


def listen(
    sets: Sequence[SoundSet],
    backbone: Backbone,
    cache: FeatureCache | None = None,
    progress: ProgressCallback = ignore_progress,
) -> list[list[HeardClip]]:
    """Hear all clips of all sets, in their order.

    Calls `progress` before each clip and after the last; what it raises stops the work, and what
    was heard by then stays in the cache. Only features stay in memory, and a few sounds at a time.
    """
    total = sum(len(sounds.paths) for sounds in sets)
    done, heard = 0, []
    for sounds in sets:
        listener = _Listener(backbone, cache)
        for path in sounds.paths:
            progress(Progress("listening", done, total))
            listener.take(path, sounds.name_of(path))
            done += 1
        heard.append(listener.finish())
    progress(Progress("listening", done, total))
    return heard


def hear(path: Path, backbone: Backbone) -> tuple[ClipFeatures, ClipMeasurements]:
    """Features and measurements of a file, of its first HEARD_S seconds.

    Raises AudioFileError: it is no sound, empty, or holds values that are not numbers.
    """
    sound, measurements = _read(path)
    return _checked(backbone.features(sound), path.name), measurements


def _read(path: Path) -> tuple[Sound, ClipMeasurements]:
    duration_s = probe(path).duration_s
    sound = read_sound(path, HEARD_S)
    return sound, ClipMeasurements.of(sound, duration_s)


def _checked(features: ClipFeatures, name: str) -> ClipFeatures:
    arrays = (features.embedding, features.logits, features.frames)
    if not all(np.isfinite(array).all() for array in arrays):
        raise AudioFileError(
            f"{name} cannot be scored: the networks answer with values that are not numbers."
        )
    return features


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A clip that was read and waits for others to be heard with; its place in the set."""

    place: int
    clip: HeardClip
    sound: Sound


class _Listener:
    """Hears the clips of one set, in batches where the backbone gains by it."""

    def __init__(self, backbone: Backbone, cache: FeatureCache | None) -> None:
        self._backbone = backbone
        self._cache = cache
        self._heard: list[HeardClip] = []
        self._waiting: list[_Waiting] = []

    def take(self, path: Path, name: str) -> None:
        """Hear a clip now, or later with others."""
        clip = HeardClip(path, name)
        try:
            clip = replace(clip, content_sha256=content_hash(path))
            known = self._cache.load(clip.content_sha256) if self._cache is not None else None
            if known is not None:
                self._heard.append(replace(clip, features=known[0], measurements=known[1]))
                return
            sound, measurements = _read(path)
        except AudioFileError as error:
            self._heard.append(replace(clip, failure=error.sentence()))
            return
        clip = replace(clip, measurements=measurements)
        self._waiting.append(_Waiting(len(self._heard), clip, sound))
        self._heard.append(clip)
        duration_s = sum(waiting.sound.duration_s for waiting in self._waiting)
        if len(self._waiting) >= self._batch_size() or duration_s >= _BATCH_S:
            self._hear_waiting()

    def finish(self) -> list[HeardClip]:
        """All clips in their order."""
        self._hear_waiting()
        return self._heard

    def _batch_size(self) -> int:
        return _BATCH if hasattr(self._backbone, "features_of") else 1

    def _hear_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        if len(waiting) > 1:
            backbone = cast("BatchingBackbone", self._backbone)
            try:
                found = backbone.features_of([each.sound for each in waiting])
            except AudioFileError:
                pass  # one of them is bad: each by itself, to find which
            else:
                for each, features in zip(waiting, found, strict=True):
                    self._keep(each, lambda features=features: features)  # type: ignore[misc]
                return
        for each in waiting:
            self._keep(each, lambda sound=each.sound: self._backbone.features(sound))  # type: ignore[misc]

    def _keep(self, each: _Waiting, features_of: Callable[[], ClipFeatures]) -> None:
        clip = each.clip
        try:
            features = _checked(features_of(), clip.path.name)
        except AudioFileError as error:
            self._heard[each.place] = replace(clip, measurements=None, failure=error.sentence())
            return
        self._heard[each.place] = replace(clip, features=features)
        if self._cache is not None and clip.measurements is not None:
            self._cache.store(clip.content_sha256, features, clip.measurements)
