"""Folders with all that may lie in them; progress, cancelling, crashes, disks that vanish."""

from __future__ import annotations

import os
import shutil
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from dying_decoder import examine_or_die
from made_sounds import RATE, made_sound, odd_name, write_samples, write_sound

from soundstudio.core.progress import Cancelled, Progress
from soundstudio.dataset.findings import DatasetError
from soundstudio.dataset.folder import look_into
from soundstudio.dataset.scan import examine_all, scan_folder


def test_any_depth_and_nothing_hidden(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*(f"level {number}" for number in range(30)), "deep.flac")
    write_sound(deep, 1)
    write_sound(tmp_path / "UPPER.WAV", 2)
    write_sound(tmp_path / ".hidden" / "a.wav", 3)
    write_sound(tmp_path / "__MACOSX" / "._a.wav", 4)
    write_sound(tmp_path / "._a.wav", 5)
    (tmp_path / "song.m4a").write_bytes(b"x")
    (tmp_path / "notes.txt").touch()
    (tmp_path / "list.csv").touch()
    contents = look_into(tmp_path)
    assert contents.sounds == sorted([deep, tmp_path / "UPPER.WAV"])
    assert (contents.texts, contents.tables) == ([tmp_path / "notes.txt"], [tmp_path / "list.csv"])
    (finding,) = contents.findings
    assert (finding.kind, finding.path) == ("unsupported", tmp_path / "song.m4a")


def test_links(tmp_path: Path) -> None:
    """Loops end, a folder is read once, links to nowhere and to themselves are named."""
    folder, elsewhere = tmp_path / "clips", tmp_path / "elsewhere"
    write_sound(folder / "a" / "a.wav", 1)
    write_sound(elsewhere / "b.wav", 2)
    (folder / "a" / "up").symlink_to(folder)
    (folder / "again").symlink_to(folder / "a")
    (folder / "out").symlink_to(elsewhere)
    (folder / "gone.wav").symlink_to(tmp_path / "nowhere.wav")
    (folder / "self.wav").symlink_to(folder / "self.wav")
    contents = look_into(folder)
    assert contents.sounds == [folder / "a" / "a.wav", folder / "out" / "b.wav"]
    assert [finding.kind for finding in contents.findings] == ["unreadable"] * 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes in folders")
def test_a_pipe_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    write_sound(tmp_path / "a.wav", 1)
    scan = scan_folder(tmp_path, processes=1)
    assert [finding.sentence for finding in scan.findings] == ["pipe.wav is no ordinary file."]


def test_folders_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_sound(tmp_path / "a.wav", 1)
    write_sound(tmp_path / "locked" / "b.wav", 2)
    scandir = os.scandir

    def refusing(path: str | Path) -> object:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr("soundstudio.dataset.folder.os.scandir", refusing)
    scan = scan_folder(tmp_path, processes=1)
    assert len(scan.clips) == 1
    assert scan.findings[0].sentence == "The folder locked cannot be read: Permission denied."
    with pytest.raises(DatasetError, match="locked cannot be read: Permission denied"):
        scan_folder(tmp_path / "locked")


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="There is no folder none"):
        scan_folder(tmp_path / "none")
    path = write_sound(tmp_path / "a.wav", 1)
    with pytest.raises(DatasetError, match=r"a\.wav is a file, not a folder"):
        scan_folder(path, processes=1)
    (tmp_path / odd_name(b"n\xe9")).mkdir()
    with pytest.raises(DatasetError, match="There are no sounds in n"):
        scan_folder(tmp_path / odd_name(b"n\xe9"))


def test_nothing_that_can_be_used(tmp_path: Path) -> None:
    (tmp_path / "a.wav").touch()
    (tmp_path / "b.wav").write_text("text")
    with pytest.raises(DatasetError, match=r"None of the 2 sound files in .* can be used; "):
        scan_folder(tmp_path, processes=1)


