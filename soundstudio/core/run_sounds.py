"""The sounds of a run's validations: what is known about each, and reading it without torch."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

    from soundstudio.core.run_files import RunFolder

SOUNDS_FILE: Final = "sounds.json"
_STEP_FOLDER: Final = re.compile(r"step-(\d{8,})")


@dataclass(frozen=True, slots=True)
class ValidationSound:
    """One sound that was generated; nearest: the training clip it is most like, if known."""

    file: str
    prompt: str
    seed: int
    nearest: str = ""
    nearest_start_s: float = 0.0
    similarity: float | None = None
    is_copy: bool = False

    def to_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ValidationSound:
        """Raises KeyError, TypeError, ValueError, AttributeError for anything but a sound."""
        similarity = values.get("similarity")
        return cls(
            file=str(values["file"]),
            prompt=str(values["prompt"]),
            seed=int(values["seed"]),
            nearest=str(values.get("nearest", "")),
            nearest_start_s=float(values.get("nearest_start_s", 0.0)),
            similarity=None if similarity is None else float(similarity),
            is_copy=bool(values.get("is_copy", False)),
        )


@dataclass(frozen=True, slots=True)
class StepSounds:
    """The sounds of the weights after `step`, in `folder`; step 0: of those before training."""

    step: int
    folder: Path
    sounds: tuple[ValidationSound, ...]

    def path_of(self, sound: ValidationSound) -> Path:
        return self.folder / sound.file


def read_step_sounds(run: RunFolder) -> tuple[StepSounds, ...]:
    """The sounds of all validations that are complete, by step; damaged ones are left out."""
    try:
        names = sorted(path.name for path in run.validation.iterdir())
    except OSError:
        return ()
    found = []
    for name in names:
        if match := _STEP_FOLDER.fullmatch(name):
            sounds = _read(run.validation / name / SOUNDS_FILE)
            if sounds:
                found.append(StepSounds(int(match[1]), run.validation / name, sounds))
    return tuple(found)


def _read(path: Path) -> tuple[ValidationSound, ...]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        sounds = tuple(ValidationSound.from_dict(row) for row in rows)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ()
    # A name that leads out of the folder is none that a validation gave.
    return sounds if all("/" not in s.file and "\\" not in s.file for s in sounds) else ()
