"""The catalogue of models: rows of data, and which of them lie on this disk."""

from __future__ import annotations

import json
import logging
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from soundstudio.core.catalogue_table import (
    CLAPS,
    TableItem,
    downloadable_items,
    downloaded_file,
    find_item,
)
from soundstudio.core.errors import ModelError
from soundstudio.core.paths import resource
from soundstudio.core.requests import (
    DEFAULT_DURATION_S,
    MAX_DURATION_S,
    MIN_DURATION_S,
    STARTER_MODEL,
)

log = logging.getLogger(__name__)

Kind = Literal["bundled", "downloadable", "imported", "original checkpoint", "fine-tuned"]
Capability = Literal["text", "audio", "fine-tune"]

MODEL_INDEX = "model_index.json"
MODEL_CARD = "soundstudio.json"
TRAINED_KEY = "trained_s"


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    """One model.

    licence: SPDX identifier, or a short name. parameters: of the whole pipeline, 0 if unknown.
    folder: where its files lie, None while it is not installed. trained_s: of a fine-tuned model,
    how long the sounds were that it learnt from, silence behind short ones included; 0 if unknown.
    """

    id: str
    title: str
    kind: Kind
    licence: str
    parameters: int
    sample_rate: int
    capabilities: tuple[Capability, ...]
    folder: Path | None
    hub_id: str = ""
    trained_s: float = 0.0

    @property
    def usual_duration_s(self) -> float:
        """How long a sound is if nobody says otherwise, in tenths of a second.

        A model that was fine-tuned on one length knows what a sound of that length is like, and
        not how others end.
        """
        if self.trained_s <= 0:
            return DEFAULT_DURATION_S
        tenths_s = math.floor(self.trained_s * 10 + 1e-6) / 10
        return min(max(tenths_s, MIN_DURATION_S), MAX_DURATION_S)

    @property
    def is_installed(self) -> bool:
        return self.folder is not None


def catalogue(models_folder: Path) -> tuple[CatalogueRow, ...]:
    """All models: the starter, AudioLDM's, then whatever else lies in `models_folder`.

    Original checkpoints and weights that are no models stand in `core.model_shelf` only.
    """
    table = {item.id: item for item in downloadable_items()}
    rows = [_starter_row()]
    rows.extend(_hub_row(i, models_folder) for i in table.values() if i.kind == "model")
    known = {row.id for row in rows[1:]}
    if models_folder.is_dir():
        for folder in sorted(models_folder.iterdir()):
            if folder.name not in known and (folder / MODEL_INDEX).is_file():
                row = row_of_folder(folder)
                item = table.get(row.id)
                if item is not None and item.kind == "checkpoint":
                    row = replace(row, title=item.title, kind="original checkpoint")
                rows.append(row)
    return tuple(rows)


def _hub_row(item: TableItem, models_folder: Path) -> CatalogueRow:
    folder = models_folder / item.id
    return CatalogueRow(
        id=item.id,
        title=item.title,
        kind="downloadable",
        licence=item.licence,
        parameters=item.parameters,
        sample_rate=item.sample_rate_hz,
        capabilities=_capabilities(folder),
        folder=folder if (folder / MODEL_INDEX).is_file() else None,
        hub_id=item.hub_id,
    )


def find_model(model: str, models_folder: Path) -> CatalogueRow:
    """The row of a catalogue id, or of a model folder's path. Raises ModelError."""
    for row in catalogue(models_folder):
        if row.id == model:
            if row.folder is None and row.kind == "bundled":
                raise ModelError(
                    f"{row.title} is missing from this installation.",
                    "Install Sound Studio again, or choose another model.",
                )
            if row.folder is None:
                raise ModelError(
                    f"{row.title} is not installed.",
                    f"Run `soundstudio models download {row.id}`, put its files into "
                    f"{models_folder / row.id}, or use the starter model.",
                )
            return row
    folder = Path(model).expanduser()
    if (folder / MODEL_INDEX).is_file():
        return row_of_folder(folder)
    if folder.is_dir():
        raise ModelError(
            f"{folder} is not a model folder: it has no {MODEL_INDEX}.",
            "Choose a folder in diffusers' AudioLDM layout.",
        )
    if folder.is_file():
        raise ModelError(
            f"{folder.name} is a single file, not a model folder.",
            "Import an original .ckpt first: `soundstudio models import FILE`.",
        )
    _explain_download(model)
    raise ModelError(
        f"There is no model called “{model}”.",
        "`soundstudio models list` shows what there is.",
    )