def test_duplicates_of_both_kinds(tmp_path: Path) -> None:
    samples = np.round(made_sound(4) * 2**15) / 2**15
    first = write_samples(tmp_path / "a.wav", samples)
    same = write_samples(tmp_path / "b.flac", samples)
    quieter = write_samples(tmp_path / "c.wav", samples * 0.5)
    write_sound(tmp_path / "d.wav", 5)
    scan = scan_folder(tmp_path, processes=1)
    assert [clip.path.name for clip in scan.clips] == ["a.wav", "c.wav", "d.wav"]
    exact, near = scan.findings
    assert (exact.kind, exact.path, exact.other, exact.excludes) == ("duplicate", same, first, True)
    assert (near.kind, near.path, near.other, near.excludes) == (
        "near duplicate", quieter, first, False,
    )  # fmt: skip
    assert scan.near == {1: 0}


@pytest.mark.parametrize("processes", [1, 2])
def test_progress_and_the_same_answer(tmp_path: Path, processes: int) -> None:
    for number in range(50):
        write_sound(tmp_path / f"{number:02}.wav", number, 0.2)
    seen: list[Progress] = []
    scan = scan_folder(tmp_path, seen.append, processes=processes)
    assert [clip.path.name for clip in scan.clips] == [f"{number:02}.wav" for number in range(50)]
    assert seen[0] == Progress("scanning", 0, 50)
    assert seen[-1] == Progress("scanning", 50, 50)
    assert [one.step for one in seen] == sorted({one.step for one in seen})


@pytest.mark.parametrize("processes", [1, 2])
def test_cancelling(tmp_path: Path, processes: int) -> None:
    for number in range(60):
        write_sound(tmp_path / f"{number:02}.wav", number, 0.2)

    def cancel(progress: Progress) -> None:
        if progress.step > 0:
            raise Cancelled

    with pytest.raises(Cancelled):
        scan_folder(tmp_path, cancel, processes=processes)


def test_cancelling_does_not_wait_for_a_long_clip(tmp_path: Path) -> None:
    """The process that reads it notices between two blocks."""
    noise = np.random.default_rng(0).standard_normal(RATE * 60).astype(np.float32) * 0.1
    write_samples(tmp_path / "long.wav", np.tile(noise, 40), 48_000)
    for number in range(3):
        write_sound(tmp_path / f"{number}.wav", number, 0.2)
    cancelled_s = []

    def cancel(progress: Progress) -> None:
        if progress.step > 0:
            cancelled_s.append(time.monotonic())
            raise Cancelled

    with pytest.raises(Cancelled):
        scan_folder(tmp_path, cancel, processes=2)
    assert time.monotonic() - cancelled_s[0] < 2.0


def test_a_folder_that_vanishes(tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    for number in range(40):
        write_sound(folder / f"{number:02}.wav", number, 0.2)

    def unplug(progress: Progress) -> None:
        if progress.step == 0:
            shutil.rmtree(folder)

    with pytest.raises(DatasetError, match="clips vanished while it was read"):
        scan_folder(folder, unplug, processes=1)


def test_files_that_vanish(tmp_path: Path) -> None:
    for number in range(4):
        write_sound(tmp_path / f"{number}.wav", number)

    def remove(progress: Progress) -> None:
        (tmp_path / "2.wav").unlink(missing_ok=True)

    scan = scan_folder(tmp_path, remove, processes=1)
    assert len(scan.clips) == 3
    assert scan.findings[0].sentence == "2.wav cannot be read: No such file or directory."


def test_a_file_that_kills_its_reader(tmp_path: Path) -> None:
    """The crash of a decoder costs one clip, not the scan."""
    paths = [write_sound(tmp_path / f"{number}.wav", number, 0.2) for number in range(6)]
    paths += [write_sound(tmp_path / name, 9, 0.2) for name in ("deadly.wav", "deadly 2.wav")]
    examined = examine_all(paths, examine_or_die, processes=2)
    assert [one.path for one in examined] == paths
    assert [one.clip is None for one in examined] == [False] * 6 + [True] * 2
    assert examined[6].findings[0].sentence == (
        "deadly.wav is damaged: it makes the reading program crash."
    )


def test_no_thread_or_process_is_left(tmp_path: Path) -> None:
    for number in range(3):
        write_sound(tmp_path / f"{number}.wav", number, 0.2)
    before = threading.active_count()
    scan_folder(tmp_path, processes=2)
    assert threading.active_count() == before
