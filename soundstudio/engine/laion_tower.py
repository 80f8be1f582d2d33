"""CLAP's audio tower from LAION's own weights, as AudioLDM's original checkpoints hold them."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from soundstudio.audio.files import Sound
from soundstudio.audio.resampling import resample
from soundstudio.core.errors import ModelError
from soundstudio.engine.failures import explained_failures

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt
    import torch

SAMPLE_RATE: Final = 48_000
CLIP_SAMPLES: Final = 480_000
_PACKAGE: Final = "clap_module"
# Width of the patch embedding -> the size of HTSAT that has it.
_SIZES: Final = {96: "tiny", 128: "base", 256: "large"}


@dataclass(frozen=True, slots=True)
class _AudioConfig:
    """What HTSAT's constructor reads; LAION's own front end (model_configs/HTSAT-*.json)."""

    model_name: str
    audio_length: int = 1024
    clip_samples: int = CLIP_SAMPLES
    mel_bins: int = 64
    sample_rate: int = SAMPLE_RATE
    window_size: int = 1024
    hop_size: int = 480
    fmin: int = 50
    fmax: int = 14_000
    class_num: int = 527
    model_type: str = "HTSAT"
    enable_fusion: bool = False
    fusion_type: str = "None"


class LaionAudioTower:
    """HTSAT and its projection, built by laion-clap, fusion off, with LAION's names."""

    def __init__(self, branch: Any, projection: Any, device: str) -> None:
        self._branch = branch
        self._projection = projection
        self._device = device

    @staticmethod
    def can_build(state: Mapping[str, torch.Tensor]) -> bool:
        """Whether laion-clap is installed, and has a tower of this size."""
        return has_laion_clap() and state["audio_branch.patch_embed.proj.weight"].shape[0] in _SIZES

    @classmethod
    def load(cls, state: Mapping[str, torch.Tensor], device: str) -> LaionAudioTower:
        """Build the tower of `audio_branch.*` and `audio_projection.*` in `state`, in float32.

        The size is read off the weights. Other names are ignored. Raises ModelError if laion-clap
        is not installed, or if the weights are not a tower's.
        """
        import torch

        try:
            width = state["audio_branch.patch_embed.proj.weight"].shape[0]
            joint, features = state["audio_projection.0.weight"].shape
            size = _SIZES[width]
        except (KeyError, ValueError) as error:
            raise ModelError("These weights hold no audio tower of LAION's CLAP.") from error
        htsat = _clap_part("htsat")
        with explained_failures("loading the audio tower"):
            branch = htsat.create_htsat_model(_AudioConfig(size), False, "None")
            linear = torch.nn.Linear
            projection = torch.nn.Sequential(
                linear(features, joint), torch.nn.ReLU(), linear(joint, joint)
            )
            for part, prefix in ((branch, "audio_branch."), (projection, "audio_projection.")):
                _fill(part, state, prefix)
                part.requires_grad_(False).eval().to(device=device, dtype=torch.float32)
        return cls(branch, projection, device)

    @property
    def heard_s(self) -> float:
        """Seconds of a sound that one embedding is made of, at most."""
        return CLIP_SAMPLES / SAMPLE_RATE

    def embed(self, samples: npt.NDArray[np.float32], sample_rate: int) -> torch.Tensor:
        """The unit embedding [embedding] of mono [samples]; longer sounds by their beginning.

        Shorter ones are repeated whole and padded with zeros (“repeatpad”). Unlike laion-clap's
        own file path nothing is rounded to 16 bits: AudioLDM did not do it either.
        """
        import torch

        mono = resample(Sound(samples, sample_rate), SAMPLE_RATE).mono()[:CLIP_SAMPLES]
        wave = torch.from_numpy(mono.copy())
        wave = wave.repeat(max(1, CLIP_SAMPLES // max(1, len(wave))))
        wave = torch.nn.functional.pad(wave, (0, CLIP_SAMPLES - len(wave)))
        with torch.inference_mode(), explained_failures("listening to a clip"):
            given = {"waveform": wave[None].to(self._device)}
            features = self._branch(given, mixup_lambda=None, device=self._device)["embedding"]
            unit: torch.Tensor = torch.nn.functional.normalize(self._projection(features)[0], dim=0)
            return unit


def has_laion_clap() -> bool:
    """Whether laion-clap is installed; imports nothing."""
    return importlib.util.find_spec("laion_clap") is not None


def _fill(part: Any, state: Mapping[str, torch.Tensor], prefix: str) -> None:
    own = {
        name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)
    }
    try:
        missing, _ = part.load_state_dict(own, strict=False)
    except RuntimeError as error:
        raise ModelError("The weights of LAION's audio tower do not fit its size.") from error
    # Windows, filter banks and index tables are computed; original files may lack them.
    computed = ("spectrogram_extractor.", "logmel_extractor.")
    missing = [
        name
        for name in missing
        if not name.startswith(computed)
        and not name.endswith(("relative_position_index", "attn_mask"))
        and not name.startswith(("tscam_conv.", "head."))
    ]
    if missing:
        raise ModelError(
            f"The weights of LAION's audio tower are incomplete: {missing[0]} and "
            f"{len(missing) - 1} more are missing."
        )


def _clap_part(name: str) -> Any:
    """A module of laion-clap's `clap_module`, its package's and its own `__init__` left out.

    Those download tokenizers at import and import everything that training needs.
    Raises ModelError if it cannot be imported.
    """
    spec = importlib.util.find_spec("laion_clap")
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(
            "Original CLAP weights need laion-clap, which is not installed.",
            "It runs on Python 3.11 and 3.12; or import the model, which converts them.",
        )
    if _PACKAGE not in sys.modules:
        bare = types.ModuleType(_PACKAGE)
        bare.__path__ = [f"{folder}/clap_module" for folder in spec.submodule_search_locations]
        sys.modules[_PACKAGE] = bare
    try:
        return importlib.import_module(f"{_PACKAGE}.{name}")
    except ImportError as error:
        raise ModelError(f"laion-clap cannot be imported: {error}.") from error
