"""A scoring as plain data: the report, which is shown, kept, exported and given to programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from soundstudio.core.score_words import BESIDE_KEYS
from soundstudio.library.scores.exports import clips_csv_text
from soundstudio.library.scores.reports import understood

if TYPE_CHECKING:
    from soundstudio.evaluation.scores import Score
    from soundstudio.evaluation.scoring import ScoringResult


def scores_by_key(result: ScoringResult) -> dict[str, Score | None]:
    """All scores under their keys, the CLAP score last."""
    return {**result.scores.by_key(), "clap": result.clap}


def beside_numbers(result: ScoringResult) -> dict[str, float | None]:
    """The numbers beside the scores under all their keys."""
    beside = result.scores.beside
    return {key: beside[key].value if key in beside else None for key in BESIDE_KEYS}


def as_json(result: ScoringResult) -> dict[str, Any]:
    """The report, the object of `--json`: a score is null where `missing` says why there is none.

    Folders are absolute, so that the sounds are found again from wherever it is read.
    """
    scores = result.scores
    return {
        "generated": str(result.generated.folder.absolute()),
        "reference": str(result.reference.folder.absolute()) if result.reference else None,
        # What people call the sets: the folders hold more than a list of files, or a fold.
        "labels": {
            "generated": result.generated.label,
            "reference": result.reference.label if result.reference else None,
        },
        "backbone": result.backbone,
        "networks": [asdict(facts) for facts in result.facts.networks],
        **{key: _score_json(score) for key, score in scores_by_key(result).items()},
        "missing": dict(scores.missing),
        **{key: _score_json(scores.beside.get(key)) for key in BESIDE_KEYS},
        "draws": result.options.draws,
        "seed": result.options.seed,
        "warnings": [
            {"kind": caution.kind, "message": caution.sentence, "clips": list(caution.clips)}
            for caution in result.cautions
        ],
        "clips": [asdict(row) for row in result.rows],
        "references_failed": [asdict(sound) for sound in result.references_failed],
        "map": result.sound_map.as_json(),
    }


def _score_json(score: Score | None) -> dict[str, Any] | None:
    return None if score is None else asdict(score)


def as_csv(result: ScoringResult) -> str:
    """A line for each generated clip."""
    return clips_csv_text(understood(as_json(result)))
