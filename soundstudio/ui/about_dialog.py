"""About: what this is, what it is made of, and under which licences."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QTextBrowser, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from soundstudio.core.catalogue import CatalogueRow

# Licences that the packages' metadata state.
LIBRARIES = (
    ("PySide6-Essentials", "Qt for Python, LGPL-3.0"),
    ("torch", "BSD-3-Clause"),
    ("diffusers", "Apache-2.0"),
    ("transformers", "Apache-2.0"),
    ("accelerate", "Apache-2.0"),
    ("peft", "Apache-2.0"),
    ("laion-clap", "CC0-1.0"),
    ("numpy", "BSD-3-Clause"),
    ("scipy", "BSD-3-Clause"),
    ("soundfile", "BSD-3-Clause, with libsndfile under LGPL-2.1"),
    ("sounddevice", "MIT, with PortAudio under MIT"),
    ("soxr", "LGPL-2.1"),
    ("pyloudnorm", "MIT"),
    ("safetensors", "Apache-2.0"),
    ("huggingface_hub", "Apache-2.0"),
    ("platformdirs", "MIT"),
)


def version_of(package: str) -> str:
    """The installed version, "" if it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def about_html(rows: Sequence[CatalogueRow]) -> str:
    """The page: the application, the models, the libraries."""
    models = "".join(
        f"<tr><td>{row.title}</td><td>{row.licence}</td>"
        f"<td>{'installed' if row.is_installed else 'not installed'}</td></tr>"
        for row in rows
    )
    libraries = "".join(
        f"<tr><td>{name} {version_of(name)}</td><td>{licence}</td></tr>"
        for name, licence in LIBRARIES
    )
    return (
        "<p>Sounds are made on this computer by AudioLDM (Liu et al., 2023). "
        "Nothing is sent anywhere.</p>"
        "<h3>Models</h3>"
        f"<table cellspacing='6'>{models}</table>"
        "<p>The licence of a model covers what may be done with it; AudioLDM's own weights are "
        "for non-commercial use (CC BY-NC-SA 4.0). Every exported file says which model made it."
        "</p><h3>Libraries</h3>"
        f"<table cellspacing='6'>{libraries}</table>"
        "<p>Qt is used under the GNU Lesser General Public License, version 3; its libraries are "
        "separate files that you may replace. Category names: Universal Category System 8.2.1.</p>"
    )


class AboutDialog(QDialog):
    """One page of text."""

    def __init__(self, rows: Sequence[CatalogueRow], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("About Sound Studio")
        title = QLabel(f"Sound Studio {version_of('soundstudio')}", self)
        title.setObjectName("heading")
        font = title.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        title.setFont(font)
        text = QTextBrowser(self)
        text.setAccessibleName("About and licences")
        text.setHtml(about_html(rows))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 14)
        column.addWidget(title)
        column.addWidget(text, 1)
        column.addWidget(buttons)
        self.resize(560, 560)
