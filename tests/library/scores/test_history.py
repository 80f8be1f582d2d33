"""The history of scorings: kept whole, and nothing damaged, newer or foreign is lost or fatal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from library.scored import report

from soundstudio.core.errors import ReportError, StorageError
from soundstudio.core.paths import user_folders
from soundstudio.library.scores.history import FORMAT_VERSION, ScoreHistory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

CHILD = """
    import json, os, signal, sys
    from pathlib import Path
    from soundstudio.audio import atomic_file
    from soundstudio.library.scores.history import ScoreHistory

    def die(*arguments):
        os.kill(os.getpid(), signal.SIGKILL)

    atomic_file.sync_file = die
    history, report = ScoreHistory(Path(sys.argv[1])), json.load(sys.stdin)
    if sys.argv[2] == "add":
        history.add(report)
    else:
        history.rename(history.entries()[0], "another title")
"""


@pytest.fixture
def history(tmp_path: Path) -> ScoreHistory:
    return ScoreHistory(tmp_path / "scorings")


def test_what_was_added_is_there_again(history: ScoreHistory) -> None:
    facts = report("/sounds/rain machine", "/sounds/recordings")
    added = history.add(facts, made_at=NOON)
    (found,) = history.entries()
    assert (found.path, found.title, found.made_at) == (added.path, "rain machine", NOON)
    assert found.report == facts
    assert found.problem == added.problem == ""
    assert found.titled_report == facts | {"title": "rain machine"}


def test_newest_first_whatever_the_order_and_the_time_zone(history: ScoreHistory) -> None:
    facts = report("/sounds/a")
    history.add(facts, title="second", made_at=NOON)
    history.add(facts, title="third", made_at=NOON + timedelta(seconds=1))
    east = timezone(timedelta(hours=5))
    history.add(facts, title="first", made_at=datetime(2026, 3, 1, 16, tzinfo=east))  # 11:00 UTC
    assert [entry.title for entry in history.entries()] == ["third", "second", "first"]
    before = datetime.now(UTC)
    now = history.add(facts)
    assert before <= now.made_at <= datetime.now(UTC)
    assert history.entries()[0].path == now.path


def test_nothing_yet(history: ScoreHistory) -> None:
    assert history.entries() == history.removed() == []
    assert history.empty_trash() == 0
    assert not history.folder.exists()


def test_the_default_folder() -> None:
    assert user_folders().scorings == user_folders().data / "scorings"


def test_names_of_any_kind(history: ScoreHistory) -> None:
    names = ("<script>.wav", "../../x.wav", os.fsdecode(b"\xff\xe9.wav"), "雨.wav")
    facts = report("/s/CON", names=names)
    history.add(facts, title="  a/b\n“c”: 雨  ")
    (found,) = history.entries()
    assert found.title == "a/b “c”: 雨"
    assert [clip["name"] for clip in found.report["clips"]] == list(names)
    assert found.path.parent == history.folder


def test_what_is_no_report_is_not_kept(history: ScoreHistory) -> None:
    with pytest.raises(ReportError, match="not a report"):
        history.add({"hello": 1})
    with pytest.raises(ReportError, match="a number was expected"):
        history.add(report("/s/a") | {"fd": {"value": "12", "interval": None}})
    with pytest.raises(ReportError, match="number"):
        history.add(report("/s/a") | {"fd_infinite": float("nan")})
    with pytest.raises(StorageError, match="cannot be kept"):
        history.add(report("/s/a") | {"something newer": float("nan")})
    assert not list(history.folder.glob("*"))


class TestRenaming:
    def test_it_keeps_everything_else(self, history: ScoreHistory) -> None:
        entry = history.add(report("/s/a"), made_at=NOON)
        value = json.loads(entry.path.read_text()) | {"note": "of a later version of format 1"}
        entry.path.write_text(json.dumps(value))
        renamed = history.rename(entry, "  with\tpre-training ")
        (found,) = history.entries()
        assert found.title == renamed.title == "with pre-training"
        assert (found.made_at, found.report) == (entry.made_at, entry.report)
        assert json.loads(entry.path.read_text())["note"] == "of a later version of format 1"

    def test_an_empty_title_is_the_folders_again(self, history: ScoreHistory) -> None:
        entry = history.add(report("/s/a") | {"title": "mine"}, title="b")
        assert history.rename(entry, " ").title == "a"
        assert history.entries()[0].title == "a"

    def test_a_file_that_is_gone(self, history: ScoreHistory) -> None:
        entry = history.add(report("/s/a"))
        entry.path.unlink()
        with pytest.raises(StorageError, match="does not exist"):
            history.rename(entry, "b")


class TestTrash:
    def test_there_and_back(self, history: ScoreHistory) -> None:
        kept, gone = history.add(report("/s/a"), title="kept"), history.add(report("/s/b"))
        moved = history.remove(gone)
        assert [entry.path for entry in history.entries()] == [kept.path]
        assert [entry.path for entry in history.removed()] == [moved.path]
        assert history.removed()[0].report == gone.report
        restored = history.restore(moved)
        assert restored.path == gone.path
        assert {entry.path for entry in history.entries()} == {kept.path, gone.path}

    def test_emptied(self, history: ScoreHistory) -> None:
        for title in "abc":
            history.remove(history.add(report("/s/a"), title=title))
        history.add(report("/s/a"), title="kept")
        assert history.empty_trash() == 3
        assert history.removed() == []
        assert [entry.title for entry in history.entries()] == ["kept"]

    def test_a_name_that_lies_there_already(self, history: ScoreHistory) -> None:
        entry = history.add(report("/s/a"))
        content = entry.path.read_bytes()
        history.remove(entry)
        entry.path.write_bytes(content)
        history.remove(entry)
        assert len(history.removed()) == 2

    def test_twice(self, history: ScoreHistory) -> None:
        entry = history.add(report("/s/a"))
        history.remove(entry)
        with pytest.raises(StorageError, match="does not exist"):
            history.remove(entry)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut off": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "zeros": lambda content: bytes(len(content)),
    "not an object": lambda content: b"[1, 2]",
    "nested without end": lambda content: b"[" * 100_000,
    "no report": lambda content: b'{"format": 1, "title": "x"}',
    "no version": lambda content: content.replace(b'"format": 1,', b""),
    "a version that is no number": lambda content: content.replace(
        b'"format": 1', b'"format": "1"'
    ),
    "no numbers": lambda content: content.replace(b"12.3456", b"NaN"),
    "texts for numbers": lambda content: content.replace(b"12.3456", b'"<b>"'),
    "not UTF-8": lambda content: content.replace(b"aisfx", b"\xff\xfe\xfd\xfc\xfb"),
}


class TestDamage:
    @pytest.mark.parametrize("damage", DAMAGES)
    def test_a_damaged_file_is_marked(self, history: ScoreHistory, damage: str) -> None:
        good = history.add(report("/s/good"), made_at=NOON)
        bad = history.add(report("/s/bad"), made_at=NOON + timedelta(hours=1))
        bad.path.write_bytes(DAMAGES[damage](bad.path.read_bytes()))
        content = bad.path.read_bytes()
        marked, found = history.entries()
        assert (found.path, found.problem) == (good.path, "")
        assert (marked.path, marked.report) == (bad.path, {})
        assert marked.problem.endswith(".")
        assert marked.title
        assert marked.made_at == NOON + timedelta(hours=1)  # its name still says so
        with pytest.raises(ReportError):
            history.rename(marked, "mended")
        assert bad.path.read_bytes() == content
        history.remove(marked)
        assert [entry.problem for entry in history.removed()] == [marked.problem]

    def test_a_newer_file_is_left_alone_and_said_so(self, history: ScoreHistory) -> None:
        entry = history.add(report("/s/a"), title="later", made_at=NOON)
        value = json.loads(entry.path.read_text())
        newer = json.dumps(value | {"format": FORMAT_VERSION + 1, "report": ["other"]})
        entry.path.write_text(newer)
        (found,) = history.entries()
        assert "newer version" in found.problem
        assert (found.title, found.made_at) == ("later", NOON)
        with pytest.raises(ReportError, match="newer version"):
            history.rename(found, "mine")
        history.add(report("/s/b"))
        assert entry.path.read_text() == newer

    def test_what_else_lies_there(self, history: ScoreHistory) -> None:
        history.add(report("/s/a"))
        (history.folder / "notes.txt").write_text("mine")
        (history.folder / "folder.json").mkdir()
        problems = [entry.problem for entry in history.entries()]
        assert sorted(bool(problem) for problem in problems) == [False, True]

    def test_an_unwritable_place(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        history = ScoreHistory(tmp_path / "file")
        with pytest.raises(StorageError):
            history.add(report("/s/a"))
        with pytest.raises(StorageError):
            history.entries()

    def test_a_full_disk(self, mount: Callable[..., Path]) -> None:
        history = ScoreHistory(mount("small", "size=64k"))
        entry = history.add(report("/s/a"))
        before = entry.path.read_bytes()
        (history.folder / "ballast").write_bytes(bytes(48 * 1024))
        large = report("/s/b", names=[f"{number:04}.wav" for number in range(400)])
        with pytest.raises(StorageError, match="disk is full"):
            history.add(large)
        assert [found.title for found in history.entries()] == ["a"]
        assert entry.path.read_bytes() == before
        assert not list(history.folder.glob(".*"))

    @pytest.mark.parametrize("doing", ["add", "rename"])
    def test_killed_in_the_middle(self, history: ScoreHistory, doing: str) -> None:
        kept = history.add(report("/s/kept"), made_at=NOON)
        child = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(CHILD), str(history.folder), doing],
            input=json.dumps(report("/s/new")),
            text=True,
            check=False,
        )
        assert child.returncode == -signal.SIGKILL
        (left,) = history.folder.glob(".*.part")
        (found,) = history.entries()
        assert (found.path, found.title, found.problem) == (kept.path, "kept", "")
        # Young leavings may be another process's work; old ones go with the next scoring.
        history.add(report("/s/new"))
        assert left.exists()
        os.utime(left, (time.time() - 3600,) * 2)
        history.add(report("/s/new"))
        assert not left.exists()


def test_many_are_read_quickly(history: ScoreHistory) -> None:
    facts: dict[str, Any] = report("/s/a", names=[f"{number}.wav" for number in range(200)])
    for _ in range(30):
        history.add(facts)
    start = time.perf_counter()
    assert len(history.entries()) == 30
    assert time.perf_counter() - start < 3.0
