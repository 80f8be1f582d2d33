"""A backbone of a few lines, whose features are band levels: for tests of what uses backbones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from soundstudio.audio.files import Sound
from soundstudio.audio.mel import MelSpec, log_mel
from soundstudio.audio.resampling import resample
from soundstudio.evaluation.backbones import ClipFeatures

if TYPE_CHECKING:
    from pathlib import Path

SPEC = MelSpec(16_000, 512, 256, 8, 50.0, 8_000.0, 1e-4)


class FakeBackbone:
    """Eight bands: their mean over time, that of the last half, and each half second."""

    def features(self, sound: Sound) -> ClipFeatures:
        mono = Sound(sound.mono(), sound.sample_rate)
        mel = log_mel(resample(mono, SPEC.sample_rate_hz).mono(), SPEC)
        embedding = np.concatenate([mel.mean(axis=0), mel[len(mel) // 2 :].mean(axis=0)])
        blocks = max(1, len(mel) // 31)
        frames = np.stack([part.mean(axis=0) for part in np.array_split(mel, blocks)])
        return ClipFeatures(embedding, mel.mean(axis=0), frames, "fake", "fake frames")


@dataclass(frozen=True)
class FakeSource:
    """Writes a line into `log`, if there is one, whenever the backbone is loaded."""

    log: Path | None = None
    name: str = "fake"

    def facts(self) -> dict[str, Any]:
        return {"name": self.name, "fingerprint": self.name, "networks": [], "notes": []}

    def load(self) -> FakeBackbone:
        if self.log is not None:
            with self.log.open("a") as file:
                file.write("loaded\n")
        return FakeBackbone()
