"""The corruptions of Figure 1 (paper, Section IV-A), as pure functions of mels and waveforms.

The paper leaves much open; `CorruptionChoices` names each choice, with the reading that fits its
words best as the default.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from soundstudio.core.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from soundstudio.benchmark.mel_domain import MelDomain, MelDomainName

    FloatArray = npt.NDArray[np.float32]


_FADE_S: Final = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class CorruptionChoices:
    """What the paper leaves open.

    noise_spread: whether 20 % of the value range is the noise's variance or its deviation.
    noise_mean: the mel's mean, as the paper says, which also shifts the level; or zero.
    mask_share: of the frames, for each of `mask_count` stretches that do not overlap.
    snr_db: power of the clip over power of the interfering sound, over the whole clip.
    irrelevant_classes: drawn anew for each clip; the interfering sound is of one of them.
    events, event_s: how many events a sequence has and how long each is.
    first_order: of a ground-truth sequence. With `random`, a disordered one is another draw from
    the same distribution; with `by-class`, events always follow each other in one order of classes.
    """

    mel: MelDomainName = "scaled"
    noise_range_share: float = 0.2
    noise_spread: Literal["variance", "deviation"] = "variance"
    noise_mean: Literal["mel", "zero"] = "mel"
    mask_share: float = 0.1
    mask_count: int = 2
    snr_db: float = 0.0
    irrelevant_classes: int = 10
    first_order: Literal["random", "by-class"] = "random"
    events: int = 4
    event_s: float = 1.25
    griffin_lim_iterations: int = 32
    max_clip_s: float = 10.0

    def validated(self) -> CorruptionChoices:
        """Return the choices themselves, or raise InvalidRequestError."""
        rules = (
            (0.0 < self.noise_range_share <= 1.0, "The noise's share of the range must be 0 to 1."),
            (0.0 < self.mask_share * self.mask_count <= 1.0, "The masks must fit into the clip."),
            (abs(self.snr_db) <= 100.0, "The SNR must lie between -100 and 100 dB."),
            (self.irrelevant_classes >= 1, "At least one irrelevant class is needed."),
            (self.events >= 2, "A sequence needs at least two events."),
            (0.1 <= self.event_s <= 30.0, "An event must last 0.1 to 30 s."),
            (self.griffin_lim_iterations >= 1, "Griffin-Lim needs at least one iteration."),
        )
        for holds, sentence in rules:
            if not holds:
                raise InvalidRequestError(sentence)
        return self


def add_noise(
    mel: FloatArray, domain: MelDomain, choices: CorruptionChoices, random: np.random.Generator
) -> FloatArray:
    """`mel` [frames, bands] plus Gaussian noise, clipped to the scale (Section IV-A, 1)."""
    spread = choices.noise_range_share * float(mel.max() - mel.min())
    deviation = np.sqrt(spread) if choices.noise_spread == "variance" else spread
    mean = float(mel.mean()) if choices.noise_mean == "mel" else 0.0
    noisy = mel + random.normal(mean, deviation, mel.shape)
    # Without an end of the scale the clip's own peak is the end: noise must not get louder.
    highest = domain.highest if np.isfinite(domain.highest) else float(mel.max())
    return np.asarray(np.clip(noisy, domain.lowest, highest), dtype=np.float32)


def mask_places(
    frames: int, length: int, count: int, random: np.random.Generator
) -> tuple[int, ...]:
    """`count` starts of stretches of `length` frames that do not overlap, uniformly drawn."""
    free = frames - length * count
    if free < 0:
        raise ValueError(f"{count} masks of {length} frames do not fit into {frames}")
    gaps = np.sort(random.integers(0, free + 1, count))
    return tuple(int(gap) + number * length for number, gap in enumerate(gaps))


def mask(
    mel: FloatArray, domain: MelDomain, choices: CorruptionChoices, random: np.random.Generator
) -> FloatArray:
    """`mel` with stretches of frames set to the scale's lowest value (Section IV-A, 1)."""
    length = max(1, int(len(mel) * choices.mask_share))
    count = min(choices.mask_count, len(mel) // length)
    masked = mel.copy()
    for start in mask_places(len(mel), length, count, random):
        masked[start : start + length] = domain.lowest
    return masked


def mix(mel: FloatArray, other: FloatArray, domain: MelDomain, snr_db: float) -> FloatArray:
    """Two mels [frames, bands] as one, their powers added at `snr_db` (Section IV-A, 2).

    `other` is repeated or cut to the length of `mel`. A silent partner changes nothing.
    """
    repeats = -(-len(mel) // len(other))
    fitted = np.tile(other, (repeats, 1))[: len(mel)]
    power, other_power = (_power(domain, one) for one in (mel, fitted))
    total, other_total = float(power.sum()), float(other_power.sum())
    if total == 0.0 or other_total == 0.0:
        return mel.copy()
    gain = total / other_total * 10.0 ** (-snr_db / 10.0)
    mixed = power + gain * other_power
    tiny = float(np.finfo(np.float64).tiny)
    return domain.of_log_mel(np.asarray(0.5 * np.log(np.maximum(mixed, tiny)), dtype=np.float32))


def _power(domain: MelDomain, mel: FloatArray) -> npt.NDArray[np.float64]:
    audible = mel > domain.lowest
    return np.where(audible, np.exp(2.0 * domain.log_mel_of(mel).astype(np.float64)), 0.0)


def loudest_part(waveform: FloatArray, length: int) -> FloatArray:
    """The `length` samples with the most power, padded with zeros if there are fewer."""
    if len(waveform) <= length:
        return np.pad(waveform, (0, length - len(waveform)))
    energy = np.concatenate([[0.0], np.cumsum(np.square(waveform, dtype=np.float64))])
    start = int(np.argmax(energy[length:] - energy[:-length]))
    return waveform[start : start + length]


def sequence_of(
    events: Sequence[FloatArray], order: Sequence[int], sample_rate_hz: int
) -> FloatArray:
    """The events one after the other in `order`, each faded in and out within 5 ms."""
    fade = max(1, round(_FADE_S * sample_rate_hz))
    ramp = np.linspace(0.0, 1.0, fade, endpoint=False, dtype=np.float32)
    parts = []
    for number in order:
        event = events[number].astype(np.float32, copy=True)
        event[:fade] *= ramp
        event[-fade:] *= ramp[::-1]
        parts.append(event)
    return np.concatenate(parts)


def other_order(count: int, random: np.random.Generator) -> tuple[int, ...]:
    """A random order of `count` events other than 0, 1, 2 … (Section IV-A, 3)."""
    if count < 2:
        raise ValueError("one event has no other order")
    while True:
        order = tuple(int(number) for number in random.permutation(count))
        if order != tuple(range(count)):
            return order


def corrupted_clips(count: int, share: float, seed: int) -> npt.NDArray[np.bool_]:
    """Which of `count` clips are corrupted at `share` [count]; a higher share keeps a lower's."""
    chosen = np.zeros(count, dtype=bool)
    order = np.random.default_rng(seed).permutation(count)
    chosen[order[: round(share * count)]] = True
    return chosen
