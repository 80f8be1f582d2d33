"""A row for each generated clip: what it is nearest to, its class, and how it pulls at a score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import softmax

from soundstudio.engine.nearest import nearest_of
from soundstudio.evaluation.influence import change_without
from soundstudio.library.scores.reports import ClipRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from soundstudio.evaluation.listening import HeardClip
    from soundstudio.evaluation.scores import Scores

    FloatArray = npt.NDArray[np.float64]


def clip_rows(
    generated: Sequence[HeardClip],
    reference: Sequence[HeardClip],
    scores: Scores,
    pairs: Sequence[tuple[int, int]],
    prompts: Sequence[str],
    clap: FloatArray | None,
) -> list[ClipRow]:
    """A row for each clip of the generated set, failed ones included, in its order.

    pairs and prompts count the heard clips only, as the scores do.
    """
    heard = [clip for clip in generated if clip.features is not None]
    heard_reference = [clip for clip in reference if clip.features is not None]
    nearest, similarity = _nearest(heard, heard_reference)
    partner = {i: (j, number) for number, (i, j) in enumerate(pairs)}
    fd, inception, fad = (
        None if weights is None else change_without(weights)
        for weights in (scores.fd_influence, scores.inception_influence, scores.fad_influence)
    )
    rows, place = [], 0
    for clip in generated:
        if clip.features is None:
            rows.append(ClipRow(clip.name, failure=clip.failure))
            continue
        chances = softmax(clip.features.logits.astype(np.float64))
        j, number = partner.get(place, (None, 0))
        rows.append(
            ClipRow(
                clip.name,
                nearest=heard_reference[nearest[place]].name if heard_reference else "",
                similarity=float(similarity[place]) if heard_reference else None,
                sound_class=int(chances.argmax()),
                class_probability=float(chances.max()),
                paired_with=heard_reference[j].name if j is not None else "",
                kl=_at(scores.kl_of_pairs, number) if j is not None else None,
                prompt=prompts[place] if prompts else "",
                clap=_at(clap, place),
                fd_without=_at(fd, place),
                is_without=_at(inception, place),
                fad_without=_at(fad, place),
            )
        )
        place += 1
    return rows


def _at(values: FloatArray | None, place: int) -> float | None:
    if values is None or not np.isfinite(values[place]):
        return None
    return float(values[place])


def _nearest(
    generated: Sequence[HeardClip], reference: Sequence[HeardClip]
) -> tuple[npt.NDArray[np.intp], FloatArray]:
    """Index and cosine of the nearest reference of each clip."""
    if not reference:
        return np.zeros(len(generated), dtype=np.intp), np.zeros(len(generated))
    return nearest_of(_embeddings(generated), _embeddings(reference))


def _embeddings(clips: Sequence[HeardClip]) -> npt.NDArray[np.float32]:
    rows = [clip.features.embedding for clip in clips if clip.features is not None]
    return np.stack(rows)
