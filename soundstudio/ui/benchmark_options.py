"""What is folded under “More” of a benchmark: how many clips, which model, how long, which ears."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast

from PySide6.QtWidgets import QSpinBox, QWidget

from soundstudio.core.benchmark_requests import GenerationWishes, TrainingWishes
from soundstudio.core.requests import MAX_SEED, MAX_STEPS
from soundstudio.ui.folded_options import FoldedOptions, choice_box

if TYPE_CHECKING:
    from soundstudio.core.benchmark_requests import BenchmarkName, BenchmarkRequest, SubsetName
    from soundstudio.core.catalogue import CatalogueRow
    from soundstudio.ui.icons import Icons

SUBSET_TITLES: Final[dict[SubsetName, str]] = {
    "paper": "Drawn as in the paper",
    "held-out": "Whole recordings held out",
    "all": "All clips",
}
MOST_CLIPS: Final = 100_000
MOST_TRAINING_STEPS: Final = 10_000_000
MOST_SEEDS: Final = 20
_SPIN_MAX: Final = 2**31 - 1


class BenchmarkOptions(FoldedOptions):
    """Shows what the chosen benchmark has a use for."""

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(icons, "benchmark", parent)
        self._kind: BenchmarkName = "table1"
        self._base: BenchmarkRequest | None = None
        self._build()
        for name, widget in self._rows():
            widget.setAccessibleName(f"{name} of the benchmark")
            self.form.addRow(name, widget)
        self.show_kind("table1")

    def _build(self) -> None:
        box = self.box
        self.subset = choice_box(box, SUBSET_TITLES)
        self.clips = QSpinBox(box, minimum=0, maximum=MOST_CLIPS)
        self.clips.setSpecialValueText("As the subset says")
        self.clips.setToolTip("Fewer take less time, and say less")
        self.model = choice_box(box, {})
        self.model.setToolTip("What generates, or what the runs begin with")
        self.generation_steps = QSpinBox(box, minimum=1, maximum=MAX_STEPS)
        self.training_steps = QSpinBox(box, minimum=1, maximum=MOST_TRAINING_STEPS)
        self.training_steps.setToolTip("Of each run; four kinds of run with each seed are made")
        self.validate_every = QSpinBox(box, minimum=1, maximum=MOST_TRAINING_STEPS)
        self.validate_every.setToolTip("Steps; each validation generates a sound for each clip")
        self.seeds = QSpinBox(box, minimum=1, maximum=MOST_SEEDS)
        self.seeds.setToolTip("How often each kind of run is made; the spread says how sure it is")
        self.points = QSpinBox(box, minimum=2, maximum=101)
        self.points.setToolTip("Shares of corrupted sounds from 0 to 100 %")
        self.seed = QSpinBox(box, minimum=0, maximum=min(MAX_SEED, _SPIN_MAX))
        self.seed.setToolTip("Of all that is drawn")

    def _rows(self) -> tuple[tuple[str, QWidget], ...]:
        return (
            ("Clips", self.subset),
            ("At most", self.clips),
            ("Model", self.model),
            ("Steps", self.generation_steps),
            ("Training steps", self.training_steps),
            ("Validate every", self.validate_every),
            ("Seeds", self.seeds),
            ("Points", self.points),
            ("Seed", self.seed),
            ("Backbone", self.backbone),
            ("PANNs", self.panns),
            ("VGGish", self.vggish),
            ("CLAP", self.clap),
        )

    def tab_chain(self) -> tuple[QWidget, ...]:
        """Its controls in the order of Tab."""
        return (self.fold, *(widget for _, widget in self._rows()))

    def show_kind(self, kind: BenchmarkName) -> None:
        """Offer what this benchmark has a use for."""
        self._kind = kind
        self.show_rows()

    def set_models(self, rows: tuple[CatalogueRow, ...], chosen: str) -> None:
        """Offer the installed models, this one chosen unless another one was."""
        before = self.model.currentData()
        self.model.clear()
        for row in rows:
            if row.is_installed:
                self.model.addItem(row.title, row.id)
        self._choose_model(str(before or chosen))

    def _choose_model(self, model: str) -> None:
        if self.model.findData(model) < 0:
            self.model.addItem(model, model)
        self.model.setCurrentIndex(self.model.findData(model))

    def set_request(self, request: BenchmarkRequest) -> None:
        """Show a request's values; what of its wishes has no field here goes back with `values`."""
        self._base = request
        self.subset.setCurrentIndex(max(0, self.subset.findData(request.subset)))
        self.clips.setValue(request.clips or 0)
        self._choose_model(request.model)
        self.generation_steps.setValue(request.generation.steps)
        self.training_steps.setValue(request.training.steps)
        self.validate_every.setValue(request.training.validate_every)
        self.seeds.setValue(len(request.training.seeds))
        self.points.setValue(request.shares)
        self.seed.setValue(request.seed)
        self.set_backbone(request.backbone, request.panns, request.vggish, request.clap)

    def values(self) -> dict[str, Any]:
        """Fields of a BenchmarkRequest."""
        known = self._base
        generation = known.generation if known else GenerationWishes()
        training = known.training if known else TrainingWishes()
        seeds = self.seeds.value()
        kept = training.seeds if len(training.seeds) == seeds else tuple(range(seeds))
        return {
            "subset": cast("SubsetName", self.subset.currentData()),
            "clips": self.clips.value() or None,
            "model": str(self.model.currentData()),
            "generation": replace(generation, steps=self.generation_steps.value()),
            "training": replace(
                training,
                steps=self.training_steps.value(),
                validate_every=self.validate_every.value(),
                seeds=kept,
            ),
            "shares": self.points.value(),
            "seed": self.seed.value(),
            "backbone": self.chosen_backbone(),
            "panns": self.panns.path() if self.is_paper else "",
            "vggish": self.vggish.path() if self.is_paper else "",
            "clap": self.chosen_clap(),
        }

    def shown_rows(self) -> dict[QWidget, bool]:
        is_training = self._kind in ("table2", "figure2")
        return {
            **super().shown_rows(),
            self.model: self._kind != "figure1",
            self.generation_steps: self._kind == "table1",
            self.training_steps: is_training,
            self.validate_every: is_training,
            self.seeds: is_training,
            self.points: self._kind == "figure1",
        }
