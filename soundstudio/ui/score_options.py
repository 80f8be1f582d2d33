"""What is folded under “More” of a scoring: the backbone, its weights, prompts, the cache."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from soundstudio.core.score_requests import BACKBONE_TITLES, BackboneChoice
from soundstudio.ui.fold_button import fold_button

if TYPE_CHECKING:
    from soundstudio.ui.icons import Icons


class FileChoice(QWidget):
    """A button that names a file. signals: changed()."""

    changed = Signal()

    def __init__(
        self, name: str, pattern: str, empty: str, icons: Icons, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._name = name
        self._pattern = pattern
        self._empty = empty
        self._path = ""
        self._button = QPushButton(self)
        self._button.setObjectName("link")
        self._button.clicked.connect(self._browse)
        self._clear = QToolButton(self)
        self._clear.setAccessibleName(f"Clear {name}")
        self._clear.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._clear.clicked.connect(lambda: self.set_path(""))
        icons.dress(self._clear, "close")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._button, 1)
        row.addWidget(self._clear)
        self.set_path("")

    def path(self) -> str:
        return self._path

    def set_path(self, path: str) -> None:
        self._path = path
        words = Path(path).name if path else self._empty
        metrics = self._button.fontMetrics()
        self._button.setText(metrics.elidedText(words, Qt.TextElideMode.ElideMiddle, 170))
        self._button.setToolTip(path or words)
        self._button.setAccessibleName(f"{self._name}: {words}")
        self._clear.setVisible(bool(path))
        self.changed.emit()

    def _browse(self) -> None:
        start = str(Path(self._path).parent) if self._path else ""
        name, _ = QFileDialog.getOpenFileName(self, self._name, start, self._pattern)
        if name:
            self.set_path(name)


class ScoreOptions(QWidget):
    """signals: changed(): the backbone or its files; they are kept for the next start.
    weights_requested(): show where the paper's weights can be had.
    """

    changed = Signal()
    weights_requested = Signal()

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self._fold = fold_button("More settings of the scoring", self)
        self._fold.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._fold.toggled.connect(self._on_fold)
        self._box = QWidget(self)
        self._backbone = QComboBox(self._box)
        for name, title in BACKBONE_TITLES.items():
            self._backbone.addItem(title, name)
        self._backbone.setAccessibleName("Backbone")
        self._backbone.setToolTip("The networks that hear the sounds; compare only what one heard")
        self._backbone.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self._backbone.setMinimumContentsLength(12)
        self._backbone.currentIndexChanged.connect(self._on_backbone)
        weights = "Weights (*.pth *.pt);;All files (*)"
        self.panns = FileChoice("PANNs' weights", weights, "Choose Cnn14_16k…", icons, self._box)
        self.vggish = FileChoice("VGGish's weights", weights, "Choose vggish…", icons, self._box)
        for file in (self.panns, self.vggish):
            file.changed.connect(self.changed)
        self.get_weights = QPushButton("Get the weights…", self._box)
        self.get_weights.setObjectName("link")
        self.get_weights.setAccessibleName("Get the weights of PANNs and VGGish")
        self.get_weights.setToolTip("The models page downloads both")
        self.get_weights.clicked.connect(self.weights_requested)
        self.prompts = FileChoice(
            "Prompts", "Tables (*.csv)", "What the files say", icons, self._box
        )
        self.prompts.setToolTip("A CSV with the columns file and prompt, for the CLAP score")
        self.hears_anew = QCheckBox("Hear every sound anew", self._box)
        self.hears_anew.setToolTip("Features of sounds that were heard before are kept on the disk")
        self.hears_anew.setAccessibleName("Hear every sound anew")
        self._form = QFormLayout(self._box)
        self._form.setContentsMargins(6, 0, 0, 0)
        self._form.setVerticalSpacing(4)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._form.addRow("Backbone", self._backbone)
        self._form.addRow("PANNs", self.panns)
        self._form.addRow("VGGish", self.vggish)
        self._form.addRow("", self.get_weights)
        self._form.addRow("Prompts", self.prompts)
        self._form.addRow(self.hears_anew)
        self._summary = QLabel(self)
        self._summary.setObjectName("muted")
        head = QHBoxLayout()
        head.addWidget(self._fold, alignment=Qt.AlignmentFlag.AlignLeft)
        head.addWidget(self._summary, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self._box)
        self._on_fold(False)
        self._on_backbone()

    def backbone(self) -> BackboneChoice:
        return cast("BackboneChoice", self._backbone.currentData())

    def set_backbone(self, backbone: str, panns: str, vggish: str) -> None:
        """Show what was chosen last time."""
        self.blockSignals(True)
        self._backbone.setCurrentIndex(max(0, self._backbone.findData(backbone)))
        self.panns.set_path(panns)
        self.vggish.set_path(vggish)
        self.blockSignals(False)

    def unfold(self) -> None:
        """Open it: something in it must be seen."""
        self._fold.setChecked(True)

    def _on_fold(self, is_open: bool) -> None:
        self._box.setVisible(is_open)
        self._summary.setVisible(not is_open)
        self._icons.dress(self._fold, "chevron-down" if is_open else "chevron-right")

    def _on_backbone(self) -> None:
        is_paper = self.backbone() == "paper"
        for file in (self.panns, self.vggish, self.get_weights):
            self._form.setRowVisible(file, is_paper)
        self._summary.setText("Backbone: the paper's" if is_paper else "Backbone: bundled")
        self.changed.emit()
