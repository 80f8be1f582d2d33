"""CLAP's text tower: a prompt → the embedding that conditions the model, or that is scored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from soundstudio.engine.failures import explained_failures
from soundstudio.engine.model_folder import TEXT_PART
from soundstudio.engine.prompt_tokenizer import PromptTokenizer

if TYPE_CHECKING:
    import torch

    from soundstudio.engine.model_folder import ModelFolder, PartFiles

_LARGE_BYTES: Final = 2**28


class TextTower:
    """The text tower with its tokenizer; both come from the model's folder."""

    def __init__(
        self, part: PartFiles, tokenizer: PromptTokenizer, device: str, dtype: torch.dtype
    ) -> None:
        self._part = part
        self._tokenizer = tokenizer
        self._device = device
        self._dtype = dtype
        self._tower: Any = self._built()

    @classmethod
    def load(
        cls, files: ModelFolder, device: str = "cpu", dtype: torch.dtype | None = None
    ) -> TextTower:
        """Load `text_encoder` and `tokenizer`, in float32 if nothing else is asked.

        Raises ModelError.
        """
        import torch

        tokenizer = PromptTokenizer.of_model(files)
        with explained_failures("loading the text tower"):
            return cls(files.parts[TEXT_PART], tokenizer, device, dtype or torch.float32)

    def embed(self, prompt: str) -> tuple[torch.Tensor, str]:
        """The unit embedding [embedding] of `prompt`, float32, and the part that did not fit.

        Raises ModelError if the tower rested and its files are gone, OutOfMemoryError.
        """
        import torch

        encoded = self._tokenizer.encode(prompt)
        ids = torch.tensor([encoded.ids], device=self._device)
        with torch.inference_mode(), explained_failures("reading the prompt"):
            if self._tower is None:
                self._tower = self._built()
            output = self._tower(ids, attention_mask=torch.ones_like(ids))
            # CLAP compares directions: the one and only normalisation.
            unit = torch.nn.functional.normalize(output.text_embeds[0].float(), dim=-1)
        return unit, encoded.dropped

    def rest(self) -> None:
        """Give a large tower's memory back until the next prompt: there its file is mapped anew.

        Only on processors, where that takes a tenth of a second.
        """
        if self._device == "cpu" and self._part.size_bytes > _LARGE_BYTES:
            self._tower = None

    def _built(self) -> Any:
        import torch

        from soundstudio.engine.loading import build_part

        return torch.nn.Module.to(build_part(self._part), device=self._device, dtype=self._dtype)
