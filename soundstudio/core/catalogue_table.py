"""The table of what can be downloaded: models, original checkpoints, and weights that are none."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from soundstudio.core.errors import ModelError
from soundstudio.core.paths import resource

if TYPE_CHECKING:
    from pathlib import Path

ItemKind = Literal["model", "checkpoint", "weights", "tokenizer"]
Precision = Literal["float32", "bfloat16", "float16"]

BYTES_PER_WEIGHT: Final[dict[Precision, int]] = {"float32": 4, "bfloat16": 2, "float16": 2}
LICENCE_ADDRESSES: Final = {
    "CC-BY-NC-SA-4.0": "https://creativecommons.org/licenses/by-nc-sa/4.0/",
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "Apache-2.0": "https://www.apache.org/licenses/LICENSE-2.0",
    "MIT": "https://opensource.org/license/mit",
}
LICENCE_SENTENCES: Final = {
    "CC-BY-NC-SA-4.0": "Name the authors; no commercial use; share changes alike.",
    "CC-BY-4.0": "Name the authors.",
    "CC0-1.0": "No conditions.",
    "Apache-2.0": "Keep the notices.",
    "MIT": "Keep the notice.",
}
PANNS: Final = "panns-cnn14-16k"
VGGISH: Final = "vggish"
CLAPS: Final = ("clap-htsat-tiny", "clap-htsat-base")
TOKENIZER: Final = "roberta-tokenizer"
# In the models folder, hidden: what is no model and what is not whole yet.
WEIGHTS_FOLDER: Final = ".weights"
PARTIAL_FOLDER: Final = ".partial"


@dataclass(frozen=True, slots=True)
class TableFile:
    """What is known beforehand of one file.

    name: its path in the folder, with slashes. size_bytes: 0 if unknown. sha256: whole and in
    hexadecimal, or "". sha256_start: its first letters, or "". url: "" for the Hub's.
    """

    name: str
    size_bytes: int = 0
    sha256: str = ""
    sha256_start: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class TableItem:
    """One thing that can be downloaded. parameters, sample_rate_hz: 0 if unknown.

    files: of a model, those of which something is known beforehand; else all.
    """

    id: str
    title: str
    kind: ItemKind
    licence: str
    hub_id: str = ""
    parameters: int = 0
    sample_rate_hz: int = 16000
    capabilities: tuple[str, ...] = ()
    files: tuple[TableFile, ...] = ()

    @property
    def needs_tokenizer(self) -> bool:
        """Its text tower is RoBERTa, whose tokenizer its file does not hold."""
        return self.kind == "checkpoint" or self.id in CLAPS

    @property
    def source(self) -> str:
        """Where it comes from, for people."""
        if self.hub_id:
            return f"Hugging Face Hub, {self.hub_id}"
        return self.files[0].url.partition("?")[0]

    @property
    def size_bytes(self) -> int:
        """What has to be fetched, 0 if it is not known; the Hub's models hold float32."""
        if self.kind == "model":
            return self.parameters * BYTES_PER_WEIGHT["float32"]
        sizes = [file.size_bytes for file in self.files]
        return sum(sizes) if all(sizes) else 0

    def place(self, models_folder: Path) -> Path:
        """The folder of its files once all are there; a checkpoint's model lies elsewhere."""
        if self.kind == "model":
            return models_folder / self.id
        return models_folder / WEIGHTS_FOLDER / self.id

    def partial_place(self, models_folder: Path) -> Path:
        """The folder of its files until all are there."""
        return models_folder / PARTIAL_FOLDER / self.id


def memory_bytes(parameters: int, precision: Precision) -> int:
    """What weights take once loaded, activations not counted; 0 if their number is unknown."""
    return parameters * BYTES_PER_WEIGHT[precision]


@functools.cache
def downloadable_items() -> tuple[TableItem, ...]:
    """All rows of resources/catalogue.toml."""
    table = tomllib.loads(resource("catalogue.toml").read_text(encoding="utf-8"))
    return tuple(_item(values) for values in table["item"])


def find_item(id_: str) -> TableItem:
    """The item of that id. Raises ModelError."""
    items = downloadable_items()
    for item in items:
        if item.id == id_:
            return item
    known = ", ".join(item.id for item in items)
    raise ModelError(f"There is no download called “{id_}”.", f"There are {known}.")


def downloaded_file(id_: str, models_folder: Path) -> Path | None:
    """The one file of a checkpoint or of weights, if it lies in the models folder."""
    item = find_item(id_)
    if item.kind == "model":
        return None
    path = item.place(models_folder) / item.files[0].name
    return path if path.is_file() else None


def downloaded_claps(models_folder: Path) -> dict[str, str]:
    """LAION's files in the models folder: paths by their titles."""
    found = {find_item(id_).title: downloaded_file(id_, models_folder) for id_ in CLAPS}
    return {title: str(path) for title, path in found.items() if path is not None}


def _item(values: dict[str, Any]) -> TableItem:
    files = tuple(
        TableFile(
            row["name"],
            row.get("bytes", 0),
            row.get("sha256", ""),
            row.get("sha256_start", ""),
            row.get("url", ""),
        )
        for row in values.get("files", ())
    )
    return TableItem(
        id=values["id"],
        title=values["title"],
        kind=values["kind"],
        licence=values["licence"],
        hub_id=values.get("hub_id", ""),
        parameters=values.get("parameters", 0),
        sample_rate_hz=values.get("sample_rate", 16000),
        capabilities=tuple(values.get("capabilities", ())),
        files=files,
    )
