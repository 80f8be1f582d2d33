"""Freed memory goes back to the system."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

import pytest

from soundstudio.engine.heap import trim_heap

BLOCK = 64_000
"""Bytes: below the size from which glibc asks the system for every block by itself."""
COUNT = 2000


def anonymous_mb() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon"))


@pytest.mark.skipif(sys.platform != "linux", reason="glibc is Linux'")
def test_freed_blocks_below_one_in_use_go_back() -> None:
    c = ctypes.CDLL(None)
    if not hasattr(c, "malloc_trim"):
        pytest.skip("another C library than glibc")
    c.malloc.restype, c.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    c.free.argtypes = [ctypes.c_void_p]
    trim_heap()
    before = anonymous_mb()
    blocks = [c.malloc(BLOCK) for _ in range(COUNT)]
    for block in blocks:
        ctypes.memset(block, 1, BLOCK)
    last = c.malloc(BLOCK)  # the heap cannot shrink from its end
    for block in blocks:
        c.free(block)
    kept = anonymous_mb() - before
    trim_heap()
    back = anonymous_mb() - before
    c.free(last)
    assert kept > 100
    assert back < 20
