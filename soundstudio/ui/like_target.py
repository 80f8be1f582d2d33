"""“More like this clip”: the place to drop a sound that the next generation shall resemble."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from soundstudio.audio.files import SOUND_SUFFIXES
from soundstudio.ui.drop_frame import DropFrame

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtCore import QMimeData
    from PySide6.QtGui import QResizeEvent

    from soundstudio.ui.icons import Icons
    from soundstudio.ui.theme import Theme

_WEIGHT_TIP = (
    "How much the clip counts beside the prompt. 100 % clip: the prompt is not heeded at all. "
    "0 % clip: the clip is not. In between the model is told of a sound between the two."
)


def sound_files(data: QMimeData) -> list[Path]:
    """The local sound files that a drag carries."""
    if not data.hasUrls():
        return []
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    return [path for path in paths if path.suffix.lower() in SOUND_SUFFIXES]


def weight_words(per_cent: int, has_prompt: bool) -> str:
    """What the slider's place means; its ends say what is left out."""
    if not has_prompt:
        return "clip only"  # whatever the weight: nothing stands beside the clip
    ends = {100: "prompt has no share", 0: "clip has no share"}
    return ends.get(per_cent, f"{per_cent} % clip")


class LikeTarget(DropFrame):
    """Holds at most one reference clip and its weight.

    signals: changed(): another clip, none, or another weight.
    """

    changed = Signal()

    def __init__(self, theme: Theme, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._path: Path | None = None
        self._name_of: Callable[[Path], str] = lambda path: path.stem
        self._words = ""
        self._has_prompt = False
        self._label = QPushButton("", self)
        self._label.setObjectName("link")
        self._label.clicked.connect(self._browse)
        self._label.setAccessibleName("Choose a reference clip")
        self._label.setMinimumWidth(60)
        self._clear = QToolButton(self)
        self._clear.setAccessibleName("Remove the reference clip")
        self._clear.clicked.connect(lambda: self.set_clip(None))
        icons.dress(self._clear, "close")
        self._weight = QSlider(Qt.Orientation.Horizontal, self)
        self._weight.setRange(0, 100)
        self._weight.setValue(100)
        self._weight.setAccessibleName("Weight of the reference clip in per cent")
        self._weight.setToolTip(_WEIGHT_TIP)
        self._weight_label = QLabel(self)
        self._weight_label.setToolTip(_WEIGHT_TIP)
        self._weight_label.setObjectName("muted")
        self._weight.valueChanged.connect(self._on_weight)
        top = QHBoxLayout()
        top.addWidget(self._label, 1)
        top.addWidget(self._clear)
        bottom = QHBoxLayout()
        bottom.addWidget(self._weight, 1)
        bottom.addWidget(self._weight_label)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 5, 8, 5)
        column.setSpacing(2)
        column.addLayout(top)
        column.addLayout(bottom)
        self._show_state()

    def clip(self) -> str | None:
        """The reference clip's path, or None."""
        return str(self._path) if self._path is not None and self.isEnabled() else None

    def weight(self) -> float:
        """0 (text only) to 1 (clip only)."""
        return self._weight.value() / 100

    def set_names(self, name_of: Callable[[Path], str]) -> None:
        """How a clip is called in the library; files from elsewhere by their file names."""
        self._name_of = name_of

    def set_clip(self, path: Path | None, weight: float | None = None) -> None:
        self._path = path
        if weight is not None:
            self._weight.setValue(round(weight * 100))
        self._show_state()
        self.changed.emit()

    def set_prompt(self, has_prompt: bool) -> None:
        """Whether there is a text beside the clip."""
        self._has_prompt = has_prompt
        self._show_weight()

    def weight_text(self) -> str:
        """What stands beside the slider."""
        return self._weight_label.text()

    def tab_chain(self) -> tuple[QWidget, ...]:
        """Its controls in the order of Tab."""
        return (self._label, self._clear, self._weight)

    def set_available(self, is_available: bool) -> None:
        """Whether the model can be told by sound at all."""
        self.setEnabled(is_available)
        self._show_state()

    def _show_state(self) -> None:
        if not self.isEnabled():
            text = "This model hears only text"
        elif self._path is None:
            text = "More like this: drop a clip, or browse"
        else:
            text = f"Like {self._name_of(self._path)}"
        self._words = text
        self._label.setToolTip(str(self._path) if self._path else text)
        self._elide()
        has_clip = self._path is not None and self.isEnabled()
        for widget in (self._clear, self._weight, self._weight_label):
            if widget.isHidden() == has_clip:
                widget.setVisible(has_clip)
        self._on_weight()
        self.update()

    def _elide(self) -> None:
        room = max(80, self.width() - (64 if self._path else 34))
        metrics = self._label.fontMetrics()
        self._label.setText(metrics.elidedText(self._words, Qt.TextElideMode.ElideMiddle, room))

    def _on_weight(self) -> None:
        self._show_weight()
        self.changed.emit()

    def _show_weight(self) -> None:
        words = weight_words(self._weight.value(), self._has_prompt)
        self._weight_label.setText(words)
        self._weight.setAccessibleDescription(f"{words}. {_WEIGHT_TIP}")

    def _browse(self) -> None:
        pattern = " ".join(f"*{suffix}" for suffix in sorted(SOUND_SUFFIXES))
        name, _ = QFileDialog.getOpenFileName(self, "Reference clip", "", f"Sounds ({pattern})")
        if name:
            self.set_clip(Path(name))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._elide()

    def takes(self, data: QMimeData) -> bool:
        return self.isEnabled() and bool(sound_files(data))

    def take(self, data: QMimeData) -> None:
        self.set_clip(sound_files(data)[0])

    def is_filled(self) -> bool:
        return self._path is not None
