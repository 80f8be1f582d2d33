"""The parts of the Score place one by one: reading, chart, map, list, pickers, words."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from library.scored import report, row, score
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtTest import QTest

from soundstudio.core.errors import ReportError
from soundstudio.core.score_requests import SetChoice
from soundstudio.jobs.folder_facts import FolderFacts
from soundstudio.jobs.score_runner import ScoreState
from soundstudio.ui.score_chart import Axis, ScoreChart, best_of, chart_words, doubts_about
from soundstudio.ui.score_clips import ScoreClips
from soundstudio.ui.score_clips_model import ScoreColumn
from soundstudio.ui.score_map import ScoreMap
from soundstudio.ui.score_map_geometry import (
    Dots,
    MapView,
    image_of_dots,
    nearest_point,
    next_point,
    stamp_of,
)
from soundstudio.ui.score_numbers import ScoreNumbers
from soundstudio.ui.score_panel import duration_words, state_words
from soundstudio.ui.score_reading import (
    ShownReport,
    number_text,
    read_report,
    signed_text,
    worst_first,
)
from soundstudio.ui.set_picker import SetPicker, choice_of_files, dropped_choice

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from soundstudio.ui.icons import Icons
    from soundstudio.ui.theme import Theme

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def shown(title: str = "made", **changes: Any) -> ShownReport:
    found = report("/sounds/made", "/sounds/real", ("a.wav", "b.wav", "c.wav"))
    return read_report({**found, **changes}, title, NOW)


def with_warnings(*warnings: tuple[str, str, list[str]]) -> list[dict[str, Any]]:
    return [{"kind": k, "message": m, "clips": c} for k, m, c in warnings]


# reading


@pytest.mark.parametrize(
    ("value", "text"),
    [(238.94, "238.9"), (-0.5, "−0.5"), (0.00002, "0"), (0.0007, "0.0007"), (123456.0, "123,456"),
     (None, ""), (math.nan, "")],
)  # fmt: skip
def test_numbers(value: float | None, text: str) -> None:
    assert number_text(value) == text


def test_changes_have_their_sign() -> None:
    assert [signed_text(v) for v in (0.314, -9.6666, 1e-6, 0.00234, math.nan)] == [
        "+0.314", "−9.67", "0", "+0.0023", "",
    ]  # fmt: skip


def test_a_report_as_it_is_shown() -> None:
    found = shown(fd=None, missing={"fd": "Too few sounds."})
    assert found.score("fd").value is None
    assert found.score("fd").missing == "Too few sounds."
    assert found.score("is").interval_text() == "2 to 3.5"
    assert "Lower is better" not in found.score("is").spoken()
    assert (found.score("kl").arrow, found.score("is").arrow) == ("↓", "↑")
    assert found.score("fad").made_of().startswith("bundled: CLAP")
    assert found.generated_file("a.wav") == Path("/sounds/made/a.wav")
    assert found.reference_file("../secret.wav") is None
    assert found.points is not None
    assert found.points.row_of.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "damage",
    [{"clips": None}, {"fd": {"value": "much"}}, {"warnings": [3]}, {"map": {"generated": []}}],
)
def test_a_damaged_report_is_an_explained_error(damage: dict[str, Any]) -> None:
    with pytest.raises(ReportError, match="cannot be shown"):
        shown(**damage)


def test_a_report_of_before_the_map_and_the_labels() -> None:
    old = report("/sounds/made", None, references=())
    del old["map"]
    found = read_report(old)
    assert found.points is None
    assert found.title == "/sounds/made"


def test_cautions_go_to_their_scores_and_marks_to_their_clips() -> None:
    found = shown(
        warnings=with_warnings(
            ("few", "3 sounds are few for FD, …", []),
            ("few", "IS is an average over parts of 1 sound", []),
            ("few", "FAD is made of 9 frames, which are few", []),
            ("accidental", "Names agree by accident.", []),
            ("silent", "In the generated set, 1 sound of 3 is silent: a.wav.", ["a.wav"]),
            ("silent", "In the reference set, 1 sound of 1 is silent: b.wav.", ["b.wav"]),
        ),
        clips=[row("a.wav", -1.0), row("b.wav", 0.5), row("c.wav", 0.1, failure="Damaged.")],
    )
    about = [caution.scores for caution in found.cautions]
    assert about == [("fd",), ("is",), ("fad",), ("kl",), (), ()]
    assert found.marks == {"a.wav": ("silent",), "c.wav": ("not heard",)}


def test_references_that_were_not_heard_are_named_with_the_reason() -> None:
    missed = [{"name": f"{n}.wav", "failure": "It is damaged."} for n in range(7)]
    note = shown(references_failed=missed).notes[-1]
    assert note.startswith("References not heard: 0.wav (It is damaged); 1.wav")
    assert note.endswith("and 2 more, which JSON names.")


def test_numbers_beside_fd_of_older_reports_and_of_today() -> None:
    old = shown(fd_infinite=3.5, kernel_distance=0.25).notes
    new = shown(fd_infinite=score(3.5), kernel_distance=score(0.25)).notes
    assert old == new
    assert "endlessly many sounds 3.5; kernel distance, which has no bias, 0.25" in new[0]
    assert shown(fd_infinite=None, kernel_distance=None).notes == ()


def test_worst_first_failed_ones_before_all() -> None:
    found = shown(
        clips=[
            row("good.wav", 2.0),
            row("bad.wav", -3.0),
            row("broken.wav", 0.0, failure="Damaged.", fd_without=None, kl=None),
            row("unknown.wav", 0.0, fd_without=None, kl=9.0),
        ]
    )
    assert worst_first(found, "fd").tolist() == [2, 1, 0, 3]
    assert worst_first(found, "kl").tolist()[:2] == [2, 3]
    assert worst_first(found, "is").tolist()[0] == 2


# numbers


def test_tiles_and_remarks(qtbot: QtBot, icons: Icons) -> None:
    numbers = ScoreNumbers(icons)
    qtbot.addWidget(numbers)
    numbers.show_report(
        shown(
            kl=None,
            missing={"kl": "Only 1 name agrees.", "clap": "No prompts are known."},
            warnings=with_warnings(
                ("few", "3 sounds are few for FD.", []),
                ("unpaired", "Only 1 name agrees.", []),
                ("silent", "One is silent: a.wav.", ["a.wav"]),
                ("rate", "Of the reference: r.wav.", ["r.wav"]),
            ),
        )
    )
    assert "12.35 95 %: 11.85 to 13.35 How far" in numbers.tile_text("fd")
    assert numbers.tile_text("fd").startswith("FD ↓")
    assert "There is no number" in numbers.tile_text("kl")
    assert not numbers.tiles["fd"].sign.isHidden()
    assert numbers.tiles["fad"].sign.isHidden()
    assert numbers.tiles["fd"].accessibleName().endswith("3 sounds are few for FD.")
    remarks = numbers.remarks()
    assert remarks[:2] == ["3 sounds are few for FD.", "KL: Only 1 name agrees."]
    assert "CLAP score: No prompts are known." in remarks
    asked: list[Any] = []
    numbers.clips_requested.connect(asked.append)
    buttons = [r.show_clips for r in numbers._remarks if not r.show_clips.isHidden()]
    assert len(buttons) == 1  # the sound of the reference is no row of the list
    buttons[0].click()
    assert asked[0].clips == ("a.wav",)


def test_tiles_stand_in_rows_where_there_is_little_room(qtbot: QtBot, icons: Icons) -> None:
    numbers = ScoreNumbers(icons)
    qtbot.addWidget(numbers)
    numbers.resize(900, 300)
    numbers.show()
    assert numbers._columns == 5
    numbers.resize(500, 300)
    qtbot.waitUntil(lambda: numbers._columns == 3, timeout=2000)


# clips


@pytest.fixture
def clips(qtbot: QtBot, theme: Theme, icons: Icons) -> ScoreClips:
    clips = ScoreClips(theme, icons)
    qtbot.addWidget(clips)
    clips.resize(1000, 400)
    return clips


def test_the_list_is_ordered_filtered_and_plays(qtbot: QtBot, clips: ScoreClips) -> None:
    chosen: list[tuple[str, bool]] = []
    nearest: list[str] = []
    clips.clip_chosen.connect(lambda name, is_now: chosen.append((name, is_now)))
    clips.reference_chosen.connect(nearest.append)
    clips.show_report(
        shown(
            clips=[
                row("a.wav", 1.0, "r.wav", kl=5.0, prompt="rain"),
                row("b.wav", -2.0, "q.wav", kl=1.0),
                row("c.wav", 0.0, failure="Damaged.", fd_without=None, similarity=None),
            ]
        )
    )
    names = [clips.model.clip_at(r)["name"] for r in range(3)]  # type: ignore[index]
    assert names == ["c.wav", "b.wav", "a.wav"]
    assert clips._words.text() == "Damaged."
    clips.table.horizontalHeader().sectionClicked.emit(int(ScoreColumn.KL))
    assert clips._order.currentData() == "kl"
    clips.table.select_row(1)
    assert clips.current_name() == "a.wav"
    assert clips._words.text() == "“rain”"
    qtbot.waitUntil(lambda: chosen == [("a.wav", False)], timeout=2000)
    clips.play_clip()
    clips.play_nearest()
    assert chosen[-1] == ("a.wav", True)
    assert nearest == ["r.wav"]
    clips.show_only(["b.wav"], "Silent ones")
    assert clips.model.rowCount() == 1
    assert clips._count.text() == "1 of 3 sounds"
    clips._filter.setCurrentIndex(0)
    assert clips.model.rowCount() == 3
    assert "not heard" in clips.model.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)


def test_moving_with_a_key_held_down_plays_nothing(qtbot: QtBot, clips: ScoreClips) -> None:
    chosen: list[str] = []
    clips.clip_chosen.connect(lambda name, _: chosen.append(name))
    clips.show_report(shown())
    clips.table.current_changed.emit(True)
    qtbot.wait(150)
    assert chosen == []


def test_columns_without_numbers_are_hidden(clips: ScoreClips) -> None:
    clips.show_report(shown())
    hidden = clips.table.isColumnHidden
    assert hidden(ScoreColumn.CLAP)
    assert not hidden(ScoreColumn.FD)
    assert not hidden(ScoreColumn.NAME)
    clips.show_report(None)
    assert clips.model.rowCount() == 0


# map


def test_zooming_keeps_what_is_under_the_pointer() -> None:
    view = MapView.whole(np.array([(0.0, 0.0), (10.0, 5.0)]), 800, 300)
    before = view.pixels(np.array([(3.0, 4.0)]), 800, 300)[0]
    zoomed = view.zoomed(3.0, tuple(before), (800, 300))
    after = zoomed.pixels(np.array([(3.0, 4.0)]), 800, 300)[0]
    np.testing.assert_allclose(before, after, atol=1e-9)
    moved = view.moved(7.0, -3.0).pixels(np.array([(3.0, 4.0)]), 800, 300)[0]
    np.testing.assert_allclose(moved - before, (7.0, -3.0), atol=1e-9)


def test_equal_points_still_have_a_view() -> None:
    xy = np.ones((4, 2))
    pixels = MapView.whole(xy, 400, 200).pixels(xy, 400, 200)
    np.testing.assert_allclose(pixels, [(200, 100)] * 4)


def test_points_by_pointer_and_by_arrow() -> None:
    pixels = np.array([(10.0, 10.0), (50.0, 12.0), (30.0, 80.0), (90.0, 90.0)])
    assert nearest_point(pixels, (48, 12), 12) == 1
    assert nearest_point(pixels, (200, 200), 12) is None
    assert next_point(pixels, 0, (1, 0)) == 1
    assert next_point(pixels, 0, (0, 1)) == 2
    assert next_point(pixels, 0, (-1, 0)) is None
    assert next_point(np.ones((3, 2)), 0, (1, 0)) is None


def test_dots_lie_where_their_points_are_also_at_the_edge() -> None:
    stamp = stamp_of(2.0)
    points = np.array([(5.0, 5.0), (0.0, 0.0), (19.0, 9.0), (-50.0, 3.0), (5.0, 900.0)])
    image = image_of_dots(20, 10, [Dots(points, (255, 128, 0), stamp)])
    assert image.shape == (10, 20)
    assert image[5, 5] == 0xFFFF8000
    assert image[0, 0] == 0xFFFF8000
    assert image[9, 19] == 0xFFFF8000
    assert image[9, 10] == 0
    ring = image_of_dots(20, 10, [Dots(points[:1], (255, 0, 0), stamp_of(3.0, 2.0))])
    assert ring[5, 5] == 0
    assert ring[5, 8] != 0


def huge_report(count: int = 10_000) -> dict[str, Any]:
    names = [f"{number}.wav" for number in range(count)]
    found = report("/sounds/made", "/sounds/real", names, names)
    random = np.random.default_rng(3)
    for point, (x, y) in zip(
        found["map"]["generated"] + found["map"]["reference"],
        random.normal(size=(2 * count, 2)).tolist(),
        strict=True,
    ):
        point["x"], point["y"] = x, y
    return found


def test_a_map_of_twenty_thousand_points_is_drawn_in_a_moment(qtbot: QtBot, theme: Theme) -> None:
    sound_map = ScoreMap(theme)
    qtbot.addWidget(sound_map)
    sound_map.resize(900, 400)
    sound_map.show_report(read_report(huge_report()))
    sound_map.show()
    qtbot.waitExposed(sound_map)
    sound_map.grab()
    spent = []
    for _ in range(7):
        started = time.process_time()
        sound_map._zoom(1.1, sound_map.rect().center().toPointF())
        sound_map.grab()
        spent.append(time.process_time() - started)
    assert sorted(spent)[3] < 0.05


def test_the_map_by_keys_and_mouse(qtbot: QtBot, theme: Theme) -> None:
    sound_map = ScoreMap(theme)
    qtbot.addWidget(sound_map)
    sound_map.resize(600, 300)
    chosen: list[tuple[str, bool, bool]] = []
    sound_map.point_chosen.connect(lambda *values: chosen.append(values))
    sound_map.show_report(shown())
    sound_map.show()
    at = sound_map.point_at("r.wav", is_reference=True)
    assert at is not None
    QTest.mouseClick(sound_map, Qt.MouseButton.LeftButton, pos=at.toPoint())
    assert chosen == [("r.wav", True, True)]
    assert "r.wav, reference" in sound_map.accessibleDescription()
    QTest.keyClick(sound_map, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: len(chosen) == 2, timeout=2000)
    assert chosen[1][0].endswith(".wav")
    assert chosen[1][1:] == (False, False)
    QTest.keyClick(sound_map, Qt.Key.Key_Plus)
    zoomed = sound_map.point_at("r.wav", is_reference=True)
    QTest.keyClick(sound_map, Qt.Key.Key_0)
    assert zoomed != at
    assert sound_map.point_at("r.wav", is_reference=True) == at
    QTest.mouseClick(sound_map, Qt.MouseButton.LeftButton, pos=QPoint(1, 1))
    assert len(chosen) == 2


def test_no_map(qtbot: QtBot, theme: Theme) -> None:
    sound_map = ScoreMap(theme)
    qtbot.addWidget(sound_map)
    sound_map.show_report(shown(map=None))
    sound_map.resize(300, 100)
    QTest.keyClick(sound_map, Qt.Key.Key_Right)
    assert sound_map.grab().width() > 0
    assert sound_map.accessibleDescription() == "This scoring has no map"


# chart


def test_the_best_and_the_axis() -> None:
    reports = [shown("a"), shown("b", fd=score(3.0, generated=3), **{"is": score(9.0)})]
    assert best_of(reports, "fd") == 1
    assert best_of(reports, "is") == 1
    assert best_of(reports, "clap") is None
    assert best_of(reports[:1], "fd") is None
    axis = Axis.of([each.score("fd") for each in reports])
    assert axis is not None
    assert 0 < axis.share_of(2.5) < axis.share_of(13.3) < 1
    assert Axis.of([reports[0].score("clap")]) is None


def test_what_may_not_be_compared_is_said(qtbot: QtBot, theme: Theme) -> None:
    chart = ScoreChart(theme)
    qtbot.addWidget(chart)
    chart.show_reports([shown("a")])
    assert "Tick scorings" in chart.hint()
    other = shown("b", backbone="paper", reference="/other", fd=score(3.0, generated=99))
    assert len(doubts_about([shown("a"), other])) == 3
    chart.show_reports([shown("a"), other])
    assert "different networks" in chart.hint()
    assert chart.verdicts() == []
    chart.show_verdicts(["FD: a is better.", "IS: not decided."])
    assert chart.verdicts() == ["FD: a is better.", "IS: not decided."]
    chart.show_reports([shown("a")])
    assert chart.verdicts() == []
    assert doubts_about([shown("a"), shown("b")]) == []
    chart.resize(700, 300)
    assert chart.grab().height() > 0
    assert "b: FD 3" in chart_words([shown("a"), other])
    assert chart.canvas.accessibleDescription().startswith("a: FD 12.35")


# the panel


@pytest.fixture
def picker(qtbot: QtBot, theme: Theme, icons: Icons) -> SetPicker:
    picker = SetPicker("Generated sounds", "Choose", theme, icons)
    qtbot.addWidget(picker)
    return picker


def test_a_folder_its_count_and_its_folds(picker: SetPicker) -> None:
    assert picker.choice() is None
    asked: list[str] = []
    picker.folder_chosen.connect(asked.append)
    picker.set_choice(SetChoice("esc", folder="/esc"))
    assert asked == ["/esc"]
    picker.show_facts("/another", FolderFacts(9))
    assert "9" not in picker.words()
    picker.show_facts("/esc", FolderFacts(2000, ("1", "2")))
    assert "2,000 sounds" in picker.words()
    assert picker.choice() == SetChoice("esc", folder="/esc")
    picker._fold.setCurrentIndex(2)
    assert picker.choice() == SetChoice("esc, fold 2", folder="/esc", fold="2")
    picker.set_choice(SetChoice("empty", folder="/empty"))
    picker.show_facts("/empty", FolderFacts(0))
    assert "No sounds in it" in picker.words()
    assert picker.choice() == SetChoice("empty", folder="/empty")


def test_dropping(tmp_path: Path) -> None:
    def dragged(*paths: Path) -> QMimeData:
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        return data

    assert dropped_choice(dragged(tmp_path)) == SetChoice(tmp_path.name, folder=str(tmp_path))
    wave, text = tmp_path / "é ü.wav", tmp_path / "b.txt"
    found = dropped_choice(dragged(wave, text))
    assert found is not None
    assert found.files == (str(wave),)
    assert dropped_choice(dragged(text)) is None
    assert choice_of_files([wave, wave]).title == f"{tmp_path.name}, 2 files"


def test_progress_in_words() -> None:
    assert state_words(ScoreState("listening", 3, 1000)) == "Hearing 4 of 1,000"
    assert state_words(ScoreState("listening", 8, 8, 1.0)).startswith("Hearing 8 of 8, a few")
    assert state_words(ScoreState("computing")) == "Computing the scores…"
    assert [duration_words(s) for s in (3, 61, 400, 9000)] == [
        "a few seconds", "about 60 seconds", "about 7 minutes", "about 2.5 hours",
    ]  # fmt: skip
