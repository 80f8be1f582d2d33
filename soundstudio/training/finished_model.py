"""The best weights of a run become a model of the catalogue."""

from __future__ import annotations

import contextlib
import json
import logging
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from soundstudio.core.catalogue import (
    MODEL_CARD,
    MODEL_INDEX,
    TRAINED_KEY,
    catalogue,
    read_card,
    row_of_folder,
)
from soundstudio.core.errors import ModelError, RunError, explain_os_error
from soundstudio.engine.attention_heads import CARD_KEY
from soundstudio.engine.model_folder import read_model_folder
from soundstudio.training.adapters import merged_weights
from soundstudio.training.tensor_file import read_tensors, write_tensors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from soundstudio.core.catalogue import CatalogueRow
    from soundstudio.core.run_files import RunDescription, RunFolder
    from soundstudio.dataset.dataset import Dataset

log = logging.getLogger(__name__)

_WEIGHTS: Final = "diffusion_pytorch_model.safetensors"
_WORDS: Final = "MODEL_CARD.md"


def check_name_is_free(name: str, models_folder: Path) -> None:
    """Refuse the name of a model that no run of this name made. Raises ModelError."""
    for row in catalogue(models_folder):
        is_own = row.folder is not None and read_card(row.folder).get("run") == name
        if row.id == name and not is_own:
            raise ModelError(
                f"There is a model called “{name}” already.", "Give the run another name."
            )
    folder = models_folder / name
    if folder.exists() and not (folder / MODEL_INDEX).is_file():
        raise ModelError(f"There is a folder {folder} already.", "Give the run another name.")


def keep_best(run: RunFolder, unet: Any, facts: Mapping[str, Any]) -> None:
    """Write weights as the best so far; `facts` say of which step. Raises StorageError.

    They are a plain UNet's, whatever the method: every program that reads the layout can use them.
    """
    write_tensors(run.best, merged_weights(unet), facts)


def best_facts(run: RunFolder) -> dict[str, Any] | None:
    """What `keep_best` was told, None if there are no best weights or they are damaged."""
    if not run.best.is_file():
        return None
    try:
        return read_tensors(run.best)[1]
    except RunError as error:
        log.warning("%s", error.message)
        return None


def publish(
    run: RunFolder, description: RunDescription, dataset: Dataset, trained_s: float
) -> CatalogueRow:
    """Make the model of the best weights; it appears whole, an older one of the run goes.

    trained_s: how long the examples were. Raises ModelError, RunError (no or damaged weights),
    StorageError.
    """
    models = Path(description.models_folder)
    check_name_is_free(run.name, models)
    if not run.best.is_file():
        raise RunError(f"The run “{run.name}” has no weights to keep yet.")
    _, facts = read_tensors(run.best)
    base = Path(str(description.base["folder"]))
    temporary = models / f".finishing-{secrets.token_hex(4)}"
    target = models / run.name
    try:
        models.mkdir(parents=True, exist_ok=True)
        shutil.copytree(base, temporary / run.name, ignore=_old_weights(base))
        folder = temporary / run.name
        shutil.copyfile(run.best, folder / "unet" / _WEIGHTS)
        _write_cards(folder, description, dataset, facts, trained_s)
        read_model_folder(folder)
        if target.exists():
            target.replace(temporary / "old")
        folder.replace(target)
    except shutil.Error as error:
        raise ModelError(f"The model could not be made: {error.args[0][0][2]}.") from error
    except OSError as error:
        raise explain_os_error(error, f"making the model {run.name}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return row_of_folder(target)


def _old_weights(base: Path) -> Any:
    def ignored(folder: str, names: list[str]) -> list[str]:
        if Path(folder) != base / "unet":
            return []
        return [name for name in names if name != "config.json"]

    return ignored


def _write_cards(
    folder: Path,
    description: RunDescription,
    dataset: Dataset,
    facts: Mapping[str, Any],
    trained_s: float,
) -> None:
    base, settings = description.base, description.settings
    card = {
        "title": description.name,
        "kind": "fine-tuned",
        "licence": base["licence"],
        "parameters": base["parameters"],
        "run": description.name,
        "created": description.created,
        "base": {key: base[key] for key in ("id", "title", "licence")},
        "settings": settings.to_dict(),
        "weights": dict(facts),
        TRAINED_KEY: trained_s,
        "clips": dataset.counts(),
        "captions": sorted({clip.caption for clip in dataset.of_split("train")})[:200],
    }
    if CARD_KEY in (of_base := read_card(folder)):
        card[CARD_KEY] = of_base[CARD_KEY]
    (folder / MODEL_CARD).write_text(
        json.dumps(card, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
    words = folder / _WORDS
    with contextlib.suppress(OSError):
        if words.is_file():
            words.replace(folder / "BASE_MODEL_CARD.md")
    words.write_text(_in_words(card), encoding="utf-8")


def _in_words(card: dict[str, Any]) -> str:
    base, settings, weights = card["base"], card["settings"], card["weights"]
    start = "random weights" if settings["from_scratch"] else f"the UNet of {base['title']}"
    how = "all weights of the UNet learned"
    if settings["method"] == "lora":
        how = f"LoRA of rank {settings['lora_rank']}, alpha {settings['lora_alpha']:g}, merged in"
    score = ""
    if weights.get("value") is not None:
        score = f", chosen by {weights['best_by']} ({weights['value']:.4g})"
    return f"""# {card["title"]}

Fine-tuned with Sound Studio, from {start}. VAE, CLAP and vocoder are those of {base["title"]}.

* Licence: **{base["licence"]}**, the one of {base["title"]}, whose licence and credits lie in this
  folder as far as it came with them. The clips that it was trained on have licences of their own.
* Clips: {card["clips"]["train"]} in training, {card["clips"]["validation"]} for validation, all
  brought to {card[TRAINED_KEY]:g} s: sounds of that length are what it knows best.
* Method: {how}.
* Condition in training: {settings["condition"]}. Batch {settings["batch_size"]}, learning rate
  {settings["learning_rate"]:g}, averaged weights of step {weights["step"]:,}{score}.
* Begun {card["created"]}; all settings are in `{MODEL_CARD}`.
"""
