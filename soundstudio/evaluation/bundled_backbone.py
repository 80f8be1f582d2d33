"""The bundled backbone: aisfx's network for FD, IS and KL, CLAP's audio tower in VGGish's place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from soundstudio.audio.files import Sound
from soundstudio.audio.resampling import resample
from soundstudio.core.errors import ModelError
from soundstudio.core.paths import resource
from soundstudio.evaluation.backbones import (
    BackboneFacts,
    BackboneName,
    ClipFeatures,
    NetworkFacts,
    heard_part,
)

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from soundstudio.engine.laion_clap import Hearing
    from soundstudio.evaluation.networks.sound_effects import SoundEffectNetwork

    FloatArray = npt.NDArray[np.float32]

_SHARED_RATE_HZ: Final = 16_000
"""AudioLDM's sounds end at 8 kHz: hearing both sets up to there compares the sounds, not their
sample rates, and is what the paper's networks do."""


class BundledBackbone:
    """See `soundstudio.evaluation.backbones.load_bundled`."""

    name: BackboneName = "bundled"

    def __init__(
        self, network: SoundEffectNetwork, clap: Hearing | None, facts: BackboneFacts
    ) -> None:
        self._network = network
        self._clap = clap
        self.facts = facts

    @classmethod
    def load(cls, clap: Path | None, device: str) -> BundledBackbone:
        """Load the networks. Raises ModelError, DeviceError."""
        from soundstudio.engine.devices import choose_device, limit_threads
        from soundstudio.evaluation.clap_towers import load_hearing
        from soundstudio.evaluation.networks import sound_effects
        from soundstudio.evaluation.networks.inference import prepare_for_inference
        from soundstudio.evaluation.networks.weight_files import sha256_of

        limit_threads()
        kind = choose_device(device).kind
        weights = sound_effects.weights_path()
        network = sound_effects.SoundEffectNetwork.load(weights).to(kind)
        prepare_for_inference(network)
        networks = [
            NetworkFacts(
                title="aisfx 0.1.2",
                metrics=("fd", "is", "kl"),
                sample_rate_hz=sound_effects.SAMPLE_RATE_HZ,
                dimensions=sound_effects.DIMENSIONS,
                classes=sound_effects.CLASSES,
                weights_sha256=sha256_of(weights),
                licence="CC-BY-4.0",
            )
        ]
        source = clap or resource("models", "starter")
        try:
            hearing, clap_facts = load_hearing(source, kind)
        except ModelError as error:
            if clap is not None:
                raise
            missing = (
                "The bundled backbone hears for FAD with CLAP's audio tower of the starter model, "
                f"which cannot be used here: {error.message}"
            )
            return cls(network, None, BackboneFacts(tuple(networks), missing_frames=missing))
        facts = BackboneFacts((*networks, clap_facts), clap=source)
        return cls(network, hearing, facts)

    def features(self, sound: Sound) -> ClipFeatures:
        """Features of a sound of any rate, length and number of channels. Raises AudioFileError."""
        heard = heard_part(sound)
        narrow = resample(Sound(heard.mono(), heard.sample_rate), _SHARED_RATE_HZ)
        effects = self.facts.networks[0]
        embedding, logits = self._network.listen(resample(narrow, effects.sample_rate_hz).mono())
        frames = np.zeros((0, 0), dtype=np.float32)
        if self._clap is not None:
            frames = _clap_frames(self._clap, narrow)
        return ClipFeatures(
            embedding=embedding,
            logits=logits,
            frames=frames,
            backbone=f"{self.name}: {effects.title}",
            frames_backbone=f"{self.name}: {self.facts.networks[1].title}" if self._clap else "",
        )


def _clap_frames(encoder: Hearing, sound: Sound) -> FloatArray:
    """Unit embeddings [n, dimensions] of the sound's pieces of what CLAP hears, at least one."""
    samples = sound.mono()
    piece = round(encoder.heard_s * sound.sample_rate)
    # A last piece of less than a tenth says little; it is heard only if it is all there is.
    starts = [s for s in range(0, len(samples), piece) if s == 0 or len(samples) - s >= piece // 10]
    vectors = [encoder.embed(samples[s : s + piece], sound.sample_rate) for s in starts]
    return np.asarray([vector.cpu().numpy() for vector in vectors], dtype=np.float32)
