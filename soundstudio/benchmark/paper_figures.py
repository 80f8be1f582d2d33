"""The paper's own figures, to stand beside ours."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from soundstudio.core.paths import resource

if TYPE_CHECKING:
    from soundstudio.benchmark.score_facts import MetricName
    from soundstudio.core.benchmark_requests import DatasetKind

PAPER_BACKBONE: Final = "PANNs and VGGish"
_NAMES: Final[dict[DatasetKind, str]] = {
    "esc50": "ESC50",
    "urbansound8k": "US8K",
    "audiocaps": "AudioCaps",
    "audioset": "AudioSet",
}


@dataclass(frozen=True, slots=True)
class PaperRow:
    """One experiment of the paper and its four scores.

    condition: at sampling in Table I, in training in Table II. train_steps: of the best score, None
    in Table I.
    """

    table: str
    dataset: str
    condition: str
    is_pretrained: bool
    train_steps: int | None
    scores: dict[MetricName, float]


def table1_row(dataset: DatasetKind, condition: str) -> PaperRow | None:
    """The paper's row of Table I; None for a dataset that it has not."""
    name = _NAMES.get(dataset)
    for row in _rows():
        if (row.table, row.dataset, row.condition) == ("I", name, condition):
            return row
    return None


def table2_row(dataset: DatasetKind, condition: str, *, is_pretrained: bool) -> PaperRow | None:
    """The paper's row of Table II; None for a dataset that it has not."""
    wanted = ("II", _NAMES.get(dataset), condition, is_pretrained)
    for row in _rows():
        if (row.table, row.dataset, row.condition, row.is_pretrained) == wanted:
            return row
    return None


def _rows() -> list[PaperRow]:
    with resource("paper", "tables.csv").open(encoding="utf-8", newline="") as file:
        return [
            PaperRow(
                table=row["table"],
                dataset=row["dataset"],
                condition=row["condition"],
                is_pretrained=row["pretrained"] == "yes",
                train_steps=1000 * int(row["train_steps_k"]) if row["train_steps_k"] else None,
                scores={
                    "fd": float(row["FD"]),
                    "is": float(row["IS"]),
                    "kl": float(row["KL"]),
                    "fad": float(row["FAD"]),
                },
            )
            for row in csv.DictReader(file)
        ]
