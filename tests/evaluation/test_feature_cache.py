"""The cache gives back what it was given, whatever happens to its files."""

from __future__ import annotations

import shutil
import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest
from evaluation.sounds import chord, write_set

from soundstudio.audio.files import write_wav
from soundstudio.core.progress import Cancelled, Progress
from soundstudio.evaluation.clip_measurements import ClipMeasurements
from soundstudio.evaluation.feature_cache import FeatureCache, content_hash
from soundstudio.evaluation.listening import listen
from soundstudio.evaluation.sets import find_sounds

if TYPE_CHECKING:
    from pathlib import Path

    from soundstudio.evaluation.backbones import Backbone, ClipFeatures

KEY = "ab" * 32


class Deaf:
    """A backbone that must not be asked again."""

    name = "bundled"

    def __init__(self, like: Backbone) -> None:
        self.facts = like.facts

    def features(self, sound: object) -> ClipFeatures:
        raise AssertionError("the sound was heard again")


@pytest.fixture
def cache(bundled: Backbone, tmp_path: Path) -> FeatureCache:
    return FeatureCache(bundled, tmp_path / "cache")


@pytest.fixture
def entry(bundled: Backbone) -> tuple[ClipFeatures, ClipMeasurements]:
    sound = chord(1, 0.5)
    return bundled.features(sound), ClipMeasurements.of(sound, 0.5)


def files_of(cache: FeatureCache) -> list[Path]:
    return [path for path in cache.folder.rglob("*") if path.is_file()]


def test_gives_back_what_it_was_given(
    cache: FeatureCache, entry: tuple[ClipFeatures, ClipMeasurements]
) -> None:
    assert cache.load(KEY) is None
    cache.store(KEY, *entry)
    known = cache.load(KEY)
    assert known is not None
    for name in ("embedding", "logits", "frames"):
        np.testing.assert_array_equal(getattr(known[0], name), getattr(entry[0], name))
    assert (known[0].backbone, known[0].frames_backbone) == (
        entry[0].backbone,
        entry[0].frames_backbone,
    )
    assert known[1] == entry[1]


@pytest.mark.parametrize("damage", ["truncated", "flipped", "emptied", "text", "other arrays"])
def test_a_damaged_entry_is_none(
    cache: FeatureCache, entry: tuple[ClipFeatures, ClipMeasurements], damage: str
) -> None:
    cache.store(KEY, *entry)
    (path,) = files_of(cache)
    content = bytearray(path.read_bytes())
    if damage == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "flipped":
        place = content.index(entry[0].embedding.tobytes()) + 100
        content[place] ^= 0xFF
        path.write_bytes(content)
    elif damage == "emptied":
        path.write_bytes(b"")
    elif damage == "text":
        path.write_text("hello")
    else:
        np.savez(path, embedding=np.zeros(3))
    assert cache.load(KEY) is None
    cache.store(KEY, *entry)
    assert cache.load(KEY) is not None


def test_many_writers_leave_whole_entries(
    bundled: Backbone, tmp_path: Path, entry: tuple[ClipFeatures, ClipMeasurements]
) -> None:
    def write() -> None:
        own = FeatureCache(bundled, tmp_path / "cache")
        for _ in range(10):
            own.store(KEY, *entry)
            seen.append(own.load(KEY) is not None)

    seen: list[bool] = []
    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [True] * 40
    assert len(files_of(FeatureCache(bundled, tmp_path / "cache"))) == 1


def test_a_place_that_cannot_be_written_costs_only_the_caching(
    bundled: Backbone,
    tmp_path: Path,
    entry: tuple[ClipFeatures, ClipMeasurements],
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    cache = FeatureCache(bundled, tmp_path / "cache")
    cache.store(KEY, *entry)
    cache.store(KEY, *entry)
    assert cache.load(KEY) is None
    assert len(caplog.records) == 1


def test_a_renamed_clip_is_known_and_a_changed_one_is_not(
    bundled: Backbone, cache: FeatureCache, tmp_path: Path
) -> None:
    folder = write_set(tmp_path / "set", range(1))
    first = listen([find_sounds(folder)], bundled, cache)[0][0]
    (folder / "clip 00.wav").rename(folder / "other.wav")
    again = listen([find_sounds(folder)], Deaf(bundled), cache)[0][0]
    assert first.features is not None
    assert again.features is not None
    np.testing.assert_array_equal(first.features.embedding, again.features.embedding)
    assert again.name == "other.wav"
    write_wav(folder / "other.wav", chord(9), "PCM_16")
    with pytest.raises(AssertionError, match="heard again"):
        listen([find_sounds(folder)], Deaf(bundled), cache)


def test_another_backbone_has_its_own_entries(bundled: Backbone, tmp_path: Path) -> None:
    other = Deaf(bundled)
    other.facts = type(bundled.facts)(bundled.facts.networks[:1])
    assert FeatureCache(bundled, tmp_path).folder != FeatureCache(other, tmp_path).folder


def test_what_was_heard_before_a_cancel_is_kept(
    bundled: Backbone, cache: FeatureCache, tmp_path: Path
) -> None:
    folder = write_set(tmp_path / "set", range(3))

    def cancel(where: Progress) -> None:
        if where.step == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        listen([find_sounds(folder)], bundled, cache, cancel)
    assert len(files_of(cache)) == 2


def test_a_file_that_vanishes_is_marked(
    bundled: Backbone, cache: FeatureCache, tmp_path: Path
) -> None:
    folder = write_set(tmp_path / "set", range(2))
    sounds = find_sounds(folder)
    sounds.paths[0].unlink()
    clips = listen([sounds], bundled, cache)[0]
    assert "cannot be read" in clips[0].failure
    assert clips[1].features is not None
    shutil.rmtree(folder)


def test_the_hash_is_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert content_hash(tmp_path / "a").startswith("ba7816bf8f01cfea")
