"""What is folded under “More” of a scoring: the backbone, its weights, prompts, the cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QPushButton, QWidget

from soundstudio.ui.file_choice import FileChoice
from soundstudio.ui.folded_options import FoldedOptions

if TYPE_CHECKING:
    from soundstudio.ui.icons import Icons


class ScoreOptions(FoldedOptions):
    """signals: changed(): the backbone or its files; they are kept for the next start.
    weights_requested(): show where the paper's weights can be had.
    """

    changed = Signal()
    weights_requested = Signal()

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(icons, "scoring", parent)
        self.backbone.currentIndexChanged.connect(self.changed)
        for file in (self.panns, self.vggish, self.clap):
            file.changed.connect(self.changed)
        self.get_weights = QPushButton("Get the weights…", self.box)
        self.get_weights.setObjectName("link")
        self.get_weights.setAccessibleName("Get the weights of PANNs and VGGish")
        self.get_weights.setToolTip("The models page downloads both")
        self.get_weights.clicked.connect(self.weights_requested)
        self.prompts = FileChoice(
            "Prompts", "Tables (*.csv)", "What the files say", icons, self.box
        )
        self.prompts.setToolTip("A CSV with the columns file and prompt, for the CLAP score")
        self.hears_anew = QCheckBox("Hear every sound anew", self.box)
        self.hears_anew.setToolTip("Features of sounds that were heard before are kept on the disk")
        self.hears_anew.setAccessibleName("Hear every sound anew")
        self.form.addRow("Backbone", self.backbone)
        self.form.addRow("PANNs", self.panns)
        self.form.addRow("VGGish", self.vggish)
        self.form.addRow("", self.get_weights)
        self.form.addRow("CLAP", self.clap)
        self.form.addRow("Prompts", self.prompts)
        self.form.addRow(self.hears_anew)
        self.show_rows()

    def set_backbone(self, backbone: str, panns: str, vggish: str, clap: str = "") -> None:
        self.blockSignals(True)
        super().set_backbone(backbone, panns, vggish, clap)
        self.blockSignals(False)

    def shown_rows(self) -> dict[QWidget, bool]:
        return {**super().shown_rows(), self.get_weights: self.is_paper}
