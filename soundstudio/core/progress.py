"""Progress is a plain callable; cancelling is an exception raised from inside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Stage = Literal[
    "loading",
    "sampling",
    "decoding",
    "listening",
    "scanning",
    "encoding",
    "training",
    "importing",
]


class Cancelled(Exception):  # noqa: N818 - not an error: the user asked for it
    """Raised from a progress callable to stop the work that calls it."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a piece of work stands.

    `first_variation` and `variations` name the variations that are being worked on now;
    `step` counts from 0 to `steps`.
    """

    stage: Stage
    step: int
    steps: int
    first_variation: int = 0
    variations: int = 1


ProgressCallback = Callable[[Progress], None]


def ignore_progress(progress: Progress) -> None:
    """The progress callable of somebody who does not look."""
