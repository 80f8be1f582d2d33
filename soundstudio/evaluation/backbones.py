"""What the metrics hear with: networks that turn a sound into features and class scores."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Protocol

import numpy as np

from soundstudio.core.errors import AudioFileError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    from soundstudio.audio.files import Sound

    FloatArray = npt.NDArray[np.float32]

BackboneName = Literal["bundled", "paper"]
HEARD_S: Final = 60.0
"""A longer sound is heard by its beginning: networks' memory grows with the length."""
LOUDEST: Final = 100.0
"""Times full scale (40 dB over it). Beyond, a file's numbers mean something else than samples."""
FEATURES_VERSION: Final = 2
"""Counted up when the same file and weights would give other features."""


@dataclass(frozen=True, slots=True, eq=False)
class ClipFeatures:
    """What the metrics need of one sound.

    embedding [dimensions] feeds FD, logits [classes] IS and KL, frames [n, dimensions] FAD; no
    frames (n = 0): the backbone has no network for them. `backbone` and `frames_backbone` name the
    networks, so that features of different ones are never put together.
    """

    embedding: FloatArray
    logits: FloatArray
    frames: FloatArray
    backbone: str = ""
    frames_backbone: str = ""


@dataclass(frozen=True, slots=True)
class NetworkFacts:
    """One network: what it feeds, the rate it hears at, its numbers, the weights' SHA-256."""

    title: str
    metrics: tuple[str, ...]
    sample_rate_hz: int
    dimensions: int
    classes: int
    weights_sha256: str
    licence: str = ""


@dataclass(frozen=True, slots=True)
class BackboneFacts:
    """All networks of a backbone, and what has to be said about it.

    notes: odd weight files. missing_frames: why there is no network for FAD, if so. clap: the
    model folder or LAION's file whose CLAP makes the frames: its text tower can be compared with
    them.
    """

    networks: tuple[NetworkFacts, ...]
    notes: tuple[str, ...] = ()
    missing_frames: str = ""
    clap: Path | None = None

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same sound would get other features."""
        parts = [f"{facts.title} {facts.weights_sha256}" for facts in self.networks]
        text = "\n".join([str(FEATURES_VERSION), f"{HEARD_S}", *parts])
        return hashlib.sha256(text.encode()).hexdigest()


class Backbone(Protocol):
    """Turns a sound into features."""

    @property
    def name(self) -> BackboneName: ...

    @property
    def facts(self) -> BackboneFacts: ...

    def features(self, sound: Sound) -> ClipFeatures:
        """Features of a sound of any rate, length and number of channels.

        Raises AudioFileError for samples that are not numbers.
        """
        ...


class BatchingBackbone(Backbone, Protocol):
    """A backbone that hears several sounds faster together than one after the other."""

    def features_of(self, sounds: Sequence[Sound]) -> list[ClipFeatures]:
        """Features of each sound. Raises AudioFileError if one cannot be heard."""
        ...


def heard_part(sound: Sound) -> Sound:
    """The beginning that the networks hear.

    Raises AudioFileError if it is empty, not made of numbers, or far above full scale.
    """
    part = sound if sound.duration_s <= HEARD_S else sound.between(0.0, HEARD_S)
    if part.length == 0:
        raise AudioFileError("The sound is empty.")
    if not np.isfinite(part.samples).all():
        raise AudioFileError("The sound is damaged: some of its samples are not numbers.")
    peak = float(np.abs(part.samples).max())
    if peak > LOUDEST:
        raise AudioFileError(
            f"The sound is {peak:.3g} times louder than full scale.",
            "Its samples may be integers that were written as decimal numbers; export it again.",
        )
    return part


def load_bundled(clap: Path | None = None, device: str = "auto") -> Backbone:
    """The backbone that ships: works at once and offline.

    clap: whose CLAP audio tower hears for FAD: a model folder's or that of LAION's own file; the
    starter model's by default. Without one `facts.missing_frames` says so and frames are empty.
    Raises ModelError.
    """
    from soundstudio.evaluation.bundled_backbone import BundledBackbone

    return BundledBackbone.load(clap, device)


def load_paper(panns: Path, vggish: Path, device: str = "auto") -> Backbone:
    """The paper's backbone from the user's copies of `Cnn14_16k_mAP=0.438.pth` and VGGish's file.

    Raises ModelError for a file of another network, a damaged or a missing one.
    """
    from soundstudio.evaluation.paper_backbone import PaperBackbone

    return PaperBackbone.load(panns, vggish, device)
