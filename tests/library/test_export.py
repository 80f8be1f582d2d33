"""Exports: final, complete, self-describing, never over another file."""

from __future__ import annotations

import csv
import dataclasses
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest
from wavinfo import WavInfoReader

from soundstudio.audio.export_chain import ExportSpec
from soundstudio.audio.files import probe, read_sound
from soundstudio.audio.loudness import true_peak_db
from soundstudio.core.errors import AudioFileError, StorageError
from soundstudio.core.progress import Cancelled
from soundstudio.core.settings import Settings
from soundstudio.library.clips import from_json
from soundstudio.library.export import (
    ExportPlan,
    export_batch,
    export_clip,
    export_selection,
    make_plan,
    make_spec,
    write_export,
)
from soundstudio.library.ucs import parse_name
from soundstudio.library.wav_metadata import SoundMetadata, read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from soundstudio.core.paths import UserFolders
    from soundstudio.library.clips import Clip
    from soundstudio.library.library import Library


@pytest.fixture
def plan(folders: UserFolders) -> ExportPlan:
    return ExportPlan(folders.exports, designer="Ann", creator_id="AO")


def test_settings_become_a_plan(folders: UserFolders) -> None:
    plan = make_plan(Settings(designer="Ann", export_folder="/tmp/somewhere"), folders)
    assert str(plan.folder) == "/tmp/somewhere"
    assert plan.creator_id == "Ann"
    assert make_plan(Settings(), folders).folder == folders.exports
    spec = make_spec(Settings(export_rate="native", export_normalise="-23 LUFS"))
    assert (spec.sample_rate, spec.level, spec.level_target_db) == (None, "lufs", -23.0)
    fields = {field.name: field for field in dataclasses.fields(Settings)}
    for choice in fields["export_normalise"].metadata["choices"]:
        make_spec(Settings(export_normalise=choice))
    for choice in fields["export_rate"].metadata["choices"]:
        make_spec(Settings(export_rate=choice))


@pytest.mark.parametrize("format_", ["wav16", "wav24", "wav32f"])
@pytest.mark.parametrize("rate", [None, 44100, 192000])
def test_formats_and_rates(
    add: Callable[..., Clip], plan: ExportPlan, format_: str, rate: int | None
) -> None:
    spec = ExportSpec(format_, rate)  # type: ignore[arg-type]
    path = export_clip(add(), dataclasses.replace(plan, spec=spec))
    info = probe(path)
    assert info.sample_rate == (rate or 16000)
    assert info.subtype == {"wav16": "PCM_16", "wav24": "PCM_24", "wav32f": "FLOAT"}[format_]
    assert info.duration_s == pytest.approx(0.5, abs=1e-3)
    assert true_peak_db(read_sound(path)) <= -0.98 or spec.is_untouched


def test_own_rate_and_float_holds_the_models_samples(
    add: Callable[..., Clip], plan: ExportPlan
) -> None:
    clip = add()
    path = export_clip(clip, dataclasses.replace(plan, spec=ExportSpec("wav32f", None)))
    np.testing.assert_array_equal(read_sound(path).samples, read_sound(clip.path).samples)


def test_an_export_tells_where_it_comes_from(add: Callable[..., Clip], plan: ExportPlan) -> None:
    clip = add("rain on a tin roof", 42)
    path = export_clip(clip, plan)
    assert path.parent == plan.folder
    name = parse_name(path.stem)
    assert name is not None
    assert (name.cat_id, name.fx_name, name.creator_id, name.source_id, name.user_data) == (
        "RAINMetl",
        "rain on a tin roof",
        "AO",
        "NONE",
        "42",
    )
    told = read(path)
    assert told.is_generated
    assert told.description == "rain on a tin roof"
    again = from_json(told.generation_json, path)
    assert again is not None
    assert again.request == clip.request
    info = WavInfoReader(str(path))
    assert "seed 42" in info.bext.description
    assert "Starter model" in info.info.comment
    assert "Model licence: CC-BY-4.0" in info.info.comment
    assert -70 < info.bext.loudness_value < 0


