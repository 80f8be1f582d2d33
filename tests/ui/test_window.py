"""The whole window over the fake engine: from a prompt to clips, crashes, keys, closing."""

from __future__ import annotations

import errno
import os
import signal
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, QThread
from PySide6.QtGui import QEnterEvent, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox, QWidget

from soundstudio.audio.player import PlayerState
from soundstudio.core.messages import EngineReady
from soundstudio.jobs.queue import JobState
from soundstudio.library.clips import ClipQuery
from soundstudio.ui.action_registry import ACTIONS
from soundstudio.ui.clip_rows import FailedRow, PendingRow
from soundstudio.ui.empty_library import empty_words
from soundstudio.ui.main_window import MENUS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from soundstudio.app import Studio


def generate(studio: Studio, prompt: str, variations: int = 2, duration_s: float = 0.5) -> None:
    studio.generate.prompt.setPlainText(prompt)
    studio.generate._variations.setValue(variations)
    studio.generate._duration.setValue(duration_s)
    studio.actions["generate"].trigger()


def clips_in(studio: Studio) -> list[str]:
    rows = studio.model.rows
    found = [rows.at(row) for row in range(len(rows))]
    return [row.name for row in found if row is not None and hasattr(row, "rating")]


def wait_for_clips(qtbot: QtBot, studio: Studio, count: int) -> None:
    qtbot.waitUntil(lambda: len(clips_in(studio)) == count, timeout=20000)
    qtbot.waitUntil(lambda: not studio.queue.open_jobs(), timeout=20000)


def test_prompt_becomes_rows_at_once_and_clips_in_their_place(qtbot: QtBot, studio: Studio) -> None:
    generate(studio, "rain on a tin roof", variations=3)
    rows = [studio.model.rows.at(row) for row in range(3)]
    assert all(isinstance(row, PendingRow) for row in rows)
    wait_for_clips(qtbot, studio, 3)
    assert clips_in(studio) == ["rain on a tin roof"] * 3
    clips = [studio.model.rows.at(row) for row in range(3)]
    seeds = [clip.variation_seed for clip in clips]
    assert seeds == [seeds[2] + 2, seeds[2] + 1, seeds[2]]
    assert studio.generate.banner.isHidden()


def test_first_sound_of_a_job_is_shown_and_played(qtbot: QtBot, studio: Studio) -> None:
    generate(studio, "rain", variations=3)
    qtbot.waitUntil(lambda: bool(studio.player.played), timeout=20000)
    wait_for_clips(qtbot, studio, 3)
    # The first one that was done is the oldest of the three.
    assert studio.table.current_row() == 2
    assert len(studio.player.played) == 1
    qtbot.waitUntil(lambda: studio.viewer.canvas._image is not None, timeout=5000)


def test_clips_survive_a_restart(
    qtbot: QtBot, studio: Studio, make_studio: Callable[..., Studio]
) -> None:
    generate(studio, "thunder")
    wait_for_clips(qtbot, studio, 2)
    studio.window.close()
    again = make_studio()
    qtbot.waitUntil(lambda: again.model.rowCount() == 2, timeout=10000)
    again.model.data(again.model.index(0, 2), Qt.ItemDataRole.DisplayRole)
    wait_for_clips(qtbot, again, 2)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="SIGKILL is POSIX")
def test_killed_engine_is_said_restarted_and_the_next_generation_works(
    qtbot: QtBot, studio: Studio
) -> None:
    pids: list[int] = []
    studio.engine.message_received.connect(
        lambda m: pids.append(m.pid) if isinstance(m, EngineReady) else None
    )
    studio.engine.restart()
    qtbot.waitUntil(lambda: bool(pids) and studio.status.phase == "unloaded", timeout=15000)
    generate(studio, "slow")
    qtbot.waitUntil(lambda: any(j.fraction > 0 for j in studio.queue.open_jobs()), timeout=15000)
    os.kill(pids[-1], signal.SIGKILL)
    qtbot.waitUntil(lambda: "killed" in studio.generate.banner.text(), timeout=15000)
    row = studio.model.rows.at(0)
    assert isinstance(row, FailedRow)
    assert "killed" in row.error.message
    assert studio.model.rowCount() == 1
    qtbot.waitUntil(lambda: len(pids) == 2, timeout=15000)
    generate(studio, "rain")
    wait_for_clips(qtbot, studio, 2)


