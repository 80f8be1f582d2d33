"""The iXML chunk: what sound libraries read, and the whole generation request as JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree

if TYPE_CHECKING:
    from soundstudio.library.wav_metadata import SoundMetadata

IXML_VERSION: Final = "3.01"
REQUEST_TAG: Final = "SOUNDSTUDIO_REQUEST"
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def encode_ixml(metadata: SoundMetadata, channels: int) -> bytes:
    """The chunk's content, UTF-8. A TRACK_LIST is always there: some readers demand it."""
    root = ElementTree.Element("BWFXML")
    _add(root, "IXML_VERSION", IXML_VERSION)
    _add(root, "PROJECT", metadata.library or metadata.application)
    _add(root, "NOTE", _note(metadata))
    tracks = ElementTree.SubElement(root, "TRACK_LIST")
    _add(tracks, "TRACK_COUNT", str(channels))
    for channel in range(1, channels + 1):
        track = ElementTree.SubElement(tracks, "TRACK")
        _add(track, "CHANNEL_INDEX", str(channel))
        _add(track, "INTERLEAVE_INDEX", str(channel))
        _add(track, "NAME", _channel_name(channel, channels))
    user = ElementTree.SubElement(root, "USER")
    for tag, value in _user_fields(metadata):
        if value:
            _add(user, tag, value)
    aswg = ElementTree.SubElement(root, "ASWG")
    for tag, value in _aswg_fields(metadata, channels):
        if value:
            _add(aswg, tag, value)
    body: bytes = ElementTree.tostring(root, "utf-8", xml_declaration=False)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + body


def decode_ixml(content: bytes) -> dict[str, str]:
    """All leaf texts by their path, such as "USER/CATID". Empty if it is not well formed."""
    text = content.strip(b"\0 \r\n\t")
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        return {}  # iXML has no use for them, and they can be made to explode
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError):
        return {}
    values: dict[str, str] = {}
    for child in root:
        if len(child) == 0:
            values[child.tag] = child.text or ""
        for leaf in child:
            values[f"{child.tag}/{leaf.tag}"] = leaf.text or ""
    return values


def _user_fields(metadata: SoundMetadata) -> list[tuple[str, str]]:
    return [
        ("CATEGORY", metadata.category),
        ("SUBCATEGORY", metadata.subcategory),
        ("CATID", metadata.cat_id),
        ("CATEGORYFULL", _category_full(metadata)),
        ("FXNAME", metadata.fx_name or metadata.title),
        ("DESCRIPTION", metadata.description),
        ("KEYWORDS", ", ".join(metadata.keywords)),
        ("NOTES", _note(metadata)),
        ("DESIGNER", metadata.designer),
        ("LIBRARY", metadata.library),
        ("USERCATEGORY", metadata.user_category),
        ("RELEASEDATE", metadata.date_text),
        ("CREATORID", metadata.creator_id),
        ("SOURCEID", metadata.source_id),
        ("EMBEDDER", metadata.application),
        (REQUEST_TAG, metadata.generation_json),
    ]


def _aswg_fields(metadata: SoundMetadata, channels: int) -> list[tuple[str, str]]:
    """Only tags of Sony's ASWG scheme 1.1: nothing may be invented inside it."""
    return [
        ("contentType", "sfx"),
        ("project", metadata.library),
        ("originator", metadata.designer),
        ("notes", _note(metadata)),
        ("isGenerated", "true" if metadata.is_generated else "false"),
        ("isDesigned", "true"),
        ("originationDate", metadata.date_text),
        ("channelConfig", {1: "Mono", 2: "Stereo"}.get(channels, "")),
        ("category", metadata.category),
        ("subCategory", metadata.subcategory),
        ("catId", metadata.cat_id),
        ("userCategory", metadata.user_category),
        ("userData", metadata.user_data),
        ("vendorCategory", metadata.vendor_category),
        ("fxName", metadata.fx_name),
        ("library", metadata.library),
        ("creatorId", metadata.creator_id),
        ("sourceId", metadata.source_id),
        ("rmsPower", _number(metadata.rms_db)),
        ("loudness", _number(metadata.loudness_lufs)),
        ("maxPeak", _number(metadata.peak_db)),
        ("isLoop", "true" if metadata.loop is not None else "false"),
    ]


def _category_full(metadata: SoundMetadata) -> str:
    parts = (metadata.category, metadata.subcategory)
    return "-".join(parts) if all(parts) else ""


def _note(metadata: SoundMetadata) -> str:
    if metadata.provenance in metadata.comment:  # it was read back from a file of ours
        return metadata.comment
    return ". ".join(part for part in (metadata.comment, metadata.provenance) if part)


def _channel_name(channel: int, channels: int) -> str:
    names = {1: ("Mono",), 2: ("Left", "Right")}.get(channels, ())
    return names[channel - 1] if names else f"Channel {channel}"


def _number(value: float | None) -> str:
    return "" if value is None or value in (float("inf"), float("-inf")) else f"{value:.2f}"


def _add(parent: ElementTree.Element, tag: str, text: str) -> None:
    ElementTree.SubElement(parent, tag).text = _FORBIDDEN.sub("", text)
