"""The paper's backbone: PANNs' Cnn14 for FD, IS and KL, VGGish for FAD, from the user's files.

Sounds are prepared as audioldm_eval 0.0.3 does: Cnn14 hears the first channel without its mean and
at least two seconds, VGGish the mean of all channels as it is. Resampling is soxr's VHQ filter, so
sounds that are not at 16 kHz give slightly other numbers than the evaluator's resamplers.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Final

import numpy as np

from soundstudio.audio.atomic_file import written_whole
from soundstudio.audio.files import Sound
from soundstudio.audio.resampling import resample
from soundstudio.core.errors import StorageError
from soundstudio.core.paths import user_folders
from soundstudio.evaluation.backbones import (
    BackboneFacts,
    BackboneName,
    ClipFeatures,
    NetworkFacts,
    heard_part,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    from soundstudio.evaluation.networks.cnn14 import Cnn14
    from soundstudio.evaluation.networks.vggish import VGGish

    FloatArray = npt.NDArray[np.float32]

log = logging.getLogger(__name__)

_PINS: Final = "scoring-weights.json"


class PaperBackbone:
    """See `soundstudio.evaluation.backbones.load_paper`."""

    name: BackboneName = "paper"

    def __init__(self, cnn14: Cnn14, vggish: VGGish, facts: BackboneFacts) -> None:
        self._cnn14 = cnn14
        self._vggish = vggish
        self.facts = facts

    @classmethod
    def load(cls, panns: Path, vggish: Path, device: str) -> PaperBackbone:
        """Load both networks. Raises ModelError, DeviceError."""
        from soundstudio.engine.devices import choose_device, limit_threads
        from soundstudio.evaluation.networks import cnn14 as panns_network
        from soundstudio.evaluation.networks import vggish as vggish_network
        from soundstudio.evaluation.networks.inference import prepare_for_inference
        from soundstudio.evaluation.networks.weight_files import sha256_of

        limit_threads()
        kind = choose_device(device).kind
        first = panns_network.Cnn14.load(panns).to(kind)
        second = vggish_network.VGGish.load(vggish).to(kind)
        for network in (first, second):
            prepare_for_inference(network)
        hashes = {"cnn14-16k": sha256_of(panns), "vggish": sha256_of(vggish)}
        notes = _odd_files(hashes, vggish_network.SHA256_START)
        networks = (
            NetworkFacts(
                "PANNs Cnn14 16 kHz",
                ("fd", "is", "kl"),
                panns_network.SAMPLE_RATE_HZ,
                panns_network.DIMENSIONS,
                panns_network.CLASSES,
                hashes["cnn14-16k"],
                "CC-BY-4.0",
            ),
            NetworkFacts(
                "VGGish",
                ("fad",),
                vggish_network.SAMPLE_RATE_HZ,
                vggish_network.DIMENSIONS,
                0,
                hashes["vggish"],
                "Apache-2.0",
            ),
        )
        return cls(first, second, BackboneFacts(networks, notes))

    def features(self, sound: Sound) -> ClipFeatures:
        """Features of a sound of any rate, length and number of channels. Raises AudioFileError."""
        return self.features_of([sound])[0]

    def features_of(self, sounds: Sequence[Sound]) -> list[ClipFeatures]:
        """Features of several sounds at once; those of equal length share a forward pass.

        The networks' weights, 600 MB, are then read once for all. Raises AudioFileError.
        """
        heard = [heard_part(sound) for sound in sounds]
        outputs = self._embeddings([panns_waveform(part) for part in heard])
        panns, vggish = self.facts.networks
        frames = self._vggish.listen(
            [
                resample(Sound(part.mono(), part.sample_rate), vggish.sample_rate_hz).mono()
                for part in heard
            ]
        )
        return [
            ClipFeatures(
                embedding=embedding,
                logits=logits,
                frames=own_frames,
                backbone=f"{self.name}: {panns.title}",
                frames_backbone=f"{self.name}: {vggish.title}",
            )
            for (embedding, logits), own_frames in zip(outputs, frames, strict=True)
        ]

    def _embeddings(self, waveforms: list[FloatArray]) -> list[tuple[FloatArray, FloatArray]]:
        """Cnn14's embedding [2048] and logits [527] of each waveform [samples]."""
        import torch

        device = next(self._cnn14.parameters()).device
        found: dict[int, tuple[FloatArray, FloatArray]] = {}
        for length in {len(waveform) for waveform in waveforms}:
            places = [i for i, waveform in enumerate(waveforms) if len(waveform) == length]
            batch = torch.from_numpy(np.stack([waveforms[i] for i in places])).to(device)
            with torch.inference_mode():
                embeddings, logits = (output.cpu().numpy() for output in self._cnn14(batch))
            found |= {i: (embeddings[row], logits[row]) for row, i in enumerate(places)}
        return [found[i] for i in range(len(waveforms))]


def panns_waveform(sound: Sound) -> FloatArray:
    """What Cnn14 hears [samples]: the first channel, mean removed, 16 kHz, at least 2 s."""
    from soundstudio.evaluation.networks.cnn14 import MIN_SAMPLES, SAMPLE_RATE_HZ

    channel = sound.samples[0] - sound.samples[0].mean()
    waveform = resample(Sound(channel, sound.sample_rate), SAMPLE_RATE_HZ).mono()
    return np.pad(waveform, (0, max(0, MIN_SAMPLES - len(waveform)))).astype(np.float32)


def _odd_files(hashes: dict[str, str], vggish_start: str) -> tuple[str, ...]:
    """Notes on files that are not the published ones, as far as their hashes are known.

    Cnn14's is not published: the first file that is used is remembered, and later ones compared.
    """
    notes = []
    if not hashes["vggish"].startswith(vggish_start):
        notes.append(
            f"The VGGish file is not the published one (SHA-256 {hashes['vggish'][:8]}… instead of "
            f"{vggish_start}…): FAD does not compare with published numbers."
        )
    known = hashes["cnn14-16k"]
    pinned = _pinned("cnn14-16k", known)
    if pinned != known:
        notes.append(
            f"The PANNs file (SHA-256 {known[:8]}…) is not the one that was first used on this "
            f"computer ({pinned[:8]}…): FD, IS and KL of the two do not compare."
        )
    return tuple(notes)


def _pinned(network: str, sha256: str) -> str:
    """The hash of the file that was first used for `network`; `sha256` is kept if it is that."""
    path = user_folders().data / _PINS
    try:
        pins = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(pins, dict) and isinstance(pins.get(network), str):
            return str(pins[network])
    except (OSError, ValueError):
        pins = {}
    pins = {**pins, network: sha256} if isinstance(pins, dict) else {network: sha256}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(path) as temporary:
            temporary.write_text(json.dumps(pins, indent=2), encoding="utf-8")
    except (OSError, StorageError) as error:
        log.info("the hash of %s cannot be kept: %s", network, error)
    return sha256
