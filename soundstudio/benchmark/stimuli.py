"""The sounds of Figure 1: which clips each is made of, and how."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from soundstudio.audio.files import Sound, read_sound
from soundstudio.audio.resampling import resample
from soundstudio.benchmark import corruption
from soundstudio.benchmark.mel_domain import MEL_DOMAINS, MelDomain
from soundstudio.dataset.findings import DatasetError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    from soundstudio.benchmark.corruption import CorruptionChoices
    from soundstudio.benchmark.dataset import DatasetClip
    from soundstudio.core.benchmark_requests import CorruptionName

    FloatArray = npt.NDArray[np.float32]

StimulusKind = Literal["clean", "noise", "mask", "interference", "sequence", "disorder"]

REFERENCE_OF: Final[dict[CorruptionName, StimulusKind]] = {
    "noise": "clean",
    "mask": "clean",
    "interference": "clean",
    "disorder": "sequence",
}
# Sequences are cut and joined at this rate, which every backbone reads without loss.
_SEQUENCE_RATE_HZ: Final = 44_100
_SHORTEST_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Stimulus:
    """One sound: what is done to which files, the first of which is its own clip.

    order: of the events of a disordered sequence, else ().
    """

    name: str
    kind: StimulusKind
    paths: tuple[Path, ...]
    seed: int
    order: tuple[int, ...] = ()


def plan_stimuli(
    clips: Sequence[DatasetClip], kind: StimulusKind, seed: int, choices: CorruptionChoices
) -> list[Stimulus]:
    """One stimulus for each clip; the same seed gives the same ones.

    Raises DatasetError if there are no irrelevant clips to mix with.
    """
    plan = []
    for clip in clips:
        drawn = _seed_of(seed, _ROLE[kind], clip.name)
        random = np.random.default_rng(drawn)
        paths: tuple[Path, ...] = (clip.path,)
        order: tuple[int, ...] = ()
        if kind == "interference":
            paths = (clip.path, _irrelevant_clip(clip, clips, choices, random).path)
        elif kind in ("sequence", "disorder"):
            paths = _events(clip, clips, choices, random)
            order = corruption.other_order(len(paths), random) if kind == "disorder" else ()
        plan.append(Stimulus(clip.name, kind, paths, drawn, order))
    return plan


def render(stimulus: Stimulus, choices: CorruptionChoices) -> Sound:
    """The stimulus as mono sound. Raises AudioFileError."""
    if stimulus.kind in ("sequence", "disorder"):
        return _render_sequence(stimulus, choices)
    domain = MEL_DOMAINS[choices.mel]
    mel = _mel_of(stimulus.paths[0], domain, choices)
    # Not the generator of the plan: its draws depend on the other clips of the set.
    random = np.random.default_rng([stimulus.seed, 1])
    if stimulus.kind == "noise":
        mel = corruption.add_noise(mel, domain, choices, random)
    elif stimulus.kind == "mask":
        mel = corruption.mask(mel, domain, choices, random)
    elif stimulus.kind == "interference":
        other = _mel_of(stimulus.paths[1], domain, choices)
        mel = corruption.mix(mel, other, domain, choices.snr_db)
    samples = domain.sound_of(mel, choices.griffin_lim_iterations)
    # Noise can be far above full scale, where a file would clip: it is turned down instead.
    samples /= max(1.0, float(np.abs(samples).max()))
    return Sound(samples, domain.spec.sample_rate_hz)


def _render_sequence(stimulus: Stimulus, choices: CorruptionChoices) -> Sound:
    length = round(choices.event_s * _SEQUENCE_RATE_HZ)
    events = [
        corruption.loudest_part(_waveform(path, _SEQUENCE_RATE_HZ, choices), length)
        for path in stimulus.paths
    ]
    order = stimulus.order or range(len(events))
    return Sound(corruption.sequence_of(events, order, _SEQUENCE_RATE_HZ), _SEQUENCE_RATE_HZ)


# A sequence and its disordered twin draw the same events.
_ROLE: Final[dict[StimulusKind, str]] = {
    "clean": "clean",
    "noise": "noise",
    "mask": "mask",
    "interference": "interference",
    "sequence": "sequence",
    "disorder": "sequence",
}


def _seed_of(seed: int, role: str, name: str) -> int:
    """A seed of the clip's own, so that it does not depend on which other clips there are."""
    entropy = [seed, zlib.crc32(role.encode()), zlib.crc32(name.encode())]
    return int(np.random.SeedSequence(entropy).generate_state(1)[0])


def _irrelevant_clip(
    clip: DatasetClip,
    clips: Sequence[DatasetClip],
    choices: CorruptionChoices,
    random: np.random.Generator,
) -> DatasetClip:
    """A clip of one of ten classes that have nothing to do with this one."""
    strangers = [other for other in clips if not clip.is_related_to(other)]
    if clip.labels and not strangers:
        raise DatasetError(
            f"{clip.name} has nothing to be mixed with: all clips share its class.",
            "Interference needs at least two classes.",
        )
    if not clip.labels:
        # Captions name no classes: any other recording counts as irrelevant.
        strangers = [other for other in clips if other.source != clip.source]
    if not strangers:
        raise DatasetError("Interference needs more than one recording.")
    classes = sorted({_class_of(other) for other in strangers})
    drawn = random.permutation(len(classes))[: choices.irrelevant_classes]
    kept = {classes[number] for number in drawn}
    pool = [other for other in strangers if _class_of(other) in kept]
    return pool[int(random.integers(len(pool)))]


def _class_of(clip: DatasetClip) -> str:
    return clip.labels[0] if clip.labels else clip.source


def _events(
    clip: DatasetClip,
    clips: Sequence[DatasetClip],
    choices: CorruptionChoices,
    random: np.random.Generator,
) -> tuple[Path, ...]:
    """The clip and others, each of another class as far as there are enough, in their order."""
    chosen = [clip]
    for number in random.permutation(len(clips)):
        if len(chosen) == choices.events:
            break
        other = clips[int(number)]
        if _class_of(other) not in {_class_of(one) for one in chosen}:
            chosen.append(other)
    if len(chosen) < 2:
        raise DatasetError("Sequences of different events need at least two classes.")
    if choices.first_order == "by-class":
        return tuple(one.path for one in sorted(chosen, key=_class_of))
    return tuple(chosen[int(number)].path for number in random.permutation(len(chosen)))


def _waveform(path: Path, rate_hz: int, choices: CorruptionChoices) -> FloatArray:
    """Mono samples at `rate_hz`, at least half a second of them."""
    sound = read_sound(path, choices.max_clip_s)
    mono = resample(Sound(sound.mono(), sound.sample_rate), rate_hz).mono()
    return np.pad(mono, (0, max(0, round(_SHORTEST_S * rate_hz) - len(mono))))


def _mel_of(path: Path, domain: MelDomain, choices: CorruptionChoices) -> FloatArray:
    return domain.of(_waveform(path, domain.spec.sample_rate_hz, choices))
