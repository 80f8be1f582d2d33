"""Questions before something cannot be undone; none of them stops the event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox

from soundstudio.core.transfer_rate import size_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget


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


def ask_to_quit(window: QWidget, waiting: int, on_yes: Callable[[], None]) -> None:
    """`waiting` sounds are still being made."""
    sounds = "A sound is" if waiting == 1 else f"{waiting} sounds are"
    _ask(
        window,
        "Quit Sound Studio",
        f"{sounds} still being made. Quit all the same?",
        "What is finished is in the library already.",
        "Quit",
        on_yes,
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
    role: QMessageBox.ButtonRole = QMessageBox.ButtonRole.DestructiveRole,
) -> None:
    is_warning = role == QMessageBox.ButtonRole.DestructiveRole
    icon = QMessageBox.Icon.Warning if is_warning else QMessageBox.Icon.Question
    box = QMessageBox(icon, title, question, QMessageBox.StandardButton.Cancel, window)
    box.setInformativeText(note)
    box.addButton(yes, role).clicked.connect(on_yes)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.open()
