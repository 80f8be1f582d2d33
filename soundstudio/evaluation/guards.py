"""What is wrong with the sets behind a score: said beside the number, never instead of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from scipy.special import log_softmax

from soundstudio.evaluation.divergence import EPSILON
from soundstudio.evaluation.statistics import ScoringError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from soundstudio.evaluation.backbones import ClipFeatures
    from soundstudio.evaluation.clip_measurements import ClipMeasurements
    from soundstudio.evaluation.listening import HeardClip
    from soundstudio.evaluation.scores import Scores
    from soundstudio.evaluation.sets import Pairing

CautionKind = Literal[
    "failed", "few", "silent", "clipped", "duplicates", "equal", "unpaired", "accidental",
    "length", "rate", "short", "cut", "backbone",
]  # fmt: skip
_NAMES_SHOWN: Final = 3
_LENGTH_RATIO: Final = 1.25
_NARROW_BELOW_HZ: Final = 16_000
_SHORT_BELOW_S: Final = 2.0
_CHANCE: Final = 0.05
_MIN_PAIRS_TO_TEST: Final = 8
_PAIRS_TESTED: Final = 1000


@dataclass(frozen=True, slots=True)
class Caution:
    """One thing to know: its kind, a plain sentence, and the clips that it is about."""

    kind: CautionKind
    sentence: str
    clips: tuple[str, ...] = ()


def named(count: int, names: Sequence[str]) -> str:
    """ "a.wav, b.wav, c.wav and 4 more"."""
    shown = ", ".join(names[:_NAMES_SHOWN])
    rest = count - min(count, _NAMES_SHOWN)
    return f"{shown} and {rest} more" if rest else shown


def sounds(count: int) -> str:
    """ "1 sound", "2 sounds"."""
    return f"{count} sound" if count == 1 else f"{count} sounds"


def cautions_of_set(clips: Sequence[HeardClip], which: str) -> list[Caution]:
    """What is wrong with one set; `which` is "generated" or "reference"."""
    found = []
    failed = [clip.name for clip in clips if clip.failure]
    if failed:
        found.append(
            Caution(
                "failed",
                f"{sounds(len(failed))} of {len(clips)} of the {which} set could not be heard and "
                f"{'is' if len(failed) == 1 else 'are'} in no number: "
                f"{named(len(failed), failed)}.",
                tuple(failed),
            )
        )
    tests: tuple[tuple[CautionKind, Callable[[ClipMeasurements], bool], str], ...] = (
        ("silent", lambda m: m.is_silent, "silent; networks score silence as if it were a sound"),
        ("clipped", lambda m: m.is_clipped, "clipped, with peaks cut off at full scale"),
        ("cut", lambda m: m.is_cut, "longer than 60 s; only the first 60 s were heard"),
        ("short", lambda m: m.duration_s < _SHORT_BELOW_S,
         "shorter than 2 s, padded with silence that the networks hear, too"),
        ("rate", lambda m: m.sample_rate_hz < _NARROW_BELOW_HZ,
         "of a rate below 16 kHz, without the highs that the networks listen to"),
    )  # fmt: skip
    for kind, is_so, words in tests:
        names = [c.name for c in clips if c.measurements is not None and is_so(c.measurements)]
        if names:
            verb = "is" if len(names) == 1 else "are"
            found.append(
                Caution(
                    kind,
                    f"In the {which} set, {sounds(len(names))} of {len(clips)} {verb} {words}: "
                    f"{named(len(names), names)}.",
                    tuple(names),
                )
            )
    return found + _duplicates(clips, which)


def _duplicates(clips: Sequence[HeardClip], which: str) -> list[Caution]:
    counts = Counter(clip.content_sha256 for clip in clips if clip.content_sha256)
    names = [clip.name for clip in clips if counts.get(clip.content_sha256, 0) > 1]
    if not names:
        return []
    surplus = sum(count - 1 for count in counts.values() if count > 1)
    return [
        Caution(
            "duplicates",
            f"The {which} set holds {surplus} exact "
            f"{'copy' if surplus == 1 else 'copies'} of its own sounds: "
            f"{named(len(names), names)}.",
            tuple(names),
        )
    ]


def cautions_between(
    generated: Sequence[HeardClip], reference: Sequence[HeardClip]
) -> list[Caution]:
    """What is wrong with two sets beside each other: the same sounds, other lengths, rates."""
    found = []
    known = {clip.content_sha256 for clip in reference if clip.content_sha256}
    copies = [clip.name for clip in generated if clip.content_sha256 in known]
    if copies and len(copies) == len(generated) == len(reference):
        found.append(
            Caution("equal", "Both sets are the same sounds: their distance is nothing by itself.")
        )
    elif copies:
        found.append(
            Caution(
                "equal",
                f"{sounds(len(copies))} of {len(generated)} of the generated set are exact copies "
                f"of reference sounds: {named(len(copies), copies)}.",
                tuple(copies),
            )
        )
    measured_1, measured_2 = (
        [clip.measurements for clip in clips if clip.measurements is not None]
        for clips in (generated, reference)
    )
    if not measured_1 or not measured_2:
        return found
    length_1, length_2 = (
        float(np.median([m.duration_s for m in measured])) for measured in (measured_1, measured_2)
    )
    if max(length_1, length_2) > _LENGTH_RATIO * min(length_1, length_2):
        found.append(
            Caution(
                "length",
                f"The sounds differ in length: {length_1:.2g} s generated against {length_2:.2g} s "
                "in the reference (medians). Part of every distance is that.",
            )
        )
    rate_1, rate_2 = (
        Counter(int(m.sample_rate_hz) for m in measured).most_common(1)[0][0]
        for measured in (measured_1, measured_2)
    )
    if rate_1 != rate_2:
        found.append(
            Caution(
                "rate",
                f"The sets have different sample rates ({rate_1:,} and {rate_2:,} Hz). Both are "
                "heard at 16,000 Hz, but the conversion leaves its mark on every number.",
            )
        )
    return found


def cautions_about_pairs(pairing: Pairing, generated: Sequence[str]) -> list[Caution]:
    """Unpaired and ambiguous names."""
    if pairing.refusal:
        return [Caution("unpaired", pairing.refusal)]
    found = []
    if pairing.unpaired_generated:
        names = tuple(generated[i] for i in pairing.unpaired_generated)
        found.append(
            Caution(
                "unpaired",
                f"KL leaves out {sounds(len(names))} of {len(generated)} that no reference has the "
                f"name of: {named(len(names), names)}.",
                names,
            )
        )
    if pairing.ambiguous:
        found.append(
            Caution(
                "unpaired",
                "Several sounds of one set share a name and were not paired: "
                f"{named(len(pairing.ambiguous), pairing.ambiguous)}.",
            )
        )
    return found


def cautions_about_scores(scores: Scores, dimensions: int, frame_dimensions: int) -> list[Caution]:
    """Too few clips for what is computed from them, and nothing if the sets are the same."""
    found = []
    if scores.fd is not None and scores.fd.value > 0.0:
        fewest = min(scores.fd.counts["generated"], scores.fd.counts["reference"])
        if fewest < dimensions:
            beyond = scores.missing.get("fd_infinite", "")
            if (endless := scores.beside.get("fd_infinite")) is not None:
                beyond = f"Extrapolated to endlessly many it would be about {endless.value:.4g}."
            found.append(_caution_about_few("FD", sounds(fewest), dimensions, beyond))
    if scores.fad is not None and scores.fad.value > 0.0:
        frames = min(scores.fad.counts["frames_generated"], scores.fad.counts["frames_reference"])
        if frames < frame_dimensions:
            kernel = scores.beside["fad_kernel_distance"].value
            beyond = f"Their kernel distance, which has no such bias, is {kernel:.4g}."
            found.append(_caution_about_few("FAD", f"{frames} frames", frame_dimensions, beyond))
    if scores.inception is not None and scores.inception.counts["generated"] < 100:
        part = scores.inception.counts["generated"] // scores.inception.counts["splits"]
        what = "cannot get high" if part > 1 else "is close to 1, whatever they are"
        found.append(
            Caution(
                "few",
                f"IS is an average over parts of {sounds(part)}: with so few it {what}, and may "
                "only be compared between sets of this size.",
            )
        )
    return found


def _caution_about_few(title: str, few: str, dimensions: int, beyond: str) -> Caution:
    return Caution(
        "few",
        f"{title} is made of {few}, which are few for {dimensions:,} dimensions: it comes out too "
        f"high, and may only be compared between sets of this size. {beyond}",
    )


def caution_about_chance(
    generated: Sequence[ClipFeatures],
    reference: Sequence[ClipFeatures],
    pairs: Sequence[tuple[int, int]],
    *,
    draws: int = 200,
    seed: int = 0,
) -> list[Caution]:
    """Pairs that are no more alike than any two sounds: names that agree by accident.

    A permutation test on the mean KL.
    """
    if len(pairs) < _MIN_PAIRS_TO_TEST:
        return []
    random = np.random.default_rng(seed)
    if len(pairs) > _PAIRS_TESTED:
        # Every pair of pairs is compared: memory grows with the square.
        pairs = [pairs[i] for i in random.choice(len(pairs), _PAIRS_TESTED, replace=False)]
    targets = log_softmax(np.stack([reference[j].logits for _, j in pairs]), axis=1)
    outputs = log_softmax(np.stack([generated[i].logits for i, _ in pairs]), axis=1)
    # The target's own entropy is the same in every order: the cross term alone decides.
    cross = -np.exp(targets) @ np.log(np.exp(outputs) + EPSILON).T
    rows = np.arange(len(pairs))
    shuffled = [cross[rows, random.permutation(len(pairs))].mean() for _ in range(draws)]
    if np.mean(np.array(shuffled) <= cross.trace() / len(pairs)) < _CHANCE:
        return []
    return [
        Caution(
            "accidental",
            "Sounds of the same name are no more alike than any two sounds of the sets: the names "
            "may agree by accident, or the model ignores its prompts. KL says nothing then.",
        )
    ]


def heard_enough(clips: Sequence[HeardClip], which: str) -> list[HeardClip]:
    """The clips that have features. Raises ScoringError if there is none."""
    heard = [clip for clip in clips if clip.features is not None]
    if not heard:
        # A sentence names its file: it is one reason, however many files have it.
        reasons = {clip.failure.replace(PurePath(clip.name).name, "") for clip in clips}
        others = len(reasons) - 1
        first = clips[0].failure if clips else "there are none"
        raise ScoringError(
            f"None of the {sounds(len(clips))} of the {which} set can be heard: {first}"
            + (f" (and {others} other reason{'s' * (others > 1)})" if others > 0 else ""),
        )
    return heard