def test_the_same_export_is_the_same_file(add: Callable[..., Clip], plan: ExportPlan) -> None:
    clip = add()
    first = export_clip(clip, plan)
    before = first.stat().st_mtime_ns
    assert export_clip(clip, plan) == first
    assert first.stat().st_mtime_ns == before
    assert len(list(plan.folder.iterdir())) == 1


def test_an_export_made_years_later_is_the_same_to_the_byte(
    library: Library, add: Callable[..., Clip], plan: ExportPlan
) -> None:
    generated = datetime(2024, 2, 29, 23, 59, 58, tzinfo=UTC)
    clip = dataclasses.replace(add("rain", 42), created_at=generated)
    first = export_clip(clip, plan)
    part = export_selection(clip, 0.1, 0.3, plan)
    for path in (first, part):
        bext = WavInfoReader(str(path)).bext
        assert (bext.originator_date, bext.originator_time) == ("2024-02-29", "23:59:58")
        assert b"<originationDate>2024-02-29</originationDate>" in path.read_bytes()
    # Brought back into a library, it is still as old as it is.
    again = library.add_file(first)
    assert again.created_at == generated
    elsewhere = dataclasses.replace(plan, folder=plan.folder / "later")
    batch = export_batch([dataclasses.replace(clip, favourite=True, rating=3)], elsewhere)
    assert batch.paths[0].read_bytes() == first.read_bytes()
    assert export_selection(clip, 0.1, 0.3, elsewhere).read_bytes() == part.read_bytes()


def test_nothing_is_ever_replaced(add: Callable[..., Clip], plan: ExportPlan) -> None:
    clip = add()
    first = export_clip(clip, plan)
    first.write_bytes(b"worked on in the DAW")
    second = export_clip(clip, plan)
    part = export_selection(clip, 0.3, 0.1, plan)
    assert first.read_bytes() == b"worked on in the DAW"
    assert [path.stem[-3:] for path in (second, part)] == ["_01", "_02"]
    assert probe(part).duration_s == pytest.approx(0.2, abs=1e-3)
    assert export_selection(clip, 0.1, 0.3, plan) == part
    assert sorted(path.suffix for path in plan.folder.iterdir()) == [".wav"] * 3


def test_without_consent_no_word_of_the_prompt_is_told(
    library: Library, add: Callable[..., Clip], plan: ExportPlan
) -> None:
    clip = add("secret dragon whispering", 42)
    plan = dataclasses.replace(plan, writes_prompt=False)
    path = export_clip(clip, plan)
    content = path.read_bytes().lower() + path.name.lower().encode()
    for word in (b"secret", b"dragon", b"whispering"):
        assert word not in content
    told = read(path)
    assert told.is_generated
    again = from_json(told.generation_json, path)
    assert again is not None
    assert (again.variation_seed, again.model_title) == (42, "Starter model")
    library.rename(clip.id, "My monster")
    assert "My monster" in export_clip(library.clip(clip.id), plan).name


def test_no_private_folder_is_told(
    library: Library, add: Callable[..., Clip], plan: ExportPlan, folders: UserFolders
) -> None:
    clip = add("rain")
    assert clip.request is not None
    request = dataclasses.replace(
        clip.request, model="/home/ann/models/mine", like="/home/ann/private/dog.wav"
    )
    path = export_clip(dataclasses.replace(clip, request=request), plan)
    assert b"/home/ann" not in path.read_bytes()
    assert b"dog.wav" in path.read_bytes()


def test_plain_names_when_ucs_is_off(add: Callable[..., Clip], plan: ExportPlan) -> None:
    plan = dataclasses.replace(plan, uses_ucs_names=False)
    assert export_clip(add("rain: on/tin?", 3), plan).name == "rain on tin_3.wav"


