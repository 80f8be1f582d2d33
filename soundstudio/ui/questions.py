"""Questions before something cannot be undone; none of them stops the event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox

from soundstudio.core.transfer_rate import size_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from soundstudio.ui.leaving import UnderWay

_DESTRUCTIVE: Final = QMessageBox.ButtonRole.DestructiveRole


def ask_to_empty_trash(window: QWidget, on_yes: Callable[[], None]) -> None:
    """Files are about to be deleted for good."""
    _ask(
        window,
        "Empty the trash",
        "Delete the sounds in the trash for good?",
        "Their files are removed from the disk. Exported copies stay.",
        "Delete",
        on_yes,
    )


def ask_to_quit(window: QWidget, under_way: UnderWay, on_yes: Callable[[], None]) -> None:
    """Something is not done yet: each thing's fate in one question."""
    _ask(
        window,
        "Quit Sound Studio",
        under_way.question(),
        "\n\n".join(under_way.consequences()),
        "Quit",
        on_yes,
        _DESTRUCTIVE if under_way.loses else QMessageBox.ButtonRole.AcceptRole,
        "leaving",
    )


def ask_licence(window: QWidget, question: str, note: str, on_yes: Callable[[], None]) -> None:
    """The licence of what is about to be downloaded, and where it comes from."""
    _ask(
        window,
        "Licence",
        question,
        note,
        "Accept and download",
        on_yes,
        QMessageBox.ButtonRole.AcceptRole,
    )


def ask_to_remove_model(
    window: QWidget, title: str, size_bytes: int, on_yes: Callable[[], None]
) -> None:
    """Files of a model are about to be deleted for good."""
    _ask(
        window,
        "Remove",
        f"Delete {title} from the disk?",
        f"That frees {size_words(size_bytes)}. Sounds that were made with it stay.",
        "Delete",
        on_yes,
    )


def _ask(
    window: QWidget,
    title: str,
    question: str,
    note: str,
    yes: str,
    on_yes: Callable[[], None],
    role: QMessageBox.ButtonRole = _DESTRUCTIVE,
    name: str = "",
) -> None:
    is_warning = role == _DESTRUCTIVE
    icon = QMessageBox.Icon.Warning if is_warning else QMessageBox.Icon.Question
    box = QMessageBox(icon, title, question, QMessageBox.StandardButton.Cancel, window)
    box.setObjectName(name)
    box.setInformativeText(note)
    box.addButton(yes, role).clicked.connect(on_yes)
    if is_warning:
        box.setDefaultButton(QMessageBox.StandardButton.Cancel)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.open()
