"""The rows of the models page in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from soundstudio.core.catalogue_table import (
    CLAPS,
    LICENCE_ADDRESSES,
    LICENCE_SENTENCES,
    TOKENIZER,
    find_item,
    memory_bytes,
)
from soundstudio.core.transfer_rate import size_words

if TYPE_CHECKING:
    from soundstudio.core.model_shelf import ShelfRow

UNKNOWN: Final = "–"
FULL: Final = "float32"
HALF: Final = "float16"
KIND_WORDS: Final = {
    "bundled": "Bundled",
    "downloadable": "Model",
    "imported": "Imported",
    "original checkpoint": "Checkpoint",
    "fine-tuned": "Fine-tuned here",
    "weights": "Weights",
}
CAPABILITY_WORDS: Final = {"text": "text", "audio": "sound", "fine-tune": "fine-tuning"}


def size_cell(row: ShelfRow) -> str:
    """What it takes on the disk, or has to be fetched."""
    return size_words(row.size_bytes) if row.size_bytes else UNKNOWN


def memory_cell(row: ShelfRow) -> str:
    """In half precision and in float32."""
    if not row.parameters:
        return UNKNOWN
    half, full = (memory_bytes(row.parameters, p) for p in (HALF, FULL))
    return f"{size_words(half)} / {size_words(full)}"


def capability_cell(row: ShelfRow) -> str:
    return ", ".join(CAPABILITY_WORDS.get(name, name) for name in row.capabilities) or "scores"


def state_cell(row: ShelfRow) -> str:
    """Whether it is there."""
    if row.state == "partial":
        share = f" of {size_words(row.size_bytes)}" if row.size_bytes > row.received_bytes else ""
        return f"Begun: {size_words(row.received_bytes)}{share}"
    words = {"installed": "Installed", "fetched": "Not imported yet", "absent": "Not installed"}
    return words[row.state]


def licence_words(licence: str) -> str:
    """The licence and what it means."""
    sentence = LICENCE_SENTENCES.get(licence, "")
    return f"{licence}: {sentence}" if sentence else licence


def details(row: ShelfRow) -> str:
    """What stands below the list about the row that is chosen."""
    lines = [f"Licence {licence_words(row.licence)}"]
    if row.parameters:
        full, half = (memory_bytes(row.parameters, p) for p in (FULL, HALF))
        memory = f"{size_words(full)} in float32, {size_words(half)} in bfloat16 and float16"
        lines.append(f"{row.parameters / 1e6:,.0f} million weights take {memory} of memory.")
    if row.item is not None:
        lines.append(f"From {row.item.source}")
    if row.kind == "original checkpoint" and not row.is_installed:
        lines.append("It is made a model of after the download; its own file is removed then.")
    if row.id in CLAPS:
        lines.append("Scorings use it: choose it under “More” there, as CLAP.")
    if row.folder is not None:
        lines.append(f"In {row.folder}")
    return "\n".join(lines)


def licence_question(row: ShelfRow) -> tuple[str, str]:
    """The question before a download, and what to know first."""
    question = f"{row.title} comes under the licence {row.licence}. Accept it and download?"
    note = [LICENCE_SENTENCES.get(row.licence, "")]
    note.append(LICENCE_ADDRESSES.get(row.licence, ""))
    size = f"about {size_words(row.size_bytes)}" if row.size_bytes else "its size is not known"
    if row.item is not None:
        note.append(f"It comes from {row.item.source}; {size}.")
    if row.item is not None and row.item.needs_tokenizer:
        tokenizer = find_item(TOKENIZER)
        note.append(
            f"{tokenizer.title} ({tokenizer.licence}, from {tokenizer.source}) comes with it if "
            "none is on this computer."
        )
    return question, "\n\n".join(words for words in note if words)