def test_engine_that_cannot_run_ends_in_a_sentence_with_a_button(
    qtbot: QtBot, make_studio: Callable[..., Studio]
) -> None:
    studio = make_studio(engine=("--die-at-start",))
    generate(studio, "rain")
    qtbot.waitUntil(lambda: studio.status.phase == "failed", timeout=30000)
    assert "does not run" in studio.generate.banner.text()
    assert isinstance(studio.model.rows.at(0), FailedRow)


def test_failure_stands_in_its_row_and_near_the_prompt(qtbot: QtBot, studio: Studio) -> None:
    generate(studio, "oom", variations=8)
    qtbot.waitUntil(lambda: studio.model.rowCount() == 1, timeout=10000)
    assert "Make fewer variations." in studio.generate.banner.text()
    studio.table.select_row(0)
    assert studio.actions["dismiss"].isEnabled()
    studio.actions["use_again"].trigger()
    assert studio.generate.prompt.toPlainText() == "oom"
    studio.actions["dismiss"].trigger()
    assert studio.model.rowCount() == 0


def test_empty_prompt_is_refused_beside_the_prompt(studio: Studio) -> None:
    generate(studio, "   ")
    assert "The prompt is empty" in studio.generate.banner.text()
    assert studio.model.rowCount() == 0


def test_too_long_prompt_is_refused_and_kept(studio: Studio) -> None:
    generate(studio, "🌧" * 10_000)
    assert "10,000 characters" in studio.generate.banner.text()
    assert len(studio.generate.prompt.toPlainText()) == 10_000


def test_running_and_waiting_jobs_can_be_cancelled(qtbot: QtBot, studio: Studio) -> None:
    generate(studio, "slow")
    generate(studio, "rain")
    first, second = studio.queue.open_jobs()
    studio.generate.queue._rows[1].cross.click()
    assert second.state is JobState.CANCELLED
    studio.generate.queue._rows[0].cross.click()
    qtbot.waitUntil(lambda: first.state is JobState.CANCELLED, timeout=15000)
    qtbot.waitUntil(lambda: studio.model.rowCount() == 0, timeout=5000)


def test_generate_never_slides_under_a_cancel_click(qtbot: QtBot, studio: Studio) -> None:
    panel, window = studio.generate, studio.window
    place = panel.generate.mapTo(window, QPoint(0, 0))
    generate(studio, "slow", variations=1)
    generate(studio, "rain", variations=1)
    qtbot.waitUntil(panel.queue._rows[1].isVisible, timeout=5000)
    QApplication.processEvents()
    assert panel.generate.mapTo(window, QPoint(0, 0)) == place
    cross = panel.queue._rows[1].cross
    at = cross.mapTo(window, cross.rect().center())
    spot = QPointF(at)
    QApplication.sendEvent(panel.queue, QEnterEvent(spot, spot, spot))
    studio.queue.cancel_all()
    qtbot.waitUntil(lambda: not studio.queue.open_jobs(), timeout=15000)
    QApplication.processEvents()
    assert panel.generate.mapTo(window, QPoint(0, 0)) == place
    assert window.childAt(at) is panel.queue
    QApplication.sendEvent(panel.queue, QEvent(QEvent.Type.Leave))
    qtbot.waitUntil(lambda: panel.queue.height() < cross.height(), timeout=5000)


