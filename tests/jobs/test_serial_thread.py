"""SerialThread and Background: order, errors as sentences, nothing after close, late answers."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from soundstudio.core.errors import LibraryError, StorageError
from soundstudio.jobs.background import Background
from soundstudio.jobs.serial_thread import SerialThread

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


def make_thread() -> SerialThread[list[int]]:
    thread: SerialThread[list[int]] = SerialThread(lambda: [], lambda _: None, "opening the list")
    thread.start()
    return thread


def test_answers_come_in_order_and_in_the_asking_thread(qtbot: QtBot) -> None:
    thread = make_thread()
    answers: list[tuple[int, bool]] = []
    for n in range(20):
        thread.ask(
            lambda owned, n=n: owned.append(n) or len(owned),
            lambda a: answers.append((a, threading.current_thread() is threading.main_thread())),
        )
    qtbot.waitUntil(lambda: len(answers) == 20, timeout=5000)
    assert answers == [(n + 1, True) for n in range(20)]
    thread.close()


def test_errors_become_sentences(qtbot: QtBot) -> None:
    thread = make_thread()
    heard: list[object] = []

    def full(_: list[int]) -> None:
        raise OSError(28, "No space left on device")

    thread.ask(full, None, heard.append, doing="writing rain.wav")
    with qtbot.waitSignal(thread.failed, timeout=5000):
        thread.ask(lambda owned: owned[5], doing="looking it up")
    assert isinstance(heard[0], StorageError)
    assert "disk is full" in heard[0].message
    thread.close()


def test_thing_that_cannot_be_made_is_said_once(qtbot: QtBot) -> None:
    def make() -> list[int]:
        raise LibraryError("The library is from a newer version.")

    thread: SerialThread[list[int]] = SerialThread(make, lambda _: None, "opening")
    said: list[object] = []
    asked: list[object] = []
    thread.failed.connect(said.append)
    thread.ask(lambda owned: owned)
    thread.ask(lambda owned: owned, None, asked.append)
    thread.start()
    qtbot.waitUntil(lambda: len(asked) == 1, timeout=5000)
    assert len(said) == 1
    thread.close()


def test_close_finishes_the_queue_but_delivers_nothing(qtbot: QtBot) -> None:
    thread = make_thread()
    kept: list[list[int]] = []
    answers: list[int] = []
    thread.ask(kept.append)
    thread.ask(lambda owned: owned.append(1), answers.append)
    thread.close()
    qtbot.wait(10)
    assert kept == [[1]]
    assert answers == []


def test_late_answer_of_the_same_key_is_dropped(qtbot: QtBot) -> None:
    background = Background(threads=2)
    gate = threading.Event()
    answers: list[str] = []
    background.run("view", lambda: gate.wait(5) and "old", answers.append)
    background.run("view", lambda: "new", answers.append)
    background.run("other", lambda: gate.set() or "other", answers.append)
    qtbot.waitUntil(lambda: len(answers) == 2, timeout=5000)
    background.close()
    qtbot.wait(10)
    assert sorted(answers) == ["new", "other"]


def test_background_failure_is_a_sentence(qtbot: QtBot) -> None:
    background = Background()
    errors: list[object] = []
    background.run("a", lambda: 1 / 0, lambda _: None, errors.append, "drawing")
    qtbot.waitUntil(lambda: bool(errors), timeout=5000)
    background.close()
    assert "Drawing failed" in str(errors[0])
