"""The CLAP that scores: a model folder's, or LAION's own file."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from soundstudio.core.catalogue import read_card
from soundstudio.core.errors import ModelError
from soundstudio.core.settings import current_models_folder
from soundstudio.engine.clap import ClipEncoder
from soundstudio.engine.laion_clap import LaionClap
from soundstudio.engine.model_folder import AUDIO_PART, read_model_folder
from soundstudio.engine.text_tower import TextTower
from soundstudio.evaluation.backbones import NetworkFacts
from soundstudio.evaluation.networks.weight_files import sha256_of

if TYPE_CHECKING:
    from pathlib import Path

    from soundstudio.engine.laion_clap import Hearing

_METRICS: Final = ("fad", "clap")
_SAMPLE_RATE_HZ: Final = 48_000


def load_hearing(path: Path, device: str) -> tuple[Hearing, NetworkFacts]:
    """The audio tower of the model folder, or of LAION's file, at `path`. Raises ModelError."""
    if path.is_file():
        clap = LaionClap.read(path)
        return clap.audio_tower(device), _facts(path.name, clap.dimensions, "", sha256_of(path))
    if path.suffix and not path.exists():
        raise ModelError(f"There is no file {path}.", "Choose another CLAP to score with.")
    files = read_model_folder(path)
    if not files.has_audio_tower:
        raise ModelError(f"The model in {path} has no audio tower.")
    encoder = ClipEncoder.load(files, device)
    part = files.parts[AUDIO_PART]
    digests = [sha256_of(file) for file in part.weights]
    return encoder, _facts(
        path.name,
        int(part.config.get("projection_dim", 512)),
        str(read_card(path).get("licence", "")),
        digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest(),
    )


def load_text_tower(path: Path) -> TextTower:
    """The text tower that belongs to the same CLAP. Raises ModelError."""
    if path.is_file():
        return LaionClap.read(path).text_tower(current_models_folder())
    return TextTower.load(read_model_folder(path))


def _facts(name: str, dimensions: int, licence: str, digest: str) -> NetworkFacts:
    return NetworkFacts(
        title=f"CLAP audio tower of {name}",
        metrics=_METRICS,
        sample_rate_hz=_SAMPLE_RATE_HZ,
        dimensions=dimensions,
        classes=0,
        licence=licence,
        weights_sha256=digest,
    )
