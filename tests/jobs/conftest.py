"""Engine threads that run the fake engine, ended after each test."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from soundstudio.jobs.engine_thread import EngineThread, RestartPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FAKE_ENGINE = Path(__file__).with_name("fake_engine.py")


@pytest.fixture
def make_engine(qapp: object) -> Iterator[Callable[..., EngineThread]]:
    """`make_engine(*arguments)` gives a started EngineThread over the fake engine."""
    engines: list[EngineThread] = []

    def make(*arguments: str) -> EngineThread:
        engine = EngineThread(
            [sys.executable, str(FAKE_ENGINE), *arguments],
            RestartPolicy(most=2, first_wait_s=0.01),
        )
        engines.append(engine)
        return engine

    yield make
    for engine in engines:
        engine.shutdown()
