"""Failures of torch and of its devices, turned into sentences for people."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Final

from soundstudio.core.errors import DeviceError, OutOfMemoryError

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)

_OUT_OF_MEMORY_SIGNS: Final = (
    "out of memory",
    "can't allocate memory",
    "cannot allocate memory",
    "not enough memory",
    "could not create a memory object",
    "bad_alloc",
    "invalid buffer size",  # how MPS refuses a tensor that is too large
)
_DEVICE_SIGNS: Final = ("cuda error", "cudnn", "cublas", "mps backend", "hip error")
OUT_OF_MEMORY_ADVICE: Final = (
    "Try a shorter duration, fewer variations, another precision (bfloat16 or float16) or "
    "another device, and close other programs."
)


@contextlib.contextmanager
def explained_failures(doing: str) -> Iterator[None]:
    """Turn what torch raises while `doing` something into OutOfMemoryError or DeviceError.

    Other exceptions pass: they are defects of this program and belong into its log.
    """
    try:
        yield
    except MemoryError as error:
        raise OutOfMemoryError(
            f"The memory ran out while {doing}.", OUT_OF_MEMORY_ADVICE
        ) from error
    except RuntimeError as error:  # torch.OutOfMemoryError is one too
        text = str(error).lower()
        if any(sign in text for sign in _OUT_OF_MEMORY_SIGNS):
            log.info("out of memory while %s: %s", doing, error)
            free_unused_memory()
            raise OutOfMemoryError(
                f"The memory ran out while {doing}.", OUT_OF_MEMORY_ADVICE
            ) from error
        if any(sign in text for sign in _DEVICE_SIGNS):
            log.warning("the device failed while %s: %s", doing, error)
            raise DeviceError(
                f"The device failed while {doing}: {str(error).splitlines()[0]}.",
                "Restart Sound Studio, or choose the device “cpu”.",
            ) from error
        raise


def free_unused_memory() -> None:
    """Give the allocator's cache back, so that what comes next has room."""
    import gc
    import sys

    gc.collect()
    if "torch" not in sys.modules:
        return
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()
