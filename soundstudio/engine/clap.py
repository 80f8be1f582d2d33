"""CLAP's audio tower: a sound → the embedding that conditions the model, or that is scored."""

from __future__ import annotations

import importlib
import json
import logging
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from soundstudio.audio.files import Sound
from soundstudio.audio.mel import normalise_waveform
from soundstudio.audio.resampling import resample
from soundstudio.core.errors import ModelError
from soundstudio.engine.failures import explained_failures
from soundstudio.engine.model_folder import AUDIO_PART

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt
    import torch

    from soundstudio.engine.model_folder import ModelFolder

log = logging.getLogger(__name__)

_ARC_TOO_SHORT: Final = 1e-4
_CONDITION_PEAK: Final = 0.5
CONDITION_VERSION: Final = 2
"""Counted up when the same sound would be another condition: cached ones are then not found."""


class ClipEncoder:
    """The audio tower with its front end; both come from the model's folder.

    LAION's towers hear ten seconds, and as many whole copies of a shorter sound as fit
    ("repeatpad"). Where `window_s` stands in preprocessor_config.json, the tower hears that much of
    a sound, a shorter one repeated up to there, and then silence: no length is a jump.
    """

    def __init__(self, tower: Any, extractor: Any, device: str) -> None:
        self._tower = tower
        self._extractor = extractor
        self._device = device
        self._window_s: float | None = getattr(extractor, "window_s", None)

    @classmethod
    def load(cls, files: ModelFolder, device: str) -> ClipEncoder:
        """Load `audio_encoder` and `feature_extractor`, in float32. Raises ModelError."""
        from soundstudio.engine.loading import build_part

        path = files.folder / "feature_extractor" / "preprocessor_config.json"
        try:
            settings = json.loads(path.read_text(encoding="utf-8"))
            extractor = _front_end(settings)
        except (OSError, ValueError, TypeError) as error:
            raise ModelError(
                "The model's feature_extractor is damaged.", "Download or copy the model again."
            ) from error
        with explained_failures("loading the audio tower"):
            return cls._placed(build_part(files.parts[AUDIO_PART]), extractor, device)

    @classmethod
    def of(cls, tower: torch.nn.Module, front_end: Mapping[str, Any], device: str) -> ClipEncoder:
        """The same of a tower that is built, in float32, and its front end's settings."""
        return cls._placed(tower, _front_end(front_end), device)

    @classmethod
    def _placed(cls, tower: torch.nn.Module, extractor: Any, device: str) -> ClipEncoder:
        import torch

        return cls(tower.to(device=device, dtype=torch.float32), extractor, device)

    @property
    def heard_s(self) -> float:
        """Seconds of a sound that one embedding is made of, at most."""
        return float(self._window_s or self._extractor.max_length_s)

    def embed(self, samples: npt.NDArray[np.float32], sample_rate: int) -> torch.Tensor:
        """The unit embedding [embedding] of mono [samples]; longer sounds by their beginning."""
        return self._embedded(samples, sample_rate, followed_by_silence=False)

    def embed_condition(self, samples: npt.NDArray[np.float32], sample_rate: int) -> torch.Tensor:
        """The same as AudioLDM is conditioned on it.

        AudioLDM brings a clip to mean 0 and peak 0.5 and puts silence after it before CLAP hears
        it, in training and when it generates; CLAP alone takes it as loud as it is and repeats it.
        """
        normalised = normalise_waveform(samples, _CONDITION_PEAK)
        return self._embedded(normalised, sample_rate, followed_by_silence=True)

    def _embedded(
        self, samples: npt.NDArray[np.float32], sample_rate: int, *, followed_by_silence: bool
    ) -> torch.Tensor:
        import torch

        rate = int(self._extractor.sampling_rate)
        mono = resample(Sound(samples, sample_rate), rate).mono()
        # The extractor would cut a longer sound at random: the same clip must embed alike.
        mono = mono[: round(self.heard_s * rate)]
        if self._window_s is not None:
            mono = np.resize(mono, round(self._window_s * rate))
        features = self._extractor(
            mono,
            sampling_rate=rate,
            truncation="rand_trunc",
            padding="pad" if followed_by_silence or self._window_s is not None else "repeatpad",
            return_tensors="pt",
        )
        with torch.inference_mode(), explained_failures("listening to the reference clip"):
            output = self._tower(
                features["input_features"].to(self._device, torch.float32), is_longer=None
            )
            return torch.nn.functional.normalize(output.audio_embeds[0].float(), dim=-1)


def _front_end(settings: Mapping[str, Any]) -> Any:
    module = importlib.import_module("transformers.models.clap.feature_extraction_clap")
    return module.ClapFeatureExtractor.from_dict(dict(settings))


def blend(text: torch.Tensor, clip: torch.Tensor, weight: float) -> torch.Tensor:
    """The unit embedding [embedding] at `weight` of the arc from `text` (0) to `clip` (1).

    Spherical interpolation (Shoemake 1985): both are directions, and the angle is what CLAP's
    similarity measures, so equal steps of the weight are equal steps of the angle. A straight line
    between them, normalised, would turn fastest in its middle, and CLAP's text and sound stand so
    far apart that one hears it.
    """
    import torch

    cosine = torch.dot(text, clip).clamp(-1.0, 1.0)
    angle = torch.arccos(cosine)
    if float(torch.sin(angle)) < _ARC_TOO_SHORT:
        # One direction (or opposite ones, which no single arc joins): a line does.
        mixed = (1.0 - weight) * text + weight * clip
    else:
        mixed = torch.sin((1.0 - weight) * angle) * text + torch.sin(weight * angle) * clip
    unit: torch.Tensor = torch.nn.functional.normalize(mixed, dim=-1)
    return unit
