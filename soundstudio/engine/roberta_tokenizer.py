"""Where the tokenizer of an imported checkpoint comes from: a .ckpt holds none."""

from __future__ import annotations

import json
import logging
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from soundstudio.core.catalogue import catalogue
from soundstudio.core.catalogue_table import TOKENIZER, WEIGHTS_FOLDER
from soundstudio.core.errors import ModelError, explain_os_error
from soundstudio.engine.prompt_tokenizer import PromptTokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)

_ROBERTA_SIZE: Final = 50265
# Of AudioLDM's text tower, as far as a tokenizer must fit it.
ROBERTA_CONFIG: Final[dict[str, Any]] = {"vocab_size": _ROBERTA_SIZE}
# As RoBERTa's vocabulary numbers it; another one of the same size does not.
_PROBE: Final = ("Hello world", (0, 31414, 232, 2))
_FILES: Final = ("tokenizer.json", "vocab.json", "merges.txt")
_SETTINGS: Final = "tokenizer_config.json"
# Models of the Hub whose text tower is RoBERTa.
_HUB_MODELS: Final = ("*roberta-base", "laion--clap-htsat*", "cvssp--audioldm*")


def find_tokenizer(given: Path | None, models_folder: Path, text_config: dict[str, Any]) -> Path:
    """A folder with the text tower's tokenizer: `given`, an installed model's, the Hub's cache.

    Raises ModelError if none fits, StorageError.
    """
    if given is not None:
        try:
            if not _is_there(given):
                raise ModelError(
                    f"{given} holds no tokenizer: it needs tokenizer.json, or vocab.json and "
                    "merges.txt."
                )
            _check(given, text_config)
        except OSError as error:
            raise explain_os_error(error, f"reading the tokenizer in {given}") from error
        return given
    for folder in _candidates(models_folder):
        try:
            _check(folder, text_config)
        except (ModelError, OSError) as error:
            log.info("%s: %s", folder, error)
        else:
            return folder
    size = int(text_config["vocab_size"])
    raise ModelError(
        f"A checkpoint holds no tokenizer, and none with {size:,} tokens was found on this "
        "computer.",
        "Put vocab.json and merges.txt of roberta-base (huggingface.co/FacebookAI/roberta-base) "
        "into a folder and name it with --tokenizer, or install a model of the catalogue first.",
    )


def copy_tokenizer(source: Path, target: Path) -> None:
    """Copy the tokenizer's files. Raises OSError."""
    target.mkdir(parents=True)
    for name in (*_FILES, _SETTINGS):
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)
    if not (target / _SETTINGS).is_file():
        settings = {"tokenizer_class": "RobertaTokenizer", "model_max_length": 512}
        (target / _SETTINGS).write_text(json.dumps(settings, indent=2), encoding="utf-8")


def _candidates(models_folder: Path) -> Iterator[Path]:
    downloaded = models_folder / WEIGHTS_FOLDER / TOKENIZER
    if _is_there(downloaded):
        yield downloaded
    for row in catalogue(models_folder):
        if row.folder is not None:
            yield row.folder / "tokenizer"
    for pattern in _HUB_MODELS:
        for snapshot in sorted(_hub_cache().glob(f"models--{pattern}/snapshots/*")):
            for folder in (snapshot / "tokenizer", snapshot):
                if _is_there(folder):
                    yield folder


def _is_there(folder: Path) -> bool:
    return any((folder / name).is_file() for name in _FILES)


def _hub_cache() -> Path:
    """Where the Hub's own client keeps its files."""
    home = Path(os.environ.get("HF_HOME", Path.home() / ".cache" / "huggingface"))
    return Path(os.environ.get("HF_HUB_CACHE", home / "hub"))


def _check(folder: Path, text_config: dict[str, Any]) -> None:
    tokenizer = PromptTokenizer.load(folder, text_config)
    text, ids = _PROBE
    if text_config["vocab_size"] == _ROBERTA_SIZE and tokenizer.encode(text).ids != ids:
        raise ModelError(
            f"The tokenizer in {folder} is not RoBERTa's: it numbers words otherwise.",
            "Take vocab.json and merges.txt of roberta-base.",
        )
