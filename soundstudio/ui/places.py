"""Going from place to place, and what the places do with the library and the player they share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QKeySequence

from soundstudio.library.export import make_plan

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QPushButton

    from soundstudio.library.library import Library
    from soundstudio.ui.action_registry import ActionRegistry
    from soundstudio.ui.banner import Banner
    from soundstudio.ui.parts import Parts
    from soundstudio.ui.set_picker import SetPicker

PLACE_IDS = ("generate", "finetune", "score")
NOTE_MS = 8000
MAIN_KEYS = ("Ctrl+Return", "Ctrl+Enter")
MAIN_ACTIONS = {"generate": "generate", "finetune": "finetune_next", "score": "score"}


class Places(QObject):
    """Built when every panel and desk is there; the window opens with the first place."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts.window)
        self._s = parts
        self.current = PLACE_IDS[0]

    def connect_all(self) -> None:
        """Connect rail, actions, and what the Score place takes from the library and runs."""
        s = self._s
        s.rail.place_chosen.connect(self.show)
        s.actions.connect_all(
            {
                "cancel_all": self._cancel_all,
                "focus_prompt": self._go_to_prompt,
                "place_generate": lambda: self.show("generate"),
                "place_finetune": lambda: self.show("finetune"),
                "finetune_folder": self._choose_folder,
                "finetune_next": lambda: self._turn(s.finetune.next),
                "finetune_back": lambda: self._turn(s.finetune.back),
                "place_score": lambda: self.show("score"),
                "show_library": self._show_library,
                "add_files": self.unfold_library,
                "place_benchmarks": self._go_to_benchmarks,
                "score": self._score,
                "score_selected": self._score_selected,
                "play_nearest": self._play_nearest,
            }
        )
        s.scoring.sound_chosen.connect(self._on_sound)
        s.finetuning.sound_chosen.connect(self._on_sound)
        s.scoring.options_changed.connect(lambda values: s.settings.change(**values))
        s.audition.playing_changed.connect(self._on_playing)
        self._connect_runs()
        s.results.export_requested.connect(
            lambda kind: s.score_exports.export_to(
                kind, s.scoring.exported(), make_plan(s.settings.current, s.folders).folder
            )
        )
        for picker in (s.score_panel.generated, s.score_panel.reference):
            picker.library_requested.connect(
                lambda which, picker=picker: self._take_from_library(picker, which)
            )
            picker.menu().aboutToShow.connect(lambda picker=picker: self._count_library(picker))
            picker.menu().aboutToShow.connect(s.run_thread.list_steps)
            s.run_thread.steps_listed.connect(picker.runs.show_runs)
        s.score_place.turned.connect(lambda _: self._on_page())
        s.score_runner.changed.connect(lambda _: self._enable_score())
        s.benchmark_runner.changed.connect(lambda _: self._enable_score())
        s.actions["show_library"].setChecked(s.window.has_library)
        give_keys(s.actions, s)
        self._share_main_key()

    def _connect_runs(self) -> None:
        """The wizard's order, the pages of a run, and what the Generate place has of its model."""
        s, desk = self._s, self._s.run_desk
        s.finetune.start_requested.connect(desk.begin)
        desk.begin_failed.connect(s.finetune.banner.show_error)
        for step in ("training", "result"):
            s.finetune.set_reachable(step, False)
        desk.listed.connect(self._on_runs)
        desk.step_requested.connect(self._show_step)
        desk.sound_chosen.connect(self._on_sound)
        desk.model_made.connect(lambda _: s.settings.apply(s.settings.current))
        desk.model_chosen.connect(self._use_model)
        s.generation.clip_stored.connect(desk.on_clip_stored)

    def _on_runs(self, has_runs: bool, has_result: bool) -> None:
        """The steps after the start have something to show once there is a run."""
        self._s.finetune.set_reachable("training", has_runs)
        self._s.finetune.set_reachable("result", has_result)

    def _show_step(self, step: str) -> None:
        self._s.finetune.set_reachable(step, True)
        self._s.finetune.show_step(step)

    def _use_model(self, model: str) -> None:
        """A finished run's model makes the next sounds."""
        s = self._s
        s.settings.apply(s.settings.current)  # the catalogue has it since a moment
        self.show("generate")
        s.generate.more.choose_model(model)
        # The list of models may be folded away.
        words = f"“{model}” makes the next sounds. Choose another under More."
        s.generate.banner.show_note("Your model is chosen", words, for_ms=NOTE_MS)

    def _play_nearest(self) -> None:
        if self.current == "finetune":
            self._s.run_desk.play_nearest()
        else:
            self._s.scoring.play_nearest()

    def show(self, place: str) -> None:
        """Go to a place."""
        s = self._s
        if place == self.current:
            return
        self.current = place
        s.window.show_place(PLACE_IDS.index(place))
        s.rail.show_place(place)
        s.actions["show_library"].setChecked(s.window.has_library)
        self._share_main_key()
        if place == "score":
            s.scoring.show()
            s.run_thread.list_steps()
        elif place == "finetune":
            s.finetuning.show()
        self._focus()
        if place == "finetune":
            s.run_desk.refresh()

    def _focus(self) -> None:
        """To where the place in front begins."""
        if self.current == "score":
            self._on_page()
        elif self.current == "finetune":
            self._s.finetuning.focus()
        else:
            self._s.generate.prompt.setFocus()

    def _on_page(self) -> None:
        """One of the Score place's pages is in front."""
        s = self._s
        self._enable_score()
        if s.score_place.page == "benchmark":
            s.benchmarks.show()
            s.benchmark_panel.benchmark.setFocus()
        else:
            s.score_panel.generated.setFocus()

    def _go_to_benchmarks(self) -> None:
        self.show("score")
        self._s.score_place.turn_to("benchmark")

    def _enable_score(self) -> None:
        """The action does what the page in front is for, unless that is under way."""
        s = self._s
        is_benchmark = s.score_place.page == "benchmark"
        runner = s.benchmark_runner if is_benchmark else s.score_runner
        s.actions["score"].setDisabled(runner.is_busy)

    def _share_main_key(self) -> None:
        """Ctrl+Return does what the place in front is for; elsewhere it would act unseen."""
        others = {"generate": (), "finetune": ("Alt+Right",), "score": ("Ctrl+Shift+Return",)}
        for place, name in MAIN_ACTIONS.items():
            keys = (*(MAIN_KEYS if place == self.current else ()), *others[place])
            self._s.actions[name].setShortcuts([QKeySequence(key) for key in keys])

    def _cancel_all(self) -> None:
        self._s.queue.cancel_all()
        self._s.score_runner.cancel()
        # Of days: only where it is seen.
        if self.current == "score" and self._s.score_place.page == "benchmark":
            self._s.benchmark_runner.cancel()

    def _go_to_prompt(self) -> None:
        self.show("generate")
        self._s.generate.prompt.setFocus()

    def _score(self) -> None:
        self.show("score")
        if self._s.score_place.page == "benchmark":
            self._s.benchmarks.start()
        else:
            self._s.scoring.score()

    def _turn(self, button: QPushButton) -> None:
        """A step on or back; from elsewhere only to the place, where it can be seen."""
        if self.current == "finetune":
            button.click()
        else:
            self.show("finetune")

    def _choose_folder(self) -> None:
        self.show("finetune")
        self._s.finetune.show_step("folder")
        self._s.finetuning.folder_page.browse()

    # sounds

    def _on_sound(self, path: Path, name: str, is_now: bool) -> None:
        """A scored sound was chosen: show it in the viewer and play it as the list would."""
        s = self._s
        s.viewer.show_title(name, str(path.parent))
        s.commands.note_foreign_sound()
        s.audition.open(path, and_play=is_now or s.settings.current.audition_on_select)

    def play_focused(self) -> bool:
        """Play what the focus is on, if that is a list of a place's own."""
        for desk in (self._s.scoring, self._s.finetuning):
            if desk.has_focus():
                desk.play_current()
                return True
        return False

    def banner(self) -> Banner:
        """Where it is said that a sound of the place in front cannot be played."""
        s = self._s
        return s.finetune.banner if self.current == "finetune" else s.results.banner

    def _on_playing(self, is_playing: bool) -> None:
        s, report = self._s, self._s.results.report
        name = s.results.clips.current_name()
        is_shown = (
            is_playing and report is not None and report.generated_file(name) == s.audition.path
        )
        s.results.clips.set_playing(name if is_shown else "")
        s.run_desk.set_playing(s.audition.path if is_playing else None)

    # the library

    def _show_library(self) -> None:
        """As the action is ticked; the focus does not stay in what is folded away."""
        s = self._s
        is_shown = s.actions["show_library"].isChecked()
        if not is_shown and s.library_panel.isAncestorOf(s.window.focusWidget() or s.window):
            self._focus()
        s.window.show_library(is_shown)

    def unfold_library(self) -> None:
        """Show it where it is folded away."""
        self._s.window.show_library(True)
        self._s.actions["show_library"].setChecked(True)

    def _count_library(self, picker: SetPicker) -> None:
        picker.set_library_counts(len(self._s.table.selected_ids()), self._s.library_desk.found)

    def _score_selected(self) -> None:
        self.show("score")
        self._s.score_place.turn_to("sets")
        self._take_from_library(self._s.score_panel.generated, "selection")

    def _take_from_library(self, picker: SetPicker, which: str) -> None:
        """The selected clips, or all that the library's query finds, as a set."""
        s = self._s
        ids, query = s.table.selected_ids(), s.library_panel.query()

        def paths(library: Library) -> list[str]:
            wanted = ids if which == "selection" else library.ids(query).tolist()
            return [str(clip.path) for clip in library.clips(wanted) if not clip.is_missing]

        def done(files: list[str]) -> None:
            what = "Selected clips" if which == "selection" else "Library"
            if which != "selection" and query.text:
                what = f"Library: “{query.text}”"
            s.scoring.use_files(what, files, picker)

        s.library.ask(paths, done, doing="reading the library")


def give_keys(actions: ActionRegistry, s: Parts) -> None:
    """The list of scored clips and the map play; what acts on the library stays out."""
    actions.give_sound_keys(
        s.results.clips.table,
        only=("play_nearest", "loop", "seek_back", "seek_forward", "seek_start", "seek_end"),
    )
    actions.give_sound_keys(s.results.map, only=("play_nearest", "loop"))
    for page in (s.finetuning.findings_page, s.finetuning.captions_page):
        keys = ("loop", "seek_back", "seek_forward", "seek_start", "seek_end")
        actions.give_sound_keys(page.table, only=keys)
