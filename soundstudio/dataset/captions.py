"""The table of captions: for each clip all that is known, what was chosen, and bulk editing."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from soundstudio.core.errors import InvalidRequestError
from soundstudio.dataset.caption_files import TableRow
from soundstudio.dataset.clips import CAPTION_FIELD
from soundstudio.dataset.words import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

CaptionSource = Literal[
    "edited", "table", "text file", "embedded", "UCS name", "folder name", "file name"
]
CAPTION_SOURCES: Final[tuple[CaptionSource, ...]] = (
    "edited", "table", "text file", "embedded", "UCS name", "folder name", "file name",
)  # fmt: skip
"""Best first."""


@dataclass(frozen=True, slots=True)
class CaptionCandidate:
    """A caption that some source gives."""

    source: CaptionSource
    text: str


@dataclass(frozen=True, slots=True)
class CaptionRow:
    """One clip. candidates: best first; the chosen caption is `caption`, "" if there is none.

    label: its class or None. split, fold, recording: as a table gives them, "" where none does.
    is_left_out: whether the user, or a table, wants the dataset without it.
    """

    path: Path
    candidates: tuple[CaptionCandidate, ...]
    caption: str
    source: CaptionSource | None
    label: str | None = None
    split: str = ""
    fold: str = ""
    recording: str = ""
    is_left_out: bool = False


@dataclass(frozen=True, slots=True)
class CaptionTable:
    """The rows of all clips of a folder, in the order of their paths. Editing gives a new table."""

    folder: Path
    rows: tuple[CaptionRow, ...]

    def edited(self, paths: Collection[Path], caption: str) -> CaptionTable:
        """These clips get the caption, which becomes one of their candidates."""
        text = printable(caption)
        return self._changed(paths, lambda row: _with_caption(row, text))

    def from_source(self, paths: Collection[Path], source: CaptionSource) -> CaptionTable:
        """These clips take what the source gives, those of which it knows nothing stay."""

        def choose(row: CaptionRow) -> CaptionRow:
            for candidate in row.candidates:
                if candidate.source == source:
                    return replace(row, caption=candidate.text, source=source)
            return row

        return self._changed(paths, choose)

    def replaced(
        self, search: str, replacement: str, paths: Collection[Path] | None = None
    ) -> CaptionTable:
        """`search` becomes `replacement` in all captions or in those of `paths`; case matters.

        Raises InvalidRequestError if there is nothing to search for.
        """
        if not search:
            raise InvalidRequestError("Search and replace needs something to search for.")
        chosen = {row.path for row in self.rows} if paths is None else paths

        def change(row: CaptionRow) -> CaptionRow:
            if search not in row.caption:
                return row
            text = tidy(row.caption.replace(search, replacement))
            return row if text == row.caption else _with_caption(row, text)

        return self._changed(chosen, change)

    def labelled(self, paths: Collection[Path], label: str | None) -> CaptionTable:
        """These clips get the label, or lose theirs."""
        text = printable(label or "") or None
        return self._changed(paths, lambda row: replace(row, label=text))

    def with_left_out(self, choices: Mapping[Path, bool]) -> CaptionTable:
        """These clips are left out of the dataset (True), or used again; captions stay."""

        def choose(row: CaptionRow) -> CaptionRow:
            is_left_out = choices[row.path]
            return row if row.is_left_out == is_left_out else replace(row, is_left_out=is_left_out)

        return self._changed(choices.keys(), choose)

    def left_out_beside(self, original: CaptionTable) -> dict[Path, bool]:
        """What `with_left_out` must be told to make this table of the original one."""
        before = {row.path: row.is_left_out for row in original.rows}
        return {
            row.path: row.is_left_out
            for row in self.rows
            if row.is_left_out != before.get(row.path, False)
        }

    def with_choices(self, choices: Mapping[Path, CaptionCandidate]) -> CaptionTable:
        """What was chosen for some clips earlier: their caption, and the source it came from."""

        def choose(row: CaptionRow) -> CaptionRow:
            choice = choices[row.path]
            if choice in row.candidates:
                return replace(row, caption=choice.text, source=choice.source)
            return _with_caption(row, choice.text)

        return self._changed(choices.keys(), choose)

    def choices_beside(self, original: CaptionTable) -> dict[Path, CaptionCandidate]:
        """What `with_choices` must be told to make this table of the original one.

        A clip whose caption was taken away has an empty one.
        """
        before = {row.path: row.caption for row in original.rows}
        return {
            row.path: CaptionCandidate(row.source or "edited", row.caption)
            for row in self.rows
            if row.caption != before.get(row.path)
        }

    def table_rows(self) -> list[TableRow]:
        """What `write_caption_file` exports: the chosen captions, files relative to the folder."""
        return [
            TableRow(
                file=row.path.relative_to(self.folder).as_posix(),
                captions=(row.caption,) if row.caption else (),
                label=row.label or "",
                split=row.split,
                fold=row.fold,
                recording=row.recording,
                is_left_out=row.is_left_out,
            )
            for row in self.rows
        ]

    def most_common(self) -> tuple[str, int]:
        """The caption that most clips have, and how many."""
        counted = Counter(row.caption for row in self.rows if row.caption)
        return counted.most_common(1)[0] if counted else ("", 0)

    def _changed(
        self, paths: Collection[Path], change: Callable[[CaptionRow], CaptionRow]
    ) -> CaptionTable:
        chosen = set(paths)
        rows = tuple(change(row) if row.path in chosen else row for row in self.rows)
        return replace(self, rows=rows)


def _with_caption(row: CaptionRow, text: str) -> CaptionRow:
    others = tuple(candidate for candidate in row.candidates if candidate.source != "edited")
    candidates = (CaptionCandidate("edited", text), *others) if text else others
    return replace(row, candidates=candidates, caption=text, source="edited" if text else None)


def finished_caption(
    caption: str, template: str, replacements: Collection[tuple[str, str]] = ()
) -> str:
    """What the model is told: replacements in their order, then the template; "" stays ""."""
    for search, replacement in replacements:
        caption = caption.replace(search, replacement)
    caption = tidy(caption)
    # Not str.format: a caption or template may hold other braces.
    return template.replace(CAPTION_FIELD, caption) if caption else ""


def tidy(text: str) -> str:
    """Without doubled spaces and commas or spaces before commas, which replacing leaves behind."""
    text = re.sub(r"(?:\s*,)+", ",", text)
    return re.sub(r"\s+([,.;:!?])", r"\1", " ".join(text.split())).strip(" ,;")
