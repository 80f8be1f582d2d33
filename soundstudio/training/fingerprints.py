"""Digests of the parts of a model that training leaves alone: what cached values depend on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from soundstudio.core.errors import ModelError
from soundstudio.core.file_digest import sha256_of_file
from soundstudio.engine.model_folder import AUDIO_PART, TEXT_PART

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from soundstudio.engine.model_folder import ModelFolder, PartFiles


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """SHA-256 of the VAE, of CLAP's text tower with its tokenizer, and of its audio tower.

    audio: empty if the model has no audio tower.
    """

    vae: str
    text: str
    audio: str

    def to_dict(self) -> dict[str, str]:
        return asdict(self)


def fingerprints_of(files: ModelFolder) -> Fingerprints:
    """Read every byte of the three parts. Raises ModelError."""
    audio = ""
    if files.has_audio_tower:
        extractor = files.folder / "feature_extractor" / "preprocessor_config.json"
        audio = _digest(files.parts[AUDIO_PART], [extractor])
    tokenizer = sorted(path for path in files.tokenizer.iterdir() if path.is_file())
    return Fingerprints(
        vae=_digest(files.parts["vae"], []),
        text=_digest(files.parts[TEXT_PART], tokenizer),
        audio=audio,
    )


def _digest(part: PartFiles, others: list[Path]) -> str:
    total = hashlib.sha256(_plain(part.config).encode())
    for path in (*part.weights, *others):
        try:
            total.update(bytes.fromhex(sha256_of_file(path)))
        except OSError as error:
            raise ModelError(
                f"The model's file {path} cannot be read: {error.strerror}."
            ) from error
    return total.hexdigest()


def _plain(config: Mapping[str, object]) -> str:
    """The configuration without what says only where it came from."""
    return json.dumps(
        {key: value for key, value in config.items() if not key.startswith("_")}, sort_keys=True
    )
