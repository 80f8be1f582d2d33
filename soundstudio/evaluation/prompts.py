"""What each generated sound was asked to be, and how well it answers: the CLAP score."""

from __future__ import annotations

import csv
import logging
from typing import TYPE_CHECKING, Final

import numpy as np

from soundstudio.core.errors import AudioFileError, ModelError, StorageError
from soundstudio.library import clips, wav_metadata

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from soundstudio.engine.text_tower import TextTower

    FloatArray = npt.NDArray[np.float64]

log = logging.getLogger(__name__)

_FILE_COLUMNS: Final = ("file", "filename", "name", "out", "wav")
_PROMPT_COLUMNS: Final = ("prompt", "caption", "text")


def prompt_in_file(path: Path) -> str:
    """The prompt that this application wrote into a WAV; empty if there is none."""
    if path.suffix.lower() != ".wav":
        return ""
    try:
        clip = clips.from_json(wav_metadata.read(path).generation_json, path)
    except (AudioFileError, OSError):
        return ""
    return clip.prompt if clip is not None else ""


def read_prompts(path: Path) -> dict[str, str]:
    """File name without suffix, in lower case → prompt, from a CSV with a head line.

    Columns: one of file, filename, name, out, wav, and one of prompt, caption, text.
    Raises StorageError.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            heads = {(head or "").strip().casefold(): head for head in rows.fieldnames or ()}
            name = next((heads[key] for key in _FILE_COLUMNS if key in heads), None)
            prompt = next((heads[key] for key in _PROMPT_COLUMNS if key in heads), None)
            if name is None or prompt is None:
                raise StorageError(
                    f"{path.name} has no columns “file” and “prompt”.",
                    "Its first line must name them.",
                )
            return {_stem(row[name] or ""): (row[prompt] or "").strip() for row in rows}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise StorageError(f"The prompts in {path} cannot be read: {error}.") from error


def _stem(name: str) -> str:
    own = name.replace("\\", "/").rpartition("/")[2].strip()
    head, dot, _ = own.rpartition(".")
    return (head if dot else own).casefold()


def prompts_of(paths: Sequence[Path], table: Mapping[str, str] | None = None) -> list[str]:
    """The prompt of each file, from `table` or from the file itself; empty where unknown."""
    if table is not None:
        return [table.get(_stem(path.name), "") for path in paths]
    return [prompt_in_file(path) for path in paths]


def clap_scores(
    tower: TextTower, prompts: Sequence[str], frames: Sequence[npt.NDArray[np.float32]]
) -> FloatArray:
    """Cosine of prompt and sound [clips], from CLAP's frames; NaN where no prompt is known.

    A sound's embedding is the mean direction of its frames [n, dimensions].
    Raises ModelError if the towers do not belong together.
    """
    known: dict[str, FloatArray] = {}
    scores = np.full(len(prompts), np.nan)
    for number, (prompt, rows) in enumerate(zip(prompts, frames, strict=True)):
        if not prompt or not len(rows):
            continue
        if prompt not in known:
            known[prompt] = tower.embed(prompt)[0].double().numpy()
        text = known[prompt]
        if rows.shape[1] != len(text):
            raise ModelError("CLAP's text tower and audio tower have different dimensions.")
        sound = rows.astype(np.float64).mean(axis=0)
        length = float(np.linalg.norm(sound))
        scores[number] = float(sound @ text) / length if length > 0 else 0.0
    return scores
