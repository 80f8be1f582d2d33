"""Draft, normal, fine: what they set, and how they are recognised."""

from __future__ import annotations

import dataclasses

import pytest

from soundstudio.core.errors import InvalidRequestError
from soundstudio.core.qualities import (
    DRAFT,
    FINE,
    NORMAL,
    QUALITIES,
    Quality,
    find_quality,
    quality_of,
)
from soundstudio.core.requests import GenerationRequest

RAIN = GenerationRequest(prompt="rain", sampler="ddim", eta=0.5, guidance=4, seed=9)


@pytest.mark.parametrize("quality", QUALITIES)
def test_a_quality_leaves_the_wish_alone(quality: Quality) -> None:
    made = quality.applied_to(RAIN)
    assert made.validated()
    assert (made.prompt, made.guidance, made.seed) == ("rain", 4, 9)
    assert quality_of(made) is quality


def test_other_work_is_no_quality() -> None:
    assert quality_of(RAIN) is None
    made = FINE.applied_to(RAIN)
    assert quality_of(dataclasses.replace(made, steps=FINE.steps + 1)) is None


def test_qualities_are_in_order() -> None:
    assert DRAFT.steps < NORMAL.steps < FINE.steps
    assert [find_quality(q.id) for q in QUALITIES] == [DRAFT, NORMAL, FINE]


def test_unknown_quality() -> None:
    with pytest.raises(InvalidRequestError, match="superb"):
        find_quality("superb")
