"""What is folded under “More”: model, guidance, steps, sampler, eta, best of."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from soundstudio.core.qualities import NORMAL
from soundstudio.core.requests import (
    MAX_CANDIDATES,
    MAX_GUIDANCE,
    MAX_STEPS,
    ORIGINAL_CANDIDATES,
    SAMPLERS,
    GenerationRequest,
)
from soundstudio.ui.fold_button import fold_button
from soundstudio.ui.request_form import SAMPLER_TITLES

if TYPE_CHECKING:
    from soundstudio.core.catalogue import CatalogueRow
    from soundstudio.ui.icons import Icons

# No model's id: it stands at the end of the list.
MORE_MODELS = "\0more"


class MoreOptions(QWidget):
    """signals: model_chosen(str): the id of the model that is now chosen.
    work_changed(): what a quality sets was changed.
    more_models_requested(): the end of the list of models was chosen.
    """

    model_chosen = Signal(str)
    work_changed = Signal()
    more_models_requested = Signal()

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self._chosen = ""
        self._fold = fold_button("More settings", self)
        self._fold.toggled.connect(self._on_fold)
        self._box = QWidget(self)
        self.model = QComboBox(self._box)
        self.model.currentIndexChanged.connect(self._on_model)
        self.guidance = QDoubleSpinBox(
            self._box, minimum=1, maximum=MAX_GUIDANCE, singleStep=0.5, decimals=1
        )
        self.guidance.setToolTip("How strictly the prompt is followed; 1 switches it off")
        self.guided = QSpinBox(self._box, minimum=0, maximum=100, singleStep=10, suffix=" %")
        self.guided.setToolTip(
            "Which share of the steps is guided, the first ones; the others take half the time"
        )
        self.steps = QSpinBox(self._box, minimum=1, maximum=MAX_STEPS)
        self.steps.setToolTip("More steps take longer; beyond 50 little changes")
        self.sampler = QComboBox(self._box)
        for sampler in SAMPLERS:
            self.sampler.addItem(SAMPLER_TITLES.get(sampler, sampler), sampler)
        self.sampler.currentIndexChanged.connect(self._on_sampler)
        self.eta = QDoubleSpinBox(self._box, minimum=0, maximum=1, singleStep=0.1, decimals=2)
        self.eta.setToolTip("Noise added at each step of DDIM; 0 adds none")
        for spin in (self.guided, self.steps, self.eta):
            spin.valueChanged.connect(self.work_changed)
        self.candidates = QSpinBox(self._box, minimum=1, maximum=MAX_CANDIDATES)
        self.candidates.setSpecialValueText("off")
        self.candidates.setToolTip(
            "So many are made of each variation, and the one that CLAP finds nearest is kept; it "
            f"takes as many times as long. The original AudioLDM makes {ORIGINAL_CANDIDATES}"
        )
        form = QFormLayout(self._box)
        form.setContentsMargins(6, 0, 0, 0)
        form.setVerticalSpacing(6)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for name, widget in (
            ("Model", self.model),
            ("Guidance", self.guidance),
            ("Guided steps", self.guided),
            ("Steps", self.steps),
            ("Sampler", self.sampler),
            ("Eta", self.eta),
            ("Best of", self.candidates),
        ):
            widget.setAccessibleName(name)
            form.addRow(name, widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._fold, alignment=Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self._box)
        self._on_fold(False)
        self.set_request(NORMAL.applied_to(GenerationRequest(prompt="")))

    def tab_chain(self) -> tuple[QWidget, ...]:
        """Its controls in the order of Tab."""
        return (
            self._fold,
            self.model,
            self.guidance,
            self.guided,
            self.steps,
            self.sampler,
            self.eta,
            self.candidates,
        )

    def set_models(self, rows: tuple[CatalogueRow, ...], chosen: str) -> None:
        """Offer the installed models; a chosen one outside the catalogue is a folder."""
        self.model.blockSignals(True)
        self.model.clear()
        for row in rows:
            if row.is_installed or row.id == chosen:
                title = row.title if row.is_installed else f"{row.title} (not installed)"
                self.model.addItem(title, row.id)
                tip = f"{row.title} · licence {row.licence}"
                self.model.setItemData(self.model.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.model.addItem("More models…", MORE_MODELS)
        self.model.blockSignals(False)
        self.choose_model(chosen)

    def choose_model(self, model: str) -> None:
        """Choose by id; an id that is not offered is added, so that the engine can explain it."""
        index = self.model.findData(model)
        if index < 0:
            index = max(0, self.model.findData(MORE_MODELS))
            self.model.insertItem(index, Path(model).name, model)
            self.model.setItemData(index, model, Qt.ItemDataRole.ToolTipRole)
        self.model.setCurrentIndex(index)
        self._on_model()

    def chosen_model(self) -> str:
        return str(self.model.currentData())

    def chosen_candidates(self) -> int:
        """How many candidates of each variation; 1 if the model cannot listen to them."""
        return self.candidates.value() if self.candidates.isEnabled() else 1

    def set_listens(self, listens: bool) -> None:
        """Whether the model has an audio tower, so that it can choose among candidates."""
        self.candidates.setEnabled(listens)

    def with_work(self, request: GenerationRequest) -> GenerationRequest:
        """The request with the settings that decide how much work goes into a sound."""
        sampler = str(self.sampler.currentData())
        return dataclasses.replace(
            request,
            guided_share=self.guided.value() / 100,
            steps=self.steps.value(),
            sampler=sampler,
            eta=round(self.eta.value(), 2) if sampler == "ddim" else 0.0,
        )

    def set_request(self, request: GenerationRequest) -> None:
        """Show a request's values, the model left aside."""
        self.guidance.setValue(request.guidance)
        self.candidates.setValue(request.candidates)
        self.set_work(request)

    def set_work(self, request: GenerationRequest) -> None:
        """Show what `with_work` gives to a request; all else stays."""
        self.guided.setValue(round(100 * request.guided_share))
        self.steps.setValue(request.steps)
        self.sampler.setCurrentIndex(max(0, self.sampler.findData(request.sampler)))
        self.eta.setValue(request.eta)
        self._on_sampler()

    def _on_fold(self, is_open: bool) -> None:
        self._box.setVisible(is_open)
        self._icons.dress(self._fold, "chevron-down" if is_open else "chevron-right", "muted")

    def _on_sampler(self) -> None:
        self.eta.setEnabled(self.sampler.currentData() == "ddim")
        self.work_changed.emit()

    def _on_model(self) -> None:
        if self.model.currentData() == MORE_MODELS:
            self.model.blockSignals(True)
            self.model.setCurrentIndex(max(0, self.model.findData(self._chosen)))
            self.model.blockSignals(False)
            self.more_models_requested.emit()
        elif self.model.currentData() is not None:
            self._chosen = self.chosen_model()
            self.model_chosen.emit(self.chosen_model())