@pytest.mark.qt_log_ignore("propagateSizeHints")
def test_closing_while_busy_asks_then_leaves_no_thread_and_no_process(
    qtbot: QtBot, make_studio: Callable[..., Studio]
) -> None:
    pids: list[int] = []
    studio = make_studio()
    studio.engine.message_received.connect(
        lambda m: pids.append(m.pid) if isinstance(m, EngineReady) else None
    )
    qtbot.waitUntil(lambda: studio.status.phase == "ready", timeout=15000)
    generate(studio, "slow")
    qtbot.waitUntil(lambda: bool(studio.queue.open_jobs()), timeout=5000)
    assert not studio.window.close()
    box = studio.window.findChild(QMessageBox)
    assert box is not None
    assert "still being made" in box.text()
    box.button(QMessageBox.StandardButton.Cancel).click()
    assert studio.window.isVisible()
    studio.window.close()
    question = next(b for b in studio.window.findChildren(QMessageBox) if b.isVisible())
    next(b for b in question.buttons() if b.text() == "Quit").click()
    threads: list[QThread] = [studio.engine, studio.library, studio.player_thread]
    assert all(thread.isFinished() for thread in threads)
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_damaged_settings_open_the_window_and_say_so(
    make_studio: Callable[..., Studio], tmp_path: Path
) -> None:
    settings = tmp_path / "home" / "config" / "settings.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text("theme = [", encoding="utf-8")
    studio = make_studio()
    assert "is damaged" in studio.generate.banner.text()
    assert settings.read_text(encoding="utf-8") == "theme = ["


def test_damaged_library_opens_the_window_and_says_so(
    qtbot: QtBot, make_studio: Callable[..., Studio], tmp_path: Path
) -> None:
    database = tmp_path / "home" / "data" / "library.sqlite"
    database.parent.mkdir(parents=True)
    database.write_bytes(b"this is no database" * 1000)
    studio = make_studio()
    qtbot.waitUntil(lambda: "damaged" in studio.library_panel.banner.text(), timeout=10000)
    assert studio.window.isVisible()


def test_rebuilt_library_finds_the_clips_and_says_so(
    qtbot: QtBot, studio: Studio, make_studio: Callable[..., Studio]
) -> None:
    generate(studio, "thunder", variations=2)
    wait_for_clips(qtbot, studio, 2)
    studio.window.close()
    studio.folders.library_file.write_bytes(b"no database any more" * 500)
    again = make_studio()
    progress: list[tuple[int, int]] = []
    again.library_desk.opening_progressed.connect(lambda done, of: progress.append((done, of)))
    qtbot.waitUntil(lambda: "built anew" in again.library_panel.banner.text(), timeout=10000)
    wait_for_clips(qtbot, again, 2)
    assert progress == [(2, 2)]


def test_files_given_are_added_and_shown(
    qtbot: QtBot, make_studio: Callable[..., Studio], tone_file: Path, tmp_path: Path
) -> None:
    text = tmp_path / "text.wav"
    text.write_text("no sound", encoding="utf-8")
    studio = make_studio(str(tone_file), str(text))
    qtbot.waitUntil(lambda: studio.model.rowCount() == 1, timeout=10000)
    qtbot.waitUntil(lambda: studio.audition.loaded is not None, timeout=10000)
    assert "text.wav" in studio.library_panel.banner.text()


def test_no_audio_device_is_said_and_nothing_plays(
    qtbot: QtBot, studio: Studio, tone_file: Path
) -> None:
    studio.player.state_now = PlayerState("no device", "No sound output was found.")
    studio.audition.open(tone_file)
    qtbot.waitUntil(lambda: studio.audition.loaded is not None, timeout=10000)
    studio.actions["play_stop"].trigger()
    assert not studio.audition.is_playing
    qtbot.waitUntil(
        lambda: studio.status._output.text() == "No sound output was found.", timeout=5000
    )


def test_lost_device_is_looked_for_again(qtbot: QtBot, studio: Studio) -> None:
    qtbot.waitUntil(lambda: studio.status._output.text() == "Loudspeaker", timeout=5000)
    studio.player.state_now = PlayerState("no device", "The sound output is gone.")
    studio.output._timer.setInterval(5)
    qtbot.waitUntil(lambda: "refreshed" in studio.player.opened, timeout=5000)
    studio.player.state_now = PlayerState("idle", "", "Loudspeaker")
    qtbot.waitUntil(lambda: studio.status._output.text() == "Loudspeaker", timeout=5000)


def test_home_that_cannot_be_written_still_gives_a_window_that_says_so(
    qtbot: QtBot, make_studio: Callable[..., Studio], tmp_path: Path
) -> None:
    (tmp_path / "home").write_text("a file where the folder should be", encoding="utf-8")
    studio = make_studio()
    qtbot.waitUntil(lambda: not studio.library_panel.banner.isHidden(), timeout=10000)
    assert studio.window.isVisible()
    studio.settings.change(designer="Ada")
    qtbot.waitUntil(lambda: not studio.generate.banner.isHidden(), timeout=10000)


def test_every_action_does_something_and_stands_in_a_menu(studio: Studio) -> None:
    in_menus = {action_id for _, ids in MENUS for action_id in ids if action_id}
    assert in_menus == {spec.id for spec in ACTIONS}
    for spec in ACTIONS:
        action = studio.actions[spec.id]
        signal_name = "2toggled(bool)" if spec.id == "loop" else "2triggered(bool)"
        assert action.receivers(signal_name) > 0, spec.id


def test_no_key_means_two_things() -> None:
    keys = [key for spec in ACTIONS for key in spec.keys]
    assert sorted(keys) == sorted(set(keys))


def test_single_letters_type_in_text_fields_and_act_in_the_list(
    qtbot: QtBot, studio: Studio
) -> None:
    generate(studio, "rain", variations=1)
    wait_for_clips(qtbot, studio, 1)
    with qtbot.waitExposed(studio.window):
        studio.window.activateWindow()
    studio.generate.prompt.clear()
    studio.generate.prompt.setFocus()
    QTest.keyClicks(studio.generate.prompt, "f l5 ")
    assert studio.generate.prompt.toPlainText() == "f l5 "
    QTest.keyClick(studio.generate.prompt, Qt.Key.Key_Return)
    assert studio.generate.prompt.toPlainText() == "f l5 \n"
    studio.generate.generate.setFocus()
    QTest.keyClick(studio.generate.generate, Qt.Key.Key_L)
    assert not studio.actions["loop"].isChecked()
    studio.table.setFocus()
    studio.table.select_row(0)
    QTest.keyClick(studio.table, Qt.Key.Key_F)
    QTest.keyClick(studio.table, Qt.Key.Key_4)
    qtbot.waitUntil(
        lambda: (clip := studio.model.rows.at(0)).favourite and clip.rating == 4, timeout=5000
    )
    QTest.keyClick(studio.table, Qt.Key.Key_L)
    assert studio.actions["loop"].isChecked()


def test_list_auditions_after_a_pause_and_not_while_a_key_repeats(
    qtbot: QtBot, studio: Studio
) -> None:
    generate(studio, "rain", variations=4)
    wait_for_clips(qtbot, studio, 4)
    qtbot.waitUntil(lambda: not studio.audition.is_playing, timeout=5000)
    studio.table.blockSignals(True)
    studio.table.select_row(0)
    studio.table.blockSignals(False)
    studio.player.played.clear()
    studio.table.setFocus()
    for _ in range(2):
        event = QKeyEvent(
            QEvent.Type.KeyPress, Qt.Key.Key_Down, Qt.KeyboardModifier.NoModifier, "", True
        )
        QApplication.sendEvent(studio.table, event)
    assert studio.table.current_row() == 2
    qtbot.waitUntil(lambda: studio.audition.path == studio.model.rows.at(2).path, timeout=5000)
    assert studio.player.played == []
    QTest.keyClick(studio.table, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: len(studio.player.played) == 1, timeout=5000)
    assert studio.audition.path == studio.model.rows.at(3).path


def test_trash_and_restore(qtbot: QtBot, studio: Studio) -> None:
    generate(studio, "rain", variations=2)
    wait_for_clips(qtbot, studio, 2)
    studio.table.select_row(0)
    studio.actions["trash"].trigger()
    qtbot.waitUntil(lambda: studio.model.rowCount() == 1, timeout=5000)
    with qtbot.waitSignal(studio.library_desk.rows_replaced, timeout=5000):
        studio.library_panel._filters.button(2).click()
    assert studio.model.rowCount() == 1
    studio.table.select_row(0)
    assert studio.actions["restore"].isEnabled()
    studio.actions["restore"].trigger()
    qtbot.waitUntil(lambda: studio.model.rowCount() == 0, timeout=5000)
    assert studio.library_panel.empty.heading.text() == "The trash is empty"
    qtbot.waitUntil(lambda: studio.status._library.text() == "2 clips", timeout=5000)
    studio.library_panel.clear_query()
    qtbot.waitUntil(lambda: studio.model.rowCount() == 2, timeout=5000)


def test_trash_view_never_pretends_to_delete(qtbot: QtBot, studio: Studio) -> None:
    generate(studio, "rain", variations=1)
    wait_for_clips(qtbot, studio, 1)
    studio.table.select_row(0)
    studio.actions["trash"].trigger()
    qtbot.waitUntil(lambda: studio.model.rowCount() == 0, timeout=5000)
    with qtbot.waitSignal(studio.library_desk.rows_replaced, timeout=5000):
        studio.library_panel._filters.button(2).click()
    studio.table.select_row(0)
    assert not studio.actions["trash"].isEnabled()
    studio.library_desk.trash(studio.table.selected_ids())
    with qtbot.waitSignal(studio.library_desk.rows_replaced, timeout=5000):
        studio.library_desk.refresh()
    assert studio.model.rowCount() == 1
    assert empty_words(ClipQuery(trashed=True, min_rating=3), True)[0] != "The trash is empty"


def test_newest_first_is_one_order(qtbot: QtBot, studio: Studio) -> None:
    for prompt in ("rain", "thunder"):
        generate(studio, prompt, variations=3)
    wait_for_clips(qtbot, studio, 6)
    before = [studio.model.rows.id_at(row) for row in range(6)]
    with qtbot.waitSignal(studio.library_desk.rows_replaced, timeout=5000):
        studio.library_desk.refresh()
    assert [studio.model.rows.id_at(row) for row in range(6)] == before == [6, 5, 4, 3, 2, 1]
    studio.library_panel._order.setCurrentIndex(1)
    generate(studio, "wind", variations=1)
    qtbot.waitUntil(lambda: studio.model.rows.row_of(7) == 6, timeout=20000)


def test_del_dismisses_a_failure_that_filters_do_not_show(qtbot: QtBot, studio: Studio) -> None:
    generate(studio, "fail")
    qtbot.waitUntil(lambda: isinstance(studio.model.rows.at(0), FailedRow), timeout=10000)
    for number in (1, 2, 0):
        with qtbot.waitSignal(studio.library_desk.rows_replaced, timeout=5000):
            studio.library_panel._filters.button(number).click()
        assert studio.model.rowCount() == (1 if number == 0 else 0)
    studio.table.setFocus()
    studio.table.select_row(0)
    QTest.keyClick(studio.table, Qt.Key.Key_Delete)
    assert studio.model.rowCount() == 0


def test_undo_brings_back_what_was_trashed_last(qtbot: QtBot, studio: Studio) -> None:
    generate(studio, "rain", variations=3)
    wait_for_clips(qtbot, studio, 3)
    studio.table.setFocus()
    before = [studio.model.rows.id_at(row) for row in range(3)]
    studio.table.select_row(1)
    QTest.keyClick(studio.table, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: studio.model.rowCount() == 2, timeout=5000)
    assert "Ctrl+Z" in studio.library_panel.banner.text()
    studio.table.selectAll()
    QTest.keyClick(studio.table, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: studio.model.rowCount() == 0, timeout=5000)
    for count in (2, 3):
        QTest.keyClick(
            studio.window.focusWidget(), Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier
        )
        qtbot.waitUntil(lambda count=count: studio.model.rowCount() == count, timeout=5000)
    assert [studio.model.rows.id_at(row) for row in range(3)] == [3, 2, 1]
    assert studio.table.selected_ids() == before[1:2]
    assert not studio.actions["restore"].isEnabled()


def test_search_as_you_type_and_its_empty_answer(qtbot: QtBot, studio: Studio) -> None:
    generate(studio, "rain on a tin roof", variations=1)
    wait_for_clips(qtbot, studio, 1)
    generate(studio, "distant thunder", variations=1)
    wait_for_clips(qtbot, studio, 2)
    studio.library_panel.search.setText("thun")
    qtbot.waitUntil(lambda: studio.model.rowCount() == 1, timeout=5000)
    studio.library_panel.search.setText("xylophone")
    qtbot.waitUntil(lambda: studio.model.rowCount() == 0, timeout=5000)
    assert "xylophone" in studio.library_panel.empty.heading.text()


def test_clip_whose_file_vanished_says_so(qtbot: QtBot, studio: Studio) -> None:
    generate(studio, "rain", variations=2)
    wait_for_clips(qtbot, studio, 2)
    studio.model.rows.at(0).path.unlink()
    studio.table.select_row(0)
    qtbot.waitUntil(lambda: studio.model.rows.at(0).is_missing, timeout=5000)
    qtbot.waitUntil(lambda: not studio.viewer.banner.isHidden(), timeout=5000)


def test_export_writes_a_file_and_says_where(qtbot: QtBot, studio: Studio, tmp_path: Path) -> None:
    generate(studio, "rain", variations=1)
    wait_for_clips(qtbot, studio, 1)
    with qtbot.waitSignal(studio.exports.exported, timeout=10000) as exported:
        studio.actions["export"].trigger()
    (path,) = exported.args[0]
    assert path.is_file()
    assert path.parent == tmp_path / "home" / "exports"
    assert str(path) in studio.library_panel.banner.text()


def test_batch_export_writes_files_and_a_table(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    generate(studio, "rain", variations=3)
    wait_for_clips(qtbot, studio, 3)
    studio.table.selectAll()
    with qtbot.waitSignal(studio.exports.exported, timeout=20000) as exported:
        studio.exports.export_batch(studio.commands._chosen(), tmp_path / "game")
    assert len({*exported.args[0]}) == 3
    assert len(list((tmp_path / "game").glob("*.wav"))) == 3
    assert len(list((tmp_path / "game").glob("*.csv"))) == 1
    assert "3 files" in studio.library_panel.banner.text()


def test_batch_export_can_be_cancelled(qtbot: QtBot, studio: Studio, tmp_path: Path) -> None:
    generate(studio, "rain", variations=3)
    wait_for_clips(qtbot, studio, 3)
    studio.table.selectAll()
    studio.exports.export_batch(studio.commands._chosen(), tmp_path / "game")
    studio.exports._cancel.set()
    qtbot.waitUntil(lambda: "cancelled" in studio.library_panel.banner.text(), timeout=10000)


def test_export_folder_that_cannot_be_written_is_a_sentence(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    generate(studio, "rain", variations=1)
    wait_for_clips(qtbot, studio, 1)
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    studio.exports.export_batch(studio.commands._chosen() or [studio.model.rows.at(0)], blocked)
    qtbot.waitUntil(lambda: not studio.library_panel.banner.isHidden(), timeout=10000)
    assert "file" in studio.library_panel.banner.text()


@pytest.mark.parametrize(("prompt", "variations"), [("rain", 1), ("slow", 20)])
def test_full_disk_while_storing_a_sound_ends_the_job_and_loses_nothing(
    qtbot: QtBot, studio: Studio, monkeypatch: pytest.MonkeyPatch, prompt: str, variations: int
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("soundstudio.library.library.Library.add_generated", full)
    generate(studio, prompt, variations)
    qtbot.waitUntil(lambda: "disk is full" in studio.generate.banner.text(), timeout=20000)
    qtbot.waitUntil(lambda: studio.model.rowCount() == 1, timeout=10000)
    assert not studio.queue.open_jobs()
    row = studio.model.rows.at(0)
    assert isinstance(row, FailedRow)
    assert "disk is full" in row.error.sentence()
    assert len(list((studio.folders.handover).rglob("*.wav"))) <= 2
    assert list((studio.folders.handover).rglob("*.wav"))
    studio.generate.prompt.setPlainText("else")
    studio.table.select_row(0)
    studio.actions["use_again"].trigger()
    assert studio.generate.prompt.toPlainText() == prompt


def test_emptied_trash_deletes_for_good(qtbot: QtBot, studio: Studio) -> None:
    generate(studio, "rain", variations=2)
    wait_for_clips(qtbot, studio, 2)
    path = studio.model.rows.at(0).path
    studio.table.select_row(0)
    studio.actions["trash"].trigger()
    qtbot.waitUntil(lambda: studio.model.rowCount() == 1, timeout=5000)
    assert path.is_file()
    with qtbot.waitSignal(studio.library_desk.rows_replaced, timeout=5000):
        studio.library_desk.empty_trash()
    assert not path.is_file()
    assert studio.model.rowCount() == 1


def test_nothing_is_dragged_after_the_button_was_let_go(
    qtbot: QtBot, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    dragged: list[object] = []
    monkeypatch.setattr("soundstudio.ui.clip_exports.drag_files", lambda *a: dragged.append(a))
    generate(studio, "rain", variations=1)
    wait_for_clips(qtbot, studio, 1)
    studio.exports.drag(studio.table, [studio.model.rows.at(0)])
    exports = studio.folders.exports
    qtbot.waitUntil(lambda: bool(list(exports.glob("*.wav"))), timeout=10000)
    qtbot.wait(50)
    assert dragged == []


def test_copy_file_puts_an_exported_file_on_the_clipboard(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    generate(studio, "rain", variations=1)
    wait_for_clips(qtbot, studio, 1)
    studio.actions["copy_file"].trigger()
    clipboard = QApplication.clipboard()
    qtbot.waitUntil(lambda: "Copied" in studio.library_panel.banner.text(), timeout=10000)
    path = clipboard.mimeData().urls()[0].toLocalFile()
    assert path.startswith(str(tmp_path / "home" / "exports"))


def test_use_again_restores_the_whole_request(qtbot: QtBot, studio: Studio) -> None:
    generate(studio, "rain", variations=2)
    wait_for_clips(qtbot, studio, 2)
    request = studio.model.rows.at(1).request
    studio.generate.prompt.setPlainText("something else")
    studio.table.select_row(1)
    studio.actions["use_again"].trigger()
    assert studio.generate.request() == request


def test_reference_clip_is_called_by_its_name(
    qtbot: QtBot, studio: Studio, tone_file: Path
) -> None:
    generate(studio, "rain: roof", variations=1)
    wait_for_clips(qtbot, studio, 1)
    studio.library_desk.rename(1, "tin roof")
    qtbot.waitUntil(lambda: clips_in(studio) == ["tin roof"], timeout=5000)
    studio.generate.like.set_available(True)
    studio.table.select_row(0)
    studio.commands._enable()
    studio.actions["more_like"].trigger()
    assert studio.generate.like._words == "Like tin roof"
    studio.generate.like.set_clip(tone_file)
    assert studio.generate.like._words == "Like tone"


def test_rename_in_place(qtbot: QtBot, studio: Studio) -> None:
    generate(studio, "rain", variations=1)
    wait_for_clips(qtbot, studio, 1)
    studio.table.setFocus()
    studio.table.select_row(0)
    studio.actions["rename"].trigger()
    editor = studio.table.findChild(QWidget, "", Qt.FindChildOption.FindChildrenRecursively)
    editor = QApplication.focusWidget() or editor
    QTest.keyClick(editor, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(editor, "roof f5")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: studio.model.rows.at(0).name == "roof f5", timeout=5000)


def test_everything_that_takes_focus_has_a_name(studio: Studio) -> None:
    nameless = [
        f"{type(widget).__name__} {widget.objectName()}"
        for widget in studio.window.findChildren(QWidget)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and not widget.accessibleName()
        and not _is_inner(widget)
    ]
    assert nameless == []


def _is_inner(widget: QWidget) -> bool:
    """Parts of spin boxes, combo boxes and views, which speak through their owner."""
    return widget.objectName().startswith("qt_") or type(widget).__name__ in {
        "QComboBoxListView", "QListView", "QHeaderView", "QMenu", "QMenuBar",
    }  # fmt: skip


def test_tab_walks_from_the_prompt_to_generate_and_on_to_the_list(
    qtbot: QtBot, studio: Studio
) -> None:
    generate(studio, "rain", variations=1)
    wait_for_clips(qtbot, studio, 1)
    seen: list[QWidget] = []
    widget = studio.generate.prompt
    for _ in range(600):
        widget = widget.nextInFocusChain()
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisibleTo(studio.window):
            seen.append(widget)
    order = [
        studio.generate._negative,
        studio.generate._duration_slider,
        studio.generate._variations,
        studio.generate.seed._edit,
        studio.generate.generate,
        studio.viewer.canvas,
        studio.table,
    ]
    places = [seen.index(widget) for widget in order]
    assert places == sorted(places)


def test_context_menu_of_a_failed_row_offers_what_helps(
    qtbot: QtBot, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[tuple[str, ...]] = []
    # Popping up a real menu makes the offscreen platform warn.
    monkeypatch.setattr(studio.window, "pop_up", lambda _, ids, __: shown.append(ids))
    generate(studio, "fail")
    qtbot.waitUntil(lambda: isinstance(studio.model.rows.at(0), FailedRow), timeout=10000)
    studio.table.select_row(0)
    studio.commands._show_clip_menu(QPoint(10, 10))
    assert shown == [("use_again", "dismiss")]
