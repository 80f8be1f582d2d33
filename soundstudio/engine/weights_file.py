"""Writes a safetensors file tensor by tensor: a copy of one tensor in memory at most."""

from __future__ import annotations

import json
import os
import struct
from typing import TYPE_CHECKING, Any, Final

from soundstudio.core.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    import torch

_ALIGNMENT: Final = 8
_CHUNK_BYTES: Final = 1 << 24
_FORMATS: Final = {
    "torch.float64": "F64",
    "torch.float32": "F32",
    "torch.float16": "F16",
    "torch.bfloat16": "BF16",
    "torch.int64": "I64",
    "torch.int32": "I32",
}


def write_weights(
    path: Path, tensors: Mapping[str, torch.Tensor], written: Callable[[int], None]
) -> None:
    """Write `tensors` to `path` and make sure that they are on the disk.

    written: called with the number of bytes after each piece; what it raises ends the work.
    Raises ModelError for a format that safetensors does not have or a number that is none;
    OSError.
    """
    # The widest formats first: every tensor begins at a multiple of its numbers' size.
    order = sorted(tensors, key=lambda name: (-tensors[name].element_size(), name))
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    begin = 0
    for name in order:
        tensor = tensors[name]
        if str(tensor.dtype) not in _FORMATS:
            raise ModelError(f"The checkpoint's {name} is in the format {tensor.dtype}.")
        end = begin + tensor.nbytes
        header[name] = {
            "dtype": _FORMATS[str(tensor.dtype)],
            "shape": list(tensor.shape),
            "data_offsets": [begin, end],
        }
        begin = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in order:
            for piece in _pieces(name, tensors[name]):
                file.write(piece)
                written(len(piece))
        file.flush()
        os.fsync(file.fileno())


def _pieces(name: str, tensor: torch.Tensor) -> Iterator[memoryview]:
    import torch

    flat = tensor.contiguous().view(-1)
    step = _CHUNK_BYTES // flat.element_size()
    for begin in range(0, len(flat), step):
        piece = flat[begin : begin + step]
        if piece.is_floating_point() and not bool(torch.isfinite(piece).all()):
            raise ModelError(
                f"The checkpoint is damaged: {name} holds invalid numbers.",
                "Download or copy the file again.",
            )
        yield piece.view(torch.uint8).numpy().data
