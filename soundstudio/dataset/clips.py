"""The rows of a dataset and the choices that made them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from soundstudio.core.errors import InvalidRequestError

if TYPE_CHECKING:
    from pathlib import Path

Split = Literal["train", "validation", "test"]
SPLITS: Final[tuple[Split, ...]] = ("train", "validation", "test")

CAPTION_FIELD: Final = "{caption}"


@dataclass(frozen=True, slots=True)
class DatasetClip:
    """One segment of one sound file.

    path: absolute. label: the class where the folder has classes. recording: cuts of one recording
    share it and never lie in two splits. start_s, duration_s: the segment in the file; it may be
    shorter than the training length. content: SHA-256 (hex) of the file's bytes, a cache's key.
    """

    path: Path
    caption: str
    label: str | None
    recording: str
    split: Split
    start_s: float
    duration_s: float
    content: str


@dataclass(frozen=True, slots=True)
class DatasetOptions:
    """How a folder becomes a dataset.

    caption_table: a CSV as `caption_files.write_captions` writes it, believed before all else.
    template: what stands around the caption; {caption} is replaced by it.
    replacements: (search, replace) pairs, applied to captions in order, before the template.
    validation_share, test_share: of the recordings, where no table says which clip goes where.
    segment_s: longer clips are cut into segments of this length; 0 leaves them whole, None takes
    what suits the clips (`segments.suiting_segment_s`); a dataset's own is never None.
    min_duration_s: shorter clips are left out.
    keep_near_duplicates: whether clips that nearly repeat another are used, too.
    """

    caption_table: Path | None = None
    template: str = CAPTION_FIELD
    replacements: tuple[tuple[str, str], ...] = ()
    validation_share: float = 0.1
    test_share: float = 0.1
    seed: int = 0
    segment_s: float | None = None
    min_duration_s: float = 0.05
    keep_near_duplicates: bool = True

    def validated(self) -> DatasetOptions:
        """Return the options themselves, or raise InvalidRequestError with a clear sentence."""
        if CAPTION_FIELD not in self.template:
            raise InvalidRequestError(
                f"The caption template “{self.template}” lacks {CAPTION_FIELD}.",
                f"Write {CAPTION_FIELD} where the caption belongs.",
            )
        if any(not search for search, _ in self.replacements):
            raise InvalidRequestError("Search and replace needs something to search for.")
        for name, share in (("validation", self.validation_share), ("test", self.test_share)):
            if not 0 <= share < 1:
                raise InvalidRequestError(
                    f"The {name} share must be at least 0 and less than 1; it is {share:g}."
                )
        if self.validation_share + self.test_share >= 1:
            raise InvalidRequestError("The validation and test shares leave nothing to train on.")
        if self.seed < 0:
            raise InvalidRequestError(f"The seed must not be negative; it is {self.seed}.")
        if self.segment_s and not 0.5 <= self.segment_s <= 600:
            raise InvalidRequestError(
                "Segments must be 0.5 s to 600 s long, or 0 for none; "
                f"they are {self.segment_s:g} s."
            )
        if not 0 < self.min_duration_s <= 600:
            raise InvalidRequestError(
                f"The shortest clip must be 0 s to 600 s long; it is {self.min_duration_s:g} s."
            )
        return self
