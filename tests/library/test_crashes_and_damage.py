"""Kills at the worst moments, damaged files, full and read-only disks: nothing is lost."""

from __future__ import annotations

import dataclasses
import errno
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from soundstudio.audio.files import read_sound
from soundstudio.core.errors import LibraryError, StorageError
from soundstudio.core.requests import GenerationRequest
from soundstudio.library.clips import ClipQuery
from soundstudio.library.library import Library
from soundstudio.library.schema import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

    from soundstudio.core.messages import VariationReady
    from soundstudio.core.paths import UserFolders
    from soundstudio.library.clips import Clip

# Where the child is killed: just before these calls of the n-th clip.
MOMENTS = {
    "before anything is written": "soundstudio.library.clip_files.embed",
    "while the metadata is written": "soundstudio.library.riff._copy",
    "before the file is synced": "soundstudio.audio.atomic_file.sync_file",
    "before the file has its name": "pathlib.Path.replace",
    "after the file has its name": "soundstudio.audio.atomic_file.sync_folder",
    "before the row is entered": "soundstudio.library.library.Library._insert",
    "before the engine's file is removed": "pathlib.Path.unlink",
}

CHILD = """
    import importlib, json, os, signal, sys
    from pathlib import Path
    from soundstudio.core.messages import decode
    from soundstudio.core.paths import user_folders
    from soundstudio.library.library import Library

    name, lines = sys.argv[1], Path(sys.argv[2]).read_bytes().splitlines()
    ready, request = decode(lines[1]), decode(lines[0]).request
    library = Library.open(user_folders())

    holder, _, attribute = name.rpartition(".")
    try:
        owner = importlib.import_module(holder)
    except ImportError:
        module, _, class_name = holder.rpartition(".")
        owner = getattr(importlib.import_module(module), class_name)
    original = getattr(owner, attribute)

    def die(*arguments, **keywords):
        if attribute == "unlink" and "handover" not in str(arguments[0]):
            return original(*arguments, **keywords)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, attribute, die)
    library.add_generated(ready, request)
    sys.exit("survived")
"""


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_a_kill_leaves_the_whole_clip_or_none(
    moment: str,
    folders: UserFolders,
    hand_over: Callable[..., VariationReady],
    tmp_path: Path,
) -> None:
    from soundstudio.core.messages import Generate, encode

    library = Library.open(folders)
    kept = GenerationRequest(prompt="was there before", seed=1)
    library.add_generated(hand_over(kept), kept)
    library.close()
    request = GenerationRequest(prompt="struck down", seed=2)
    ready = hand_over(request)
    messages = tmp_path / "messages"
    messages.write_bytes(encode(Generate("job", request, "")) + encode(ready))
    child = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(CHILD), MOMENTS[moment], str(messages)],
        env={**os.environ, "SOUNDSTUDIO_HOME": str(folders.data.parent)},
        check=False,
        capture_output=True,
        timeout=60,
    )
    assert child.returncode == -signal.SIGKILL, child.stderr.decode()

    reopened = Library.open(folders)
    clips = reopened.clips(reopened.ids())
    assert [clip.prompt for clip in clips] in (
        ["was there before"],
        ["struck down", "was there before"],
    )
    for clip in clips:
        assert read_sound(clip.path).duration_s == 0.5
        assert clip.request in (kept, request)
    rows = {clip.path for clip in clips}
    assert set(folders.clips.rglob("*.wav")) == rows
    if len(clips) == 1:  # then the engine's file is still there
        assert Path(ready.path).exists()
    reopened.close()
    # Whatever was half-written goes once it is old enough to be nobody's work any more.
    for leftover in folders.clips.rglob("*.part"):
        os.utime(leftover, (time.time() - 3600, time.time() - 3600))
    folders.library_file.with_name("library.sqlite-wal").touch()
    Library.open(folders).close()
    assert list(folders.clips.rglob("*.part")) == []


def garbage(path: Path) -> None:
    path.write_bytes(b"this is no database" * 100)


def truncated(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def only_a_header(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:50])


def torn_pages(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096 : len(content) - 4096] = os.urandom(len(content) - 8192)
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [garbage, truncated, only_a_header, torn_pages])
def test_a_damaged_database_is_kept_aside_and_rebuilt(
    damage: Callable[[Path], None],
    library: Library,
    folders: UserFolders,
    add: Callable[..., Clip],
) -> None:
    clips = [add(f"sound number {number}", number) for number in range(5)]
    library.close()
    damage(folders.library_file)
    damaged = folders.library_file.read_bytes()
    rebuilt = open_until_readable(folders)
    again = rebuilt.clips(rebuilt.ids(ClipQuery(order="oldest")))
    assert [clip.request for clip in again] == [clip.request for clip in clips]
    assert [clip.created_at for clip in again] == [clip.created_at for clip in clips]
    assert [clip.lufs for clip in again] == [clip.lufs for clip in clips]
    assert "damaged" in rebuilt.notice
    assert "5 clips were found" in rebuilt.notice
    aside = list(folders.data.glob("library damaged *.sqlite"))
    assert [path.read_bytes() for path in aside] == [damaged]
    assert aside[0].name in rebuilt.notice
    rebuilt.close()
    reopened = Library.open(folders)
    assert reopened.notice == ""
    assert reopened.count() == 5
    reopened.close()


def open_until_readable(folders: UserFolders) -> Library:
    """Damage that opening does not meet is met by reading, said, and mended by the next start."""
    library = Library.open(folders)
    try:
        library.clips(library.ids())
        library.ids(ClipQuery(text="sound"))
    except LibraryError:
        library.close()
        return Library.open(folders)
    return library


