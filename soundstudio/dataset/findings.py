"""What a scan of a folder has to say, clip by clip or about the whole."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from soundstudio.core.errors import StudioError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

FindingKind = Literal[
    # No training with these clips.
    "unreadable",
    "unsupported",
    "empty",
    "damaged",
    "not numbers",
    "silent",
    "too short",
    "duplicate",
    "left out",
    # These are used; the user should know.
    "cut off",
    "clipped",
    "near duplicate",
    "low rate",
    "long",
    "no caption",
    # About a folder, a table or all clips.
    "folder",
    "table",
    "same captions",
    "few clips",
    "splits",
]


FEW_CLIPS: Final = 20
_MANY_THE_SAME: Final = 0.5
_NAMED_STEMS: Final = 3


class DatasetError(StudioError):
    """A dataset whose files are missing, cannot be read, or give nothing to work with."""

    title = "The dataset cannot be read"


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about one clip, folder or table, or about the whole (`path` is None).

    excludes: whether the clip is left out of the dataset for it.
    other: the clip that `path` repeats.
    """

    kind: FindingKind
    sentence: str
    path: Path | None = None
    excludes: bool = False
    other: Path | None = None


def whole_findings(
    segments: Sequence[tuple[Path, str]], counted: Sequence[str]
) -> Iterator[Finding]:
    """What is to be said of all clips together, given the (path, caption) of every segment.

    counted: stems whose numbers were taken for a count of clips, not for takes of one recording.
    """
    captions = dict(segments)
    clips = "One clip is" if len(captions) == 1 else f"{len(captions)} clips are"
    if len(captions) < FEW_CLIPS:
        yield Finding(
            "few clips", f"{clips} very little: the model will repeat them rather than learn."
        )
    told = Counter(caption for caption in captions.values() if caption)
    caption, count = told.most_common(1)[0] if told else ("", 0)
    if len(captions) > 1 and count > _MANY_THE_SAME * len(captions):
        share = f"All {count}" if count == len(captions) else f"{count} of {len(captions)}"
        yield Finding(
            "same captions",
            f"{share} clips have the caption “{caption}”: text cannot tell them apart.",
        )
    if counted:
        named = ", ".join(f"“{stem}”" for stem in sorted(counted)[:_NAMED_STEMS])
        rest = len(counted) - _NAMED_STEMS
        more = f" and {rest} more" if rest > 0 else ""
        yield Finding(
            "splits",
            f"Numbered clips called {named}{more} were taken for different recordings, because "
            "they are many; a table with a column “recording” can say otherwise.",
        )
