"""The window over the real engine process and a tiny random model: the whole way, and a crash."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from soundstudio.audio.files import read_sound
from soundstudio.core.messages import EngineReady
from soundstudio.library.library import Library
from soundstudio.ui.clip_rows import FailedRow

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from soundstudio.app import Studio

PATIENCE_MS = 120_000


def generate(studio: Studio, steps: int) -> None:
    studio.generate.prompt.setPlainText("rain on a tin roof")
    studio.generate._variations.setValue(2)
    studio.generate._duration.setValue(0.5)
    studio.generate.more.steps.setValue(steps)
    studio.actions["generate"].trigger()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="SIGKILL is POSIX")
def test_prompt_to_clips_then_a_killed_engine_then_clips_again(
    qtbot: QtBot, make_studio: Callable[..., Studio], tiny_model_folder: Path
) -> None:
    studio = make_studio(is_real=True)
    pids: list[int] = []
    studio.engine.message_received.connect(
        lambda m: pids.append(m.pid) if isinstance(m, EngineReady) else None
    )
    clips: list[object] = []
    studio.generation.clip_stored.connect(clips.append)
    studio.generate.more.choose_model(str(tiny_model_folder))
    generate(studio, steps=3)
    qtbot.waitUntil(lambda: len(clips) == 2, timeout=PATIENCE_MS)
    clip = studio.model.rows.at(0)
    assert read_sound(clip.path).duration_s == pytest.approx(0.5, abs=0.001)
    assert clip.request.model == str(tiny_model_folder)
    assert studio.status.phase in ("ready", "busy")

    generate(studio, steps=1000)
    qtbot.waitUntil(
        lambda: any(job.fraction > 0 for job in studio.queue.open_jobs()), timeout=PATIENCE_MS
    )
    os.kill(pids[-1], signal.SIGKILL)
    qtbot.waitUntil(lambda: "killed" in studio.generate.banner.text(), timeout=PATIENCE_MS)
    assert isinstance(studio.model.rows.at(0), FailedRow)
    generate(studio, steps=2)
    qtbot.waitUntil(lambda: len(clips) == 4, timeout=PATIENCE_MS)
    assert len(pids) == 2
    studio.window.close()

    library = Library.open(studio.folders)
    assert library.count() == 4
    library.close()
