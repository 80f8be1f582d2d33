"""The binary chunks beside the samples: bext, LIST-INFO, smpl, cue and LIST-adtl."""

from __future__ import annotations

import math
import struct
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from soundstudio.library.wav_metadata import SoundMetadata

# EBU Tech 3285 version 2: description, originator, reference, date, time, time reference (low
# and high word), version, UMID, five loudness values, reserved; the coding history follows.
_BEXT: Final = struct.Struct("<256s32s32s10s8sIIH64s5h180s")
_NO_LOUDNESS: Final = 0x7FFF


@dataclass(frozen=True, slots=True)
class Marker:
    """A named point in a sound, at a sample (per channel)."""

    sample: int
    label: str


@dataclass(frozen=True, slots=True)
class WavFormat:
    """The numbers of the `fmt ` chunk."""

    channels: int
    sample_rate: int
    bits: int
    is_float: bool


def decode_format(content: bytes) -> WavFormat:
    """Read a `fmt ` chunk of 16 bytes or more. Raises struct.error for less."""
    tag, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", content)
    if tag == 0xFFFE and len(content) >= 26:
        tag = struct.unpack_from("<H", content, 24)[0]
    return WavFormat(channels, rate, bits, is_float=tag == 3)


def encode_bext(metadata: SoundMetadata, wav: WavFormat) -> bytes:
    """The broadcast chunk: ASCII, null padded; unknown loudness is 0x7FFF."""
    created = metadata.created_at
    loudness = [_hundredths(metadata.loudness_lufs), _NO_LOUDNESS]
    loudness += [_hundredths(metadata.true_peak_db), _NO_LOUDNESS, _NO_LOUDNESS]
    head = _BEXT.pack(
        ascii_text(metadata.bext_description, 256),
        ascii_text(metadata.application, 32),
        ascii_text(metadata.reference, 32),
        ascii_text(created.strftime("%Y-%m-%d") if created else "", 10),
        ascii_text(created.strftime("%H:%M:%S") if created else "", 8),
        0,
        0,
        2,
        b"",
        *loudness,
        b"",
    )
    mode = {1: "mono", 2: "stereo"}.get(wav.channels, "multitrack")
    application = ascii_text(metadata.application, 64).decode().replace(",", " ")
    history = f"A=PCM,F={wav.sample_rate},W={wav.bits},M={mode},T={application}\r\n"
    return head + history.encode("ascii")


def decode_bext(content: bytes) -> dict[str, str]:
    """description, originator, date and time of a bext chunk."""
    if len(content) < 346:
        return {}
    names = (("description", 0, 256), ("originator", 256, 32), ("date", 320, 10), ("time", 330, 8))
    return {
        name: content[start : start + length].split(b"\0")[0].decode("latin-1").strip()
        for name, start, length in names
    }


def encode_info(metadata: SoundMetadata) -> bytes:
    """A LIST chunk of type INFO; texts are UTF-8, null-terminated, padded to even lengths."""
    fields = [
        (b"INAM", metadata.title),
        (b"IART", metadata.designer),
        (b"IGNR", metadata.category),
        (b"ICMT", metadata.info_comment),
        (b"IPRD", metadata.library),
        (b"IKEY", "; ".join(metadata.keywords)),
        (b"ICRD", metadata.date_text),
        (b"ISFT", metadata.application),
        (b"ICOP", metadata.copyright),
    ]
    parts = [b"INFO"]
    for id_, text in fields:
        if text:
            content = text.encode("utf-8", "replace").replace(b"\0", b"") + b"\0"
            parts.append(struct.pack("<4sI", id_, len(content)) + content)
            parts.append(b"\0" * (len(content) % 2))
    return b"".join(parts)


def decode_info(content: bytes) -> dict[str, str]:
    """The texts of a LIST-INFO chunk by their four letters."""
    values = {}
    position = 4
    while position + 8 <= len(content):
        id_, size = struct.unpack_from("<4sI", content, position)
        text = content[position + 8 : position + 8 + size].split(b"\0")[0]
        values[id_.decode("latin-1")] = text.decode("utf-8", "replace")
        position += 8 + size + size % 2
    return values


def encode_smpl(loop: tuple[int, int], sample_rate: int) -> bytes:
    """A sampler chunk with one forward loop over [first, last) samples, endless."""
    first, last = loop
    head = struct.pack("<9I", 0, 0, round(1e9 / sample_rate), 60, 0, 0, 0, 1, 0)
    # The chunk's end is the last sample that is played, so one less than ours.
    return head + struct.pack("<6I", 0, 0, first, last - 1, 0, 0)


def decode_smpl(content: bytes) -> tuple[int, int] | None:
    """The first loop as [first, last) samples, or None."""
    if len(content) < 60 or struct.unpack_from("<I", content, 28)[0] < 1:
        return None
    first, last = struct.unpack_from("<II", content, 36 + 8)
    return (first, last + 1) if last >= first else None


def encode_cue(markers: Sequence[Marker]) -> bytes:
    """A cue chunk; the points are numbered from 1."""
    points = [
        struct.pack("<II4sIII", index, marker.sample, b"data", 0, 0, marker.sample)
        for index, marker in enumerate(markers, start=1)
    ]
    return struct.pack("<I", len(markers)) + b"".join(points)


def encode_adtl(markers: Sequence[Marker]) -> bytes:
    """A LIST chunk of type adtl that names the points of the cue chunk."""
    parts = [b"adtl"]
    for index, marker in enumerate(markers, start=1):
        content = struct.pack("<I", index) + marker.label.encode("utf-8", "replace") + b"\0"
        parts.append(struct.pack("<4sI", b"labl", len(content)) + content)
        parts.append(b"\0" * (len(content) % 2))
    return b"".join(parts)


def decode_cue(cue: bytes, adtl: bytes) -> tuple[Marker, ...]:
    """The markers of a cue chunk with their labels from the adtl chunk (which may be empty)."""
    labels = {}
    position = 4
    while position + 12 <= len(adtl):
        id_, size, index = struct.unpack_from("<4sII", adtl, position)
        if id_ == b"labl":
            text = adtl[position + 12 : position + 8 + size].split(b"\0")[0]
            labels[index] = text.decode("utf-8", "replace")
        position += 8 + size + size % 2
    markers = []
    for offset in range(4, len(cue) - 23, 24):
        index, _, _, _, _, sample = struct.unpack_from("<II4sIII", cue, offset)
        markers.append(Marker(sample, labels.get(index, "")))
    return tuple(markers)


_PLAIN: Final = str.maketrans(
    {"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "…": "...", "ß": "ss",
     "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "œ": "oe", "Œ": "OE", "ł": "l", "Ł": "L",
     "đ": "d", "Đ": "D", "×": "x", "·": "-"}
)  # fmt: skip


def ascii_text(text: str, max_bytes: int) -> bytes:
    """ASCII for bext: accents dropped, other scripts as "?", control characters as spaces."""
    folded = unicodedata.normalize("NFKD", text.translate(_PLAIN))
    letters = "".join(letter for letter in folded if not unicodedata.combining(letter))
    plain = letters.encode("ascii", "replace").decode()
    printable = "".join(letter if letter >= " " and letter != "\x7f" else " " for letter in plain)
    return printable.encode("ascii")[:max_bytes]


def _hundredths(value: float | None) -> int:
    if value is None or not math.isfinite(value):
        return _NO_LOUDNESS
    return min(max(round(value * 100), -32768), 32766)
