"""A scoring as data for other programs (JSON, CSV), and each number in one plain sentence."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, Final

from soundstudio.evaluation.clip_report import ClipRow

if TYPE_CHECKING:
    from soundstudio.evaluation.scores import Score
    from soundstudio.evaluation.scoring import ScoringResult

TITLES: Final = {"fd": "FD", "is": "IS", "kl": "KL", "fad": "FAD", "clap": "CLAP score"}
DIRECTIONS: Final = {"fd": "lower", "is": "higher", "kl": "lower", "fad": "lower", "clap": "higher"}
MEANINGS: Final = {
    "fd": "how far the generated sounds as a whole lie from the reference; lower is better",
    "is": "how clearly each sound is something, and how varied all are; higher is better",
    "kl": "how differently a classifier hears each sound and its reference; lower is better",
    "fad": "how far the moments of both sets lie apart, sound quality above all; lower is better",
    "clap": "how well each sound answers its prompt, -1 to 1; higher is better",
}


def scores_by_key(result: ScoringResult) -> dict[str, Score | None]:
    """All scores under their keys, the CLAP score last."""
    return {**result.scores.by_key(), "clap": result.clap}


def as_json(result: ScoringResult) -> dict[str, Any]:
    """The object of `--json`: a score is null where `missing` says why there is none."""
    scores = result.scores
    return {
        "generated": str(result.generated.folder),
        "reference": str(result.reference.folder) if result.reference else None,
        # What people call the sets: the folders hold more than a list of files, or a fold.
        "labels": {
            "generated": result.generated.label,
            "reference": result.reference.label if result.reference else None,
        },
        "backbone": result.backbone,
        "networks": [asdict(facts) for facts in result.facts.networks],
        **{key: _score_json(score) for key, score in scores_by_key(result).items()},
        "missing": dict(scores.missing),
        "fd_infinite": scores.fd_infinite,
        "kernel_distance": scores.kernel_distance,
        "is_deviation": scores.inception_deviation,
        "draws": result.options.draws,
        "seed": result.options.seed,
        "warnings": [
            {"kind": caution.kind, "message": caution.sentence, "clips": list(caution.clips)}
            for caution in result.cautions
        ],
        "clips": [asdict(row) for row in result.rows],
    }


def _score_json(score: Score | None) -> dict[str, Any] | None:
    return None if score is None else asdict(score)


def as_csv(result: ScoringResult) -> str:
    """A line for each generated clip."""
    buffer = io.StringIO()
    names = [field.name for field in fields(ClipRow)]
    writer = csv.DictWriter(buffer, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in result.rows)
    return buffer.getvalue()
