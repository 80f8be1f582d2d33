"""The settings dialog: made from the table of fields in core.settings, nothing written twice."""

from __future__ import annotations

import dataclasses
import typing
from typing import Any

from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from soundstudio.core.settings import Settings
from soundstudio.ui.theme import indent_numbers

# Which page shows a field; a field that is not named lands on the first page.
PAGES: dict[str, tuple[str, ...]] = {
    "General": ("theme", "audition_on_select", "play_when_ready"),
    "Engine": ("device", "dtype", "models_folder"),
    "Export": (
        "export_folder",
        "export_format",
        "export_rate",
        "export_normalise",
        "export_trim",
        "export_fade_ms",
        "export_prompt",
        "ucs_names",
        "designer",
        "creator_id",
        "source_id",
    ),
    "Viewer": (
        "spectrogram_colours",
        "spectrogram_scale",
        "spectrogram_floor_db",
        "spectrogram_ceiling_db",
    ),
}
# Chosen elsewhere in the window.
ELSEWHERE = ("model", "output_device", "score_backbone", "panns_file", "vggish_file", "clap_file")
FLOAT_RANGES = {"export_fade_ms": (0.0, 1000.0)}


def page_of(name: str) -> str:
    """The page of a field."""
    return next((page for page, names in PAGES.items() if name in names), "General")


def choice_text(value: str) -> str:
    """A choice as the dialog shows it."""
    words = {
        "auto": "Automatic",
        "cuda": "CUDA",
        "mps": "Apple (MPS)",
        "cpu": "CPU",
        "wav16": "WAV, 16 bit",
        "wav24": "WAV, 24 bit",
        "wav32f": "WAV, 32 bit float",
        "native": "The model's own",
    }
    if value in words:
        return words[value]
    return f"{int(value) / 1000:g} kHz" if value.isdigit() else value[:1].upper() + value[1:]


class SettingsDialog(QDialog):
    """Shows settings; `settings()` gives what was chosen."""

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Settings")
        self._settings = settings
        self._types = typing.get_type_hints(Settings)
        self._editors: dict[str, QWidget] = {}
        tabs = QTabWidget(self)
        for page in PAGES:
            tabs.addTab(self._page(page), page)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 12)
        column.addWidget(tabs)
        column.addWidget(buttons)
        self.resize(560, 520)
        indent_numbers(self)

    def settings(self) -> Settings:
        """The settings with what the editors show."""
        values = {name: _value_of(editor) for name, editor in self._editors.items()}
        return dataclasses.replace(self._settings, **values)

    def editor(self, name: str) -> QWidget:
        """The editor of a field."""
        return self._editors[name]

    def _page(self, page: str) -> QWidget:
        inner = QWidget(self)
        form = QFormLayout(inner)
        form.setContentsMargins(14, 14, 14, 14)
        form.setVerticalSpacing(10)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        fields = {field.name: field for field in dataclasses.fields(Settings)}
        # In the table's order of the page, then what a newer table added.
        order = [name for name in PAGES[page] if name in fields]
        order += [name for name in fields if page_of(name) == page and name not in order]
        for name in order:
            if name not in ELSEWHERE:
                self._add_row(form, fields[name])
        scroll = QScrollArea(self, widgetResizable=True)
        scroll.setWidget(inner)
        return scroll

    def _add_row(self, form: QFormLayout, field: dataclasses.Field[Any]) -> None:
        label, note = field.metadata["label"], field.metadata["note"]
        editor = self._editor(field, getattr(self._settings, field.name))
        editor.setAccessibleName(label)
        editor.setAccessibleDescription(note)
        editor.setToolTip(note)
        self._editors[field.name] = editor
        shown: QWidget = editor
        if field.name.endswith("_folder"):
            shown = self._with_browse(editor, label)
        if isinstance(editor, QCheckBox):
            editor.setText(label)
            form.addRow("", shown)
        else:
            form.addRow(label, shown)
        if note:
            sentence = QLabel(note, self, wordWrap=True)
            sentence.setObjectName("muted")
            form.addRow("", sentence)

    def _editor(self, field: dataclasses.Field[Any], value: Any) -> QWidget:
        if field.metadata["choices"]:
            box = QComboBox(self)
            for choice in field.metadata["choices"]:
                box.addItem(choice_text(choice), choice)
            box.setCurrentIndex(max(0, box.findData(value)))
            return box
        kind = self._types[field.name]
        if kind is bool:
            check = QCheckBox(self)
            check.setChecked(value)
            return check
        if kind is float:
            low, high = FLOAT_RANGES.get(field.name, (-200.0, 200.0))
            return QDoubleSpinBox(self, minimum=low, maximum=high, decimals=1, value=value)
        return QLineEdit(str(value), self)

    def _with_browse(self, editor: QWidget, label: str) -> QWidget:
        holder = QWidget(self)
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        button = QPushButton("Browse…", holder)
        button.setAccessibleName(f"Browse for the {label.lower()}")
        button.clicked.connect(lambda: self._browse(editor, label))
        row.addWidget(editor, 1)
        row.addWidget(button)
        return holder

    def _browse(self, editor: QWidget, label: str) -> None:
        if isinstance(editor, QLineEdit):
            folder = QFileDialog.getExistingDirectory(self, label, editor.text())
            if folder:
                editor.setText(folder)


def _value_of(editor: QWidget) -> Any:
    if isinstance(editor, QComboBox):
        return editor.currentData()
    if isinstance(editor, QCheckBox):
        return editor.isChecked()
    if isinstance(editor, QDoubleSpinBox):
        return editor.value()
    assert isinstance(editor, QLineEdit)
    return editor.text().strip()