def test_the_users_category_wins(add: Callable[..., Clip], plan: ExportPlan) -> None:
    path = export_clip(add("rain"), plan, cat_id="WINDTonl")
    assert path.name.startswith("WINDTonl_rain_")
    assert read(path).category == "WIND"


def test_a_loop_is_marked(add: Callable[..., Clip], plan: ExportPlan) -> None:
    spec = ExportSpec("wav24", 48000, loop=True)
    path = export_clip(add(seconds=2.0), dataclasses.replace(plan, spec=spec))
    assert read(path).loop == (0, read_sound(path).length)
    assert b"<isLoop>true</isLoop>" in path.read_bytes()


def test_a_lost_clip_is_explained(add: Callable[..., Clip], plan: ExportPlan) -> None:
    clip = add()
    clip.path.unlink()
    with pytest.raises(AudioFileError, match="does not exist"):
        export_clip(clip, plan)
    assert not plan.folder.exists() or list(plan.folder.iterdir()) == []


def test_a_full_disk_leaves_nothing(
    add: Callable[..., Clip], plan: ExportPlan, mount: Callable[..., Path]
) -> None:
    clip = add(seconds=8.0)
    small = mount("small", "size=1m")
    with pytest.raises(StorageError, match="disk is full"):
        export_clip(clip, dataclasses.replace(plan, folder=small))
    assert list(small.iterdir()) == []
    short = export_clip(add(seconds=0.5), dataclasses.replace(plan, folder=small))
    assert [path.name for path in small.iterdir()] == [short.name]


def test_a_folder_that_is_a_file_is_explained(
    add: Callable[..., Clip], plan: ExportPlan, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError):
        export_clip(add(), dataclasses.replace(plan, folder=tmp_path / "file"))


def test_a_batch_has_a_table(library: Library, add: Callable[..., Clip], plan: ExportPlan) -> None:
    clips = [add("rain on a tin roof", 1), add("a dog barking", 2), add("=cmd()|evil", 3)]
    lost = add("lost", 4)
    lost.path.unlink()
    told: list[tuple[int, int]] = []
    result = export_batch(
        [*clips, lost], plan, lambda done, total: told.append((done, total)), by_category=True
    )
    assert told == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]
    assert [clip.id for clip, _ in result.failures] == [lost.id]
    assert result.paths[0].parent == plan.folder / "RAIN" / "METAL"
    assert result.table is not None
    with result.table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["prompt"] for row in rows] == [
        "rain on a tin roof",
        "a dog barking",
        "'=cmd()|evil",
    ]
    assert all((plan.folder / row["file"]).is_file() for row in rows)


def test_a_cancelled_batch_keeps_what_is_finished(
    add: Callable[..., Clip], plan: ExportPlan
) -> None:
    clips = [add(str(number), number) for number in range(3)]

    def cancel(done: int, total: int) -> None:
        if done == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        export_batch(clips, plan, cancel)
    files = sorted(path.suffix for path in plan.folder.iterdir())
    assert files == [".csv", ".wav", ".wav"]


def test_batches_do_not_tell_prompts_without_consent(
    add: Callable[..., Clip], plan: ExportPlan
) -> None:
    plan = dataclasses.replace(plan, writes_prompt=False)
    result = export_batch([add("secret dragon")], plan)
    assert result.table is not None
    assert b"dragon" not in result.table.read_bytes()


def test_a_sound_can_be_written_anywhere(add: Callable[..., Clip], tmp_path: Path) -> None:
    target = tmp_path / "out.wav"
    target.write_bytes(b"old")
    sound = read_sound(add().path)
    write_export(target, sound, ExportSpec(), SoundMetadata(title="Rain", model="M", seed=3))
    assert probe(target).sample_rate == 48000
    assert read(target).title == "Rain"
    assert [path.name for path in tmp_path.glob("*.part")] == []
