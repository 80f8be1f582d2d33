"""Captions from every source, best first; editing in bulk; out to CSV and in again equal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from made_sounds import odd_name, write_sound

from soundstudio.core.errors import InvalidRequestError
from soundstudio.dataset.caption_files import TableRow, read_caption_file, write_caption_file
from soundstudio.dataset.caption_sources import collect_captions, words_of_ucs
from soundstudio.dataset.captions import CaptionTable, finished_caption
from soundstudio.dataset.findings import DatasetError
from soundstudio.dataset.scan import scan_folder
from soundstudio.dataset.words import words_of_name
from soundstudio.library import ucs
from soundstudio.library.wav_metadata import SoundMetadata, embed

if TYPE_CHECKING:
    from pathlib import Path


def table_of(folder: Path, own: Path | None = None) -> CaptionTable:
    return collect_captions(scan_folder(folder, processes=1), own)[0]


def complaints(folder: Path) -> list[str]:
    return [finding.sentence for finding in collect_captions(scan_folder(folder, processes=1))[1]]


def captions_of(folder: Path) -> dict[str, str]:
    return {row.path.name: row.caption for row in table_of(folder).rows}


def test_all_sources_are_visible_best_first(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "Weather" / "RAINMetl_Heavy On Tin_ABC_LIB.wav", 1)
    embed(path, SoundMetadata(description="embedded rain"))
    path.with_suffix(".txt").write_text("  rain from\nthe text file\n")
    (tmp_path / "captions.csv").write_text(f"file,caption\nWeather/{path.name},rain of the table\n")
    own = tmp_path.parent / f"{tmp_path.name}.csv"
    own.write_text(f"file,caption\n{path.name},my own rain\n")
    (row,) = table_of(tmp_path, own).rows
    assert [(one.source, one.text) for one in row.candidates] == [
        ("edited", "my own rain"),
        ("table", "rain of the table"),
        ("text file", "rain from the text file"),
        ("embedded", "embedded rain"),
        ("UCS name", "rain metal, heavy on tin"),
        ("folder name", "weather"),
        ("file name", "rain metl heavy on tin abc lib"),
    ]
    assert (row.caption, row.source, row.label) == ("my own rain", "edited", "rain")


def test_a_folder_of_a_class_and_a_collection(tmp_path: Path) -> None:
    for number in range(3):
        write_sound(tmp_path / "101 - Dog" / f"1-{number}234-A.wav", number)
        write_sound(
            tmp_path / "Big Library" / f"{('frog', 'door', 'car')[number]}_01.wav", 10 + number
        )
    rows = table_of(tmp_path).rows
    assert {(row.caption, row.label) for row in rows} == {
        ("dog", "dog"), ("frog", None), ("door", None), ("car", None),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("stem", "words"),
    [
        ("FootStep_Gravel-Walk_01", "foot step gravel walk"), ("ZOOM0012", ""), ("Sample_12", ""),
        ("dog-bark_take3", "dog bark"), ("20240101_thunder", "thunder"), ("雨の音_03", "雨の音"),
        ("käfer_Straße", "käfer straße"), ("amb_city_48k_24bit_stereo", "amb city"), ("001", ""),
        ("T-Rex roar", "t rex roar"), ("laser-final", "laser"), ("1-100032-A-0", ""),
        (odd_name(b"caf\xe9 noise"), "caf noise"), ("", ""), ("don't stop (2)", "don't stop"),
    ],
)  # fmt: skip
def test_words_of_names(stem: str, words: str) -> None:
    assert words_of_name(stem) == words


def test_ucs_names_as_words() -> None:
    def words(stem: str) -> str:
        name = ucs.parse_name(stem)
        assert name is not None
        return words_of_ucs(name)

    assert words("DOORWood_Creaky Wooden Door Slow_ABC_LIB") == "creaky wooden door slow"
    assert words("RAINMetl_Heavy On Metal Roof 02_ABC_LIB") == "rain, heavy on metal roof"
    assert words("ANMLDog_Barking_ABC_LIB") == "animals dog, barking"
    assert words("DOORMisc_001_ABC_LIB") == "doors"


def test_esc50(tmp_path: Path) -> None:
    names = ["1-100032-A-0.wav", "5-22222-B-1.wav"]
    for number, name in enumerate(names):
        write_sound((tmp_path / "audio" / name).with_suffix(".ogg"), number)
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta" / "esc50.csv").write_text(
        "filename,fold,target,category,esc10,src_file,take\n"
        f"{names[0]},1,0,dog,True,100032,A\n{names[1]},5,1,chirping_birds,False,22222,B\n"
    )
    first, second = table_of(tmp_path).rows
    assert (first.caption, first.label, first.fold, first.recording) == (
        "dog",
        "dog",
        "1",
        "100032",
    )
    assert (second.caption, second.source, second.fold) == ("chirping birds", "table", "5")


def test_the_layout_of_audioldms_training_code(tmp_path: Path) -> None:
    """A JSON a split; ids of labels are named by the class list beside them."""
    for number, name in enumerate(("Ya.wav", "Yb.wav", "Yc.wav")):
        write_sound(tmp_path / "audioset" / "zip" / name, number)
    lists = tmp_path / "metadata" / "datafiles"
    lists.mkdir(parents=True)
    train = [
        {"wav": "zip/Ya.wav", "caption": "a dog barks", "caption_2": "barking", "labels": "/m/1"},
        {"wav": "zip/Yb.wav", "labels": "/m/1,/m/2"},
    ]
    (lists / "my_train_label.json").write_text(json.dumps({"data": train}))
    (lists / "my_test_label.json").write_text(
        json.dumps({"data": [{"wav": "audioset/zip/Yc.wav", "caption": "rain"}]})
    )
    (tmp_path / "metadata" / "class_labels_indices.csv").write_text(
        'index,mid,display_name\n0,/m/1,"Dog"\n1,/m/2,"Rain, heavy"\n'
    )
    a, b, c = table_of(tmp_path).rows
    assert [one.text for one in a.candidates if one.source == "table"] == [
        "a dog barks", "barking", "Dog",
    ]  # fmt: skip
    assert (b.caption, b.split) == ("Dog, Rain, heavy", "train")
    assert (c.caption, c.split) == ("rain", "test")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("metadata.jsonl", '{"file_name": "in/a.wav", "text": "rain"}\n\n'),
        ("t.csv", "\ufefffile;caption\nin\\a.wav;rain\n"),
        ("t.tsv", "path\tcaption\n./in/a.wav\train\n"),
        ("t.csv", 'caption,file\n"rain","a.mp3"\n'),
        ("t.csv", "a.wav,rain\n"),
        ("t.csv", "in/a.wav|rain\n"),
        ("in/a.json", '{"caption": "rain", "seed": 3}'),
        ("list.json", '[{"audio": "in/../in/a.wav", "prompt": "rain"}]'),
    ],
)
def test_tables_of_many_makes(tmp_path: Path, name: str, content: str) -> None:
    write_sound(tmp_path / "in" / "a.wav", 1)
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert captions_of(tmp_path) == {"a.wav": "rain"}


def test_encodings(tmp_path: Path) -> None:
    write_sound(tmp_path / "a.wav", 1)
    for content in ("file,caption\na.wav,Käfer", "file,caption\r\na.wav,Käfer\r\n"):
        for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
            (tmp_path / "t.csv").write_bytes(content.encode(encoding))
            assert captions_of(tmp_path) == {"a.wav": "Käfer"}
    assert "t.csv is not all in UTF-8; the rest was read as Windows-1252." in complaints(tmp_path)


def test_composed_and_decomposed_names(tmp_path: Path) -> None:
    write_sound(tmp_path / "ka\u0308fer.wav", 1)
    (tmp_path / "t.csv").write_text("file,caption\nk\u00e4fer.wav,insect\n")
    assert list(captions_of(tmp_path).values()) == ["insect"]


def test_what_is_wrong_with_tables(tmp_path: Path) -> None:
    write_sound(tmp_path / "a.wav", 1)
    lines = ["file,caption", "a.wav,rain", *(f"gone{number}.wav,x" for number in range(5))]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    (tmp_path / "unrelated.csv").write_text("name,text\nMary,hello\n")
    (tmp_path / "package.json").write_text('{"name": "x", "version": "1"}')
    (tmp_path / "empty.csv").touch()
    found = complaints(tmp_path)
    assert found[0].startswith("broken.json is damaged, or no table: ")
    assert found[1].startswith("deep.json is damaged, or no table: ")
    assert found[2] == (
        "t.csv names 5 sounds that are not here: gone0.wav, gone1.wav, gone2.wav and 2 more."
    )
    assert len(found) == 3


def test_a_name_that_two_clips_have_means_neither(tmp_path: Path) -> None:
    write_sound(tmp_path / "x" / "01.wav", 1)
    write_sound(tmp_path / "y" / "01.wav", 2)
    (tmp_path / "t.csv").write_text("file,caption\n01.wav,wrong\nx/01.wav,right\n")
    assert [row.caption for row in table_of(tmp_path).rows] == ["right", ""]


def test_a_clip_without_any_words(tmp_path: Path) -> None:
    write_sound(tmp_path / "001.wav", 1)
    assert captions_of(tmp_path) == {"001.wav": ""}
    assert complaints(tmp_path) == ["001.wav has no caption."]


def test_editing_in_bulk_leaves_the_old_table_alone(tmp_path: Path) -> None:
    paths = [write_sound(tmp_path / f"{name}.wav", n) for n, name in enumerate(("cat", "cow"))]
    table = table_of(tmp_path)
    edited = table.edited(paths[:1], "  a cat\nmeows ")
    assert [row.caption for row in edited.rows] == ["a cat meows", "cow"]
    assert [one.text for one in edited.rows[0].candidates] == ["a cat meows", "cat"]
    assert [row.caption for row in table.rows] == ["cat", "cow"]
    back = edited.from_source(paths, "file name")
    assert [(row.caption, row.source) for row in back.rows] == [
        ("cat", "file name"), ("cow", "file name"),
    ]  # fmt: skip
    replaced = table.replaced("c", "b", paths[1:])
    assert [(row.caption, row.source) for row in replaced.rows] == [
        ("cat", "file name"), ("bow", "edited"),
    ]  # fmt: skip
    assert [row.label for row in table.labelled(paths, "animal").rows] == ["animal"] * 2
    assert table.edited(paths, "same").most_common() == ("same", 2)
    with pytest.raises(InvalidRequestError, match="something to search for"):
        table.replaced("", "x")


def test_finished_captions() -> None:
    assert finished_caption("dog", "the sound of {caption}") == "the sound of dog"
    assert finished_caption("{odd} dog", "{x} {caption}") == "{x} {odd} dog"
    changes = (("cat", "dog"), ("dog", "wolf"), (" loud", ""))
    assert finished_caption("a cat, loud, near", "{caption}", changes) == "a wolf, near"
    assert finished_caption("", "the sound of {caption}") == ""


def test_out_to_csv_and_in_again_equal(tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    names = [
        "plain.wav",
        "雨.wav",
        'quote " comma,.wav',
        "new\nline.wav",
        odd_name(b"\xe9\xff.wav"),
    ]
    paths = [write_sound(folder / "in" / name, number) for number, name in enumerate(names)]
    table = table_of(folder).edited(paths[:2], 'so "loud", it\N{HORIZONTAL ELLIPSIS}; käfer 雨 |')
    table = table.edited(paths[2:3], "").labelled(paths[3:], "a, b")
    write_caption_file(table.table_rows(), tmp_path / "out.csv")
    again = table_of(folder, tmp_path / "out.csv")
    assert again.table_rows() == table.table_rows()
    assert [row.caption for row in again.rows] == [row.caption for row in table.rows]
    read = read_caption_file(tmp_path / "out.csv").rows
    assert sorted(read, key=str) == sorted(table.table_rows(), key=str)


def test_every_column_of_the_export(tmp_path: Path) -> None:
    rows = [
        TableRow("a.wav", ("one", "two", "three"), "x", "test", "3", "r1"),
        TableRow("b.wav"),
        TableRow("c.wav", is_left_out=True),
        TableRow("d.wav", is_left_out=False),
    ]
    write_caption_file(rows, tmp_path / "t.csv")
    assert list(read_caption_file(tmp_path / "t.csv").rows) == rows


def test_an_own_table_that_fits_nothing(tmp_path: Path) -> None:
    write_sound(tmp_path / "a.wav", 1)
    (tmp_path / "own.csv").write_text("file,caption\nb.wav,x\n")
    with pytest.raises(DatasetError, match=r"own\.csv names none of the clips"):
        table_of(tmp_path, tmp_path / "own.csv")
    with pytest.raises(DatasetError, match=r"none\.csv cannot be read: No such file"):
        table_of(tmp_path, tmp_path / "none.csv")


def test_choices_of_an_earlier_time_make_the_same_table_again(tmp_path: Path) -> None:
    for number, name in enumerate(("Rain/heavy rain.wav", "Rain/drizzle.wav", "Doors/creak.wav")):
        path = write_sound(tmp_path / name, number)
        path.with_suffix(".txt").write_text(f"text of {path.stem}")
    original = table_of(tmp_path)
    creak, drizzle, heavy = (row.path for row in original.rows)
    changed = original.edited([creak], "a door").edited([drizzle], "")
    changed = changed.from_source([heavy], "file name")
    choices = changed.choices_beside(original)
    assert {path.name for path in choices} == {"creak.wav", "drizzle.wav", "heavy rain.wav"}
    assert original.with_choices(choices) == changed
    gone = {tmp_path / "gone.wav": choices[creak]}
    assert original.with_choices(gone) == original


def test_replacing_leaves_captions_without_the_text_as_they_are(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", 1)
    other = write_sound(tmp_path / "b.wav", 2)
    table = table_of(tmp_path).with_choices({})
    table = table.edited([path], "rain ,  soft").edited([other], "rain on tin")
    table = table.replaced("tin", "wood")
    assert [row.caption for row in table.rows] == ["rain , soft", "rain on wood"]


def test_leaving_out_keeps_captions_and_goes_through_a_table(tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    for number, name in enumerate(("a bell", "b bell", "c bell")):
        write_sound(folder / f"{name}.wav", number)
    original = table_of(folder)
    a, b, c = (row.path for row in original.rows)
    table = original.with_left_out({a: True, b: True}).with_left_out({a: False})
    assert [row.is_left_out for row in table.rows] == [False, True, False]
    assert table.rows[0] == original.rows[0]
    assert table.with_left_out({b: True, c: False}).rows[1] is table.rows[1]
    assert table.left_out_beside(original) == {b: True}
    assert original.with_left_out(table.left_out_beside(original)) == table
    write_caption_file(table.table_rows(), tmp_path / "own.csv")
    again = table_of(folder, tmp_path / "own.csv")
    assert [(row.caption, row.is_left_out) for row in again.rows] == [
        ("a bell", False), ("b bell", True), ("c bell", False)
    ]  # fmt: skip
    assert original.left_out_beside(again) == {b: False}


@pytest.mark.parametrize(
    ("cell", "is_left_out"),
    [("yes", True), ("X", True), ("1", True), ("No", False), ("0", False), ("", False),
     ("maybe", False)],
)  # fmt: skip
def test_a_table_beside_the_clips_leaves_out_but_the_own_one_wins(
    tmp_path: Path, cell: str, is_left_out: bool
) -> None:
    folder = tmp_path / "clips"
    write_sound(folder / "bell.wav", 1)
    (folder / "list.csv").write_text(f"file,Exclude\nbell.wav,{cell}\n")
    assert table_of(folder).rows[0].is_left_out == is_left_out
    for own, wanted in (("yes", True), ("no", False), ("", is_left_out)):
        (tmp_path / "own.csv").write_text(f"file,caption,left_out\nbell.wav,ding,{own}\n")
        assert table_of(folder, tmp_path / "own.csv").rows[0].is_left_out == wanted


def test_json_says_true_and_false(tmp_path: Path) -> None:
    write_sound(tmp_path / "bell.wav", 1)
    record = {"file": "bell.wav", "caption": "ding", "left_out": True}
    (tmp_path / "metadata.jsonl").write_text(json.dumps(record))
    assert table_of(tmp_path).rows[0].is_left_out
