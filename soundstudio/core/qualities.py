"""Draft, normal and fine: how much work goes into a sound, in one word.

Chosen from the curve in docs/benchmarks.md (`benchmarks/quality_curve.py`).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from soundstudio.core.errors import InvalidRequestError

if TYPE_CHECKING:
    from soundstudio.core.requests import GenerationRequest


@dataclass(frozen=True, slots=True)
class Quality:
    """One choice: its id on the command line, its title and its sentence, and what it sets."""

    id: str
    title: str
    sentence: str
    sampler: str
    steps: int
    guided_share: float

    def applied_to(self, request: GenerationRequest) -> GenerationRequest:
        """The request, made with this quality."""
        return dataclasses.replace(
            request,
            sampler=self.sampler,
            steps=self.steps,
            guided_share=self.guided_share,
            eta=0.0,
        )


DRAFT: Final = Quality("draft", "Draft", "To look for ideas and seeds", "dpm++", 6, 0.5)
NORMAL: Final = Quality("normal", "Normal", "Hardly worse than fine", "dpm++", 10, 0.5)
FINE: Final = Quality("fine", "Fine", "More steps change next to nothing", "dpm++", 50, 0.5)
QUALITIES: Final = (DRAFT, NORMAL, FINE)


def find_quality(name: str) -> Quality:
    """The quality called `name`. Raises InvalidRequestError."""
    for quality in QUALITIES:
        if quality.id == name:
            return quality
    names = ", ".join(quality.id for quality in QUALITIES)
    raise InvalidRequestError(f"There is no quality called “{name}”.", f"Use one of {names}.")


def quality_of(request: GenerationRequest) -> Quality | None:
    """The quality that a request was made with; None if its settings are its own."""
    for quality in QUALITIES:
        if quality.applied_to(request) == request:
            return quality
    return None
