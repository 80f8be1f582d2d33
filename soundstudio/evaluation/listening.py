"""Files → features: each clip is heard once, and one that cannot be heard is marked."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from soundstudio.audio.files import probe, read_sound
from soundstudio.core.errors import AudioFileError
from soundstudio.core.progress import Progress, ProgressCallback, ignore_progress
from soundstudio.evaluation.backbones import HEARD_S
from soundstudio.evaluation.clip_measurements import ClipMeasurements
from soundstudio.evaluation.feature_cache import content_hash

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from soundstudio.evaluation.backbones import Backbone, ClipFeatures
    from soundstudio.evaluation.feature_cache import FeatureCache
    from soundstudio.evaluation.sets import SoundSet

log = logging.getLogger(__name__)


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
    was heard by then stays in the cache. Only features stay in memory, one sound at a time.
    """
    total = sum(len(sounds.paths) for sounds in sets)
    done, heard = 0, []
    for sounds in sets:
        clips = []
        for path in sounds.paths:
            progress(Progress("listening", done, total))
            clips.append(_hear(path, sounds.name_of(path), backbone, cache))
            done += 1
        heard.append(clips)
    progress(Progress("listening", done, total))
    return heard


def _hear(path: Path, name: str, backbone: Backbone, cache: FeatureCache | None) -> HeardClip:
    digest = ""
    try:
        digest = content_hash(path)
        known = cache.load(digest) if cache is not None else None
        if known is not None:
            return HeardClip(path, name, digest, *known)
        features, measurements = hear(path, backbone)
    except AudioFileError as error:
        return HeardClip(path, name, digest, failure=error.sentence())
    if cache is not None:
        cache.store(digest, features, measurements)
    return HeardClip(path, name, digest, features, measurements)


def hear(path: Path, backbone: Backbone) -> tuple[ClipFeatures, ClipMeasurements]:
    """Features and measurements of a file, of its first HEARD_S seconds.

    Raises AudioFileError: it is no sound, empty, or holds values that are not numbers.
    """
    duration_s = probe(path).duration_s
    sound = read_sound(path, HEARD_S)
    features = backbone.features(sound)
    arrays = (features.embedding, features.logits, features.frames)
    if not all(np.isfinite(array).all() for array in arrays):
        raise AudioFileError(
            f"{path.name} cannot be scored: the networks answer with values that are not numbers.",
            "Its samples may be far above full scale.",
        )
    return features, ClipMeasurements.of(sound, duration_s)
