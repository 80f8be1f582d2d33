"""Tensors in a safetensors file that knows its own digest, written as a stream.

The library's writer hides which error the disk gave, and nothing in the format finds a flipped bit.
"""

from __future__ import annotations

import hashlib
import json
import struct
from typing import TYPE_CHECKING, Any, Final

from soundstudio.audio.atomic_file import written_whole
from soundstudio.core.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import torch

_NO_DIGEST: Final = "0" * 64
_DIGEST_MARK: Final = b'"sha256":"'
_MAX_HEADER_BYTES: Final = 100_000_000
_CHUNK_BYTES: Final = 1 << 20


def write_tensors(path: Path, tensors: Mapping[str, torch.Tensor], facts: Mapping[str, Any]) -> int:
    """Write tensors and `facts` (JSON values); returns the file's size in bytes.

    Complete under its name or not there at all; the old file stays if it fails.
    Raises StorageError.
    """
    header = _header(tensors, facts)
    digest = hashlib.sha256(header)
    size = 8 + len(header)
    with written_whole(path) as temporary, temporary.open("xb") as file:
        file.write(struct.pack("<Q", len(header)))
        file.write(header)
        for tensor in tensors.values():
            octets = _octets(tensor)
            digest.update(octets)
            file.write(octets)
            size += len(octets)
        file.seek(8 + header.index(_DIGEST_MARK) + len(_DIGEST_MARK))
        file.write(digest.hexdigest().encode())
    return size


def read_tensors(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """What `write_tensors` wrote: tensors on the processor, and the facts.

    Raises RunError if a single bit of the file is not what was written.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        facts = _checked_facts(path)
        return load_file(path), facts
    except (OSError, ValueError, KeyError, TypeError, struct.error, SafetensorError) as error:
        raise RunError(f"{path.name} is damaged ({error}).") from error


def _header(tensors: Mapping[str, torch.Tensor], facts: Mapping[str, Any]) -> bytes:
    import torch

    names = {
        torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
    }  # fmt: skip
    rows: dict[str, Any] = {
        "__metadata__": {"sha256": _NO_DIGEST, "format": "pt", "facts": json.dumps(dict(facts))}
    }
    offset = 0
    for name, tensor in tensors.items():
        end = offset + tensor.numel() * tensor.element_size()
        rows[name] = {
            "dtype": names[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [offset, end],
        }
        offset = end
    text = json.dumps(rows, separators=(",", ":")).encode()
    return text + b" " * (-len(text) % 8)


def _octets(tensor: torch.Tensor) -> memoryview:
    import torch

    flat = tensor.detach().to("cpu").contiguous().reshape(-1)
    octets: Any = flat.view(torch.uint8).numpy()
    return memoryview(octets)


def _checked_facts(path: Path) -> dict[str, Any]:
    """Hash the whole file against the digest in its header."""
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        if not 2 <= length <= _MAX_HEADER_BYTES:
            raise ValueError("it does not begin as it should")
        header = file.read(length)
        at = header.index(_DIGEST_MARK) + len(_DIGEST_MARK)
        stored = header[at : at + 64].decode("ascii")
        digest = hashlib.sha256(header[:at] + _NO_DIGEST.encode() + header[at + 64 :])
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    if digest.hexdigest() != stored:
        raise ValueError("its content does not have the digest that it names")
    facts = json.loads(json.loads(header)["__metadata__"]["facts"])
    if not isinstance(facts, dict):
        raise TypeError("it holds no facts")
    return facts
