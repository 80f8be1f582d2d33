"""Prompt → token ids, with the tokenizers library alone and no junk vocabularies."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from soundstudio.core.errors import ModelError
from soundstudio.engine.model_folder import TEXT_PART

if TYPE_CHECKING:
    from pathlib import Path

    from tokenizers import Tokenizer

    from soundstudio.engine.model_folder import ModelFolder

log = logging.getLogger(__name__)

_PROBES = ("rain on a tin roof", "a dog barks")


@dataclass(frozen=True, slots=True)
class EncodedPrompt:
    """Token ids with the special ones at both ends; `dropped` is the text that did not fit."""

    ids: tuple[int, ...]
    dropped: str = ""


class PromptTokenizer:
    """The tokenizer of a model folder.

    Prompts are not padded: the text tower masks padding, so it has no effect but its cost.
    """

    def __init__(self, fast: Tokenizer, max_tokens: int) -> None:
        self._fast = fast
        self._max_tokens = max_tokens
        fast.no_padding()
        fast.enable_truncation(max_tokens)

    @classmethod
    def load(cls, folder: Path, text_config: dict[str, Any]) -> PromptTokenizer:
        """Read `folder`; `text_config` is the text tower's configuration.

        Raises ModelError if the files are damaged, or their vocabulary is not the text tower's:
        that would encode every prompt alike, without an error anywhere.
        """
        try:
            fast = _read(folder)
            settings = _settings(folder)
        except Exception as error:  # the library raises bare Exception
            raise ModelError(
                f"The model's tokenizer in {folder} is damaged.", "Download or copy it again."
            ) from error
        _check_vocabulary(fast, int(text_config.get("vocab_size", 50265)))
        return cls(fast, _max_tokens(settings, text_config))

    @classmethod
    def of_model(cls, files: ModelFolder) -> PromptTokenizer:
        """The one that belongs to a model's text tower. Raises as `load` does."""
        return cls.load(files.tokenizer, dict(files.parts[TEXT_PART].config))

    def encode(self, prompt: str) -> EncodedPrompt:
        encoding = self._fast.encode(prompt)
        dropped = ""
        if encoding.overflowing:
            end = max(end for _, end in encoding.offsets)
            dropped = prompt[end:].strip()
        return EncodedPrompt(tuple(encoding.ids), dropped)


def _settings(folder: Path) -> dict[str, Any]:
    path = folder / "tokenizer_config.json"
    if not path.is_file():
        return {}
    values = json.loads(path.read_text(encoding="utf-8"))
    return values if isinstance(values, dict) else {}


def _read(folder: Path) -> Tokenizer:
    from tokenizers import Tokenizer

    if (folder / "tokenizer.json").is_file():
        return Tokenizer.from_file(str(folder / "tokenizer.json"))
    if (folder / "vocab.json").is_file():
        return _read_roberta(folder)
    return _read_bert(folder)


def _read_roberta(folder: Path) -> Tokenizer:
    """The older layout of Hub folders: byte-level BPE in vocab.json and merges.txt."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors

    fast = Tokenizer(models.BPE.from_file(str(folder / "vocab.json"), str(folder / "merges.txt")))
    fast.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    fast.decoder = decoders.ByteLevel()
    fast.add_special_tokens(
        [AddedToken(word, special=True) for word in ("<s>", "<pad>", "</s>", "<unk>")]
        + [AddedToken("<mask>", lstrip=True, special=True)]
    )
    # Added above: they have ids, new ones if the vocabulary lacks them.
    ids = fast.get_vocab()
    fast.post_processor = processors.RobertaProcessing(
        ("</s>", ids["</s>"]), ("<s>", ids["<s>"]), add_prefix_space=False
    )
    return fast


def _read_bert(folder: Path) -> Tokenizer:
    from tokenizers import BertWordPieceTokenizer

    lowercase = bool(_settings(folder).get("do_lower_case", True))
    fast: Tokenizer = BertWordPieceTokenizer(
        str(folder / "vocab.txt"), lowercase=lowercase
    )._tokenizer
    return fast


def _check_vocabulary(fast: Tokenizer, expected: int) -> None:
    size = fast.get_vocab_size(with_added_tokens=True)
    if size != expected:
        raise ModelError(
            f"The model's tokenizer knows {size:,} tokens where its text tower expects "
            f"{expected:,}.",
            "Download or copy the model's tokenizer folder again.",
        )
    first, second = (fast.encode(text).ids for text in _PROBES)
    if first == second:
        raise ModelError(
            "The model's tokenizer cannot tell two prompts apart.",
            "Download or copy the model's tokenizer folder again.",
        )


def _max_tokens(settings: dict[str, Any], text_config: dict[str, Any]) -> int:
    # RoBERTa numbers positions from pad_token_id + 1, so that many rows of the table are lost.
    rows = int(text_config.get("max_position_embeddings", 514))
    positions = rows - int(text_config.get("pad_token_id", 1)) - 1
    limit = settings.get("model_max_length", positions)
    return max(3, min(positions, int(limit)))
