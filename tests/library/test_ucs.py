"""UCS: the table, suggestions, names."""

from __future__ import annotations

import pytest

from soundstudio.library.ucs import (
    UcsName,
    categories,
    category,
    clean_block,
    parse_name,
    suggest,
    ucs_file_name,
)


def test_the_table_is_whole() -> None:
    rows = categories()
    assert len(rows) == 752
    assert len({row.cat_id.lower() for row in rows}) == 752
    assert len({row.category for row in rows}) == 82
    assert all(row.explanations and row.synonyms for row in rows)
    door = category("DOORWood")
    assert door is not None
    assert door.full_name == "DOORS-WOOD"
    assert category("doorwood") is None


@pytest.mark.parametrize(
    ("prompt", "cat_id"),
    [
        ("rain on a tin roof", "RAINMetl"),
        ("a dog barking", "ANMLDog"),
        ("dogs bark in the distance", "ANMLDog"),
        ("rolling thunder", "THUN"),
        ("glass shattering", "GLASBrk"),
        ("police siren passing by", "VEHSirn"),
        ("church bells", "BELLLrg"),
        ("ocean waves crashing on a beach", "WATRSurf"),
        ("fire crackling", "FIRECrkl"),
        ("a wooden door creaks open", "DOORCreak"),
        ("cinematic whoosh", "DSGNWhsh"),
        ("typing on a computer keyboard", "CMPTKey"),
        ("crowd cheering", "CRWDCheer"),
        ("helicopter flying overhead", "AEROHeli"),
        ("clock ticking", "CLOCKTick"),
        ("water dripping in a cave", "WATRDrip"),
    ],
)
def test_prompts_find_their_category(prompt: str, cat_id: str) -> None:
    assert cat_id in [row.cat_id for row in suggest(prompt, 2)]


@pytest.mark.parametrize(
    ("prompt", "accepted"),
    [
        ("heavy wooden door slams", "DOORWood"),
        ("long wind", "WIND WINDGust WINDTonl WINDTurb WINDVege"),
        ("wind", "WIND"),
        ("wind howling through trees", "WINDVege WINDTonl"),
        ("car engine idling", "VEHCar"),
        ("old car horn", "VEHHorn"),
        ("car door closing", "VEHDoor"),
        ("metal door slam", "DOORMetl"),
        ("light rain", "RAIN RAINWatr RAINVege RAINConc"),
        ("dog barking", "ANMLDog"),
        ("cat meowing", "ANMLCat"),
        ("birds singing in the forest", "BIRDSong AMBForst BIRDMisc"),
        ("footsteps on gravel", "FEETHmn FEETMisc"),
        ("horse galloping", "ANMLHors FEETHors"),
        ("baby crying", "VOXBaby VOXCry"),
        ("a woman screaming", "VOXScrm VOXFem"),
        ("laser gun shot", "LASRGun"),
        ("big explosion", "EXPLReal EXPLMisc EXPLDsgn"),
        ("pistol shot", "GUNPis"),
        ("steam train passing", "TRNSteam"),
        ("small stream flowing over rocks", "WATRFlow"),
        ("thunder", "THUN"),
        ("phone ringing", "COMTelph COMCell"),
        ("paper tearing", "PAPRRip"),
        ("glass bottle breaking on concrete", "GLASBrk GLASCrsh"),
        ("motorcycle passing by fast", "VEHMoto"),
        ("audience applause", "CRWDApls"),
        ("low rumbling drone", "DSGNDron DSGNRmbl"),
        ("jet flying overhead", "AEROJet"),
        ("robot voice", "ROBTVox"),
        ("wood plank snapping", "WOODBrk"),
    ],
)
def test_everyday_prompts_have_a_fitting_category_first(prompt: str, accepted: str) -> None:
    assert suggest(prompt, 1)[0].cat_id in accepted.split()


@pytest.mark.parametrize("prompt", ["x", "a b c", "long", "heavy"])
def test_nothing_is_suggested_for_next_to_nothing(prompt: str) -> None:
    assert suggest(prompt) == []


def test_suggestions_leave_out_the_archive_and_unknown_words() -> None:
    assert suggest("xyzzy qwfp") == []
    assert suggest("") == []
    assert suggest("🌧 مطر") == []
    assert all(row.category != "ARCHIVED" for row in suggest("test tone beep reference mix", 50))
    assert len(suggest("metal impact", 3)) == 3


def test_the_reference_name_is_parsed() -> None:
    name = parse_name(
        "GUNAuto-EXT_UZI 9mm-Rapid Fire Close Up Short Bursts_TN_NONE_416-MKH8040-DualMono"
    )
    assert name == UcsName(
        cat_id="GUNAuto",
        user_category="EXT",
        vendor_category="UZI 9mm",
        fx_name="Rapid Fire Close Up Short Bursts",
        creator_id="TN",
        source_id="NONE",
        user_data="416-MKH8040-DualMono",
    )


@pytest.mark.parametrize("stem", ["", "rain", "RAINMetl_a", "rainmetl_x_y_z", "NOPE_x_y_z", "___"])
def test_other_names_are_not_ucs(stem: str) -> None:
    assert parse_name(stem) is None


@pytest.mark.parametrize(
    "name",
    [
        UcsName("RAINMetl", "Rain on Tin", "AO", "NONE"),
        UcsName("RAINMetl", "Rain", "AO", "SHOW", "EXT", "Roof", "take_1-b"),
        UcsName("RAIN", "مطر", "AO", "NONE"),
    ],
)
def test_names_are_built_and_parsed_back(name: UcsName) -> None:
    assert parse_name(ucs_file_name(name)) == name


def test_blocks_are_cleaned() -> None:
    stem = ucs_file_name(UcsName("RAIN", "a_b-c/d:e. ", "A_O", "", user_data="x|y"))
    assert stem == "RAIN_a b c d e_A O_NONE_x y"
    assert clean_block("__--") == ""
    assert ucs_file_name(UcsName("RAIN", "", "", "")) == "RAIN_Sound_NONE_NONE"
    with pytest.raises(ValueError, match="not a UCS category"):
        ucs_file_name(UcsName("rain", "x", "y", "z"))


def test_the_fx_name_gives_way() -> None:
    stem = ucs_file_name(UcsName("RAIN", "🌧" * 500, "AO", "NONE", user_data="7"))
    assert len(stem.encode()) <= 200
    assert stem.startswith("RAIN_🌧")
    assert stem.endswith("_AO_NONE_7")
