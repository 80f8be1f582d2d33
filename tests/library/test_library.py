"""The library in daily use."""

from __future__ import annotations

import dataclasses
import sqlite3
import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from soundstudio.audio.files import read_sound
from soundstudio.core.errors import AudioFileError, LibraryError, StorageError
from soundstudio.core.requests import GenerationRequest
from soundstudio.library.clips import Clip, ClipQuery, from_json, to_json
from soundstudio.library.library import Library

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from soundstudio.core.messages import VariationReady
    from soundstudio.core.paths import UserFolders


def found(library: Library, text: str = "", **query: object) -> list[str]:
    ids = library.ids(ClipQuery(text=text, **query))  # type: ignore[arg-type]
    return [clip.name for clip in library.clips(ids)]


def test_a_new_library_is_empty(library: Library) -> None:
    assert library.ids().dtype == np.int64
    assert library.ids().tolist() == []
    assert library.ids(ClipQuery(text="rain")).tolist() == []
    assert library.notice == ""
    assert library.recent_prompts() == []


def test_a_generated_sound_survives_a_restart_with_everything(
    library: Library, folders: UserFolders, hand_over: Callable[..., VariationReady]
) -> None:
    request = GenerationRequest(
        prompt="rain on a “tin” roof", negative_prompt="music", seed=7, variations=3, steps=12
    )
    ready = hand_over(request, 2)
    samples = read_sound(folders.handover / "job_9_2.wav").samples
    clip = library.add_generated(ready, request)
    library.close()
    reopened = Library.open(folders)
    assert reopened.clips(reopened.ids()) == [clip]
    assert (clip.request, clip.variation_seed) == (request, 9)
    assert clip.notes == ("It is nearly silent.",)
    assert clip.duration_s == 0.5
    assert clip.lufs is not None
    assert clip.peak_db > clip.lufs > clip.rms_db - 10
    assert clip.path.parent.parent == folders.clips
    np.testing.assert_array_equal(read_sound(clip.path).samples, samples)
    assert list(folders.handover.iterdir()) == []
    reopened.close()


def test_search_finds_beginnings_of_all_words(library: Library, add: Callable[..., Clip]) -> None:
    add("Rain on a tin roof")
    add("thunder, distant; with rain")
    add("Ein müder Hund bellt")
    assert found(library, "rai") == ["thunder, distant; with rain", "Rain on a tin roof"]
    assert found(library, "ra ti") == ["Rain on a tin roof"]
    assert found(library, "tin  RAIN") == ["Rain on a tin roof"]
    assert found(library, "muder") == ["Ein müder Hund bellt"]
    assert found(library, "ain") == []


@pytest.mark.parametrize(
    "text", ['"', "'", "*", "a*b", "NEAR(", "(", "AND", "NOT rain", "rain OR", "-", "%", ";--", "🌧"]
)
def test_any_text_can_be_searched(library: Library, add: Callable[..., Clip], text: str) -> None:
    add("rain")
    library.ids(ClipQuery(text=text))


def test_tags_names_and_models_are_searched_too(library: Library, add: Callable[..., Clip]) -> None:
    clip = add("rain")
    library.set_tags(clip.id, [" wet  roof ", "", "night", "night"])
    library.rename(clip.id, "Patter")
    assert library.clip(clip.id).tags == ("wet roof", "night")
    for text in ("night", "wet", "patt", "starter", "rain"):
        assert found(library, text) == ["Patter"]
    library.set_tags(clip.id, [])
    assert found(library, "night") == []
    library.rename(clip.id, "   ")
    assert library.clip(clip.id).name == "Patter"


def test_filters_and_orders(library: Library, add: Callable[..., Clip]) -> None:
    first, second, third = add("b", 1, 0.6), add("C", 2, 0.5), add("a", 3, 0.7)
    library.set_rating(second.id, 5)
    library.set_rating(third.id, 3)
    library.set_favourite(first.id, True)
    assert found(library) == ["a", "C", "b"]
    assert found(library, order="oldest") == ["b", "C", "a"]
    assert found(library, order="name") == ["a", "b", "C"]
    assert found(library, order="rating") == ["C", "a", "b"]
    assert found(library, order="duration") == ["a", "b", "C"]
    assert found(library, favourites_only=True) == ["b"]
    assert found(library, min_rating=3) == ["a", "C"]
    assert found(library, "c", min_rating=4, order="rating") == ["C"]
    library.set_rating(first.id, 99)
    assert library.clip(first.id).rating == 5