def usual_duration_s(model: str, models_folder: Path) -> float:
    """`CatalogueRow.usual_duration_s` of a model as `find_model` takes it; 5 s if it is unknown."""
    try:
        return find_model(model, models_folder).usual_duration_s
    except ModelError:
        return DEFAULT_DURATION_S


def find_clap(clap: str, models_folder: Path) -> Path:
    """Whose CLAP shall score: LAION's own file, or a model's folder.

    clap: the catalogue's id of LAION's weights or of a model, or a path. Raises ModelError.
    """
    if clap in CLAPS:
        found = downloaded_file(clap, models_folder)
        if found is None:
            raise ModelError(
                f"{find_item(clap).title} is not on this computer.",
                f"Run `soundstudio models download {clap}`, or get it on the models page.",
            )
        return found
    path = Path(clap).expanduser()
    if path.is_file():
        return path.absolute()
    folder = find_model(clap, models_folder).folder
    assert folder is not None  # find_model returns none that is not installed
    return folder.absolute()


def _explain_download(model: str) -> None:
    """Raises ModelError if `model` is a checkpoint that is not there, or weights of the scores."""
    item = next((item for item in downloadable_items() if item.id == model), None)
    if item is not None and item.kind == "checkpoint":
        raise ModelError(
            f"{item.title} is not installed.", f"Run `soundstudio models download {item.id}`."
        )
    if item is not None:
        raise ModelError(
            f"{item.title} is no model that generates.", "Scorings use it: see `soundstudio score`."
        )


def row_of_folder(folder: Path) -> CatalogueRow:
    """The row of any model folder; its card (soundstudio.json), if there is one, names it."""
    card = read_card(folder)
    kind: Kind = "fine-tuned" if card.get("kind") == "fine-tuned" else "imported"
    parameters, trained_s = card.get("parameters", 0), card.get(TRAINED_KEY, 0)
    return CatalogueRow(
        id=folder.name,
        title=str(card.get("title", folder.name)),
        kind=kind,
        licence=str(card.get("licence", "unknown")),
        parameters=parameters if isinstance(parameters, int) else 0,
        sample_rate=16000,
        capabilities=_capabilities(folder),
        folder=folder,
        trained_s=float(trained_s) if isinstance(trained_s, (int, float)) else 0.0,
    )


def _capabilities(folder: Path) -> tuple[Capability, ...]:
    """A reference clip needs CLAP's audio tower, which the Hub's folders lack."""
    has_audio_tower = (folder / "audio_encoder" / "config.json").is_file()
    return ("text", "audio", "fine-tune") if has_audio_tower else ("text", "fine-tune")


def read_card(folder: Path) -> dict[str, object]:
    """The folder's card: title, licence, parameters … Empty if it has none or it is damaged."""
    try:
        card = json.loads((folder / MODEL_CARD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return card if isinstance(card, dict) else {}


def _starter_row() -> CatalogueRow:
    folder = resource("models", "starter")
    card = read_card(folder)
    parameters = card.get("parameters", 0)
    return CatalogueRow(
        id=STARTER_MODEL,
        title="Starter model",
        kind="bundled",
        licence=str(card.get("licence", "CC-BY-4.0")),
        parameters=parameters if isinstance(parameters, int) else 0,
        sample_rate=16000,
        capabilities=_capabilities(folder),
        folder=folder if (folder / MODEL_INDEX).is_file() else None,
    )
