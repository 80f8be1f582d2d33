"""The Generate place: from a prompt to a request."""

from __future__ import annotations

import dataclasses
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSlider,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from soundstudio.core.errors import InvalidRequestError
from soundstudio.core.qualities import quality_of
from soundstudio.core.requests import (
    DEFAULT_DURATION_S,
    MAX_DURATION_S,
    MAX_VARIATIONS,
    MIN_DURATION_S,
    GenerationRequest,
)
from soundstudio.ui.banner import Banner
from soundstudio.ui.like_target import LikeTarget
from soundstudio.ui.more_options import MoreOptions
from soundstudio.ui.quality_choice import QualityChoice
from soundstudio.ui.queue_list import QueueList
from soundstudio.ui.request_form import one_line, prompt_note
from soundstudio.ui.seed_field import SeedField

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QKeyEvent

    from soundstudio.core.catalogue import CatalogueRow
    from soundstudio.core.qualities import Quality
    from soundstudio.ui.icons import Icons
    from soundstudio.ui.theme import Theme

DEFAULT_VARIATIONS = 4


class PromptEdit(QPlainTextEdit):
    """Tab leaves the field; Return writes a line, Ctrl+Return generates (a window shortcut)."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTabChangesFocus(True)
        self.setPlaceholderText("Describe a sound, for example “rain on a tin roof”")
        self.setAccessibleName("Prompt")
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 1.25)
        self.setFont(font)
        self.setFixedHeight(self.fontMetrics().lineSpacing() * 4 + 18)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # A shortcut that is disabled for the moment must not fall through as a line break.
        is_return = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if is_return and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            return
        super().keyPressEvent(event)


class GeneratePanel(QWidget):
    """signals:
    generate_requested(): the button was pressed; ask `request()`.
    cancel_requested(str), cancel_all_requested(): from the queue.
    model_chosen(str): a model's id.
    """

    generate_requested = Signal()
    cancel_requested = Signal(str)
    cancel_all_requested = Signal()
    model_chosen = Signal(str)

    def __init__(self, theme: Theme, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.prompt = PromptEdit(self)
        self.prompt.textChanged.connect(self._on_prompt)
        self._prompt_note = QLabel(self)
        self._prompt_note.setObjectName("muted")
        self._recent = QToolButton(self)
        self._recent.setText("Recent")
        self._recent.setAccessibleName("Recent and example prompts")
        self._recent.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._recent.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._recent.setMenu(QMenu(self._recent))
        icons.dress(self._recent, "history", "muted")
        self._negative = QLineEdit(self)
        self._negative.setPlaceholderText("Not this: music, hiss, voices …")
        self._negative.setAccessibleName("Negative prompt")
        self.like = LikeTarget(theme, icons, self)
        self.seed = SeedField(icons, self)
        self.more = MoreOptions(icons, self)
        self._usual_s: dict[str, float] = {}
        self._suggested_s = DEFAULT_DURATION_S
        self.more.model_chosen.connect(self._suggest_duration)
        self.more.model_chosen.connect(self.model_chosen)
        self.quality = QualityChoice(self)
        self.quality.chosen.connect(self._on_quality)
        self.more.work_changed.connect(self._show_quality)
        self._show_quality()
        self.banner = Banner(theme, icons, self)
        self.generate = QPushButton("Generate", self)
        self.generate.setObjectName("primary")
        self.generate.setToolTip("Generate (Ctrl+Return)")
        self.generate.setAccessibleName("Generate")
        self.generate.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.generate.clicked.connect(self.generate_requested)
        icons.dress(self.generate, "generate", "accent_text")
        self.queue = QueueList(theme, icons, self)
        self.queue.cancel_requested.connect(self.cancel_requested)
        self.queue.cancel_all_requested.connect(self.cancel_all_requested)
        self._shown_prompts: tuple[tuple[str, ...], ...] = ()
        self._make_amounts()
        self._lay_out()

    def _make_amounts(self) -> None:
        self._duration = QDoubleSpinBox(
            self,
            minimum=MIN_DURATION_S,
            maximum=MAX_DURATION_S,
            singleStep=0.5,
            decimals=1,
            value=DEFAULT_DURATION_S,
            suffix=" s",
        )
        self._duration.setAccessibleName("Duration in seconds")
        self._duration_slider = QSlider(Qt.Orientation.Horizontal, self)
        self._duration_slider.setRange(round(MIN_DURATION_S * 2), round(MAX_DURATION_S * 2))
        self._duration_slider.setValue(round(DEFAULT_DURATION_S * 2))
        self._duration_slider.setAccessibleName("Duration")
        self._duration_slider.valueChanged.connect(self._on_slider)
        self._duration.valueChanged.connect(self._on_duration)
        self._variations = QSpinBox(
            self, minimum=1, maximum=MAX_VARIATIONS, value=DEFAULT_VARIATIONS
        )
        self._variations.setAccessibleName("Variations")

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        prompt_label = _heading("Prompt", self.prompt)
        head.addWidget(prompt_label)
        head.addStretch(1)
        head.addWidget(self._prompt_note)
        head.addWidget(self._recent)
        inner = QWidget(self)
        form = QVBoxLayout(inner)
        form.setContentsMargins(14, 12, 14, 8)
        form.setSpacing(8)
        form.addLayout(head)
        form.addWidget(self.prompt)
        form.addWidget(self._negative)
        form.addWidget(self.like)
        form.addSpacing(4)
        form.addLayout(self._amounts())
        form.addWidget(self.more)
        form.addStretch(1)
        scroll = QScrollArea(self, widgetResizable=True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(inner)
        inner.setAutoFillBackground(False)
        scroll.viewport().setAutoFillBackground(False)
        foot = QVBoxLayout()
        foot.setContentsMargins(14, 4, 14, 12)
        foot.setSpacing(8)
        foot.addWidget(self.banner)
        # Generate is the last, so that it never moves: jobs and messages come and go above it.
        foot.addWidget(self.queue)
        foot.addWidget(self.generate)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(scroll, 1)
        column.addLayout(foot)
        self._set_tab_order()

    def _amounts(self) -> QGridLayout:
        """Duration, variations, quality and seed, with their names."""
        amounts = QGridLayout()
        amounts.setHorizontalSpacing(10)
        amounts.setVerticalSpacing(8)
        amounts.setColumnStretch(1, 1)
        for row, (name, widget) in enumerate(
            (
                ("Duration", self._duration_slider),
                ("Variations", self._variations),
                ("Quality", self.quality),
                ("Seed", self.seed),
            )
        ):
            label = QLabel(name, self)
            label.setBuddy(widget)
            amounts.addWidget(label, row, 0)
            amounts.addWidget(widget, row, 1, 1, 1 if row == 0 else 2)
        amounts.addWidget(self._duration, 0, 2)
        return amounts

    def _set_tab_order(self) -> None:
        chain = (
            self.prompt,
            self._recent,
            self._negative,
            *self.like.tab_chain(),
            self._duration_slider,
            self._duration,
            self._variations,
            *self.quality.tab_chain(),
            *self.seed.tab_chain(),
            *self.more.tab_chain(),
            self.generate,
            self.queue,
        )
        for before, after in pairwise(chain):
            QWidget.setTabOrder(before, after)

    def request(self) -> GenerationRequest:
        """The request as the panel stands, with a new seed unless the seed is locked.

        For a request that will be refused none is drawn, so that the seed shown stays the one
        that was heard last.
        """
        request = GenerationRequest(
            prompt=self.prompt.toPlainText().strip(),
            negative_prompt=self._negative.text().strip(),
            model=self.more.chosen_model(),
            like=self.like.clip(),
            like_weight=self.like.weight(),
            duration_s=round(self._duration.value(), 1),
            guidance=round(self.more.guidance.value(), 1),
            seed=self.seed.shown(),
            variations=self._variations.value(),
            candidates=self.more.chosen_candidates(),
        )
        request = self.more.with_work(request)
        try:
            request.validated()
        except InvalidRequestError:
            return request
        return dataclasses.replace(request, seed=self.seed.take())

    def set_request(self, request: GenerationRequest) -> None:
        """Show a request, its seed locked, so that Generate makes the same sound again."""
        self.prompt.setPlainText(request.prompt)
        self._negative.setText(request.negative_prompt)
        self.more.choose_model(request.model)
        self.like.set_clip(Path(request.like) if request.like else None, request.like_weight)
        self._duration.setValue(request.duration_s)
        self._variations.setValue(request.variations)
        self.more.set_request(request)
        self.seed.set_seed(request.seed)

    def set_prompt(self, prompt: str) -> None:
        """Put a prompt into the field and the cursor behind it."""
        self.prompt.setPlainText(prompt)
        self.prompt.moveCursor(self.prompt.textCursor().MoveOperation.End)
        self.prompt.setFocus()

    def set_recent_prompts(self, recent: Sequence[str], examples: Sequence[str]) -> None:
        """Fill the menu beside the prompt."""
        if (shown := (tuple(recent), tuple(examples))) == self._shown_prompts:
            return
        self._shown_prompts = shown
        menu = self._recent.menu()
        menu.clear()
        for title, prompts in (("Recent", recent), ("Examples", examples)):
            if prompts:
                menu.addSection(title)
            for prompt in prompts:
                text = one_line(prompt, 60).replace("&", "&&")
                menu.addAction(text, partial(self.set_prompt, prompt))

    def set_models(self, rows: tuple[CatalogueRow, ...], chosen: str) -> None:
        self._usual_s = {row.id: row.usual_duration_s for row in rows}
        self.more.set_models(rows, chosen)

    def set_listens(self, listens: bool) -> None:
        """Whether the model can be told by sound, and hear which of several matches best."""
        self.like.set_available(listens)
        self.more.set_listens(listens)

    def _on_quality(self, quality: Quality) -> None:
        self.more.set_work(quality.applied_to(GenerationRequest(prompt="")))

    def _show_quality(self) -> None:
        self.quality.show_quality(quality_of(self.more.with_work(GenerationRequest(prompt=""))))

    def _on_prompt(self) -> None:
        prompt = self.prompt.toPlainText()
        self._prompt_note.setText(prompt_note(prompt))
        self.like.set_prompt(bool(prompt.strip()))
        if not self.banner.isHidden():
            self.banner.hide()

    def _suggest_duration(self, model: str) -> None:
        """Show the model's usual duration where the one before it was left as it was."""
        usual_s = self._usual_s.get(model, DEFAULT_DURATION_S)
        if round(self._duration.value(), 1) == self._suggested_s:
            self._duration.setValue(usual_s)
        self._suggested_s = usual_s

    def _on_slider(self, half_seconds: int) -> None:
        if round(self._duration.value() * 2) != half_seconds:
            self._duration.setValue(half_seconds / 2)

    def _on_duration(self, duration_s: float) -> None:
        self._duration_slider.blockSignals(True)
        self._duration_slider.setValue(round(duration_s * 2))
        self._duration_slider.blockSignals(False)


def _heading(text: str, buddy: QWidget) -> QLabel:
    label = QLabel(text)
    label.setObjectName("heading")
    label.setBuddy(buddy)
    return label
