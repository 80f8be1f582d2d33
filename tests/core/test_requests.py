"""The request: its limits, its seeds, its way through JSON."""

from __future__ import annotations

import dataclasses
import json

import pytest

from soundstudio.core.errors import InvalidRequestError
from soundstudio.core.requests import (
    MAX_CANDIDATES,
    MAX_SEED,
    MAX_VARIATIONS,
    SAMPLERS,
    GenerationRequest,
    guided_of,
)

RAIN = GenerationRequest(prompt="rain on a tin roof")


def test_defaults_are_valid() -> None:
    assert RAIN.validated() is RAIN


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"prompt": ""}, "empty"),
        ({"prompt": " \n\t"}, "empty"),
        ({"prompt": "x" * 10_000}, "10,000"),
        ({"negative_prompt": "x" * 10_000}, "negative prompt"),
        ({"duration_s": 0.49}, "duration"),
        ({"duration_s": 30.01}, "duration"),
        ({"duration_s": float("nan")}, "duration"),
        ({"duration_s": float("inf")}, "duration"),
        ({"steps": 0}, "steps"),
        ({"steps": 1001}, "steps"),
        ({"guidance": 0.5}, "guidance"),
        ({"guided_share": 1.01}, "guided"),
        ({"variations": 0}, "variations"),
        ({"variations": 65}, "variations"),
        ({"seed": -1}, "seed"),
        ({"seed": MAX_SEED + 1}, "seed"),
        ({"sampler": "magic"}, "magic"),
        ({"eta": 0.5}, "ddim"),
        ({"eta": 1.5, "sampler": "ddim"}, "eta"),
        ({"like_weight": -0.1}, "reference"),
        ({"candidates": 0}, "candidates"),
        ({"candidates": 17}, "candidates"),
    ],
)
def test_out_of_range_is_explained(change: dict[str, object], word: str) -> None:
    with pytest.raises(InvalidRequestError, match=word):
        dataclasses.replace(RAIN, **change).validated()  # type: ignore[arg-type]


@pytest.mark.parametrize("prompt", ["🌧️🌧️", "дождь", "雨", "a" * 2000])
def test_any_script_is_a_prompt(prompt: str) -> None:
    assert GenerationRequest(prompt=prompt).validated().prompt == prompt


def test_a_begun_step_is_guided_and_rounding_begins_none() -> None:
    assert [guided_of(share, 20) for share in (0.0, 0.5, 0.51, 0.55, 1.0)] == [0, 10, 11, 11, 20]
    assert all(guided_of(count / 100, 100) == count for count in range(101))
    assert [guided_of(0.5, evaluations) for evaluations in (1, 5, 15)] == [1, 3, 8]


def test_no_two_candidates_of_a_request_share_a_seed() -> None:
    request = dataclasses.replace(RAIN, seed=MAX_SEED - 5)
    seeds = {
        request.candidate_seed(variation, candidate)
        for variation in range(MAX_VARIATIONS)
        for candidate in range(MAX_CANDIDATES)
    }
    assert len(seeds) == MAX_VARIATIONS * MAX_CANDIDATES
    assert request.candidate_seed(7, 0) == request.seed_of(7)


def test_a_request_from_before_there_were_candidates_makes_one() -> None:
    stored = RAIN.to_dict()
    del stored["candidates"]
    assert GenerationRequest.from_dict(stored) == RAIN


def test_a_reference_clip_needs_no_prompt() -> None:
    GenerationRequest(prompt="", like="door.wav").validated()


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_is_valid(sampler: str) -> None:
    dataclasses.replace(RAIN, sampler=sampler).validated()


def test_variation_i_is_seed_plus_i() -> None:
    request = dataclasses.replace(RAIN, seed=40, variations=4)
    assert [request.seed_of(i) for i in range(4)] == [40, 41, 42, 43]
    assert request.for_variation(2) == dataclasses.replace(RAIN, seed=42)


def test_seeds_wrap() -> None:
    assert dataclasses.replace(RAIN, seed=MAX_SEED).seed_of(1) == 0


def test_json_round_trip() -> None:
    request = dataclasses.replace(RAIN, like="a/b.wav", sampler="ddim", eta=0.25, duration_s=7)
    stored = json.dumps(request.to_dict())
    assert GenerationRequest.from_dict(json.loads(stored)) == request


def test_keys_of_a_newer_version_are_ignored() -> None:
    values = RAIN.to_dict() | {"reverb": "hall"}
    assert GenerationRequest.from_dict(values) == RAIN


@pytest.mark.parametrize(
    "values", [{}, {"prompt": "x", "steps": "many"}, {"prompt": "x", "seed": None}]
)
def test_a_damaged_request_is_explained(values: dict[str, object]) -> None:
    with pytest.raises(InvalidRequestError):
        GenerationRequest.from_dict(values)


def test_the_limit_of_the_seed_is_told_with_all_its_digits() -> None:
    with pytest.raises(InvalidRequestError, match="between 0 and 4,294,967,295; it is 5,000,000,0"):
        GenerationRequest(prompt="rain", seed=5_000_000_000).validated()
