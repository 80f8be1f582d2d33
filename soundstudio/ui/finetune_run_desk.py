"""From an order to a model: the run thread, the pages of a run, all runs, what is played."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices

from soundstudio.audio.files import probe
from soundstudio.jobs.level_matching import Excerpt, level_matched
from soundstudio.ui.finetune_pairs import FinetunePairs, pairs_of

if TYPE_CHECKING:
    from soundstudio.core.errors import StudioError
    from soundstudio.core.finetuning import FinetuneOrder
    from soundstudio.jobs.background import Background
    from soundstudio.jobs.curves_reader import CurvesPiece
    from soundstudio.jobs.level_matching import MatchedSound
    from soundstudio.jobs.queue import JobQueue
    from soundstudio.jobs.run_facts import RunFacts
    from soundstudio.jobs.run_thread import RemovedRun, RunSounds, RunThread
    from soundstudio.ui.finetune_result import FinetuneResult, SoundPair
    from soundstudio.ui.finetune_runs import FinetuneRuns
    from soundstudio.ui.finetune_sounds_model import ChosenSound
    from soundstudio.ui.finetune_training import FinetuneTraining


class FinetuneRunDesk(QObject):
    """signals:
    step_requested(str): show the page “training” or “result”.
    sound_chosen(Path, str, bool): a file and its title; True: play it now, False: it was moved to.
    model_chosen(str): use this model; the catalogue has it since its run ended.
    model_made(str): a run that was under way has made or changed this model.
    begun(str): the run that was ordered has begun. begin_failed(StudioError): it cannot.
    listed(bool, bool): whether there are runs, and whether the one that is shown has a result.
    """

    step_requested = Signal(str)
    sound_chosen = Signal(object, str, bool)
    model_chosen = Signal(str)
    model_made = Signal(str)
    begun = Signal(str)
    begin_failed = Signal(object)
    listed = Signal(bool, bool)

    def __init__(
        self,
        thread: RunThread,
        queue: JobQueue,
        background: Background,
        comparisons: Path,
        training: FinetuneTraining,
        result: FinetuneResult,
        runs: FinetuneRuns,
        parent: QObject | None = None,
    ) -> None:
        """comparisons: a folder for level-matched copies; it is emptied at the end."""
        super().__init__(parent)
        self._thread = thread
        self._background = background
        self._comparisons = comparisons
        self._training = training
        self._result = result
        self._runs = runs
        self._pairs = FinetunePairs(queue, self)
        self._facts: dict[str, RunFacts] = {}
        self._opened = ""
        self._sounds: RunSounds | None = None
        self._own_pairs: dict[str, list[SoundPair]] = {}
        self._removed: RemovedRun | None = None
        self._is_beginning = False
        self._is_first_look = True
        self._connect()

    def _connect(self) -> None:
        thread, training, result, runs = self._thread, self._training, self._result, self._runs
        thread.listed.connect(self._on_listed)
        thread.curves_read.connect(self._on_curves)
        thread.sounds_read.connect(self._on_sounds)
        thread.begun.connect(self._on_begun)
        thread.removed.connect(self._on_removed)
        thread.restored.connect(self._open_in_list)
        thread.failed.connect(self._on_failed)
        training.stop_requested.connect(self._stop)
        training.resume_requested.connect(lambda more: self._resume(self._opened, more))
        training.folder_requested.connect(self._show_folder)
        training.result_requested.connect(lambda: self.step_requested.emit("result"))
        training.banner.action_requested.connect(lambda: self.step_requested.emit("result"))
        training.sounds.sound_chosen.connect(self._on_sound)
        training.sounds.nearest_chosen.connect(self._on_nearest)
        result.play_requested.connect(self._on_pair)
        result.pair_requested.connect(self._make_pair)
        result.use_requested.connect(lambda: self._use(self._opened))
        result.training_requested.connect(lambda: self.step_requested.emit("training"))
        runs.opened.connect(self._open_in_list)
        runs.resume_requested.connect(self._resume)
        runs.remove_requested.connect(thread.remove)
        runs.use_requested.connect(self._use)
        runs.banner.action_requested.connect(self._restore)
        self._pairs.pair_made.connect(self._on_pair_made)
        self._pairs.failed.connect(result.banner.show_error)
        self._pairs.busy_changed.connect(self._on_making)

    # what the rest of the window asks for

    def begin(self, order: FinetuneOrder) -> None:
        """Begin a fine-tuning; `begun` or `begin_failed` follows."""
        self._is_beginning = True
        self._thread.begin(order)

    def refresh(self) -> None:
        """The place is seen, or the models changed: look at all runs."""
        self._thread.refresh()

    def open(self, name: str) -> None:
        """Show a run in both pages and follow it; "" shows none."""
        self._opened, self._sounds = name, None
        self._thread.follow(name)
        self._runs.select(name)
        self._show()
        self._tell_listed()

    def opened(self) -> str:
        """The name of the run that is shown, "" if none is."""
        return self._opened

    def busy_runs(self) -> tuple[str, ...]:
        """The names of the runs that go on when the window closes."""
        runs = self._facts.values()
        return tuple(run.name for run in runs if run.is_busy and run.phase != "stopping")

    def on_clip_stored(self, clip: Any) -> None:
        """A clip is in the library: it may be one that was made to compare."""
        self._pairs.on_clip_stored(clip)

    def play_nearest(self) -> None:
        """Play the training clip that the chosen sound is nearest to."""
        self._training.sounds.play_nearest()

    def set_playing(self, path: Path | None) -> None:
        """Which file plays now; its cell lights up."""
        self._training.sounds.set_playing(path)

    def close(self) -> None:
        """Forget the copies that were made to compare."""
        shutil.rmtree(self._comparisons, ignore_errors=True)

    # what the thread tells

    def _on_listed(self, runs: tuple[RunFacts, ...]) -> None:
        before, self._facts = self._facts, {facts.name: facts for facts in runs}
        self._runs.show_runs(runs)
        self._tell_listed()
        busy = next((facts.name for facts in runs if facts.is_busy), "")
        if self._is_first_look:
            self._is_first_look = False
            if busy and not self._opened:
                self.open(busy)
                self.step_requested.emit("training")
        self._show()
        for name, facts in self._facts.items():
            if name in before and before[name].is_busy and not facts.is_busy:
                self._on_ended(facts)

    def _tell_listed(self) -> None:
        shown = self._facts.get(self._opened)
        # As the page's own button: what was best so far can be heard before there is a model.
        has_result = shown is not None and (bool(shown.model) or shown.best_step is not None)
        self.listed.emit(bool(self._facts), has_result)

    def _on_ended(self, facts: RunFacts) -> None:
        if facts.model:
            self.model_made.emit(facts.model)
        if facts.name == self._opened and facts.phase == "finished" and facts.model:
            self._training.banner.show_note(
                "The training is finished", f"Its model is “{facts.model}”.", "Compare and use"
            )

    def _on_curves(self, piece: CurvesPiece) -> None:
        if piece.name == self._opened:
            self._training.take_curves(piece)

    def _on_sounds(self, sounds: RunSounds) -> None:
        if sounds.name == self._opened:
            self._sounds = sounds
            self._training.take_sounds(sounds)
            self._show_pairs()

    def _on_begun(self, name: str) -> None:
        was_ordered, self._is_beginning = self._is_beginning, False
        self._training.banner.hide()
        if name != self._opened:
            self.open(name)
        if was_ordered:
            self.begun.emit(name)
        self.step_requested.emit("training")

    def _on_failed(self, error: StudioError) -> None:
        if self._is_beginning:
            self._is_beginning = False
            self.begin_failed.emit(error)
        page = self._training if self._training.isVisible() else self._runs
        page.banner.show_error(error)

    def _on_removed(self, removed: RemovedRun) -> None:
        self._removed = removed
        if self._opened == removed.name:
            self.open("")
        self._runs.banner.show_note(
            "Moved to the trash",
            f"“{removed.name}” is deleted for good when the window closes. A model that it made "
            "stays.",
            "Bring it back",
        )

    # what the pages ask for

    def _open_in_list(self, name: str) -> None:
        self.open(name)
        facts = self._facts.get(name)
        is_ready = facts is not None and facts.phase == "finished" and bool(facts.model)
        self.step_requested.emit("result" if is_ready else "training")

    def _resume(self, name: str, more: int = 0) -> None:
        """Go on. more: steps on top of those that a finished run was to have."""
        if name:
            self._runs.banner.hide()
            facts = self._facts.get(name)
            steps = facts.steps + more if facts is not None and more else None
            self._thread.resume(name, steps)

    def _stop(self, is_now: bool) -> None:
        if is_now:
            self._thread.stop_now(self._opened)
        elif self._opened:
            self._thread.stop(self._opened)

    def _restore(self) -> None:
        removed, self._removed = self._removed, None
        if removed is not None:
            self._runs.banner.hide()
            self._thread.restore(removed)

    def _use(self, name: str) -> None:
        facts = self._facts.get(name)
        if facts is not None and facts.model:
            self.model_chosen.emit(facts.model)

    def _show_folder(self) -> None:
        if (facts := self._facts.get(self._opened)) is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(facts.run.folder)))

    def _show(self) -> None:
        facts = self._facts.get(self._opened)
        self._training.show_run(facts)
        self._result.show_run(facts)
        self._show_pairs()

    def _show_pairs(self) -> None:
        facts = self._facts.get(self._opened)
        pairs = pairs_of(self._sounds, facts.best_step if facts else None)
        self._result.show_pairs([*pairs, *self._own_pairs.get(self._opened, ())])

    # sounds

    def _on_sound(self, chosen: ChosenSound, is_now: bool) -> None:
        self.sound_chosen.emit(chosen.path, chosen.title, is_now)

    def _on_nearest(self, chosen: ChosenSound) -> None:
        """The training clip, as long and as loud as the sound that it is compared with."""
        sound = chosen.sound
        nearest = Path(sound.nearest)

        def match() -> tuple[MatchedSound, ...]:
            duration_s = probe(chosen.path).duration_s
            excerpts = (Excerpt(chosen.path), Excerpt(nearest, sound.nearest_start_s, duration_s))
            return level_matched(excerpts, self._comparisons)

        self._match(match, 1, f"Training clip {nearest.name}", self._training)

    def _on_pair(self, pair: SoundPair, model: str, title: str) -> None:
        excerpts = (Excerpt(pair.base), Excerpt(pair.new))
        self._match(
            lambda: level_matched(excerpts, self._comparisons),
            0 if model == "base" else 1,
            title,
            self._result,
        )

    def _match(
        self, match: Any, place: int, title: str, page: FinetuneTraining | FinetuneResult
    ) -> None:
        self._background.run(
            "matched sounds",
            match,
            lambda sounds: self.sound_chosen.emit(sounds[place].path, title, True),
            page.banner.show_error,
            "preparing the comparison",
        )

    def _make_pair(self, prompt: str) -> None:
        self._result.banner.hide()
        if (facts := self._facts.get(self._opened)) is not None:
            self._pairs.make(facts, prompt)

    def _on_pair_made(self, run: str, pair: SoundPair) -> None:
        self._own_pairs.setdefault(run, []).append(pair)
        if run == self._opened:
            self._result.prompt.clear()
            self._show_pairs()
            self._result.select(pair.key)

    def _on_making(self, is_busy: bool) -> None:
        if is_busy:
            words = "Both models make the prompt; the clips go into the library, too."
            self._result.banner.show_note("Being made", words)
        else:
            self._result.banner.hide()
