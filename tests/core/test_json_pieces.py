"""The reader in pieces gives what `json.loads` gives, refuses what it refuses, and shares time."""

from __future__ import annotations

import json
import sys
import threading
import time

import pytest

from soundstudio.core.json_pieces import loads_in_pieces

TEXTS = [
    "{}", "[]", " [ ] ", "3", "-1.5e3", "null",
    '"é\\ud83c\\udf27"', "[1, 2 , [3, {}], {\"a\": []}]",
    '{"a": {"b": [1, {"c": null}], "d": ""}, "a\\"b": true}', '\n{ "x" : [ ] , "y" : { } }\n',
    '{"a": 1, "a": 2}', '"\\udcff"',
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_as_json_loads(text: str) -> None:
    assert loads_in_pieces(text.encode()) == json.loads(text)
    assert loads_in_pieces(text.encode("utf-16")) == json.loads(text)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[1", "[1,]",
     '{"a"}', '{"a": 1,}', "{1: 2}", '{"a": 1} x', "[1 2]", '{"a": 1 "b": 2}',
     "nothing", '{"a": "cut'],
)  # fmt: skip
def test_refuses_what_json_refuses(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - JSONDecodeError is one
        json.loads(text)
    with pytest.raises(ValueError):  # noqa: PT011
        loads_in_pieces(text.encode())


def test_constants_and_depth() -> None:
    def refuse(name: str) -> float:
        raise ValueError(name)

    with pytest.raises(ValueError, match="NaN"):
        loads_in_pieces(b'{"a": [NaN]}', refuse)
    with pytest.raises(RecursionError):
        loads_in_pieces(b'{"a":' * 100_000)


def test_another_thread_gets_its_turn() -> None:
    """How often a second thread runs while a megabyte is read; `json.loads` would let it wait."""
    content = json.dumps({"clips": [{"name": f"{n}.wav", "fd": n / 7} for n in range(40_000)]})
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.001)
    turns, is_done = [0], threading.Event()

    def count() -> None:
        while not is_done.is_set():
            turns[0] += 1
            time.sleep(0)

    thread = threading.Thread(target=count)
    thread.start()
    try:
        first = turns[0]
        loads_in_pieces(content.encode())
        taken = turns[0] - first
    finally:
        is_done.set()
        thread.join()
        sys.setswitchinterval(before)
    assert taken > 5
