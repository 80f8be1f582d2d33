"""What the foot of the window says of the engine and its model: what is true."""

from __future__ import annotations

from typing import TYPE_CHECKING

from soundstudio.core.messages import (
    EngineReady,
    JobCancelled,
    JobFailed,
    JobStarted,
    LoadFailed,
    ModelLoaded,
    ModelLoading,
)
from soundstudio.ui.status_line import ENGINE_WORDS, lamp_tint

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from pytestqt.qtbot import QtBot

    from soundstudio.app import Studio
    from soundstudio.core.messages import Message

FIRST = ModelLoaded("starter", "cpu", "Fake CPU", "float32", 0.01)


def shown(studio: Studio, *messages: Message) -> tuple[str, str]:
    """The phase, and the model that is named, after these messages."""
    for message in messages:
        studio.engine.message_received.emit(message)
    return studio.status.phase, studio.status._device.text()


def generate(studio: Studio, prompt: str) -> str:
    studio.generate.prompt.setPlainText(prompt)
    studio.actions["generate"].trigger()
    return studio.queue.open_jobs()[-1].id


def test_after_a_restart_no_model_is_called_ready(
    qtbot: QtBot, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Fake CPU" in studio.status._device.text()
    phases: list[str] = []
    show = studio.status.show_phase
    monkeypatch.setattr(
        studio.status, "show_phase", lambda phase, s="": (phases.append(phase), show(phase, s))
    )
    with qtbot.waitSignal(
        studio.engine.message_received,
        timeout=15000,
        check_params_cb=lambda m: isinstance(m, EngineReady),
    ):
        studio.engine.restart()
    qtbot.waitUntil(lambda: bool(phases) and phases[-1] == "unloaded", timeout=5000)
    assert "loads the model first" in studio.status.engine_text()
    assert studio.status._device.text() == ""
    phases.clear()
    generate(studio, "rain")
    qtbot.waitUntil(lambda: phases[-1:] == ["ready"], timeout=15000)
    assert phases.index("loading") < phases.index("busy")
    assert "unloaded" not in phases[phases.index("loading") :]
    assert "Fake CPU" in studio.status._device.text()


def test_while_a_model_loads_nothing_else_is_said(
    qtbot: QtBot, make_studio: Callable[..., Studio]
) -> None:
    studio = make_studio()
    qtbot.waitUntil(lambda: studio.status.phase == "ready", timeout=15000)
    assert shown(studio, ModelLoading("m")) == ("loading", "")
    # A job waits behind the loading model.
    job_id = generate(studio, "slow")
    assert shown(studio)[0] == "loading"
    title = studio.generation._titles["starter"]
    assert shown(studio, FIRST) == ("busy", f"{title}  ·  Fake CPU  ·  float32")
    studio.queue.cancel(job_id)
    qtbot.waitUntil(lambda: studio.status.phase == "ready", timeout=15000)


def test_a_model_that_did_not_load_leaves_none(studio: Studio) -> None:
    failed = LoadFailed("m", "ModelError", "The model cannot be used", "It is damaged.", "Get it.")
    assert shown(studio, ModelLoading("m"), failed) == ("unloaded", "")
    assert shown(studio, FIRST)[0] == "ready"
    for ended in (JobCancelled("gone"), JobFailed("gone", "ModelError", "No", "It failed.", "")):
        started = (JobStarted("gone"), ModelLoading("m"))
        assert shown(studio, *started)[0] == "loading"
        assert shown(studio, ended) == ("unloaded", "")


def test_every_phase_has_words_and_a_lamp() -> None:
    assert {lamp_tint(phase) for phase in ENGINE_WORDS} == {
        "good",
        "accent",
        "error",
        "muted",
        "warning",
    }
    assert lamp_tint("unloaded") == lamp_tint("closed")
