"""What the window knows of a run: its folder's files, and whether a process works on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from soundstudio.core.catalogue import MODEL_INDEX
from soundstudio.core.errors import RunError
from soundstudio.core.run_files import RunFolder, read_description, read_status
from soundstudio.core.run_lock import holder_of
from soundstudio.core.run_orders import read_order

if TYPE_CHECKING:
    from soundstudio.core.finetuning import FinetuneSettings
    from soundstudio.core.run_files import RunDescription, RunStatus

RunPhase = Literal[
    "starting", "preparing", "training", "validating", "stopping",
    "stopped", "interrupted", "failed", "finished", "damaged",
]  # fmt: skip
BUSY: Final = ("starting", "preparing", "training", "validating", "stopping")
KILLED: Final = "It was killed, or the memory ran out."


@dataclass(frozen=True, slots=True)
class RunFacts:
    """One run as it stands.

    description: None before the run has begun, or if it is damaged. pid: of the process that works
    on it, 0 if none does or it is not known yet. problem: a sentence about what ended it.
    """

    run: RunFolder
    phase: RunPhase
    description: RunDescription | None
    settings: FinetuneSettings | None
    status: RunStatus | None
    created: datetime
    pid: int = 0
    problem: str = ""

    @property
    def name(self) -> str:
        return self.run.name

    @property
    def is_busy(self) -> bool:
        return self.phase in BUSY

    @property
    def can_go_on(self) -> bool:
        return self.phase in ("stopped", "interrupted", "failed")

    @property
    def step(self) -> int:
        return self.status.step if self.status else 0

    @property
    def steps(self) -> int:
        if self.settings is not None:
            return self.settings.steps
        return self.status.steps if self.status else 0

    @property
    def best_step(self) -> int | None:
        """The step whose weights are the model's, as far as it is known."""
        best = self.status.best if self.status else None
        step = best.get("step") if best else None
        return step if isinstance(step, int) else None

    @property
    def model(self) -> str:
        """The id of the model that the run has made, "" if there is none, or it was removed."""
        if self.status is None or self.description is None or not self.status.model:
            return ""
        folder = Path(self.description.models_folder) / self.status.model
        return self.status.model if (folder / MODEL_INDEX).is_file() else ""

    @property
    def base_model(self) -> str:
        """The id or the folder of the model that the run began with."""
        return self.settings.model if self.settings is not None else ""


def look_at_run(
    run: RunFolder, *, is_started: bool = False, is_stopping: bool = False, last_words: str = ""
) -> RunFacts | None:
    """How a run stands; None if the folder is none of a run.

    is_started: a process was started for it, which may not have the lock yet. last_words: how its
    process ended, if that is known.
    """
    description, settings, problem = None, None, ""
    try:
        description = read_description(run)
        settings = description.settings
    except RunError as error:
        problem = error.sentence()
        if not run.description.exists():
            if not run.order.exists():
                return None
            try:
                settings, problem = read_order(run).settings, ""
            except RunError as damage:
                problem = damage.sentence()
    status = read_status(run)
    pid = holder_of(run)
    phase = _phase(status, pid, is_started=is_started, is_stopping=is_stopping)
    if phase not in BUSY and settings is None:
        phase = "damaged"
    elif phase == "failed" and status is not None and status.error is not None:
        problem = " ".join(str(status.error.get(key, "")) for key in ("message", "advice")).strip()
    elif phase == "interrupted":
        problem = last_words or (KILLED if status is not None else "It was not begun.")
    created = _created(run, description)
    return RunFacts(run, phase, description, settings, status, created, pid or 0, problem)


def list_runs(
    runs: Path, started: frozenset[str], stopping: frozenset[str], last_words: dict[str, str]
) -> tuple[RunFacts, ...]:
    """All runs, newest first. A folder of runs that cannot be read has none."""
    try:
        names = [path.name for path in runs.iterdir() if path.name[:1] not in (".", "")]
    except OSError:
        return ()
    found = [
        look_at_run(
            RunFolder(runs / name),
            is_started=name in started,
            is_stopping=name in stopping,
            last_words=last_words.get(name, ""),
        )
        for name in names
    ]
    known = [facts for facts in found if facts is not None]
    return tuple(sorted(known, key=lambda facts: (facts.created, facts.name), reverse=True))


def _phase(
    status: RunStatus | None, pid: int | None, *, is_started: bool, is_stopping: bool
) -> RunPhase:
    if pid is not None or is_started:
        if is_stopping:
            return "stopping"
        is_its_own = status is not None and (status.pid == pid or not pid)
        if status is not None and is_its_own and status.state in ("training", "validating"):
            return status.state if pid is not None else "starting"
        return "preparing" if pid is not None else "starting"
    if status is not None and status.state in ("stopped", "failed", "finished"):
        return status.state
    return "interrupted"


def _created(run: RunFolder, description: RunDescription | None) -> datetime:
    try:
        if description is not None:
            return datetime.fromisoformat(description.created).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    try:
        return datetime.fromtimestamp(run.folder.stat().st_mtime, UTC)
    except (OSError, ValueError, OverflowError):
        return datetime.fromtimestamp(0, UTC)
