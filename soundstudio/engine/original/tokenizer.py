"""RoBERTa's tokenizer, which a checkpoint does not hold: where it may be had offline."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from soundstudio.core.catalogue import catalogue
from soundstudio.core.errors import ModelError
from soundstudio.engine.prompt_tokenizer import PromptTokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator

_FILES: Final = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.json",
    "merges.txt",
)
_HUB_NAMES: Final = (
    "models--cvssp--audioldm*",
    "models--laion--clap*",
    "models--*roberta-base",
)


def find_tokenizer(given: Path | None, models_folder: Path, words: int) -> Path:
    """A folder with the tokenizer of a text tower that knows `words` tokens.

    Looks into `given` alone, or else into the installed models and the Hub's cache. Raises
    ModelError: a wrong one was given, or none was found.
    """
    if given is not None:
        PromptTokenizer.load(given, {"vocab_size": words})
        return given
    for folder in _candidates(models_folder):
        try:
            PromptTokenizer.load(folder, {"vocab_size": words})
        except ModelError:
            continue
        return folder
    raise ModelError(
        f"A checkpoint does not hold its tokenizer, and none with {words:,} tokens is on this "
        "computer.",
        "Put vocab.json and merges.txt of roberta-base into a folder and name it with --tokenizer.",
    )


def copy_tokenizer(source: Path, target: Path) -> None:
    """Copy the tokenizer's files, and no others."""
    target.mkdir()
    for name in _FILES:
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)


def _candidates(models_folder: Path) -> Iterator[Path]:
    for row in catalogue(models_folder):
        if row.folder is not None:
            yield row.folder / "tokenizer"
    for pattern in _HUB_NAMES:
        for snapshot in sorted(_hub_cache().glob(f"{pattern}/snapshots/*")):
            yield snapshot / "tokenizer"
            yield snapshot


def _hub_cache() -> Path:
    """Where huggingface_hub keeps its files; found without importing it."""
    if "HF_HUB_CACHE" in os.environ:
        return Path(os.environ["HF_HUB_CACHE"])
    home = os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface"
    return Path(home) / "hub"
