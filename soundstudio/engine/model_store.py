"""Model folders on this disk: bringing one in, checking one through, removing one."""

from __future__ import annotations

import json
import logging
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from soundstudio.core.catalogue import MODEL_CARD, CatalogueRow, catalogue, read_card, row_of_folder
from soundstudio.core.errors import ModelError, explain_os_error
from soundstudio.engine.attention_heads import CARD_KEY
from soundstudio.engine.model_folder import read_model_folder
from soundstudio.engine.prompt_tokenizer import PromptTokenizer

if TYPE_CHECKING:
    from soundstudio.engine.attention_heads import Heads

log = logging.getLogger(__name__)


def import_model(
    source: Path, models_folder: Path, name: str | None = None, heads: Heads | None = None
) -> CatalogueRow:
    """Copy the model at `source` into the models folder; it appears whole or not at all.

    name: the new model's id, by default the folder's name. heads: whether to read the Hub's
    8 attention heads as they are; kept on the model's card.

    Raises ModelError if it is not a usable AudioLDM or its name is taken, StorageError.
    """
    files = read_model_folder(source)
    PromptTokenizer.of_model(files)
    name = name or source.resolve().name
    if Path(name).name != name or name.startswith("."):
        raise ModelError(f"“{name}” cannot be a model's name.")
    target = models_folder / name
    if target.exists() or any(
        row.id == name and row.is_installed for row in catalogue(models_folder)
    ):
        raise ModelError(
            f"There is a model called “{name}” already.", "Choose another with --name."
        )
    # A leading dot and no model_index.json at its top: never taken for a model half-way.
    temporary = models_folder / f".importing-{secrets.token_hex(4)}"
    doing = f"copying the model to {target}"
    try:
        models_folder.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, temporary / name)
        if heads is not None:
            _choose_heads(temporary / name, heads)
        (temporary / name).replace(target)
    except shutil.Error as error:
        raise ModelError(f"The model could not be copied: {error.args[0][0][2]}.") from error
    except OSError as error:
        raise explain_os_error(error, doing) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return row_of_folder(target)


def _choose_heads(folder: Path, heads: Heads) -> None:
    card = read_card(folder) | {CARD_KEY: heads}
    (folder / MODEL_CARD).write_text(
        json.dumps(card, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )


def verify_model(row: CatalogueRow) -> int:
    """Read every tensor of a model; returns how many there are.

    Raises ModelError: something is missing, damaged, does not fit, or is not a number.
    """
    import torch

    from soundstudio.engine.loading import build_part

    if row.folder is None:
        raise ModelError(f"{row.title} is not installed.")
    files = read_model_folder(row.folder)
    PromptTokenizer.of_model(files)
    count = 0
    for part in files.parts.values():
        for name, tensor in build_part(part).state_dict().items():
            if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
                raise ModelError(
                    f"The model is damaged: {part.name}'s {name} holds invalid numbers.",
                    "Download or copy the model again.",
                )
            count += 1
    return count


def remove_model(row: CatalogueRow, models_folder: Path) -> None:
    """Delete a model that lies in the models folder. Raises ModelError, StorageError."""
    if row.kind == "bundled" or row.folder is None:
        raise ModelError(f"{row.title} ships with Sound Studio and cannot be removed.")
    if row.folder.parent.resolve() != models_folder.resolve():
        raise ModelError(
            f"{row.folder} does not lie in the models folder.", "Delete it with your file manager."
        )
    try:
        if row.folder.is_symlink():
            row.folder.unlink()
            return
        # Renamed first: a removal that is cut off leaves nothing that looks like a model.
        doomed = models_folder / f".removing-{secrets.token_hex(4)}"
        row.folder.replace(doomed)
        shutil.rmtree(doomed)
    except OSError as error:
        raise explain_os_error(error, f"removing {row.folder}") from error
