"""The base model against the new one: the same prompts and seeds, equally loud, blind if wanted."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from soundstudio.ui.banner import Banner
from soundstudio.ui.blind_test import BlindTest, Letter, Model
from soundstudio.ui.elided_label import ElidedLabel

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from soundstudio.jobs.run_facts import RunFacts
    from soundstudio.ui.icons import Icons
    from soundstudio.ui.theme import Theme

PAIR_ROLE: Final = Qt.ItemDataRole.UserRole + 1
TITLES: Final[dict[Model, str]] = {"base": "Base model", "new": "New model"}
MODELS: Final[tuple[Model, Model]] = ("base", "new")
LETTERS: Final[tuple[Letter, Letter]] = ("A", "B")


@dataclass(frozen=True, slots=True)
class SoundPair:
    """The same prompt and seed by both models."""

    prompt: str
    seed: int
    base: Path
    new: Path

    @property
    def key(self) -> str:
        return f"{self.seed}|{self.prompt}"

    def path_of(self, model: Model) -> Path:
        return self.base if model == "base" else self.new


class FinetuneResult(QWidget):
    """signals:
    play_requested(SoundPair, str, str): the model (base or new) to be heard, and the title to show.
    use_requested(): use the new model. pair_requested(str): let both models make this prompt.
    training_requested(): back to the curves.
    """

    play_requested = Signal(object, str, str)
    use_requested = Signal()
    pair_requested = Signal(str)
    training_requested = Signal()

    def __init__(self, theme: Theme, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._facts: RunFacts | None = None
        self.test = BlindTest()
        self._name = ElidedLabel(self)
        self._name.setObjectName("heading")
        self._about = QLabel(self, wordWrap=True)
        self._about.setObjectName("muted")
        self._about.setTextFormat(Qt.TextFormat.PlainText)
        self._about.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.list = QListWidget(self)
        self.list.setAccessibleName("Prompts to compare")
        self.list.setObjectName("picks")
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.currentItemChanged.connect(lambda *_: self._show_current())
        self.blind = QCheckBox("Blind", self)
        self.blind.setAccessibleName("Compare blind")
        self.blind.setToolTip("Hide which model is which, and count the votes")
        self.blind.toggled.connect(self._on_blind)
        self.first, self.second = (self._button(icons, "play") for _ in LETTERS)
        self.first.clicked.connect(lambda: self.play(0))
        self.second.clicked.connect(lambda: self.play(1))
        self._votes = [self._button(icons) for _ in range(3)]
        for button, letter, words in zip(
            self._votes,
            ("A", None, "B"),
            ("A is better", "No difference", "B is better"),
            strict=True,
        ):
            button.setText(words)
            button.setAccessibleName(words)
            button.clicked.connect(lambda _=False, letter=letter: self._vote(letter))
        self._tally = QLabel(self, wordWrap=True)
        self._tally.setTextFormat(Qt.TextFormat.PlainText)
        self._tally.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.prompt = QLineEdit(self)
        self.prompt.setPlaceholderText("Another prompt for both models")
        self.prompt.setAccessibleName("Another prompt for both models")
        self.prompt.returnPressed.connect(self._on_prompt)
        self.make = self._button(icons, "generate")
        self.make.setText("Make both")
        self.make.setAccessibleName("Make this prompt with both models")
        self.make.clicked.connect(self._on_prompt)
        self.banner = Banner(theme, icons, self, is_wide=True)
        self.use = QPushButton("Use this model", self)
        self.use.setObjectName("primary")
        self.use.setAccessibleName("Use this model")
        self.use.clicked.connect(self.use_requested)
        icons.dress(self.use, "generate", "accent_text")
        self.training = self._button(icons, "score")
        self.training.setText("Training")
        self.training.setToolTip("Back to curves and sounds by step")
        self.training.setAccessibleName("Back to the training")
        self.training.clicked.connect(self.training_requested)
        self._lay_out()
        self.show_run(None)

    def _button(self, icons: Icons, icon: str = "") -> QPushButton:
        button = QPushButton(self)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if icon:
            icons.dress(button, icon)
        return button

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self._name, 1)
        head.addWidget(self.training)
        hearing = QHBoxLayout()
        hearing.addWidget(self.first, 1)
        hearing.addWidget(self.second, 1)
        hearing.addWidget(self.blind)
        votes = QHBoxLayout()
        for button in self._votes:
            votes.addWidget(button, 1)
        own = QHBoxLayout()
        own.addWidget(self.prompt, 1)
        own.addWidget(self.make)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(7)
        column.addLayout(head)
        column.addWidget(self._about)
        column.addWidget(self.list, 1)
        column.addLayout(hearing)
        column.addLayout(votes)
        column.addWidget(self._tally)
        column.addLayout(own)
        column.addWidget(self.banner)
        column.addWidget(self.use)
        chain = (self.training, self.list, self.first, self.second, self.blind, *self._votes,
                 self.prompt, self.make, self.use)  # fmt: skip
        for before, after in pairwise(chain):
            QWidget.setTabOrder(before, after)

    def focus(self) -> None:
        self.list.setFocus()

    # what is shown

    def show_run(self, facts: RunFacts | None) -> None:
        """The run whose model is compared; another run than before begins a new test."""
        if _weights_of(facts) != _weights_of(self._facts):
            self.test = BlindTest()
        if (facts.name if facts else "") != (self._facts.name if self._facts else ""):
            self.list.clear()
            self.banner.hide()
        self._facts = facts
        self._name.setText(f"{facts.name}: the new model" if facts else "No run is open")
        self._about.setText(_about(facts))
        self.use.setEnabled(facts is not None and bool(facts.model))
        self.use.setToolTip(
            "Choose it in the Generate place" if self.use.isEnabled()
            else "There is a model once a run has stopped or finished after a validation"
        )  # fmt: skip
        can_make = facts is not None and bool(facts.model and facts.base_model)
        self.prompt.setEnabled(can_make)
        self.make.setEnabled(can_make)
        self._show_current()

    def show_pairs(self, pairs: Sequence[SoundPair]) -> None:
        """The pairs that can be heard; the current one stays."""
        kept = self.current()
        if list(pairs) == self.pairs():
            return
        with QSignalBlocker(self.list):
            self.list.clear()
            for pair in pairs:
                item = QListWidgetItem(pair.prompt, self.list)
                item.setData(PAIR_ROLE, pair)
                item.setToolTip(f"{pair.prompt}\nSeed {pair.seed}")
                if kept is not None and pair.key == kept.key:
                    self.list.setCurrentItem(item)
            if self.list.currentRow() < 0 and pairs:
                self.list.setCurrentRow(0)
        self._show_current()

    def pairs(self) -> list[SoundPair]:
        return [self.list.item(row).data(PAIR_ROLE) for row in range(self.list.count())]

    def current(self) -> SoundPair | None:
        item = self.list.currentItem()
        return item.data(PAIR_ROLE) if item else None

    def select(self, key: str) -> None:
        for row, pair in enumerate(self.pairs()):
            if pair.key == key:
                self.list.setCurrentRow(row)

    def _show_current(self) -> None:
        pair, is_blind = self.current(), self.blind.isChecked()
        for button, letter, model in zip((self.first, self.second), LETTERS, MODELS, strict=True):
            words = f"Sound {letter}" if is_blind else TITLES[model]
            button.setText(words)
            button.setAccessibleName(f"Play {words}")
            button.setEnabled(pair is not None)
        for vote in self._votes:
            vote.setVisible(is_blind)
            vote.setEnabled(pair is not None)
        done = len(self.test.votes)
        words = "" if is_blind or not done else self.test.sentence()
        if is_blind:
            words = f"{done} of {self.list.count()} voted; the result shows when Blind is off."
            if done and done == self.list.count():
                words = f"All voted. {self.test.sentence()}"
        if not self.list.count():
            words = _why_empty(self._facts)
        self._tally.setText(words)
        self._tally.setVisible(bool(words))
        self._mark_voted()

    def _mark_voted(self) -> None:
        for row, pair in enumerate(self.pairs()):
            is_voted = pair.key in self.test.votes
            text = f"✓ {pair.prompt}" if is_voted else pair.prompt
            if self.list.item(row).text() != text:
                self.list.item(row).setText(text)

    # what is done

    def play(self, place: int) -> None:
        """Play the first or the second sound of the current pair."""
        pair = self.current()
        if pair is None:
            return
        if self.blind.isChecked():
            letter = LETTERS[place]
            self.play_requested.emit(pair, self.test.model_of(pair.key, letter), f"Sound {letter}")
            return
        model = MODELS[place]
        self.play_requested.emit(pair, model, f"“{pair.prompt}”, {TITLES[model].lower()}")

    def _vote(self, letter: Letter | None) -> None:
        """Count it, and go on to the next pair without a vote."""
        pair = self.current()
        if pair is None:
            return
        self.test.vote(pair.key, letter)
        count, row = self.list.count(), self.list.currentRow()
        pairs = self.pairs()
        for step in range(1, count):
            place = (row + step) % count
            if pairs[place].key not in self.test.votes:
                self.list.setCurrentRow(place)
                break
        self._show_current()

    def _on_blind(self, is_blind: bool) -> None:
        if is_blind:
            self.test = BlindTest()
        self._show_current()

    def _on_prompt(self) -> None:
        if self.make.isEnabled() and (text := self.prompt.text().strip()):
            self.pair_requested.emit(text)


def _weights_of(facts: RunFacts | None) -> tuple[str, int | None]:
    """Whose votes they are: other weights sound otherwise."""
    return (facts.name, facts.best_step) if facts else ("", None)


def _about(facts: RunFacts | None) -> str:
    if facts is None or facts.best_step is None:
        return ""
    best = (facts.status.best if facts.status else None) or {}
    value = best.get("value")
    chosen = ""
    if isinstance(value, int | float):
        name = {"loss": "validation loss"}.get(
            str(best.get("best_by")), str(best.get("best_by")).upper()
        )
        chosen = f", the best by {name} ({value:.4g})"
    return (
        f"The weights of step {facts.best_step:,}{chosen}. Both models play the same prompts and "
        "seeds, equally loud."
    )


def _why_empty(facts: RunFacts | None) -> str:
    if facts is None:
        return ""
    if facts.settings is not None and facts.settings.from_scratch:
        return "A model from scratch has no sounds of a base model; type a prompt to compare."
    return "There are no sounds of both models yet; they come with the validations."
