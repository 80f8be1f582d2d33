"""Closing the window while something is under way: what is lost, what waits, what goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtWidgets import QMessageBox

from soundstudio.ui.questions import ask_to_quit

if TYPE_CHECKING:
    from soundstudio.jobs.model_runner import ModelState, ModelTask
    from soundstudio.ui.parts import Parts

_IDLE: Final = ("idle", "stopping")
_ENDED_WORK: Final = {"import": "import", "verify": "check", "remove": "removal"}


@dataclass(frozen=True, slots=True)
class UnderWay:
    """What the window or its processes are at.

    sounds: that are not made yet. models: work on models, the first of it under way. trainings:
    names of runs, which outlive the window.
    """

    sounds: int = 0
    models: tuple[ModelTask, ...] = ()
    is_scoring: bool = False
    is_benchmarking: bool = False
    trainings: tuple[str, ...] = ()

    @property
    def is_anything(self) -> bool:
        return bool(
            self.sounds or self.models or self.is_scoring or self.is_benchmarking or self.trainings
        )

    @property
    def loses(self) -> bool:
        """Whether closing ends something that does not go on from where it was."""
        return bool(self.sounds) or any(task.action != "download" for task in self.models)

    def question(self) -> str:
        """One sentence that names the worst of it."""
        if self.sounds:
            sounds = "A sound is" if self.sounds == 1 else f"{self.sounds} sounds are"
            what = f"{sounds} still being made."
        elif self.models:
            is_download = self.models[0].action == "download"
            what = "A download is under way." if is_download else "Work on a model is under way."
        elif self.is_scoring or self.is_benchmarking:
            what = "A scoring is under way." if self.is_scoring else "A benchmark is under way."
        else:
            what = "A training is under way."
        return f"{what} Quit{' all the same' if self.loses else ''}?"

    def consequences(self) -> tuple[str, ...]:
        """A sentence for each thing: what becomes of it."""
        found = []
        if self.sounds:
            found.append(
                "What is not finished is lost, and so is what waits in the queue; finished sounds "
                "are in the library already."
            )
        downloads = [task.title for task in self.models if task.action == "download"]
        if downloads:
            found.append(
                f"The download of {_list(downloads)} pauses; Resume under File, Models… goes on "
                "from there."
            )
        found += [
            f"The {_ENDED_WORK[task.action]} of {task.title} is broken off; start it again later."
            for task in self.models
            if task.action in _ENDED_WORK
        ]
        if self.is_scoring:
            found.append(
                "The scoring stops; the sounds that it has heard are kept, and scoring the same "
                "sets again goes on from there."
            )
        if self.is_benchmarking:
            found.append(
                "The benchmark stops; what it has made is kept, and starting it again goes on "
                "from there."
            )
        if self.trainings:
            names = _list([f"“{name}”" for name in self.trainings])
            found.append(
                f"The training of {names} goes on without the window, which finds it again at its "
                "next start."
            )
        return tuple(found)


def asks_before_leaving(parts: Parts) -> bool:
    """Ask once if anything is under way; whether it was asked, and the window stays open."""
    if any(box.isVisible() for box in parts.window.findChildren(QMessageBox, "leaving")):
        return True
    found = under_way(parts)
    if found.is_anything:
        ask_to_quit(parts.window, found, parts.window.leave)
    return found.is_anything


def under_way(parts: Parts) -> UnderWay:
    """What closing the window would end, pause or leave alone."""
    return UnderWay(
        sounds=sum(job.remaining for job in parts.queue.open_jobs()),
        models=_tasks(parts.model_runner.state),
        is_scoring=parts.score_runner.state.phase not in _IDLE,
        is_benchmarking=parts.benchmark_runner.state.phase not in _IDLE,
        trainings=parts.run_desk.busy_runs(),
    )


def _tasks(state: ModelState) -> tuple[ModelTask, ...]:
    current = () if state.task is None or state.phase in _IDLE else (state.task,)
    return (*current, *state.waiting)


def _list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
