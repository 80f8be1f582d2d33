"""The foot of the window: engine, model, device and precision; sound output; the library's size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

if TYPE_CHECKING:
    from soundstudio.audio.player import PlayerState
    from soundstudio.ui.theme import Theme

ENGINE_WORDS = {
    "starting": "Engine starting…",
    "ready": "Engine ready",
    "unloaded": "Engine ready; the next sound loads the model first",
    "loading": "Loading the model…",
    "busy": "Generating…",
    "restarting": "Engine restarting…",
    "failed": "Engine stopped",
    "closed": "Engine closed",
}


class _Lamp(QWidget):
    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._tint = "muted"
        self.setFixedSize(QSize(10, 10))

    def set_tint(self, tint: str) -> None:
        self._tint = tint
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(getattr(self._theme.colours, self._tint)))
            painter.drawEllipse(1, 1, 8, 8)


def lamp_tint(phase: str) -> str:
    """The colour (a field of Colours) of an engine phase."""
    tints = {"ready": "good", "busy": "accent", "failed": "error"}
    return tints.get(phase, "muted" if phase in ("closed", "unloaded") else "warning")


def output_words(state: PlayerState) -> str:
    """What the status line says of the sound output."""
    if state.status == "no device":
        return state.sentence or "No audio device"
    if state.status == "opening":
        return "Opening the sound output…"
    if state.status == "closed":
        return "Sound output closed"
    return state.sentence or state.device


class StatusLine(QWidget):
    """Says how things stand; nothing in it can be pressed."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("rail")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._phase = "starting"
        self._model = ""
        self._lamp = _Lamp(theme, self)
        self._engine = QLabel(ENGINE_WORDS["starting"], self)
        self._device = QLabel("", self)
        self._output = QLabel("", self)
        self._library = QLabel("", self)
        self._engine.setAccessibleName("Engine")
        self._device.setAccessibleName("Model and device")
        self._output.setAccessibleName("Sound output state")
        self._library.setAccessibleName("Library size")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 3, 12, 4)
        row.setSpacing(8)
        row.addWidget(self._lamp)
        row.addWidget(self._engine)
        row.addSpacing(8)
        row.addWidget(self._device)
        row.addStretch(1)
        row.addWidget(self._output)
        row.addSpacing(12)
        row.addWidget(self._library)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 0.88)
        for label in (self._engine, self._device, self._output, self._library):
            label.setFont(font)
            label.setTextFormat(Qt.TextFormat.PlainText)
        for label in (self._device, self._output, self._library):
            label.setObjectName("muted")

    def show_phase(self, phase: str, sentence: str = "") -> None:
        """The engine's phase, “loading”, “busy” and “unloaded” included."""
        self._phase = phase
        words = ENGINE_WORDS.get(phase, phase)
        self._engine.setText(words)
        self._engine.setToolTip(sentence or words)
        self._lamp.set_tint(lamp_tint(phase))

    @property
    def phase(self) -> str:
        return self._phase

    def show_model(self, title: str, device_title: str, dtype: str) -> None:
        """The loaded model and where it runs; empty while there is none."""
        self._device.setText("  ·  ".join(part for part in (title, device_title, dtype) if part))

    def show_output(self, state: PlayerState) -> None:
        """The sound output, elided to leave room for the rest."""
        words = output_words(state)
        metrics = self._output.fontMetrics()
        self._output.setText(metrics.elidedText(words, Qt.TextElideMode.ElideRight, 420))
        self._output.setToolTip(words)
        name = "muted" if state.is_usable or state.status == "opening" else "warning"
        if name != self._output.objectName():
            self._output.setObjectName(name)
            # A style sheet looks at an object's name only when it polishes it.
            self._output.style().unpolish(self._output)
            self._output.style().polish(self._output)

    def show_library_size(self, clips: int) -> None:
        self._library.setText(f"{clips:,} clip" if clips == 1 else f"{clips:,} clips")

    def engine_text(self) -> str:
        return self._engine.text()
