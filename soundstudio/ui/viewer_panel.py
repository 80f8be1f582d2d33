"""The viewer: a line that names the sound, how it is looked at, and the canvas."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from soundstudio.audio.colours import COLOUR_NAMES, colour_table
from soundstudio.ui.banner import Banner
from soundstudio.ui.elided_label import SEPARATOR, ElidedLabel
from soundstudio.ui.viewer_canvas import ViewerCanvas

if TYPE_CHECKING:
    from soundstudio.jobs.sound_picture import LoadedSound
    from soundstudio.library.clips import Clip
    from soundstudio.ui.action_registry import ActionRegistry
    from soundstudio.ui.icons import Icons
    from soundstudio.ui.theme import Theme

SCALE_TITLES = {"mel": "Mel", "linear": "Linear", "log": "Log"}


def level_text(level: float | None, unit: str) -> str:
    """A level with a real minus sign; "" where there is none, "silent" at minus infinity."""
    if level is None or math.isnan(level):
        return ""
    if level == -math.inf:
        return "silent" if unit == "dB" else ""
    # Adding zero turns -0.0 into 0.0.
    return f"{round(level, 1) + 0.0:.1f} {unit}".replace("-", "−")


def facts_of(clip: Clip) -> str:
    """Duration, rate, channels and levels of a clip in one line."""
    channels = {1: "mono", 2: "stereo"}.get(clip.channels, f"{clip.channels} channels")
    peak = level_text(clip.peak_db, "dB")
    parts = [
        f"{clip.duration_s:.2f} s",
        f"{clip.sample_rate / 1000:g} kHz {channels}",
        f"peak {peak}" if peak else "",
        level_text(clip.lufs, "LUFS"),
    ]
    return SEPARATOR.join(part for part in parts if part)


def summary_of(title: str, loaded: LoadedSound) -> str:
    """What the picture shows, for a screen reader."""
    level = level_text(20 * math.log10(loaded.peak), "dB") if loaded.peak > 0 else "silent"
    centre = f"centre {loaded.centroid_hz:.0f} hertz"
    return f"{title}: {loaded.duration_s:.2f} seconds, peak {level}, {centre}"


class ViewerPanel(QWidget):
    """signals:
    look_changed(): another frequency scale or dB range; ask `scale()` and `range_db()`.
    colours_changed(str): the name of another colour table.
    """

    look_changed = Signal()
    colours_changed = Signal(str)

    def __init__(
        self, actions: ActionRegistry, theme: Theme, icons: Icons, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.canvas = ViewerCanvas(theme, self)
        self.banner = Banner(theme, icons, self, is_wide=True)
        self._title = QLabel("", self)
        self._title.setObjectName("heading")
        self._facts = ElidedLabel(self)
        self._facts.setObjectName("muted")
        for label in (self._title, self._facts):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._scale = QComboBox(self)
        for scale, title in SCALE_TITLES.items():
            self._scale.addItem(title, scale)
        self._scale.setAccessibleName("Frequency scale")
        self._scale.setToolTip("Frequency scale")
        self._scale.currentIndexChanged.connect(self.look_changed)
        self._colours = QComboBox(self)
        for name in COLOUR_NAMES:
            self._colours.addItem(name.capitalize(), name)
        self._colours.setAccessibleName("Colours")
        self._colours.setToolTip("Colours")
        self._colours.currentIndexChanged.connect(self._on_colours)
        self._floor = self._decibels(-160, -1, -90, "Floor", "Levels below are black")
        self._ceiling = self._decibels(-100, 20, 0, "Ceiling", "Levels above are brightest")
        self._lay_out(actions)
        self._on_colours()

    def _decibels(self, low: int, high: int, value: int, name: str, tip: str) -> QSpinBox:
        box = QSpinBox(self, minimum=low, maximum=high, singleStep=5, value=value, suffix=" dB")
        box.setAccessibleName(f"{name} in decibels")
        box.setToolTip(f"{name}: {tip.lower()}")
        box.setKeyboardTracking(False)
        box.setFixedWidth(70)
        box.valueChanged.connect(self._on_range)
        return box

    def _lay_out(self, actions: ActionRegistry) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(12, 8, 10, 4)
        head.setSpacing(6)
        head.addWidget(self._title)
        head.addSpacing(8)
        head.addWidget(self._facts, 1)
        for widget in (self._scale, self._colours, self._floor, self._ceiling):
            widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            head.addWidget(widget)
        fit = QToolButton(self)
        fit.setDefaultAction(actions["zoom_fit"])
        fit.setAccessibleName("Show the whole sound")
        fit.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        head.addWidget(fit)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self.banner)
        column.addWidget(self.canvas, 1)

    def set_look(self, scale: str, colours: str, floor_db: float, ceiling_db: float) -> None:
        """Show these settings without announcing them."""
        widgets = (self._scale, self._colours, self._floor, self._ceiling)
        blockers = [QSignalBlocker(widget) for widget in widgets]
        self._scale.setCurrentIndex(max(0, self._scale.findData(scale)))
        self._colours.setCurrentIndex(max(0, self._colours.findData(colours)))
        self._floor.setValue(round(floor_db))
        self._ceiling.setValue(round(ceiling_db))
        del blockers
        self.canvas.set_colours(colour_table(str(self._colours.currentData())))

    def scale(self) -> str:
        return str(self._scale.currentData())

    def colours(self) -> str:
        return str(self._colours.currentData())

    def range_db(self) -> tuple[float, float]:
        """Floor and ceiling, at least one dB apart."""
        floor = float(self._floor.value())
        return (floor, max(float(self._ceiling.value()), floor + 1))

    def show_clip(self, clip: Clip | None) -> None:
        """Name the sound that is shown or about to be."""
        self.show_title(clip.name if clip else "", facts_of(clip) if clip else "")

    def show_title(self, title: str, facts: str) -> None:
        metrics = self._title.fontMetrics()
        self._title.setText(metrics.elidedText(title, Qt.TextElideMode.ElideRight, 300))
        self._title.setToolTip(title)
        self._facts.setText(facts)
        self._facts.setToolTip(facts)

    def show_sound(self, loaded: LoadedSound | None, message: str = "") -> None:
        self.canvas.show_sound(loaded, message)
        title = self._title.toolTip()
        self.canvas.setAccessibleDescription(summary_of(title, loaded) if loaded else message)

    def _on_colours(self) -> None:
        self.canvas.set_colours(colour_table(self.colours()))
        self.colours_changed.emit(self.colours())

    def _on_range(self) -> None:
        floor, ceiling = self._floor.value(), self._ceiling.value()
        if ceiling <= floor:
            with QSignalBlocker(self._ceiling):
                self._ceiling.setValue(floor + 1)
        self.look_changed.emit()
