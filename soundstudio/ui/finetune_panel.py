"""The Fine-tune place: six steps from a folder to a model, one page each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from soundstudio.ui.banner import Banner

if TYPE_CHECKING:
    from soundstudio.ui.icons import Icons
    from soundstudio.ui.theme import Theme

STEPS: Final = (
    ("folder", "Folder"),
    ("findings", "Findings"),
    ("captions", "Captions"),
    ("settings", "Settings"),
    ("training", "Training"),
    ("result", "Result"),
)
STEP_IDS: Final = tuple(id_ for id_, _ in STEPS)
_START: Final = "settings"
# What stands at the foot is about the clips that were chosen; a run may have others.
_ABOUT_CLIPS: Final = STEP_IDS[: STEP_IDS.index("training")]


@runtime_checkable
class StepPage(Protocol):
    """A page that knows where its keyboard begins."""

    def focus(self) -> None: ...


class FinetunePanel(QWidget):
    """A step can be reached once it has a page and nobody has said otherwise.

    signals:
    start_requested(FinetuneOrder): begin a run; emitted by the desk when its clips are written.
    begin_requested(): the button of the last step before the training was pressed.
    step_shown(str): another step is in front.
    """

    start_requested = Signal(object)
    begin_requested = Signal()
    step_shown = Signal(str)

    def __init__(self, theme: Theme, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._theme = theme
        self._pages: dict[str, QWidget] = {}
        self._closed: set[str] = set()
        self._is_starting = False
        self._said = ""
        self._group = QButtonGroup(self, exclusive=True)
        self._buttons = {id_: self._button(number, id_) for number, id_ in enumerate(STEP_IDS)}
        self._stack = QStackedWidget(self)
        self.banner = Banner(theme, icons, self, is_wide=True)
        self.back = QPushButton("Back", self)
        self.back.setAccessibleName("Back to the step before")
        self.back.clicked.connect(lambda: self._go(-1))
        self.next = QPushButton("Next", self)
        self.next.setObjectName("primary")
        self.next.setAccessibleName("Next step")
        self.next.clicked.connect(self._on_next)
        self._words = QLabel(self)
        self._words.setObjectName("muted")
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._lay_out()
        self._show_state()

    def _button(self, number: int, id_: str) -> QToolButton:
        title = dict(STEPS)[id_]
        button = QToolButton(self)
        button.setText(f"{number + 1}  {title}")
        button.setAccessibleName(f"Step {number + 1}: {title}")
        button.setCheckable(True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        button.clicked.connect(lambda _=False: self.show_step(id_))
        self._group.addButton(button, number)
        return button

    def _lay_out(self) -> None:
        steps = QHBoxLayout()
        steps.setContentsMargins(12, 8, 12, 4)
        steps.setSpacing(4)
        for number, button in enumerate(self._buttons.values()):
            if number:
                steps.addWidget(_Chevron(self._theme, self))
            steps.addWidget(button, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(14, 4, 14, 8)
        foot.setSpacing(10)
        foot.addWidget(self.back)
        foot.addWidget(self._words, 1)
        foot.addWidget(self.next)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(steps)
        column.addWidget(self._stack, 1)
        column.addWidget(self.banner)
        column.addLayout(foot)

    # pages

    def set_page(self, step_id: str, widget: QWidget) -> None:
        """Give a step its page; one that it had goes."""
        before = self._pages.get(step_id)
        self._pages[step_id] = widget
        self._stack.addWidget(widget)
        if before is not None and before is not widget:
            self._stack.removeWidget(before)
            before.deleteLater()
        self._show_state()

    def page(self, step_id: str) -> QWidget | None:
        return self._pages.get(step_id)

    def set_reachable(self, step_id: str, is_reachable: bool) -> None:
        """Whether a step has something to show now."""
        (self._closed.discard if is_reachable else self._closed.add)(step_id)
        self._show_state()

    def is_reachable(self, step_id: str) -> bool:
        return step_id in self._pages and step_id not in self._closed

    def show_step(self, step_id: str) -> None:
        """Bring a step to the front; one that cannot be reached stays away."""
        if not self.is_reachable(step_id):
            self._show_state()
            return
        self._stack.setCurrentWidget(self._pages[step_id])
        self._show_state()
        self.step_shown.emit(step_id)

    def step(self) -> str:
        """The id of the step in front, "" before there is any page."""
        shown = self._stack.currentWidget()
        return next((id_ for id_, page in self._pages.items() if page is shown), "")

    def show_words(self, words: str) -> None:
        """A few words at the foot."""
        self._said = words
        self._show_state()

    def words(self) -> str:
        return self._said

    def set_starting(self, is_starting: bool) -> None:
        """The clips are being written for a run: not twice."""
        self._is_starting = is_starting
        self._show_state()

    # what follows

    def _neighbour(self, by: int) -> str:
        place = STEP_IDS.index(self.step()) + by if self.step() else -1
        return STEP_IDS[place] if 0 <= place < len(STEP_IDS) else ""

    def _go(self, by: int) -> None:
        if other := self._neighbour(by):
            self.show_step(other)

    def _on_next(self) -> None:
        if self.step() == _START:
            self.begin_requested.emit()
        else:
            self._go(1)

    def _show_state(self) -> None:
        step = self.step()
        for id_, button in self._buttons.items():
            button.setEnabled(self.is_reachable(id_))
            button.setChecked(id_ == step)
        self._words.setText(self._said if step in _ABOUT_CLIPS else "")
        self.back.setEnabled(self.is_reachable(self._neighbour(-1)))
        following = self._neighbour(1)
        text = f"Next: {dict(STEPS)[following]}" if following else "Next"
        if step == _START:
            text = "Starting…" if self._is_starting else "Start training"
        self.next.setText(text)
        self.next.setAccessibleName(text)
        can_begin = step == _START and not self._is_starting
        self.next.setEnabled(can_begin or (step != _START and self.is_reachable(following)))
        self.next.setVisible(step != STEP_IDS[-1])


class _Chevron(QWidget):
    """The arrow between two steps."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setFixedWidth(10)

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QColor(self._theme.colours.muted))
            middle = self.height() / 2
            painter.drawLine(3, int(middle - 4), 7, int(middle))
            painter.drawLine(7, int(middle), 3, int(middle + 4))
