"""What a scoring and a benchmark fold away under “More”: a form, and in it who hears the sounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from soundstudio.core.score_requests import BACKBONE_TITLES
from soundstudio.ui.clap_choice import ClapChoice
from soundstudio.ui.file_choice import FileChoice
from soundstudio.ui.fold_button import fold_button

if TYPE_CHECKING:
    from collections.abc import Mapping

    from soundstudio.core.score_requests import BackboneChoice
    from soundstudio.ui.icons import Icons

_WEIGHTS: Final = "Weights (*.pth *.pt);;All files (*)"


class FoldedOptions(QWidget):
    """The form; while it is folded, its backbone stands beside the button.

    Subclasses fill `form` with rows of widgets that belong to `box`; `backbone`, `panns`,
    `vggish` and `clap` are there to be among them.
    """

    def __init__(self, icons: Icons, subject: str, parent: QWidget | None = None) -> None:
        """subject: whose settings they are, as in “More settings of the scoring”."""
        super().__init__(parent)
        self._icons = icons
        self.fold = fold_button(f"More settings of the {subject}", self)
        self.fold.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.fold.toggled.connect(self._on_fold)
        self._summary = QLabel(self)
        self._summary.setObjectName("muted")
        self.box = QWidget(self)
        self.backbone = choice_box(self.box, BACKBONE_TITLES)
        self.backbone.setAccessibleName("Backbone")
        self.backbone.setToolTip("The networks that hear the sounds; compare only what one heard")
        self.backbone.currentIndexChanged.connect(self.show_rows)
        self.panns = FileChoice("PANNs' weights", _WEIGHTS, "Choose Cnn14_16k…", icons, self.box)
        self.vggish = FileChoice("VGGish's weights", _WEIGHTS, "Choose vggish…", icons, self.box)
        self.clap = ClapChoice(self.box)
        self.form = QFormLayout(self.box)
        self.form.setContentsMargins(6, 0, 0, 0)
        self.form.setVerticalSpacing(4)
        self.form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        head = QHBoxLayout()
        head.addWidget(self.fold, alignment=Qt.AlignmentFlag.AlignLeft)
        head.addWidget(self._summary, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self.box)
        self._on_fold(False)

    @property
    def is_paper(self) -> bool:
        """Whether the paper's backbone hears, which needs files."""
        return self.chosen_backbone() == "paper"

    def chosen_backbone(self) -> BackboneChoice:
        return cast("BackboneChoice", self.backbone.currentData())

    def chosen_clap(self) -> str:
        """LAION's file that hears for the bundled backbone; "" for the starter's, or for none."""
        return "" if self.is_paper else self.clap.path()

    def set_backbone(self, backbone: str, panns: str, vggish: str, clap: str = "") -> None:
        """Show what was chosen last time."""
        self.backbone.setCurrentIndex(max(0, self.backbone.findData(backbone)))
        self.panns.set_path(panns)
        self.vggish.set_path(vggish)
        self.clap.set_path(clap)

    def unfold(self) -> None:
        """Open it: something in it must be seen."""
        self.fold.setChecked(True)

    def shown_rows(self) -> dict[QWidget, bool]:
        """Which rows are shown as things stand; those that are not named always are."""
        paper = self.is_paper
        return {self.panns: paper, self.vggish: paper, self.clap: not paper}

    def show_rows(self) -> None:
        """Show the rows that there is a use for, and say which backbone is chosen."""
        for widget, is_shown in self.shown_rows().items():
            self.form.setRowVisible(widget, is_shown)
        self._summary.setText("Backbone: the paper's" if self.is_paper else "Backbone: bundled")

    def _on_fold(self, is_open: bool) -> None:
        self.box.setVisible(is_open)
        self._summary.setVisible(not is_open)
        self._icons.dress(self.fold, "chevron-down" if is_open else "chevron-right")


def choice_box(parent: QWidget, titles: Mapping[Any, str]) -> QComboBox:
    """A combo box of names by their titles that does not grow with the longest."""
    combo = QComboBox(parent)
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(12)
    for name, title in titles.items():
        combo.addItem(title, name)
    return combo
