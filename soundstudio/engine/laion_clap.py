"""LAION's CLAP from its own file: both towers, for scores that others' papers can be held against.

The file is read as it is, mapped; nothing is converted on the disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from soundstudio.core.errors import ModelError
from soundstudio.engine.clap import ClipEncoder
from soundstudio.engine.failures import explained_failures
from soundstudio.engine.laion_tower import LaionAudioTower
from soundstudio.engine.loading import build_from
from soundstudio.engine.original_checkpoint import CLAP_PREFIXES, read_tensors
from soundstudio.engine.original_clap import convert_audio_tower, convert_text_tower, front_end_of
from soundstudio.engine.prompt_tokenizer import PromptTokenizer
from soundstudio.engine.roberta_tokenizer import find_tokenizer
from soundstudio.engine.text_tower import TextTower

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt
    import torch

    from soundstudio.engine.original_parts import ConvertedPart, Tensors

_WHAT_IS_NEEDED: Final = (
    "Choose one of LAION's files, such as 630k-audioset-best.pt "
    "(`soundstudio models download clap-htsat-tiny`), or a model folder with an audio tower."
)
# As LAION saves it (from several processes, from one), and inside of AudioLDM's checkpoints.
_PREFIXES: Final = ("module.", "", *CLAP_PREFIXES)
_SIGNS: Final = ("audio_branch.patch_embed.proj.weight", "text_branch.pooler.dense.weight")


class Hearing(Protocol):
    """An audio tower with its front end."""

    @property
    def heard_s(self) -> float:
        """Seconds of a sound that one embedding is made of, at most."""
        ...

    def embed(self, samples: npt.NDArray[np.float32], sample_rate: int) -> torch.Tensor:
        """The unit embedding [embedding] of mono [samples]; longer sounds by their beginning."""
        ...


class LaionClap:
    """The tensors of one file; each tower is built when it is asked for."""

    def __init__(self, tensors: Tensors) -> None:
        self._tensors = tensors

    @classmethod
    def read(cls, path: Path) -> LaionClap:
        """Find CLAP in the file at `path`.

        Raises ModelError (no file of torch's, half of one, with code in it, of another model, of
        CLAP's fusing kind), StorageError.
        """
        state = read_tensors(path, _WHAT_IS_NEEDED)
        for prefix in _PREFIXES:
            if all(prefix + sign in state for sign in _SIGNS):
                return cls(
                    {
                        name.removeprefix(prefix): tensor
                        for name, tensor in state.items()
                        if name.startswith(prefix)
                    }
                )
        raise ModelError(
            f"{path.name} holds no CLAP of LAION's kind (HTSAT and RoBERTa).", _WHAT_IS_NEEDED
        )

    @property
    def dimensions(self) -> int:
        """Length of an embedding."""
        return len(self._tensors["audio_projection.2.bias"])

    def audio_tower(self, device: str) -> Hearing:
        """In float32: built by laion-clap where it is installed, else by transformers.

        Both hear the same, to 1e-6. Raises ModelError, OutOfMemoryError.
        """
        part = convert_audio_tower(self._tensors)  # refuses what neither can build
        if LaionAudioTower.can_build(self._tensors):
            return LaionAudioTower.load(self._tensors, device)
        with explained_failures("loading the audio tower"):
            return ClipEncoder.of(_built(part), front_end_of(part), device)

    def text_tower(self, models_folder: Path) -> TextTower:
        """On the processor, with the RoBERTa tokenizer that lies in `models_folder`.

        Raises ModelError if there is none, OutOfMemoryError.
        """
        import torch

        part = convert_text_tower(self._tensors)
        try:
            folder = find_tokenizer(None, models_folder, dict(part.config))
        except ModelError as error:
            raise ModelError(
                "LAION's CLAP reads prompts with RoBERTa's tokenizer, which is not on this "
                "computer.",
                "Run `soundstudio models download roberta-tokenizer`.",
            ) from error
        tokenizer = PromptTokenizer.load(folder, dict(part.config))
        with explained_failures("loading the text tower"):
            return TextTower(lambda: _built(part), part.size_bytes, tokenizer, "cpu", torch.float32)


def _built(part: ConvertedPart) -> torch.nn.Module:
    return build_from(part.name, part.class_name, part.config, part.tensors)
