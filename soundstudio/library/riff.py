"""RIFF and RF64 files as lists of chunks: walking them, and writing them anew."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from soundstudio.audio.atomic_file import written_whole
from soundstudio.core.errors import AudioFileError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_MAX_32_BIT: Final = 0xFFFFFFFF
_COPY_BYTES: Final = 1 << 20
# A chunk of text or tables; anything larger than this is copied but not read.
MAX_READ_BYTES: Final = 16 << 20


@dataclass(frozen=True, slots=True)
class Chunk:
    """Where a chunk's content lies in its file, and how much of it the file lacks."""

    id: bytes
    offset: int
    size: int
    missing_bytes: int = 0


@dataclass(frozen=True, slots=True)
class NewChunk:
    """A chunk to be written: its content at hand."""

    id: bytes
    content: bytes


def read_chunks(path: Path) -> list[Chunk]:
    """All chunks of a WAV file. A data chunk cut short by a crash is taken as far as it goes.

    Raises AudioFileError if the file is missing or not RIFF/WAVE.
    """
    try:
        with path.open("rb") as file:
            return _walk(file, path)
    except OSError as error:
        raise AudioFileError(f"{path} cannot be read: {error.strerror or error}.") from error


def read_content(path: Path, chunk: Chunk) -> bytes:
    """The bytes of a small chunk; empty if it is implausibly large."""
    if chunk.size > MAX_READ_BYTES:
        return b""
    with path.open("rb") as file:
        file.seek(chunk.offset)
        return file.read(chunk.size)


def _walk(file: BinaryIO, path: Path) -> list[Chunk]:
    file_size = file.seek(0, 2)
    file.seek(0)
    head = file.read(12)
    if len(head) < 12 or head[:4] not in (b"RIFF", b"RF64") or head[8:12] != b"WAVE":
        raise AudioFileError(f"{path.name} is not a WAV file.")
    chunks = []
    data_size = None
    position = 12
    while position + 8 <= file_size:
        file.seek(position)
        id_, size = struct.unpack("<4sI", file.read(8))
        if id_ == b"ds64":
            data_size = struct.unpack("<Q", file.read(24)[8:16].ljust(8, b"\0"))[0]
        elif id_ == b"data" and size == _MAX_32_BIT and data_size is not None:
            size = data_size
        present = min(size, file_size - position - 8)
        # Programs that write into a pipe give the largest size: they do not know it yet.
        missing = size - present if size != _MAX_32_BIT else 0
        size = present
        if id_ != b"ds64":
            chunks.append(Chunk(id_, position + 8, size, missing))
        position += 8 + size + size % 2
    return chunks


def rewrite(source: Path, target: Path, parts: Iterable[Chunk | NewChunk], doing: str) -> None:
    """Write `parts` to `target` (which may be `source`): chunks of `source` and new ones, in order.

    The result replaces `target` whole or not at all. It becomes RF64 above 4 GiB.
    Raises StorageError.
    """
    parts = list(parts)
    sizes = [_size_of(part) for part in parts]
    total = 4 + sum(8 + size + size % 2 for size in sizes)
    is_long = total > _MAX_32_BIT
    with (
        written_whole(target, doing) as temporary,
        source.open("rb") as old,
        temporary.open("xb") as new,
    ):
        if is_long:
            data_size = max(sizes)
            new.write(struct.pack("<4sI4s", b"RF64", _MAX_32_BIT, b"WAVE"))
            new.write(struct.pack("<4sIQQQI", b"ds64", 28, total + 36, data_size, 0, 0))
        else:
            new.write(struct.pack("<4sI4s", b"RIFF", total, b"WAVE"))
        for part, size in zip(parts, sizes, strict=True):
            new.write(struct.pack("<4sI", part.id, min(size, _MAX_32_BIT)))
            if isinstance(part, NewChunk):
                new.write(part.content)
            else:
                _copy(old, new, part)
            new.write(b"\0" * (size % 2))


def _size_of(part: Chunk | NewChunk) -> int:
    return part.size if isinstance(part, Chunk) else len(part.content)


def _copy(old: BinaryIO, new: BinaryIO, chunk: Chunk) -> None:
    old.seek(chunk.offset)
    left = chunk.size
    while left > 0:
        block = old.read(min(left, _COPY_BYTES))
        if not block:
            raise OSError("the source file became shorter while it was copied")
        new.write(block)
        left -= len(block)
