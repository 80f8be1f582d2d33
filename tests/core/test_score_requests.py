"""What a scoring asks for: refused with a sentence, named, and whole after a round trip."""

from __future__ import annotations

import dataclasses

import pytest

from soundstudio.core.errors import ScoreRequestError
from soundstudio.core.score_requests import ScoreRequest, SetChoice

RAIN = SetChoice("rain", folder="/sounds/rain")
LIST = SetChoice("two files", files=("/a.wav", "/b.wav"))


def test_round_trip() -> None:
    request = ScoreRequest(LIST, RAIN, "paper", "/p.pth", "/v.pth", "/t.csv", 50, 3, False)
    assert ScoreRequest.from_dict(dataclasses.asdict(request)) == request
    alone = ScoreRequest(RAIN)
    assert ScoreRequest.from_dict(dataclasses.asdict(alone)) == alone


@pytest.mark.parametrize("values", [{}, {"generated": 3, "reference": None}, {"generated": {}}])
def test_rubbish_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ScoreRequestError):
        ScoreRequest.from_dict(values)


@pytest.mark.parametrize(
    ("request_", "word"),
    [
        (ScoreRequest(SetChoice("nothing")), "generated set is empty"),
        (ScoreRequest(RAIN, SetChoice("nothing")), "reference set is empty"),
        (ScoreRequest(RAIN, backbone="paper", panns="/p.pth"), "VGGish"),
    ],
)
def test_what_cannot_be_scored(request_: ScoreRequest, word: str) -> None:
    with pytest.raises(ScoreRequestError, match=word):
        request_.validated()


def test_title() -> None:
    assert ScoreRequest(RAIN).title() == "rain"
    assert ScoreRequest(LIST, RAIN).title() == "two files against rain"