def test_trash_restore_and_emptying(library: Library, add: Callable[..., Clip]) -> None:
    kept, thrown, restored = add("kept"), add("thrown"), add("restored")
    library.trash([thrown.id, restored.id])
    assert found(library) == ["kept"]
    assert found(library, "thr") == []
    assert found(library, "thr", trashed=True) == ["thrown"]
    assert thrown.path.exists()
    library.restore([restored.id])
    assert library.empty_trash() == 1
    assert not thrown.path.exists()
    assert kept.path.exists()
    assert found(library, order="name") == ["kept", "restored"]
    assert found(library, "thrown", trashed=True) == []
    assert library.count() == 2
    with pytest.raises(LibraryError, match="no longer"):
        library.clip(thrown.id)


def test_a_file_deleted_behind_our_back_is_listed_and_explained(
    library: Library, add: Callable[..., Clip]
) -> None:
    gone, there = add("gone"), add("there")
    gone.path.unlink()
    assert [clip.is_missing for clip in library.clips([gone.id, there.id])] == [True, False]
    library.trash([gone.id, there.id])
    with pytest.raises(LibraryError, match="deleted or moved"):
        library.restore([gone.id, there.id])
    assert found(library) == ["there"]
    assert library.empty_trash() == 1
    with pytest.raises(AudioFileError, match="does not exist"):
        read_sound(gone.path)


