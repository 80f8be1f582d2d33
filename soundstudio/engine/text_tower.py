"""CLAP's text tower: a prompt → the embedding that conditions the model, or that is scored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from soundstudio.engine.failures import explained_failures
from soundstudio.engine.model_folder import TEXT_PART
from soundstudio.engine.prompt_tokenizer import PromptTokenizer

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    from soundstudio.engine.model_folder import ModelFolder

_LARGE_BYTES: Final = 2**28


class TextTower:
    """The text tower with its tokenizer."""

    def __init__(
        self,
        build: Callable[[], torch.nn.Module],
        size_bytes: int,
        tokenizer: PromptTokenizer,
        device: str,
        dtype: torch.dtype,
    ) -> None:
        """build: makes the tower of its files, which hold `size_bytes`; called now and after
        every rest.
        """
        self._build = build
        self._size_bytes = size_bytes
        self._tokenizer = tokenizer
        self._device = device
        self._dtype = dtype
        self._tower: Any = self._built()

    @classmethod
    def load(
        cls, files: ModelFolder, device: str = "cpu", dtype: torch.dtype | None = None
    ) -> TextTower:
        """Load a model folder's `text_encoder` and `tokenizer`, in float32 by default.

        Raises ModelError.
        """
        import torch

        from soundstudio.engine.loading import build_part

        tokenizer, part = PromptTokenizer.of_model(files), files.parts[TEXT_PART]
        with explained_failures("loading the text tower"):
            return cls(
                lambda: build_part(part),
                part.size_bytes,
                tokenizer,
                device,
                dtype or torch.float32,
            )

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
        if self._device == "cpu" and self._size_bytes > _LARGE_BYTES:
            self._tower = None

    def _built(self) -> Any:
        import torch

        return torch.nn.Module.to(self._build(), device=self._device, dtype=self._dtype)
