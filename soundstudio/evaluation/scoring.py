"""Two folders → scores, cautions and a row for each clip: what the command and the panel call."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from soundstudio.core.errors import ModelError
from soundstudio.core.progress import ProgressCallback, ignore_progress
from soundstudio.evaluation import guards
from soundstudio.evaluation.bootstrap import bootstrap_interval
from soundstudio.evaluation.clap_towers import load_text_tower
from soundstudio.evaluation.clip_report import clip_rows
from soundstudio.evaluation.guards import Caution, heard_enough
from soundstudio.evaluation.listening import HeardClip, listen
from soundstudio.evaluation.projection import SoundMap, map_of
from soundstudio.evaluation.prompts import clap_scores, prompts_of
from soundstudio.evaluation.scores import Score, Scores, compute_scores
from soundstudio.evaluation.sets import Pairing, SoundSet, find_sounds, pair_by_name
from soundstudio.library.scores.reports import FailedSound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from soundstudio.evaluation.backbones import Backbone, BackboneFacts, ClipFeatures
    from soundstudio.evaluation.feature_cache import FeatureCache
    from soundstudio.library.scores.reports import ClipRow

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ScoringOptions:
    """What is asked for beside the two folders.

    prompts: file name without suffix → prompt, instead of what the files say themselves.
    """

    draws: int = 200
    seed: int = 0
    prompts: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ScoringResult:
    """All that is known after scoring. clap: the CLAP score, None without prompts or CLAP.

    sound_map: where every clip that was heard lies.
    """

    generated: SoundSet
    reference: SoundSet | None
    backbone: str
    facts: BackboneFacts
    scores: Scores
    clap: Score | None
    cautions: tuple[Caution, ...]
    rows: tuple[ClipRow, ...]
    references_failed: tuple[FailedSound, ...]
    sound_map: SoundMap
    options: ScoringOptions


def score_folders(
    generated: Path,
    reference: Path | None,
    backbone: Backbone,
    *,
    options: ScoringOptions | None = None,
    cache: FeatureCache | None = None,
    progress: ProgressCallback = ignore_progress,
) -> ScoringResult:
    """Score the sounds of a folder, against those of another if there is one.

    Raises ScoringError if a folder holds no sound that can be heard; what `progress` raises.
    """
    chosen = options or ScoringOptions()
    sets = [find_sounds(folder) for folder in (generated, reference) if folder is not None]
    clips = listen(sets, backbone, cache, progress)
    return score_clips(sets, clips, backbone, chosen)


def score_clips(
    sets: Sequence[SoundSet],
    clips: Sequence[list[HeardClip]],
    backbone: Backbone,
    options: ScoringOptions,
) -> ScoringResult:
    """As `score_folders`, on clips that were heard already: [generated] or [both sets]."""
    names = ("generated", "reference")
    heard = [heard_enough(part, which) for part, which in zip(clips, names, strict=False)]
    has_reference = len(heard) > 1
    references = heard[1] if has_reference else []
    features_1, features_2 = _features(heard[0]), _features(references)
    pairing = (
        pair_by_name([c.name for c in heard[0]], [c.name for c in references])
        if has_reference
        else Pairing(())
    )
    scores = compute_scores(
        features_1,
        features_2 if has_reference else None,
        pairing.pairs,
        draws=options.draws,
        seed=options.seed,
    )
    if pairing.refusal and has_reference:
        scores.missing["kl"] = pairing.refusal
    if has_reference and scores.fad is None and backbone.facts.missing_frames:
        scores.missing["fad"] = backbone.facts.missing_frames
    prompts = prompts_of([clip.path for clip in heard[0]], options.prompts)
    cosines, clap = _clap(features_1, prompts, backbone.facts, options, scores)
    cautions = [
        *(c for part, which in zip(clips, names, strict=False)
          for c in guards.cautions_of_set(part, which)),
        *_cautions_about_two(heard[0], references, pairing, options.seed),
        *guards.cautions_about_scores(
            scores, len(features_1[0].embedding), features_1[0].frames.shape[-1]
        ),
        *(Caution("backbone", note) for note in backbone.facts.notes),
    ]  # fmt: skip
    return ScoringResult(
        generated=sets[0],
        reference=sets[1] if has_reference else None,
        backbone=backbone.name,
        facts=backbone.facts,
        scores=scores,
        clap=clap,
        cautions=tuple(cautions),
        rows=tuple(clip_rows(clips[0], references, scores, pairing.pairs, prompts, cosines)),
        references_failed=tuple(
            FailedSound(clip.name, clip.failure)
            for part in clips[1:]
            for clip in part
            if clip.failure
        ),
        sound_map=map_of(heard[0], references),
        options=options,
    )


def _cautions_about_two(
    generated: Sequence[HeardClip], reference: Sequence[HeardClip], pairing: Pairing, seed: int
) -> list[Caution]:
    if not reference:
        return []
    return [
        *guards.cautions_between(generated, reference),
        *guards.cautions_about_pairs(pairing, [clip.name for clip in generated]),
        *guards.caution_about_chance(
            _features(generated), _features(reference), pairing.pairs, seed=seed
        ),
    ]


def _features(clips: Sequence[HeardClip]) -> list[ClipFeatures]:
    return [clip.features for clip in clips if clip.features is not None]


def _clap(
    features: Sequence[ClipFeatures],
    prompts: Sequence[str],
    facts: BackboneFacts,
    options: ScoringOptions,
    scores: Scores,
) -> tuple[npt.NDArray[np.float64] | None, Score | None]:
    """The cosine of each clip with its prompt, and their mean; `missing` says why not."""
    if not any(prompts):
        scores.missing["clap"] = (
            "No prompts are known: the sounds carry none, and no file of prompts names them."
        )
        return None, None
    if facts.clap is None:
        scores.missing["clap"] = "The CLAP score needs the bundled backbone's CLAP."
        return None, None
    try:
        tower = load_text_tower(facts.clap)
        cosines = clap_scores(tower, prompts, [clip.frames for clip in features])
    except ModelError as error:
        scores.missing["clap"] = error.sentence()
        return None, None
    known = cosines[np.isfinite(cosines)]
    interval = None
    if len(known) > 1:
        interval = bootstrap_interval(
            lambda indices: float(known[indices].mean()),
            len(known),
            draws=options.draws,
            seed=options.seed,
        )
    count = {"generated": len(known)}
    return cosines, Score(float(known.mean()), interval, features[0].frames_backbone, count)
