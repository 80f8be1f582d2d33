"""What was answered in the Fine-tune place, kept over a restart: a small JSON file."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

from soundstudio.audio.atomic_file import written_whole
from soundstudio.core.errors import InvalidRequestError, explain_os_error
from soundstudio.core.finetuning import FinetuneSettings
from soundstudio.dataset.captions import CaptionCandidate, CaptionSource
from soundstudio.dataset.clips import CAPTION_FIELD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from soundstudio.dataset.captions import CaptionTable

ANSWERS_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Answers:
    """All that a user said on the way to a run.

    folder, caption_table: "" for none. choices: captions that were changed, by the clip's path
    below the folder. left_out: clips that were left out, or taken in again, likewise. step: the id
    of the page that was open. chosen: names of the settings that the user set; the others follow
    the clips.
    """

    folder: str = ""
    step: str = "folder"
    caption_table: str = ""
    template: str = CAPTION_FIELD
    keep_near_duplicates: bool = True
    validation_share: float = 0.1
    name: str = ""
    settings: FinetuneSettings = field(default_factory=FinetuneSettings)
    chosen: tuple[str, ...] = ()
    choices: tuple[tuple[str, CaptionSource, str], ...] = ()
    left_out: tuple[tuple[str, bool], ...] = ()

    def candidates(self) -> dict[Path, CaptionCandidate]:
        """The changed captions, as `CaptionTable.with_choices` takes them."""
        folder = Path(self.folder)
        return {
            folder / file: CaptionCandidate(source, text) for file, source, text in self.choices
        }

    def ticks(self) -> dict[Path, bool]:
        """Which clips are left out or not, as `CaptionTable.with_left_out` takes them."""
        folder = Path(self.folder)
        return {folder / file: is_left_out for file, is_left_out in self.left_out}


def ticks_of(table: CaptionTable, original: CaptionTable) -> tuple[tuple[str, bool], ...]:
    """The clips whose tick differs, as they are kept."""
    return tuple(
        (path.relative_to(table.folder).as_posix(), is_left_out)
        for path, is_left_out in table.left_out_beside(original).items()
    )


def choices_of(table: CaptionTable, original: CaptionTable) -> tuple[tuple[str, Any, str], ...]:
    """The captions that differ, as they are kept."""
    return tuple(
        (path.relative_to(table.folder).as_posix(), choice.source, choice.text)
        for path, choice in table.choices_beside(original).items()
    )


def load_answers(path: Path) -> Answers:
    """Read them; a missing or damaged file gives the first start's."""
    try:
        values = json.loads(path.read_text(encoding="ascii"))
        if values["version"] > ANSWERS_VERSION:
            return Answers()
        return _answers(values)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, InvalidRequestError):
        return Answers()


def save_answers(answers: Answers, path: Path) -> None:
    """Write them, whole or not at all. Raises StorageError."""
    values = {"version": ANSWERS_VERSION, **dataclasses.asdict(answers)}
    values["settings"] = answers.settings.to_dict()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain_os_error(error, "keeping the answers") from error
    with written_whole(path, "keeping the answers") as temporary:
        # ASCII: names of files that are no text survive as escapes.
        temporary.write_text(json.dumps(values), encoding="ascii")


def _answers(values: Mapping[str, Any]) -> Answers:
    sources = get_args(CaptionSource)
    choices = tuple((str(f), s, str(t)) for f, s, t in values["choices"] if s in sources)
    template = str(values["template"])
    return Answers(
        folder=str(values["folder"]),
        step=str(values["step"]),
        caption_table=str(values["caption_table"]),
        template=template if CAPTION_FIELD in template else CAPTION_FIELD,
        keep_near_duplicates=bool(values["keep_near_duplicates"]),
        validation_share=min(0.5, max(0.0, float(values["validation_share"]))),
        name=str(values["name"]),
        settings=FinetuneSettings.from_dict(dict(values["settings"])),
        chosen=tuple(str(name) for name in values["chosen"]),
        choices=choices,
        # Answers of before clips could be left out have none.
        left_out=tuple(
            (str(f), bool(is_left_out)) for f, is_left_out in values.get("left_out", ())
        ),
    )
