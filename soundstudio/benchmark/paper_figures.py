"""The paper's own figures, to stand beside ours."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from soundstudio.core.paths import resource

if TYPE_CHECKING:
    from soundstudio.benchmark.dataset import DatasetKind
    from soundstudio.benchmark.score_facts import MetricName

PAPER_BACKBONE: Final = "PANNs and VGGish"
_NAMES: Final[dict[DatasetKind, str]] = {
    "esc50": "ESC50",
    "urbansound8k": "US8K",
    "audiocaps": "AudioCaps",
    "audioset": "AudioSet",
}


@dataclass(frozen=True, slots=True)
class PaperRow:
    """One experiment of the paper and its four scores."""

    table: str
    dataset: str
    condition: str
    scores: dict[MetricName, float]


def table1_row(dataset: DatasetKind, condition: str) -> PaperRow | None:
    """The paper's row of Table I; None for a dataset that it has not."""
    name = _NAMES.get(dataset)
    for row in _rows():
        if (row.table, row.dataset, row.condition) == ("I", name, condition):
            return row
    return None


def _rows() -> list[PaperRow]:
    with resource("paper", "tables.csv").open(encoding="utf-8", newline="") as file:
        return [
            PaperRow(
                table=row["table"],
                dataset=row["dataset"],
                condition=row["condition"],
                scores={
                    "fd": float(row["FD"]),
                    "is": float(row["IS"]),
                    "kl": float(row["KL"]),
                    "fad": float(row["FAD"]),
                },
            )
            for row in csv.DictReader(file)
        ]
