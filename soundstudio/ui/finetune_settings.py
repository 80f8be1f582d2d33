"""Fourth step of the Fine-tune place: the model's name and base, a few settings, what it takes."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from soundstudio.core.finetuning import FinetuneSettings
from soundstudio.ui.finetune_estimate_view import WIDTH_PX, EstimateView
from soundstudio.ui.finetune_setting_specs import (
    FOLLOWING,
    MORE,
    VISIBLE,
    steps_words,
    suggested_steps,
    suggested_validation,
    suggested_warmup,
)
from soundstudio.ui.fold_button import fold_button
from soundstudio.ui.scrolling import scrolling
from soundstudio.ui.setting_row import FIELD_PX, LABEL_PX, SettingRow, place
from soundstudio.ui.theme import indent_numbers

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from soundstudio.core.catalogue import CatalogueRow
    from soundstudio.jobs.finetune_estimate import RoughEstimate
    from soundstudio.ui.icons import Icons
    from soundstudio.ui.theme import Theme

SHARE = "validation_share"


class FinetuneSettingsPage(QWidget):
    """signals:
    changed(): ask `name()`, `settings()`, `chosen()`. share_changed(float): of validation.
    """

    changed = Signal()
    share_changed = Signal(float)

    def __init__(self, theme: Theme, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self._kept = FinetuneSettings()
        self._chosen: set[str] = set()
        self._train_clips = 0
        self._capabilities: dict[str, tuple[str, ...]] = {}
        self.name_field = QLineEdit(self, maxLength=64)
        self.name_field.setAccessibleName("Name of the new model")
        self._problem = QLabel(self, wordWrap=True)
        self._problem.setObjectName("muted")
        self.model = QComboBox(self)
        self.model.setAccessibleName("Base model")
        self._model_note = QLabel(self, wordWrap=True)
        self._model_note.setObjectName("muted")
        self._fold = fold_button("More settings of the training", self)
        self._box = QWidget(self)
        self.rows = {spec.name: SettingRow(spec, self) for spec in VISIBLE}
        self.rows |= {spec.name: SettingRow(spec, self._box) for spec in MORE}
        self.estimate = EstimateView(theme, self)
        self._connect()
        self._lay_out()
        self._on_fold(False)
        self.show_settings("", FinetuneSettings(), (), 0.1)

    def _connect(self) -> None:
        self.name_field.textEdited.connect(lambda _: self._on_name())
        self.model.currentIndexChanged.connect(lambda _: self._on_model())
        self._fold.toggled.connect(self._on_fold)
        for row in self.rows.values():
            row.changed_by_user.connect(self._on_setting)

    def _lay_out(self) -> None:
        inner = QWidget(self)
        column = QVBoxLayout(inner)
        column.setContentsMargins(14, 10, 12, 10)
        column.setSpacing(12)
        column.addLayout(_line("Name of the new model", self.name_field, self._problem, inner))
        column.addLayout(_line("Base model", self.model, self._model_note, inner))
        for spec in VISIBLE:
            column.addWidget(self.rows[spec.name])
        column.addWidget(self._fold, alignment=Qt.AlignmentFlag.AlignLeft)
        more = QVBoxLayout(self._box)
        more.setContentsMargins(0, 0, 0, 0)
        more.setSpacing(12)
        for spec in MORE:
            more.addWidget(self.rows[spec.name])
        column.addWidget(self._box)
        column.addStretch(1)
        side = scrolling(self.estimate, self)
        side.setFixedWidth(WIDTH_PX)
        page = QHBoxLayout(self)
        page.setContentsMargins(0, 0, 14, 4)
        page.addWidget(scrolling(inner, self), 1)
        page.addWidget(side)
        indent_numbers(self)

    # what is shown

    def set_models(self, rows: Sequence[CatalogueRow], usual: str) -> None:
        """Offer the installed models; `usual` is the one to begin from until another is chosen."""
        kept = str(self.model.currentData()) if "model" in self._chosen else usual
        with QSignalBlocker(self.model):
            self.model.clear()
            for row in rows:
                if row.is_installed and "fine-tune" in row.capabilities:
                    self.model.addItem(row.title, row.id)
                    size = (
                        f"{row.parameters / 1e6:,.0f} million weights, " if row.parameters else ""
                    )
                    kind = (
                        "made here by an earlier fine-tuning, " if row.kind == "fine-tuned" else ""
                    )
                    note = f"{kind}{size}licence {row.licence}. The new model inherits the licence."
                    note = note[:1].upper() + note[1:]
                    self.model.setItemData(
                        self.model.count() - 1, note, Qt.ItemDataRole.ToolTipRole
                    )
            self._capabilities = {row.id: row.capabilities for row in rows}
            self.model.setCurrentIndex(max(0, self.model.findData(kept)))
        self._show_model()

    def show_settings(
        self, name: str, settings: FinetuneSettings, chosen: Collection[str], share: float
    ) -> None:
        """chosen: the settings that the user set; the others follow the clips."""
        self._kept, self._chosen = settings, set(chosen)
        self.name_field.setText(name)
        with QSignalBlocker(self.model):
            self.model.setCurrentIndex(max(0, self.model.findData(settings.model)))
        for key, row in self.rows.items():
            row.set_value(round(share * 100) if key == SHARE else getattr(settings, key))
        self._follow()
        self._show_model()

    def show_name(self, name: str) -> None:
        if name != self.name():
            self.name_field.setText(name)

    def show_clips(self, train_clips: int) -> None:
        """How many segments there are to train on."""
        self._train_clips = train_clips
        self._follow()

    def show_problem(self, sentence: str) -> None:
        """What is wrong with the name, "" if nothing is."""
        self._problem.setObjectName("warning" if sentence else "muted")
        self._problem.setText(sentence or "You choose the model by it when you generate.")
        self._problem.style().unpolish(self._problem)
        self._problem.style().polish(self._problem)

    def problem(self) -> str:
        return self._problem.text()

    def show_estimate(self, estimate: RoughEstimate | None) -> None:
        self.estimate.show_estimate(estimate, self.settings().method)

    # what is chosen

    def name(self) -> str:
        return self.name_field.text().strip()

    def settings(self) -> FinetuneSettings:
        """The settings as the page stands; what it does not show stays as it was."""
        values: dict[str, Any] = {
            key: row.value() for key, row in self.rows.items() if key != SHARE
        }
        if self.model.currentIndex() >= 0:
            values["model"] = str(self.model.currentData())
        return dataclasses.replace(self._kept, **values)

    def chosen(self) -> tuple[str, ...]:
        return tuple(sorted(self._chosen))

    def unfold(self) -> None:
        self._fold.setChecked(True)

    def focus(self) -> None:
        self.name_field.setFocus()

    # what follows

    def _on_fold(self, is_open: bool) -> None:
        self._box.setVisible(is_open)
        self._icons.dress(self._fold, "chevron-down" if is_open else "chevron-right", "muted")

    def _on_name(self) -> None:
        self._chosen.add("name")
        self.changed.emit()

    def _on_model(self) -> None:
        self._chosen.add("model")
        self._show_model()
        self.changed.emit()

    def _on_setting(self, name: str) -> None:
        if name == SHARE:
            self.share_changed.emit(self.rows[SHARE].value() / 100)
            return
        self._chosen.add(name)
        if name == "from_scratch" and self.rows[name].value():
            # Adapters adapt something; from nothing there is nothing to adapt.
            if self.rows["method"].value() == "lora":
                self.rows["method"].set_value("auto")
        elif name == "method" and self.rows[name].value() == "lora":
            self.rows["from_scratch"].set_value(False)
        self._follow()
        self.changed.emit()

    def _follow(self) -> None:
        """Settings that nobody set go along with the clips and with each other."""
        rows = self.rows
        if self._train_clips and "steps" not in self._chosen:
            rows["steps"].set_value(suggested_steps(self._train_clips, rows["batch_size"].value()))
        steps = int(rows["steps"].value())
        suggestions = {
            "warmup_steps": suggested_warmup(steps), "validate_every": suggested_validation(steps)
        }  # fmt: skip
        for key, value in suggestions.items():
            if key in FOLLOWING and key not in self._chosen:
                rows[key].set_value(value)
        spec = rows["steps"].spec
        rows["steps"].say(steps_words(self.settings(), self._train_clips) + spec.sentence)

    def _show_model(self) -> None:
        note = self.model.itemData(self.model.currentIndex(), Qt.ItemDataRole.ToolTipRole)
        listens = "audio" in self._capabilities.get(str(self.model.currentData()), ())
        words = str(note or "")
        if self.rows["condition"].value() == "audio" and not listens and words:
            words = "This model cannot listen: it learns from captions only."
        self._model_note.setText(words)


def _line(label: str, field: QWidget, note: QLabel, parent: QWidget) -> QGridLayout:
    title = QLabel(label, parent)
    title.setFixedWidth(LABEL_PX)
    title.setBuddy(field)
    field.setFixedWidth(FIELD_PX)
    grid = QGridLayout()
    place(grid, title, field, note)
    return grid