def test_a_file_that_cannot_be_deleted_keeps_its_row(
    library: Library, add: Callable[..., Clip], monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = add("open elsewhere")
    library.trash([clip.id])

    def refuse(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "in use")

    monkeypatch.setattr("pathlib.Path.unlink", refuse)
    with pytest.raises(StorageError, match="could not be deleted"):
        library.empty_trash()
    assert found(library, trashed=True) == ["open elsewhere"]


def test_clips_come_in_the_asked_order_without_the_lost(
    library: Library, add: Callable[..., Clip]
) -> None:
    ids = [add(str(number), number).id for number in range(4)]
    asked = [ids[2], 999, ids[0], ids[3]]
    assert [clip.id for clip in library.clips(asked)] == [ids[2], ids[0], ids[3]]


def test_recent_prompts_are_unique_and_newest_first(
    library: Library, add: Callable[..., Clip]
) -> None:
    for prompt in ("rain", "wind", "rain", "fire"):
        add(prompt)
    assert library.recent_prompts() == ["fire", "rain", "wind"]
    assert library.recent_prompts(2) == ["fire", "rain"]


@pytest.mark.parametrize(
    "prompt",
    ["🌧️🔥", "مطر على السطح", "x" * 2000, "a/b\\c:d*e?", "..", "CON", "\ud83d half", "\x00"],
)
def test_odd_prompts_are_kept_and_found_again(
    library: Library, add: Callable[..., Clip], prompt: str
) -> None:
    clip = add(prompt)
    assert clip.path.is_file()
    assert len(clip.path.name.encode()) < 200
    assert library.clips(library.ids())[0].id == clip.id


def test_user_files_are_copied_in(library: Library, tmp_path: Path) -> None:
    for name, subtype in (("my rain.wav", "PCM_16"), ("loop.flac", "PCM_24"), ("ö.ogg", None)):
        soundfile.write(tmp_path / name, np.full((4800, 2), 0.25), 48000, subtype)
        clip = library.add_file(tmp_path / name)
        assert (tmp_path / name).exists()
        assert clip.name == (tmp_path / name).stem
        assert (clip.channels, clip.sample_rate, clip.is_generated) == (2, 48000, False)
        assert read_sound(clip.path).samples.mean() == pytest.approx(0.25, abs=0.01)
    assert library.count() == 3
    with pytest.raises(AudioFileError):
        library.add_file(tmp_path / "nothing.wav")


def test_very_long_files_are_refused(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("soundstudio.library.clip_files.MAX_FILE_DURATION_S", 0.5)
    soundfile.write(tmp_path / "long.wav", np.zeros(8000), 8000)
    with pytest.raises(AudioFileError, match="longer than an hour"):
        library.add_file(tmp_path / "long.wav")


def test_our_own_clip_comes_back_with_its_request(
    library: Library, add: Callable[..., Clip], tmp_path: Path
) -> None:
    clip = add("rain")
    elsewhere = tmp_path / "brought.wav"
    elsewhere.write_bytes(clip.path.read_bytes())
    again = library.add_file(elsewhere)
    assert again.request == clip.request
    assert again.variation_seed == clip.variation_seed
    assert again.id != clip.id


def test_clips_turn_into_json_and_back(add: Callable[..., Clip]) -> None:
    clip = dataclasses.replace(add("rain"), lufs=float("-inf"), tags=("a", "ö"), rating=3)
    again = from_json(to_json(clip), clip.path)
    assert again == dataclasses.replace(clip, id=0)
    for text in ("", "{}", "[1]", "null", '{"created_at": 5}', "{"):
        assert from_json(text, clip.path) is None


def test_two_instances_share_a_library(
    library: Library, folders: UserFolders, add: Callable[..., Clip]
) -> None:
    add("first")
    other = Library.open(folders)
    add("second")
    assert found(other) == ["second", "first"]
    other.set_favourite(1, True)
    assert library.clip(1).favourite
    assert other.notice == ""
    other.close()


def test_a_locked_library_says_who_is_to_blame(
    library: Library,
    folders: UserFolders,
    add: Callable[..., Clip],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clip = add("rain")
    library._database._connection.execute("PRAGMA busy_timeout = 10")
    blocker = sqlite3.connect(folders.library_file, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(LibraryError, match="used by another program"):
        library.set_rating(clip.id, 2)
    blocker.execute("ROLLBACK")
    blocker.close()
    library.set_rating(clip.id, 2)


def test_threads_may_add_while_the_window_reads(
    library: Library, hand_over: Callable[..., VariationReady]
) -> None:
    requests = [GenerationRequest(prompt=f"sound {number}", seed=number) for number in range(8)]
    ready = [hand_over(request) for request in requests]

    def add_all() -> None:
        for one, request in zip(ready, requests, strict=True):
            library.add_generated(one, request)

    worker = threading.Thread(target=add_all)
    worker.start()
    while worker.is_alive():
        library.clips(library.ids(ClipQuery(text="sound")))
    worker.join()
    assert library.count() == 8


def test_clips_can_be_moved_with_their_data_folder(
    library: Library, folders: UserFolders, add: Callable[..., Clip], tmp_path: Path
) -> None:
    add("rain")
    library.close()
    moved = dataclasses.replace(folders, data=tmp_path / "moved")
    folders.data.rename(moved.data)
    reopened = Library.open(moved)
    clip = reopened.clips(reopened.ids())[0]
    assert clip.path.is_relative_to(moved.data)
    assert not clip.is_missing
    reopened.close()


def test_a_failed_entry_leaves_no_file_and_keeps_the_engines(
    library: Library, folders: UserFolders, hand_over: Callable[..., VariationReady]
) -> None:
    request = GenerationRequest(prompt="rain")
    ready = hand_over(request)
    library._database._connection.execute("DROP TABLE clip_words")
    with pytest.raises(LibraryError):
        library.add_generated(ready, request)
    assert list(folders.clips.rglob("*.wav")) == []
    assert len(list(folders.handover.iterdir())) == 1


def test_damaged_handover_is_refused(
    library: Library, folders: UserFolders, hand_over: Callable[..., VariationReady]
) -> None:
    request = GenerationRequest(prompt="rain")
    ready = hand_over(request)
    (folders.handover / "job_0_0.wav").write_bytes(b"RIFF")
    with pytest.raises(AudioFileError):
        library.add_generated(ready, request)
    assert library.count() == 0
