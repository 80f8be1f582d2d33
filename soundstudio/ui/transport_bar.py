"""The transport: play, stop, loop, where the playhead is, level, volume and the sound output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QFontDatabase, QIcon
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSlider, QToolButton, QWidget

from soundstudio.audio.viewport import note_name
from soundstudio.ui.elided_label import ElidedLabel
from soundstudio.ui.level_meter import LevelMeter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from soundstudio.ui.action_registry import ActionRegistry
    from soundstudio.ui.icons import Icons
    from soundstudio.ui.theme import Theme

DEFAULT_DEVICE = "System default"
NO_DEVICE = "No audio device"


def clock_text(time_s: float) -> str:
    """Minutes, seconds, milliseconds: 0:01.234."""
    milliseconds = round(max(time_s, 0.0) * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes}:{rest / 1000:06.3f}"


def reading_text(reading: tuple[float, float, float] | None) -> str:
    """Time, frequency, note and level under the pointer in one line."""
    if reading is None:
        return ""
    time_s, frequency_hz, level_db = reading
    if frequency_hz <= 0:
        return f"{time_s:.3f} s"
    parts = [f"{time_s:.3f} s", f"{frequency_hz:,.0f} Hz", note_name(frequency_hz)]
    parts.append(f"{level_db:.0f} dB".replace("-", "−"))
    return "   ".join(part for part in parts if part)


class _IconLabel(QLabel):
    """An icon that is no button."""

    def setIcon(self, icon: QIcon) -> None:
        self.setPixmap(icon.pixmap(QSize(18, 18), self.devicePixelRatioF()))


class TransportBar(QWidget):
    """signals: volume_changed(float): 0 to 1. device_chosen(str): a device's title, "" default."""

    volume_changed = Signal(float)
    device_chosen = Signal(str)

    def __init__(
        self, actions: ActionRegistry, theme: Theme, icons: Icons, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._icons = icons
        self._play = actions["play_stop"]
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 5, 10, 5)
        row.setSpacing(4)
        for action_id, name in (
            ("seek_start", "Go to the start"),
            ("play_stop", "Play or stop"),
            ("loop", "Loop"),
        ):
            button = QToolButton(self)
            button.setDefaultAction(actions[action_id])
            button.setIconSize(QSize(22, 22) if action_id == "play_stop" else QSize(18, 18))
            button.setAccessibleName(name)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            row.addWidget(button)
        icons.dress(actions["seek_start"], "to-start")
        self._make_read_outs()
        self._make_output(theme, icons)
        row.addSpacing(6)
        row.addWidget(self._clock)
        row.addWidget(self._total)
        row.addSpacing(10)
        row.addWidget(self._reading, 1)
        for widget in (self.meter, self._speaker, self._volume, self._devices):
            row.addWidget(widget)
            row.addSpacing(4)

    def _make_read_outs(self) -> None:
        self._clock = QLabel(clock_text(0), self)
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPointSizeF(self.font().pointSizeF() * 1.15)
        self._clock.setFont(font)
        self._clock.setAccessibleName("Playhead")
        self._total = QLabel("", self)
        self._total.setObjectName("muted")
        self._reading = ElidedLabel(self)
        self._reading.setObjectName("muted")
        self._reading.setAccessibleName("Under the pointer")

    def _make_output(self, theme: Theme, icons: Icons) -> None:
        self.meter = LevelMeter(theme, self)
        self._speaker = _IconLabel(self)
        self._volume = QSlider(Qt.Orientation.Horizontal, self)
        self._volume.setRange(0, 100)
        self._volume.setValue(100)
        self._volume.setFixedWidth(70)
        self._volume.setAccessibleName("Volume in per cent")
        self._volume.setToolTip("Volume of what is played here; files are not changed")
        self._volume.valueChanged.connect(lambda value: self.volume_changed.emit(value / 100))
        self._devices = QComboBox(self)
        self._devices.setAccessibleName("Sound output")
        self._devices.setFixedWidth(140)
        self._devices.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._devices.addItem(DEFAULT_DEVICE, "")
        self._devices.activated.connect(self._on_device)
        icons.dress(self._speaker, "speaker", "muted")

    def set_playing(self, is_playing: bool) -> None:
        self._icons.dress(self._play, "stop" if is_playing else "play")

    def set_position(self, time_s: float) -> None:
        self._clock.setText(clock_text(time_s))

    def set_duration(self, duration_s: float | None) -> None:
        self._total.setText("" if duration_s is None else f"/ {clock_text(duration_s)}")

    def show_reading(self, reading: tuple[float, float, float] | None) -> None:
        """What the viewer says lies under the pointer, or None."""
        self._reading.setText(reading_text(reading))

    def set_volume(self, volume: float) -> None:
        with QSignalBlocker(self._volume):
            self._volume.setValue(round(volume * 100))

    def set_devices(self, titles: Sequence[str], chosen: str) -> None:
        """Offer these outputs; a chosen one that is not there stays in the list and says so."""
        with QSignalBlocker(self._devices):
            self._devices.clear()
            self._devices.addItem(DEFAULT_DEVICE if titles else NO_DEVICE, "")
            for title in titles:
                self._devices.addItem(title, title)
            if chosen and chosen not in titles:
                self._devices.addItem(f"{chosen} (not there)", chosen)
            self._devices.setCurrentIndex(max(0, self._devices.findData(chosen)))
        self._devices.setToolTip(self._devices.currentText())

    def _on_device(self, index: int) -> None:
        self._devices.setToolTip(self._devices.currentText())
        self.device_chosen.emit(str(self._devices.itemData(index)))
