"""What a fine-tuning will take, beside its settings: time, memory, disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from soundstudio.jobs.finetune_estimate import RoughEstimate
    from soundstudio.ui.theme import Theme

WIDTH_PX = 300
_LONG_S = 24 * 3600


class EstimateView(QFrame):
    """Numbers that are rough on purpose; measured ones follow when the training has started."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("tile")
        self.setMaximumWidth(WIDTH_PX)
        self._theme = theme
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 14, 10)
        column.setSpacing(4)
        heading = QLabel("What it will take, roughly", self)
        heading.setObjectName("heading")
        column.addWidget(heading)
        self._numbers: dict[str, QLabel] = {}
        self._notes: dict[str, QLabel] = {}
        for name in ("Time", "Memory", "Disk"):
            column.addSpacing(4)
            title = QLabel(name, self)
            title.setObjectName("muted")
            number, note = QLabel(self), QLabel(self, wordWrap=True)
            font = number.font()
            font.setPointSizeF(font.pointSizeF() * 1.25)
            font.setBold(True)
            number.setFont(font)
            note.setTextFormat(Qt.TextFormat.PlainText)
            self._numbers[name], self._notes[name] = number, note
            for label in (title, number, note):
                column.addWidget(label)
        column.addStretch(1)
        foot = QLabel(
            "The training measures itself when it starts, and shows what it really takes. You can "
            "stop it at any time and lose nothing.",
            self,
            wordWrap=True,
        )
        foot.setObjectName("muted")
        column.addWidget(foot)
        self.show_estimate(None, "auto")

    def show_estimate(self, estimate: RoughEstimate | None, method: str) -> None:
        """None: it is being reckoned, or nothing is known of the model."""
        if estimate is None:
            for name in self._numbers:
                self._say(name, "…", "")
            return
        clock = (
            "as an earlier run here took"
            if estimate.is_measured
            else "guessed from this computer’s speed just now"
        )
        preparing = duration_words(estimate.preparing_s)
        self._say(
            "Time",
            duration_words(estimate.seconds),
            f"{clock}; before it, {preparing} to encode the clips once."
            + (" Fewer steps would end sooner." if estimate.seconds > _LONG_S else ""),
            estimate.seconds > _LONG_S,
        )
        free = estimate.memory_free_bytes
        beside = f"{size_words(free)} are free." if free is not None else "Of the card’s memory."
        if not estimate.fits_memory:
            beside += (
                " Choose LoRA or a smaller model."
                if method == "full"
                else " It goes in smaller pieces, which takes longer."
            )
        self._say("Memory", f"up to {size_words(estimate.memory_bytes)}", beside,
                  not estimate.fits_memory)  # fmt: skip
        now = ""
        if estimate.cache_now_bytes:
            now = f" Encoded clips of all runs take {size_words(estimate.cache_now_bytes)} now."
        room = "" if estimate.fits_disk else " That is not enough: free some space first."
        self._say(
            "Disk",
            size_words(estimate.disk_bytes),
            f"{size_words(estimate.cache_bytes)} for encoded clips, "
            f"{size_words(estimate.run_bytes)} for the run and its model. "
            f"{size_words(estimate.disk_free_bytes)} are free.{room}{now}",
            not estimate.fits_disk,
        )

    def words(self) -> str:
        """All that it says."""
        return " ".join(
            f"{name}: {number.text()} {self._notes[name].text()}"
            for name, number in self._numbers.items()
        )

    def _say(self, name: str, number: str, note: str, is_bad: bool = False) -> None:
        self._numbers[name].setText(number)
        label = self._notes[name]
        label.setText(note[:1].upper() + note[1:])
        label.setObjectName("warning" if is_bad else "muted")
        label.style().unpolish(label)
        label.style().polish(label)


def duration_words(seconds: float) -> str:
    """A guess in words, rounder the longer it is."""
    if seconds < 50:
        return "less than a minute"
    if seconds < 90 * 60:
        return f"about {max(1, round(seconds / 60))} min"
    if seconds < 48 * 3600:
        return f"about {seconds / 3600:.0f} h"
    return f"about {seconds / 86400:.0f} days"


def size_words(count: int) -> str:
    """12 MB, 1.4 GB."""
    if count >= 1e9:
        return f"{count / 1e9:,.1f} GB"
    return f"{count / 1e6:,.0f} MB" if count >= 1e6 else f"{count / 1e3:,.0f} kB"
