"""The generation request: everything that determines a generation, frozen and serialisable."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from soundstudio.core.errors import InvalidRequestError

MIN_DURATION_S = 0.5
MAX_DURATION_S = 30.0
DEFAULT_DURATION_S = 5.0
MAX_STEPS = 1000
MAX_GUIDANCE = 30.0
MAX_VARIATIONS = 64
MAX_CANDIDATES = 16
ORIGINAL_CANDIDATES = 3
"""How many the original AudioLDM makes of each sound to keep the best."""
MAX_PROMPT_CHARACTERS = 2000
MAX_SEED = 2**32 - 1
# 2³² over the golden ratio, odd: its multiples lie far from each other and from 0, so that no
# candidate of one variation has the seed of another variation's candidate (a test counts them).
_CANDIDATE_STRIDE = 2_654_435_761

STARTER_MODEL = "starter"
SAMPLERS = ("dpm++", "ddim", "euler", "euler-a", "heun", "unipc", "pndm", "lms", "ddpm")
DEFAULT_SAMPLER = "dpm++"


def guided_of(share: float, evaluations: int) -> int:
    """How many of a sampler's evaluations of the UNet are guided, the noisiest ones.

    A begun one counts: 0.51 and 0.55 of 20 are 11.
    """
    # 0.55 * 20 is a little more than 11 in floating point.
    return math.ceil(round(share * evaluations, 6))


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationRequest:
    """One wish: `variations` sounds of `duration_s` seconds.

    model: catalogue id or the path of a model folder.
    negative_prompt: what the guidance pushes away from; the empty prompt when empty.
    like: path of a reference clip whose CLAP embedding conditions the model, or None.
    like_weight: share of the reference clip in the condition, 0 (text only) to 1 (clip only).
    guidance: classifier-free guidance scale w of uncond + w (cond - uncond); 1 switches it off.
    guided_share: this share of the steps is guided, from the noisiest on; 1 guides them all. The
        others go on without, at half the work (Kynkäänniemi et al. 2024 find guidance needless
        where little noise is left).
    eta: DDIM's eta (Song et al. 2021, eq. 16): 0 deterministic, 1 as DDPM; DDIM only.
    seed: variation i draws its noise with seed + i, alone or in a batch.
    candidates: of each variation so many are made and the one most like the condition by CLAP is
        kept; 1 keeps the only one. Candidate 0 of variation i has the variation's own seed;
        candidate j has that seed plus j strides (`candidate_seed`). A kept clip carries its
        candidate's seed: with it and `candidates` 1 the same sound comes again.
    """

    prompt: str
    model: str = STARTER_MODEL
    negative_prompt: str = ""
    like: str | None = None
    like_weight: float = 1.0
    duration_s: float = DEFAULT_DURATION_S
    guidance: float = 2.5
    guided_share: float = 1.0
    steps: int = 20
    sampler: str = DEFAULT_SAMPLER
    eta: float = 0.0
    seed: int = 0
    variations: int = 1
    candidates: int = 1

    def validated(self) -> GenerationRequest:
        """Return the request itself, or raise `InvalidRequestError` with a clear sentence."""
        _check_prompt(self)
        _check_range("duration", self.duration_s, MIN_DURATION_S, MAX_DURATION_S, " s")
        _check_range("guidance", self.guidance, 1.0, MAX_GUIDANCE)
        _check_range("share of guided steps", self.guided_share, 0.0, 1.0)
        _check_range("number of steps", self.steps, 1, MAX_STEPS)
        _check_range("number of variations", self.variations, 1, MAX_VARIATIONS)
        _check_range("number of candidates", self.candidates, 1, MAX_CANDIDATES)
        _check_range("seed", self.seed, 0, MAX_SEED)
        _check_range("eta", self.eta, 0.0, 1.0)
        _check_range("weight of the reference clip", self.like_weight, 0.0, 1.0)
        if self.sampler not in SAMPLERS:
            raise InvalidRequestError(
                f"There is no sampler called “{self.sampler}”.",
                f"Use one of {', '.join(SAMPLERS)}.",
            )
        if self.eta and self.sampler != "ddim":
            raise InvalidRequestError("Eta works with the ddim sampler only.", "Set eta to 0.")
        return self

    @property
    def is_guided(self) -> bool:
        """Whether the UNet is asked about the negative prompt at all."""
        return self.guidance > 1 and self.guided_share > 0

    def seed_of(self, variation: int) -> int:
        """The seed of one variation, wrapped into 32 bits."""
        return (self.seed + variation) % (MAX_SEED + 1)

    def candidate_seed(self, variation: int, candidate: int) -> int:
        """The seed of one candidate of a variation, whatever the number of either."""
        return (self.seed_of(variation) + candidate * _CANDIDATE_STRIDE) % (MAX_SEED + 1)

    def for_variation(self, variation: int) -> GenerationRequest:
        """The request that makes this one variation alone."""
        return dataclasses.replace(self, seed=self.seed_of(variation), variations=1)

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> GenerationRequest:
        """Read a stored request; unknown keys (from a newer version) are ignored.

        Raises InvalidRequestError if the prompt is missing or a value is of the wrong type.
        """
        names = {field.name for field in dataclasses.fields(cls)}
        try:
            known = {name: value for name, value in values.items() if name in names}
            return cls(**known).with_plain_types()
        except (TypeError, ValueError) as error:
            raise InvalidRequestError(f"A stored request cannot be read: {error}.") from error

    def with_plain_types(self) -> GenerationRequest:
        """Ints where ints belong and floats where floats belong, whatever JSON made of them."""
        return dataclasses.replace(
            self,
            prompt=str(self.prompt),
            duration_s=float(self.duration_s),
            guidance=float(self.guidance),
            guided_share=float(self.guided_share),
            like_weight=float(self.like_weight),
            eta=float(self.eta),
            steps=int(self.steps),
            seed=int(self.seed),
            variations=int(self.variations),
            candidates=int(self.candidates),
        )


def _check_prompt(request: GenerationRequest) -> None:
    if not request.prompt.strip() and request.like is None:
        raise InvalidRequestError(
            "The prompt is empty.", "Type what you want to hear, for example “rain on a tin roof”."
        )
    for name, text in (("prompt", request.prompt), ("negative prompt", request.negative_prompt)):
        if len(text) > MAX_PROMPT_CHARACTERS:
            raise InvalidRequestError(
                f"The {name} has {len(text):,} characters; the limit is {MAX_PROMPT_CHARACTERS:,}.",
                "Shorten it: the model reads only a few hundred words.",
            )


def _check_range(name: str, value: float, low: float, high: float, unit: str = "") -> None:
    if not math.isfinite(value) or not low <= value <= high:
        raise InvalidRequestError(
            f"The {name} must be between {_plain(low)} and {_plain(high)}{unit}; "
            f"it is {_plain(value)}."
        )


def _plain(number: float) -> str:
    """A number as people write it: whole ones with all their digits."""
    return f"{number:,}" if isinstance(number, int) else f"{number:g}"
