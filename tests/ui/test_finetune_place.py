"""The Fine-tune place in the whole window: from a messy folder to an order for a run."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from made_sounds import RATE, made_sound, odd_name, write_samples, write_sound
from PySide6.QtCore import QEvent, QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLineEdit

from soundstudio.core.finetuning import FinetuneOrder, FinetuneSettings
from soundstudio.dataset.dataset import load_dataset, save_dataset
from soundstudio.jobs.finetune_answers import load_answers
from soundstudio.jobs.stall_monitor import StallMonitor
from soundstudio.ui.finetune_captions_model import CaptionColumn
from soundstudio.ui.finetune_findings_model import FindingColumn

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from soundstudio.app import Studio

PATIENCE_MS = 40_000


@pytest.fixture
def messy(tmp_path: Path) -> Path:
    """Eight usable clips among damage of every kind; names in several scripts."""
    folder = tmp_path / "My Doors № 7"
    for number, name in enumerate(("oak creak", "oak slam", "iron gate", "дверь", "雨の音")):
        write_sound(folder / "Doors" / f"{name}.wav", number)
    write_sound(folder / odd_name(b"caf\xe9 door.wav"), 5)
    write_sound(folder / "old phone.wav", 6, rate=8000)
    write_samples(folder / "loud.wav", np.clip(20 * made_sound(7), -1, 1))
    shutil.copy(folder / "Doors" / "oak slam.wav", folder / "zz copy.wav")
    write_samples(folder / "silence.wav", np.zeros(RATE, np.float32))
    write_samples(folder / "click.wav", made_sound(9)[:100])
    (folder / "rubbish.wav").write_bytes(b"no sound at all" * 50)
    (folder / "empty.wav").write_bytes(b"")
    (folder / "song.m4a").write_bytes(b"x" * 50)
    return folder


def go(qtbot: QtBot, studio: Studio, folder: Path) -> None:
    """To the place, and wait until the folder is looked at."""
    studio.actions["place_finetune"].trigger()
    assert studio.places.current == "finetune"
    studio.finetuning.choose_folder(folder)
    qtbot.waitUntil(lambda: studio.finetune.step() == "findings", timeout=PATIENCE_MS)


def captions(studio: Studio) -> dict[str, str]:
    table = studio.finetuning.captions.table
    assert table is not None
    return {row.path.name: row.caption for row in table.rows}


def test_a_messy_folder_becomes_an_order(qtbot: QtBot, studio: Studio, messy: Path) -> None:
    before = {path: path.read_bytes() for path in messy.rglob("*") if path.is_file()}
    orders: list[FinetuneOrder] = []
    studio.finetune.start_requested.connect(orders.append)
    go(qtbot, studio, messy)
    assert "Clips to use: 8," in studio.finetuning.findings_page.words()
    assert "Left out: 6," in studio.finetuning.findings_page.words()
    assert "very little" in studio.finetuning.findings_page.words()
    for step in ("captions", "settings"):
        QTest.mouseClick(studio.finetune.next, Qt.MouseButton.LeftButton)
        assert studio.finetune.step() == step
    page = studio.finetuning.settings_page
    assert page.name() == "my-doors-no-7"
    qtbot.waitUntil(lambda: "min" in page.estimate.words(), timeout=PATIENCE_MS)
    assert studio.finetune.next.text() == "Start training"
    studio.actions["finetune_next"].trigger()
    qtbot.waitUntil(lambda: bool(orders), timeout=PATIENCE_MS)
    (order,) = orders
    assert order.name == "my-doors-no-7"
    assert order.settings.model == "starter"
    assert order.settings.warmup_steps < order.settings.steps
    dataset = load_dataset(Path(order.dataset_file))
    assert len({clip.path for clip in dataset.clips}) == 8
    assert before == {path: path.read_bytes() for path in messy.rglob("*") if path.is_file()}


def test_an_order_becomes_a_model_that_is_used(
    qtbot: QtBot,
    make_studio: Callable[..., Studio],
    messy: Path,
    tiny_model_folder: Path,
    tmp_path: Path,
) -> None:
    """The whole way with a real training process."""
    studio = make_studio(trains=True)
    go(qtbot, studio, messy)
    read = studio.finetuning.read
    assert read is not None
    save_dataset(read.dataset, tmp_path / "clips.jsonl")
    settings = FinetuneSettings(
        model=str(tiny_model_folder), steps=2, batch_size=2, warmup_steps=0, validate_every=1,
        validation_sounds=1, sampling_steps=1, device="cpu", dtype="float32",
    )  # fmt: skip
    order = FinetuneOrder("doors", settings, str(tmp_path / "clips.jsonl"))
    studio.finetune.start_requested.emit(order)
    qtbot.waitUntil(lambda: studio.finetune.step() == "training", timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: studio.finetune.is_reachable("result"), timeout=4 * PATIENCE_MS)
    studio.finetune.show_step("result")
    qtbot.waitUntil(studio.finetune_result.use.isEnabled, timeout=PATIENCE_MS)
    studio.finetune_result.use.click()
    assert studio.places.current == "generate"
    assert studio.generate.more.chosen_model() == "doors"
    assert "“doors” makes the next sounds" in studio.generate.banner.text()
    assert "doors" in {row.id for row in studio.settings.rows}


def test_steps_without_a_page_or_clips_cannot_be_reached(
    qtbot: QtBot, studio: Studio, messy: Path
) -> None:
    studio.actions["place_finetune"].trigger()
    for step in ("findings", "captions", "settings", "training", "result"):
        studio.finetune.show_step(step)
        assert studio.finetune.step() == "folder"
    assert not studio.finetune.next.isEnabled()
    go(qtbot, studio, messy)
    assert not studio.finetune.is_reachable("training")  # there is no run yet
    studio.finetune.set_reachable("training", True)
    studio.finetune.show_step("training")
    assert studio.finetune.step() == "training"
    studio.finetune.set_reachable("training", False)
    assert not studio.finetune.is_reachable("training")


def test_findings_are_clip_by_clip_and_play(qtbot: QtBot, studio: Studio, messy: Path) -> None:
    go(qtbot, studio, messy)
    model, table = studio.finetuning.findings_page.model, studio.finetuning.findings_page.table
    said = {
        (model.finding_at(row).path.name, model.finding_at(row).kind)  # type: ignore[union-attr]
        for row in range(model.rowCount())
    }
    assert {
        ("silence.wav", "silent"), ("click.wav", "too short"), ("rubbish.wav", "damaged"),
        ("empty.wav", "empty"), ("song.m4a", "unsupported"), ("loud.wav", "clipped"),
        ("old phone.wav", "low rate"), ("zz copy.wav", "duplicate"),
    } <= said  # fmt: skip
    used = {
        model.index(row, FindingColumn.FILE).data(): model.index(row, FindingColumn.USED).data()
        for row in range(model.rowCount())
    }
    assert used["silence.wav"] == "left out"
    assert used["loud.wav"] == "used"
    # A duplicate of a clip of 8 kHz has two rows, and is left out in both.
    shutil.copy(messy / "old phone.wav", messy / "zz phone.wav")
    go(qtbot, studio, messy)
    rows = [r for r in range(model.rowCount()) if model.path_at(r) == messy / "zz phone.wav"]
    assert [model.index(r, FindingColumn.USED).data() for r in rows] == ["left out"] * 2
    words = {
        model.index(row, FindingColumn.FILE).data(): model.index(row, FindingColumn.SENTENCE).data()
        for row in range(model.rowCount())
    }
    assert words["click.wav"].startswith("It is 6 ms long")
    assert words["zz copy.wav"].startswith("Holds the very same sound as")
    row = next(r for r in range(model.rowCount()) if model.path_at(r) == messy / "loud.wav")
    with qtbot.waitExposed(studio.window):
        studio.window.activateWindow()
    table.setFocus()
    table.select_row(row)
    qtbot.waitUntil(lambda: studio.audition.path == messy / "loud.wav", timeout=5000)
    qtbot.waitUntil(lambda: studio.audition.is_playing, timeout=5000)


def test_a_damaged_clip_that_is_played_is_explained_here(
    qtbot: QtBot, studio: Studio, messy: Path
) -> None:
    go(qtbot, studio, messy)
    studio.finetuning.findings_page.sound_chosen.emit(messy / "rubbish.wav", True)
    qtbot.waitUntil(lambda: "rubbish.wav" in studio.finetune.banner.text(), timeout=5000)


def test_near_duplicates_can_be_left_out_and_taken_again(
    qtbot: QtBot, studio: Studio, messy: Path
) -> None:
    write_samples(messy / "oak slam quieter.wav", made_sound(1) * 0.6)
    go(qtbot, studio, messy)
    page = studio.finetuning.findings_page
    assert "Clips to use: 9," in page.words()
    page.keep_near.setChecked(False)
    qtbot.waitUntil(lambda: "Clips to use: 8," in page.words(), timeout=5000)
    assert "Left out: 7," in page.words()
    page.keep_near.setChecked(True)
    qtbot.waitUntil(lambda: "Clips to use: 9," in page.words(), timeout=5000)


def test_captions_are_edited_in_cells_and_in_bulk_and_undone(
    qtbot: QtBot, studio: Studio, messy: Path
) -> None:
    go(qtbot, studio, messy)
    studio.finetune.show_step("captions")
    page, desk = studio.finetuning.captions_page, studio.finetuning.captions
    assert captions(studio)["oak slam.wav"] == "oak slam"
    with qtbot.waitExposed(studio.window):
        studio.window.activateWindow()
    row = next(r for r in range(8) if page.model.path_at(r) == messy / "Doors" / "oak slam.wav")
    page.table.setFocus()
    page.table.move_quietly(row)
    QTest.keyClick(page.table, Qt.Key.Key_Return)
    editor = page.table.findChild(QLineEdit)
    assert editor is not None
    editor.setText("an oak door slams")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: captions(studio)["oak slam.wav"] == "an oak door slams", timeout=5000)
    page.tools.needle.setText("oak")
    page.tools.replacement.setText("wooden")
    assert page.tools.replace.text() == "Replace in 2"
    QTest.mouseClick(page.tools.replace, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: captions(studio)["oak creak.wav"] == "wooden creak", timeout=5000)
    assert captions(studio)["oak slam.wav"] == "an wooden door slams"
    page.table.selectAll()
    page.tools.source_requested.emit("folder name")
    qtbot.waitUntil(lambda: captions(studio)["oak slam.wav"] == "doors", timeout=5000)
    page.tools.caption.setText("a door")
    QTest.mouseClick(page.tools.set_caption, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: set(captions(studio).values()) == {"a door"}, timeout=5000)
    qtbot.waitUntil(lambda: "cannot tell them apart" in page.note(), timeout=5000)
    for _ in range(4):
        QTest.mouseClick(page.undo, Qt.MouseButton.LeftButton)
    assert captions(studio)["oak slam.wav"] == "oak slam"
    assert not page.undo.isEnabled()
    assert desk.table is not None
    qtbot.waitUntil(lambda: page.note() == "", timeout=5000)


def test_clips_are_left_out_one_by_one_and_in_bulk_and_taken_back(
    qtbot: QtBot, studio: Studio, messy: Path
) -> None:
    go(qtbot, studio, messy)
    studio.finetune.show_step("captions")
    page, sounds = studio.finetuning.captions_page, []
    page.sound_chosen.connect(lambda path, now: sounds.append(path))
    with qtbot.waitExposed(studio.window):
        studio.window.activateWindow()
    page.table.move_quietly(0)

    def click(row: int, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
        place = page.table.visualRect(page.model.index(row, CaptionColumn.USED)).center()
        QTest.mouseClick(page.table.viewport(), button, pos=place)

    def ticks() -> list[bool]:
        role = Qt.ItemDataRole.CheckStateRole
        rows = range(page.model.rowCount())
        states = [page.model.index(row, CaptionColumn.USED).data(role) for row in rows]
        return [state == Qt.CheckState.Checked for state in states]

    click(3)
    qtbot.waitUntil(lambda: ticks().count(False) == 1, timeout=5000)
    assert not ticks()[3]
    assert page.table.current_row() == 0  # a tick selects and plays nothing
    qtbot.wait(150)
    assert sounds == []
    qtbot.waitUntil(lambda: "7 clips" in studio.finetune.words(), timeout=5000)
    assert "Clips to use: 7," in studio.finetuning.findings_page.words()
    assert "Left out: 7," in studio.finetuning.findings_page.words()
    assert "left out" in page.model.index(3, CaptionColumn.CLIP).data(
        Qt.ItemDataRole.AccessibleTextRole
    )
    page.table.selectAll()
    assert page.leave_out.text() == "Leave these 8 clips out"
    page.table.setFocus()
    QTest.keyClick(page.table, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: not any(ticks()), timeout=5000)
    page.undo.click()
    assert ticks().count(False) == 1
    click(2)  # of one of several selected ones: all of them follow
    qtbot.waitUntil(lambda: not any(ticks()), timeout=5000)
    assert page.leave_out.text() == "Use these 8 clips again"
    qtbot.waitUntil(
        lambda: "nothing to train on" in studio.finetuning.findings_page.words(), timeout=5000
    )
    studio.finetune.begin_requested.emit()
    qtbot.waitUntil(lambda: "Every clip is left out" in studio.finetune.banner.text(), timeout=5000)
    page.undo.click()
    assert ticks().count(False) == 1
    page.filter.setCurrentIndex(page.filter.findData("left out"))
    qtbot.waitUntil(lambda: page.model.rowCount() == 1, timeout=5000)
    page.leave_out.click()
    qtbot.waitUntil(lambda: all(ticks()), timeout=5000)
    qtbot.waitUntil(lambda: "8 clips" in studio.finetune.words(), timeout=5000)


def test_every_caption_that_was_found_is_seen_and_can_be_taken(
    qtbot: QtBot, studio: Studio, messy: Path
) -> None:
    (messy / "Doors" / "oak slam.txt").write_text("from the text file", encoding="utf-8")
    go(qtbot, studio, messy)
    studio.finetune.show_step("captions")
    page = studio.finetuning.captions_page
    row = next(r for r in range(8) if page.model.path_at(r) == messy / "Doors" / "oak slam.wav")
    assert page.model.index(row, CaptionColumn.CAPTION).data() == "from the text file"
    others = page.model.index(row, CaptionColumn.OTHERS).data()
    assert "oak slam (its file name)" in others
    assert "doors (its folder)" in others
    page.table.move_quietly(row)
    texts = [page.candidates.item(n).text() for n in range(page.candidates.count())]
    assert texts[0] == "from the text file\nfrom a text file"
    wanted = next(n for n, text in enumerate(texts) if text.startswith("oak slam"))
    page.candidates.itemClicked.emit(page.candidates.item(wanted))
    qtbot.waitUntil(lambda: captions(studio)["oak slam.wav"] == "oak slam", timeout=5000)


def test_filters_narrow_what_a_bulk_edit_changes(qtbot: QtBot, studio: Studio, messy: Path) -> None:
    go(qtbot, studio, messy)
    page = studio.finetuning.captions_page
    page.search.setText("oak")
    qtbot.waitUntil(lambda: page.model.rowCount() == 2, timeout=5000)
    page.tools.caption_requested.emit("an oak door")
    qtbot.waitUntil(lambda: captions(studio)["oak slam.wav"] == "an oak door", timeout=5000)
    assert captions(studio)["iron gate.wav"] == "iron gate"
    page.search.clear()
    page.filter.setCurrentIndex(page.filter.findData("edited"))
    qtbot.waitUntil(lambda: page.model.rowCount() == 2, timeout=5000)


def test_captions_go_out_to_a_table_and_come_in_again(
    qtbot: QtBot, studio: Studio, messy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go(qtbot, studio, messy)
    path = tmp_path / "out.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path.with_suffix("")), ""))
    studio.finetuning.captions_page.export_requested.emit()
    qtbot.waitUntil(lambda: "8 captions" in studio.finetune.banner.text(), timeout=5000)
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["caption"] for row in rows} >= {"oak slam", "iron gate", "дверь"}
    path.write_text("file,caption\nDoors/oak slam.wav,a bang\n", encoding="utf-8")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    studio.finetuning.captions_page.table_requested.emit()
    qtbot.waitUntil(lambda: captions(studio)["oak slam.wav"] == "a bang", timeout=5000)
    path.write_text("file,caption\nnobody.wav,a bang\n", encoding="utf-8")
    studio.finetuning.captions_page.table_requested.emit()
    qtbot.waitUntil(lambda: "names none" in studio.finetune.banner.text(), timeout=5000)
    assert captions(studio)["oak slam.wav"] == "a bang"


def test_the_template_is_what_the_model_reads(qtbot: QtBot, studio: Studio, messy: Path) -> None:
    go(qtbot, studio, messy)
    tools = studio.finetuning.captions_page.tools
    tools.template.setEditText("no field")
    assert "{caption}" in tools.preview() or "The model reads" in tools.preview()
    tools.template.setEditText("the sound of {caption}")

    def told() -> set[str]:
        read = studio.finetuning.read
        return {clip.caption for clip in read.dataset.clips} if read else set()

    qtbot.waitUntil(lambda: "the sound of oak slam" in told(), timeout=5000)
    assert "the sound of" in tools.preview()


def test_answers_come_back_after_a_restart(
    qtbot: QtBot, make_studio: Callable[..., Studio], studio: Studio, messy: Path
) -> None:
    go(qtbot, studio, messy)
    page = studio.finetuning.settings_page
    studio.finetuning.captions_page.captions_set.emit([messy / "Doors" / "oak slam.wav"], "bang")
    qtbot.waitUntil(lambda: captions(studio)["oak slam.wav"] == "bang", timeout=5000)
    studio.finetuning.captions_page.left_out_set.emit([messy / "old phone.wav"], True)
    qtbot.waitUntil(lambda: "7 clips" in studio.finetune.words(), timeout=5000)
    studio.finetune.show_step("settings")
    page.name_field.setFocus()
    page.name_field.selectAll()
    QTest.keyClicks(page.name_field, "doors-2")
    page.rows["steps"].field.setValue(777)
    studio.window.leave()
    again = make_studio()
    again.actions["place_finetune"].trigger()
    qtbot.waitUntil(lambda: again.finetune.step() == "settings", timeout=PATIENCE_MS)
    assert captions(again)["oak slam.wav"] == "bang"
    assert "7 clips" in again.finetune.words()
    assert again.finetuning.settings_page.name() == "doors-2"
    assert again.finetuning.settings_page.settings().steps == 777
    assert again.finetuning.settings_page.settings().warmup_steps == 77
    assert load_answers(again.folders.finetune / "answers.json").folder == str(messy)


def test_a_folder_that_is_gone_after_a_restart_loses_no_answer(
    qtbot: QtBot, make_studio: Callable[..., Studio], studio: Studio, messy: Path
) -> None:
    go(qtbot, studio, messy)
    studio.finetuning.captions_page.captions_set.emit([messy / "Doors" / "oak slam.wav"], "bang")
    qtbot.waitUntil(lambda: captions(studio)["oak slam.wav"] == "bang", timeout=5000)
    studio.window.leave()
    messy.rename(messy.with_name("away"))
    again = make_studio()
    again.actions["place_finetune"].trigger()
    qtbot.waitUntil(lambda: "no folder" in again.finetune.banner.text(), timeout=PATIENCE_MS)
    assert not again.finetune.is_reachable("findings")
    messy.with_name("away").rename(messy)
    again.finetuning.folder_page.again_requested.emit()
    qtbot.waitUntil(lambda: again.finetune.step() == "findings", timeout=PATIENCE_MS)
    assert captions(again)["oak slam.wav"] == "bang"


def test_a_run_under_way_stays_in_front_when_the_window_comes_back(
    qtbot: QtBot, make_studio: Callable[..., Studio], studio: Studio, messy: Path
) -> None:
    go(qtbot, studio, messy)
    studio.window.leave()
    again = make_studio()
    again.run_desk.step_requested.emit("training")  # as it does for a run that it finds at work
    again.actions["place_finetune"].trigger()
    assert again.finetune.step() == "training"
    qtbot.waitUntil(lambda: again.finetune.is_reachable("captions"), timeout=PATIENCE_MS)
    assert again.finetune.step() == "training"


def test_a_scan_is_cancelled_and_begun_again(qtbot: QtBot, studio: Studio, messy: Path) -> None:
    studio.actions["place_finetune"].trigger()
    studio.finetuning.choose_folder(messy)
    studio.finetuning.folder_page.cancel_requested.emit()
    qtbot.waitUntil(lambda: "Stopped" in studio.finetuning.folder_page.words(), timeout=PATIENCE_MS)
    assert studio.finetune.step() == "folder"
    studio.finetuning.folder_page.again_requested.emit()
    qtbot.waitUntil(lambda: studio.finetune.step() == "findings", timeout=PATIENCE_MS)


def test_closing_in_the_middle_of_a_scan_ends_cleanly(
    qtbot: QtBot, studio: Studio, messy: Path
) -> None:
    studio.actions["place_finetune"].trigger()
    studio.finetuning.choose_folder(messy)
    QTest.qWait(50)
    studio.window.leave()
    assert load_answers(studio.folders.finetune / "answers.json").folder == str(messy)


@pytest.mark.parametrize("kind", ["nothing", "all broken"])
def test_a_folder_without_a_usable_clip_is_said_on_the_page(
    qtbot: QtBot, studio: Studio, tmp_path: Path, kind: str
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    if kind == "all broken":
        for name in "ab":
            (folder / f"{name}.wav").write_bytes(b"rubbish" * 40)
    studio.actions["place_finetune"].trigger()
    studio.finetuning.choose_folder(folder)
    words = "no sounds" if kind == "nothing" else "None of the 2 sound files"
    qtbot.waitUntil(lambda: words in studio.finetune.banner.text(), timeout=PATIENCE_MS)
    assert studio.finetune.step() == "folder"
    assert not studio.finetune.next.isEnabled()


def test_names_that_are_taken_or_odd_are_refused_before_anything_is_written(
    qtbot: QtBot, studio: Studio, messy: Path
) -> None:
    (studio.folders.runs / "my-doors-no-7").mkdir(parents=True)
    go(qtbot, studio, messy)
    page = studio.finetuning.settings_page
    assert page.name() == "my-doors-no-7-2"
    # A run of that name was begun: the next one gets the next.
    (studio.folders.runs / "my-doors-no-7-2").mkdir()
    studio.finetune.show_step("settings")
    assert page.name() == "my-doors-no-7-3"
    for name, words in (
        ("my-doors-no-7", "already"), ("starter", "already"), ("дверь", "cannot be the name"),
        ("", "no name yet"),
    ):  # fmt: skip
        page.name_field.setText(name)
        page.name_field.textEdited.emit(name)
        qtbot.waitUntil(lambda words=words: words in page.problem(), timeout=5000)
        studio.finetune.begin_requested.emit()
        qtbot.waitUntil(lambda words=words: words in studio.finetune.banner.text(), timeout=5000)
    assert not list(studio.folders.finetune.glob("*.jsonl"))


def test_a_disk_that_cannot_be_written_is_said(qtbot: QtBot, studio: Studio, messy: Path) -> None:
    studio.folders.data.mkdir(parents=True, exist_ok=True)
    studio.folders.finetune.write_text("in the way", encoding="ascii")
    go(qtbot, studio, messy)
    qtbot.waitUntil(
        lambda: "keeping the answers" in studio.finetune.banner.text().lower(), timeout=5000
    )
    studio.finetune.show_step("settings")
    orders: list[FinetuneOrder] = []
    studio.finetune.start_requested.connect(orders.append)
    studio.finetune.begin_requested.emit()
    qtbot.waitUntil(lambda: "list of clips" in studio.finetune.banner.text(), timeout=5000)
    assert orders == []
    assert studio.finetune.next.isEnabled()


def test_a_folder_is_dropped(qtbot: QtBot, studio: Studio, messy: Path) -> None:
    studio.actions["place_finetune"].trigger()
    target = studio.finetuning.folder_page._target
    for path, is_taken in ((messy / "loud.wav", False), (messy, True)):
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path))])
        drop = QDropEvent(
            QPointF(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier, QEvent.Type.Drop,
        )  # fmt: skip
        target.dropEvent(drop)
        assert (target.folder == messy) is is_taken
    qtbot.waitUntil(lambda: studio.finetune.step() == "findings", timeout=PATIENCE_MS)


def test_the_place_is_as_wide_as_the_window_and_gives_the_room_back(
    qtbot: QtBot, studio: Studio
) -> None:
    with qtbot.waitExposed(studio.window):
        studio.window.activateWindow()
    width = studio.generate.width()
    studio.actions["place_finetune"].trigger()
    assert not studio.generate.isVisible()
    qtbot.waitUntil(lambda: studio.finetune.width() > studio.window.width() - 150, timeout=5000)
    studio.actions["place_generate"].trigger()
    qtbot.waitUntil(lambda: studio.generate.width() == width, timeout=5000)
    keys = {key.toString() for key in studio.actions["generate"].shortcuts()}
    assert "Ctrl+Return" in keys
    assert studio.actions["finetune_next"].shortcut().toString() == "Alt+Right"


def test_the_library_is_folded_away_here_and_each_place_keeps_its_own(
    qtbot: QtBot, make_studio: Callable[..., Studio], studio: Studio
) -> None:
    with qtbot.waitExposed(studio.window):
        studio.window.activateWindow()
    height = studio.library_panel.height()
    actions, library = studio.actions, studio.library_panel
    actions["place_finetune"].trigger()
    assert not library.isVisible()
    assert not actions["show_library"].isChecked()
    actions["search"].trigger()
    assert library.isVisible()
    assert actions["show_library"].isChecked()
    assert library.search.hasFocus()
    actions["show_library"].trigger()
    assert not library.isVisible()
    assert studio.finetune.isAncestorOf(studio.window.focusWidget())
    actions["place_generate"].trigger()
    assert library.isVisible()
    assert library.height() == height
    actions["show_library"].trigger()
    studio.window.leave()
    again = make_studio()
    assert not again.library_panel.isVisible()
    assert not again.actions["show_library"].isChecked()
    again.actions["show_library"].trigger()
    # As high as before, but for what the second window is lower on the small offscreen screen.
    lost = studio.window.height() - again.window.height()
    assert again.library_panel.height() == pytest.approx(height - lost, abs=8)


def test_looking_at_a_folder_keeps_the_window_live(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    folder = tmp_path / "many"
    for number in range(150):
        write_sound(folder / f"bell {number:03d} {chr(97 + number % 26)}x.wav", number, 0.3)
    studio.actions["place_finetune"].trigger()
    QTest.qWait(300)
    monitor = StallMonitor()
    monitor.start()
    studio.finetuning.choose_folder(folder)
    qtbot.waitUntil(lambda: studio.finetune.step() == "findings", timeout=PATIENCE_MS)
    studio.finetune.show_step("captions")
    QTest.qWait(200)
    monitor.stop()
    # A busy computer keeps the window waiting, too: the window's own work is what counts.
    own = [stall for stall in monitor.stalls if stall.own_cpu_s > 0.05 and stall.length_s > 0.1]
    assert own == []
