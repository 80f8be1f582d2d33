"""Memory that was let go, back to the system: glibc keeps it for later, hundreds of megabytes."""

from __future__ import annotations

import ctypes
import sys
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def trim_heap() -> None:
    """Give free pages back, in about ten milliseconds; nothing on systems that keep none."""
    trim = _trimmer()
    if trim is not None:
        trim(0)


@lru_cache
def _trimmer() -> Callable[[int], int] | None:
    if sys.platform != "linux":
        return None
    try:
        trim: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):  # another C library than glibc
        return None
    return trim
