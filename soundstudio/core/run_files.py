"""The folder of a fine-tuning: what lies where in it, and reading it without torch.

The training process writes; the window and the command line read the very same files, while it
runs and long after.
"""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from soundstudio.core.errors import InvalidRequestError, RunError
from soundstudio.core.finetuning import FinetuneSettings

if TYPE_CHECKING:
    from pathlib import Path

RUN_FORMAT: Final = "soundstudio run"
RUN_VERSION: Final = 1
State = Literal["preparing", "training", "validating", "stopped", "failed", "finished"]
# A name is a folder's and a model's id: nothing that a file system or a shell minds.
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The paths of one run's files. Nothing is created here."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def description(self) -> Path:
        """Settings and base model, written once; it makes the folder a run."""
        return self.folder / "run.json"

    @property
    def dataset(self) -> Path:
        return self.folder / "dataset.jsonl"

    @property
    def order(self) -> Path:
        """What the window asked for; it makes the folder a run until it has a description."""
        return self.folder / "order.json"

    @property
    def log(self) -> Path:
        """What a process that the window started says."""
        return self.folder / "log.txt"

    @property
    def stop_request(self) -> Path:
        """Asks the process whose number it holds to stop after its step."""
        return self.folder / "stop"

    @property
    def lock(self) -> Path:
        return self.folder / "lock"

    @property
    def status(self) -> Path:
        return self.folder / "status.json"

    @property
    def curves(self) -> Path:
        """A row a step: step, loss, learning_rate, seconds; validation where there was one."""
        return self.folder / "curves.jsonl"

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def best(self) -> Path:
        """The weights that did best so far."""
        return self.folder / "best.safetensors"

    @property
    def validation(self) -> Path:
        return self.folder / "validation"

    @property
    def before(self) -> Path:
        """What a validation of the weights found that the run began with."""
        return self.folder / "before.json"

    @property
    def references(self) -> Path:
        """The validation clips as WAV files, which generated sounds are scored against."""
        return self.validation / "reference"

    def sounds(self, step: int) -> Path:
        """The folder of the sounds that were generated after `step`."""
        return self.validation / f"step-{step:08d}"


@dataclass(frozen=True, slots=True)
class RunDescription:
    """What was decided when the run began.

    base: id, title, licence and folder of the model that it started from, digests of the parts
    that stay as they are. models_folder: where the finished model goes.
    """

    name: str
    created: str
    settings: FinetuneSettings
    base: dict[str, Any]
    models_folder: str
    cache_folder: str

    def to_json(self) -> str:
        values = {
            "format": RUN_FORMAT,
            "version": RUN_VERSION,
            **dataclasses.asdict(self),
            "settings": self.settings.to_dict(),
        }
        return json.dumps(values, ensure_ascii=False, indent=2) + "\n"


@dataclass(frozen=True, slots=True)
class RunStatus:
    """Where a run stands.

    encoded, to_encode: clips and captions, while the run is prepared; 0 of 0 if none had to be.
    seconds_per_step: of the latest steps, 0 before the first. notes: sentences on overfitting,
    copies and the like. best: step and score of the best weights so far.
    """

    state: State
    step: int = 0
    steps: int = 0
    pid: int = 0
    seconds_per_step: float = 0.0
    loss: float | None = None
    best: dict[str, Any] | None = None
    estimate: dict[str, Any] | None = None
    model: str = ""
    notes: tuple[str, ...] = ()
    error: dict[str, str] | None = None
    encoded: int = 0
    to_encode: int = 0

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


@dataclass(frozen=True, slots=True)
class CurveRow:
    """One step of the curves. validation: what was found after it, None on most steps."""

    step: int
    loss: float
    learning_rate: float
    seconds: float
    validation: dict[str, Any] | None = field(default=None)

    def to_json(self) -> str:
        values = dataclasses.asdict(self)
        if self.validation is None:
            del values["validation"]
        return json.dumps(values, allow_nan=False)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> CurveRow:
        """Raises KeyError, TypeError, ValueError for anything but a row."""
        return cls(
            step=int(values["step"]),
            loss=float(values["loss"]),
            learning_rate=float(values["learning_rate"]),
            seconds=float(values["seconds"]),
            validation=values.get("validation"),
        )


def run_folder(runs: Path, name: str) -> RunFolder:
    """The folder of the run called `name`. Raises InvalidRequestError for an odd name."""
    if not _NAME.fullmatch(name):
        raise InvalidRequestError(
            f"“{name}” cannot be the name of a run.",
            "Use up to 64 letters, digits, dots, hyphens and underscores, a letter or digit first.",
        )
    return RunFolder(runs / name)


def read_description(run: RunFolder) -> RunDescription:
    """Read run.json. Raises RunError: no run, damaged, or from a newer version."""
    try:
        values = json.loads(run.description.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RunError(f"There is no run called “{run.name}”.") from error
    except (OSError, ValueError) as error:
        raise _damaged(run) from error
    if not isinstance(values, dict) or values.get("format") != RUN_FORMAT:
        raise _damaged(run)
    version = values.get("version")
    if not isinstance(version, int) or version > RUN_VERSION:
        raise RunError(
            f"The run “{run.name}” was made by a newer version of Sound Studio; update to go on."
        )
    try:
        return RunDescription(
            name=str(values["name"]),
            created=str(values["created"]),
            # Runs from before there was a choice are full ones.
            settings=FinetuneSettings.from_dict({"method": "full"} | values["settings"]),
            base=dict(values["base"]),
            models_folder=str(values["models_folder"]),
            cache_folder=str(values["cache_folder"]),
        )
    except (KeyError, TypeError, ValueError, InvalidRequestError) as error:
        raise _damaged(run) from error


def read_status(run: RunFolder) -> RunStatus | None:
    """The latest status, or None if there is none or it cannot be read."""
    try:
        values = json.loads(run.status.read_text(encoding="utf-8"))
        names = {row.name for row in dataclasses.fields(RunStatus)}
        known = {key: value for key, value in values.items() if key in names}
        status = RunStatus(**(known | {"notes": tuple(map(str, known.get("notes", ())))}))
    except (OSError, ValueError, TypeError, AttributeError):
        return None
    return status if _is_status(status) else None


def _is_status(status: RunStatus) -> bool:
    """Whether the values are what they should be: damage need not break the JSON."""
    numbers = (status.step, status.steps, status.pid, status.encoded, status.to_encode)
    return (
        status.state in get_args(State)
        and all(isinstance(number, int) for number in numbers)
        and isinstance(status.seconds_per_step, int | float)
        and isinstance(status.loss, int | float | None)
        and isinstance(status.model, str)
        and all(
            isinstance(value, dict | None) for value in (status.best, status.estimate, status.error)
        )
    )


def read_curves(run: RunFolder) -> list[CurveRow]:
    """All whole rows; a last one that is being written, or was cut off, is left out."""
    rows = []
    try:
        lines = run.curves.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    for line in lines:
        try:
            rows.append(CurveRow.from_dict(json.loads(line)))
        except (ValueError, KeyError, TypeError):
            continue
    return rows


def _damaged(run: RunFolder) -> RunError:
    return RunError(
        f"The run “{run.name}” cannot be read: {run.description.name} is damaged.",
        "Start a new run under another name.",
    )
