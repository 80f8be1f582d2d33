"""What is folded under “More” of a benchmark: how many clips, which model, how long, which ears."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from soundstudio.core.benchmark_requests import GenerationWishes, TrainingWishes
from soundstudio.core.requests import MAX_SEED, MAX_STEPS
from soundstudio.core.score_requests import BACKBONE_TITLES
from soundstudio.ui.fold_button import fold_button
from soundstudio.ui.score_options import FileChoice

if TYPE_CHECKING:
    from soundstudio.core.benchmark_requests import BenchmarkName, BenchmarkRequest, SubsetName
    from soundstudio.core.catalogue import CatalogueRow
    from soundstudio.core.score_requests import BackboneChoice
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
_WEIGHTS: Final = "Weights (*.pth *.pt);;All files (*)"


class BenchmarkOptions(QWidget):
    """Shows what the chosen benchmark has a use for."""

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self._kind: BenchmarkName = "table1"
        self._base: BenchmarkRequest | None = None
        self._fold = fold_button("More settings of the benchmark", self)
        self._fold.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._fold.toggled.connect(self._on_fold)
        self._summary = QLabel(self)
        self._summary.setObjectName("muted")
        self._box = QWidget(self)
        self._build(icons)
        self._form = QFormLayout(self._box)
        self._form.setContentsMargins(6, 0, 0, 0)
        self._form.setVerticalSpacing(4)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for name, widget in self._rows():
            widget.setAccessibleName(f"{name} of the benchmark")
            self._form.addRow(name, widget)
        head = QHBoxLayout()
        head.addWidget(self._fold, alignment=Qt.AlignmentFlag.AlignLeft)
        head.addWidget(self._summary, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self._box)
        self._on_fold(False)
        self.show_kind("table1")

    def _build(self, icons: Icons) -> None:
        box = self._box
        self.subset = _combo(box, SUBSET_TITLES)
        self.clips = QSpinBox(box, minimum=0, maximum=MOST_CLIPS)
        self.clips.setSpecialValueText("As the subset says")
        self.clips.setToolTip("Fewer take less time, and say less")
        self.model = _combo(box, {})
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
        self.backbone = _combo(box, BACKBONE_TITLES)
        self.backbone.setToolTip("The networks that hear the sounds")
        self.backbone.currentIndexChanged.connect(self._show_rows)
        self.panns = FileChoice("PANNs' weights", _WEIGHTS, "Choose Cnn14_16k…", icons, box)
        self.vggish = FileChoice("VGGish's weights", _WEIGHTS, "Choose vggish…", icons, box)

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
        )

    def tab_chain(self) -> tuple[QWidget, ...]:
        """Its controls in the order of Tab."""
        return (self._fold, *(widget for _, widget in self._rows()))

    def show_kind(self, kind: BenchmarkName) -> None:
        """Offer what this benchmark has a use for."""
        self._kind = kind
        self._show_rows()

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

    def set_backbone(self, backbone: str, panns: str, vggish: str) -> None:
        self.backbone.setCurrentIndex(max(0, self.backbone.findData(backbone)))
        self.panns.set_path(panns)
        self.vggish.set_path(vggish)

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
        self.set_backbone(request.backbone, request.panns, request.vggish)

    def values(self) -> dict[str, Any]:
        """Fields of a BenchmarkRequest."""
        is_paper = self.backbone.currentData() == "paper"
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
            "backbone": cast("BackboneChoice", self.backbone.currentData()),
            "panns": self.panns.path() if is_paper else "",
            "vggish": self.vggish.path() if is_paper else "",
        }

    def unfold(self) -> None:
        """Open it: something in it must be seen."""
        self._fold.setChecked(True)

    def _on_fold(self, is_open: bool) -> None:
        self._box.setVisible(is_open)
        self._summary.setVisible(not is_open)
        self._icons.dress(self._fold, "chevron-down" if is_open else "chevron-right")

    def _show_rows(self) -> None:
        is_paper = self.backbone.currentData() == "paper"
        is_training = self._kind in ("table2", "figure2")
        shown = {
            self.model: self._kind != "figure1",
            self.generation_steps: self._kind == "table1",
            self.training_steps: is_training,
            self.validate_every: is_training,
            self.seeds: is_training,
            self.points: self._kind == "figure1",
            self.panns: is_paper,
            self.vggish: is_paper,
        }
        for widget, is_shown in shown.items():
            self._form.setRowVisible(widget, is_shown)
        self._summary.setText("Backbone: the paper's" if is_paper else "Backbone: bundled")


def _combo(parent: QWidget, titles: dict[Any, str]) -> QComboBox:
    combo = QComboBox(parent)
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(12)
    for name, title in titles.items():
        combo.addItem(title, name)
    return combo