def test_a_lost_last_page_is_noticed_at_once(
    library: Library, folders: UserFolders, add: Callable[..., Clip]
) -> None:
    add("rain")
    library.close()
    content = folders.library_file.read_bytes()
    folders.library_file.write_bytes(content[:-4096])
    rebuilt = Library.open(folders)
    assert "damaged" in rebuilt.notice
    assert rebuilt.count() == 1
    rebuilt.close()


def test_what_a_damaged_database_still_gives_is_kept(
    library: Library, folders: UserFolders, add: Callable[..., Clip]
) -> None:
    clip = add("rain")
    library.rename(clip.id, "Patter")
    library.set_rating(clip.id, 4)
    library.set_tags(clip.id, ["night"])
    library.close()
    folders.library_file.with_name("library.sqlite-damaged").touch()
    rebuilt = Library.open(folders)
    again = rebuilt.clips(rebuilt.ids())[0]
    assert (again.name, again.rating, again.tags) == ("Patter", 4, ("night",))
    rebuilt.close()


def test_a_missing_database_is_rebuilt(
    library: Library, folders: UserFolders, add: Callable[..., Clip]
) -> None:
    add("rain")
    library.close()
    folders.library_file.unlink()
    told: list[tuple[int, int]] = []
    rebuilt = Library.open(folders, progress=lambda done, total: told.append((done, total)))
    assert rebuilt.count() == 1
    assert "1 clip was found again" in rebuilt.notice
    assert told == [(1, 1)]
    rebuilt.close()


def test_a_newer_database_is_left_alone(
    library: Library, folders: UserFolders, add: Callable[..., Clip]
) -> None:
    add("rain")
    library.close()
    with sqlite3.connect(folders.library_file) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    before = {path.name: path.read_bytes() for path in folders.data.iterdir() if path.is_file()}
    with pytest.raises(LibraryError, match="newer version"):
        Library.open(folders)
    after = {path.name: path.read_bytes() for path in folders.data.iterdir() if path.is_file()}
    assert after == before


def test_foreign_files_in_the_clips_folder_do_no_harm(
    library: Library, folders: UserFolders, add: Callable[..., Clip]
) -> None:
    clip = add("rain")
    library.close()
    (clip.path.parent / "empty.wav").touch()
    (clip.path.parent / "text.wav").write_text("no sound")
    (clip.path.parent / "notes.txt").write_text("mine")
    shutil.copy(clip.path, folders.clips / "stray.wav")
    folders.library_file.unlink()
    rebuilt = Library.open(folders)
    assert [found.name for found in rebuilt.clips(rebuilt.ids())] == ["rain"]
    assert (clip.path.parent / "notes.txt").exists()
    rebuilt.close()


def test_handed_over_sounds_are_forgotten_after_a_week(
    folders: UserFolders, hand_over: Callable[..., VariationReady]
) -> None:
    old = Path(hand_over(GenerationRequest(prompt="old", seed=1)).path)
    new = Path(hand_over(GenerationRequest(prompt="new", seed=2)).path)
    os.utime(old, (time.time() - 8 * 86_400, time.time() - 8 * 86_400))
    Library.open(folders).close()
    assert not old.exists()
    assert new.exists()


def fill_up(path: Path) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY)
    try:
        while True:
            os.write(descriptor, b"x" * 4096)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
    finally:
        os.close(descriptor)


def rename_often(library: Library, clip: Clip) -> None:
    for count in range(1000):
        library.rename(clip.id, f"{count} {'long name ' * 100}")


def test_a_full_disk_loses_nothing(
    folders: UserFolders,
    hand_over: Callable[..., VariationReady],
    mount: Callable[..., Path],
) -> None:
    folders.data.parent.mkdir(parents=True)
    request = GenerationRequest(prompt="rain")
    ready = hand_over(request, seconds=8)  # on the large disk
    small = dataclasses.replace(folders, data=mount("small", "size=600k"))
    library = Library.open(small)
    with pytest.raises(StorageError, match="disk is full"):
        library.add_generated(ready, request)
    assert Path(ready.path).exists()
    assert list(small.clips.rglob("*.*")) == []
    short = hand_over(GenerationRequest(prompt="short", seed=5), seconds=0.5)
    added = library.add_generated(short, request)
    filler = small.data / "filler"
    fill_up(filler)
    with pytest.raises(StorageError, match="disk is full"):
        rename_often(library, added)
    filler.unlink()
    assert read_sound(library.clips(library.ids())[0].path).duration_s == 0.5
    library.rename(added.id, "room again")
    assert library.clip(added.id).name == "room again"
    library.close()


def test_an_unwritable_folder_is_explained(
    folders: UserFolders, library: Library, add: Callable[..., Clip], mount: Callable[..., Path]
) -> None:
    add("rain")
    library.close()
    locked = mount("locked", "size=2m")
    shutil.copy(folders.library_file, locked / "library.sqlite")
    subprocess.run(["mount", "-o", "remount,ro", str(locked)], check=True)
    with pytest.raises(StorageError, match="cannot be written to"):
        Library.open(dataclasses.replace(folders, data=locked))
    with pytest.raises(StorageError, match="permission"):
        Library.open(dataclasses.replace(folders, data=locked / "new"))


def test_a_migration_is_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from soundstudio.library import schema

    connection = sqlite3.connect(tmp_path / "x.sqlite", isolation_level=None)
    broken = ("CREATE TABLE one (id INTEGER);\nCREATE TABLE one (id INTEGER);\n",)
    monkeypatch.setattr(schema, "MIGRATIONS", broken)
    monkeypatch.setattr(schema, "SCHEMA_VERSION", 1)
    with pytest.raises(sqlite3.OperationalError):
        schema.migrate(connection)
    assert connection.execute("PRAGMA user_version").fetchone() == (0,)
    assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    connection.close()
