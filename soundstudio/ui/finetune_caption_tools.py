"""Bulk editing of captions: search and replace, one for many, another source, a template."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSignalBlocker, QTimer, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QWidget,
)

from soundstudio.dataset.captions import CAPTION_SOURCES, finished_caption
from soundstudio.dataset.clips import CAPTION_FIELD
from soundstudio.ui.elided_label import ElidedLabel
from soundstudio.ui.finetune_captions_model import SOURCE_WORDS

if TYPE_CHECKING:
    from collections.abc import Collection

TEMPLATES: Final = (
    CAPTION_FIELD,
    f"the sound of {CAPTION_FIELD}",
    f"a recording of {CAPTION_FIELD}",
)
TEMPLATE_PAUSE_MS: Final = 300


class CaptionTools(QWidget):
    """Says what to do; which clips it is done to, its owner knows.

    signals: replace_requested(str, str). caption_requested(str). source_requested(str).
    search_changed(): ask `search()`. template_changed(str): one with {caption} in it.
    """

    replace_requested = Signal(str, str)
    caption_requested = Signal(str)
    source_requested = Signal(str)
    search_changed = Signal()
    template_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.needle = _line("Find in captions", "Find", self)
        self.replacement = _line("Replace with", "Replace with", self)
        self.replace = QPushButton("Replace", self)
        self.replace.setAccessibleName("Replace in the captions")
        self.replace.setEnabled(False)
        self.caption = _line("One caption for these clips", "One caption for all of them", self)
        self.set_caption = QPushButton("Set", self)
        self.set_caption.setAccessibleName("Give these clips the caption")
        self.set_caption.setEnabled(False)
        self.source = QComboBox(self)
        self.source.setAccessibleName("Take the captions from another source")
        self.source.addItem("Take captions from…", "")
        self.template = QComboBox(self)
        self.template.setEditable(True)
        self.template.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.template.setLineEdit(_line("Template around each caption", "", self.template))
        self.template.addItems(TEMPLATES)
        self.template.setAccessibleName("Template around each caption")
        self._preview = ElidedLabel(self)
        self._preview.setObjectName("muted")
        self._pause = QTimer(self, singleShot=True, interval=TEMPLATE_PAUSE_MS)
        self._shown_caption = ""
        self._connect()
        self._lay_out()

    def _connect(self) -> None:
        self.needle.textChanged.connect(lambda _: self.search_changed.emit())
        for line in (self.needle, self.replacement):
            line.returnPressed.connect(self._replace)
        self.replace.clicked.connect(self._replace)
        self.caption.textChanged.connect(
            lambda text: self.set_caption.setEnabled(bool(text.strip()))
        )
        self.caption.returnPressed.connect(self._set)
        self.set_caption.clicked.connect(self._set)
        self.source.activated.connect(self._on_source)
        self.template.editTextChanged.connect(lambda _: self._pause.start())
        self._pause.timeout.connect(self._on_template)

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(5)
        for column, widget in enumerate((self.needle, self.replacement, self.replace)):
            grid.addWidget(widget, 0, column)
        grid.setColumnMinimumWidth(3, 14)
        for column, widget in enumerate((self.caption, self.set_caption, self.source), start=4):
            grid.addWidget(widget, 0, column)
        for column, stretch in ((0, 3), (1, 3), (4, 4)):
            grid.setColumnStretch(column, stretch)
        template = QHBoxLayout()
        template.setSpacing(8)
        label = QLabel("Template", self)
        label.setBuddy(self.template)
        template.addWidget(label)
        self.template.setMinimumWidth(230)
        template.addWidget(self.template)
        template.addWidget(self._preview, 1)
        grid.addLayout(template, 1, 0, 1, 7)

    def search(self) -> str:
        return self.needle.text()

    def show_scope(self, clips: int, matching: int) -> None:
        """clips: how many a bulk edit would change; matching: of these, those with the text."""
        self.replace.setText(f"Replace in {matching:,}")
        self.replace.setEnabled(matching > 0)
        self.set_caption.setText(f"Set for {clips:,}")

    def show_sources(self, known: Collection[str]) -> None:
        """Offer the sources that know something of these clips."""
        with QSignalBlocker(self.source):
            while self.source.count() > 1:
                self.source.removeItem(1)
            for source in CAPTION_SOURCES:
                if source in known:
                    self.source.addItem(SOURCE_WORDS[source], source)
            self.source.setCurrentIndex(0)
        self.source.setEnabled(self.source.count() > 1)

    def show_template(self, template: str) -> None:
        if template != self.template.currentText():
            with QSignalBlocker(self.template):
                self.template.setEditText(template)
        self.show_caption(self._shown_caption)

    def show_caption(self, caption: str) -> None:
        """What the model is told of the current clip."""
        self._shown_caption = caption
        template = self.template.currentText()
        if CAPTION_FIELD not in template:
            self._preview.setText(f"Write {CAPTION_FIELD} where the caption belongs.")
            return
        told = finished_caption(caption, template)
        self._preview.setText(f"The model reads: “{told}”" if told else "The model reads nothing.")

    def preview(self) -> str:
        return self._preview.text()

    def _replace(self) -> None:
        if self.replace.isEnabled():
            self.replace_requested.emit(self.needle.text(), self.replacement.text())

    def _set(self) -> None:
        if self.caption.text().strip():
            self.caption_requested.emit(self.caption.text().strip())

    def _on_source(self, index: int) -> None:
        source = str(self.source.itemData(index) or "")
        self.source.setCurrentIndex(0)
        if source:
            self.source_requested.emit(source)

    def _on_template(self) -> None:
        self.show_caption(self._shown_caption)
        template = self.template.currentText()
        if CAPTION_FIELD in template:
            self.template_changed.emit(template)


def _line(name: str, hint: str, parent: QWidget) -> QLineEdit:
    line = QLineEdit(parent)
    line.setAccessibleName(name)
    line.setPlaceholderText(hint)
    line.setMinimumWidth(90)
    return line
