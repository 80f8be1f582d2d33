"""Reports are believed only as far as they can be: older, foreign and damaged ones."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from library.scored import report, row, score

from soundstudio.core.errors import ReportError, StorageError
from soundstudio.library.scores.groups import grouped, with_interval, written
from soundstudio.library.scores.history import ScoreHistory
from soundstudio.library.scores.reports import (
    ReportedScore,
    folder_name,
    read_reports,
    sound_path,
    titled,
    understood,
)

if TYPE_CHECKING:
    from pathlib import Path


def labels_of(generated: str, fold: str) -> dict[str, str]:
    return {"generated": f"/s/{generated}", "reference": f"esc50, fold {fold}"}


def test_what_it_says() -> None:
    found = understood(report("/s/rain", "/s/real", names=("a.wav", "b.wav", "c.wav")))
    assert (found.title, found.backbone, found.draws) == ("rain", "bundled", 200)
    assert found.scores["fd"] == ReportedScore(
        12.3456, (11.8456, 13.3456), "bundled: aisfx 0.1.2", {"generated": 3, "reference": 1}
    )
    assert found.scores["clap"] is None
    assert found.networks == ("aisfx 0.1.2 abababab", "CLAP cdcdcdcd")
    assert found.cautions == ("2 sounds are few.",)
    assert found.sound_map is not None
    assert [point.x for point in found.sound_map.generated] == [2.0, 3.0, 4.0]


def test_worst_first_and_failed_ones_apart() -> None:
    clips = [row("good.wav", 1.0), row("x.wav", 0.0, failure="no sound"), row("bad.wav", -2.0)]
    found = understood(report("/s/a", "/s/b") | {"clips": clips})
    assert [clip.name for clip in found.worst_first()] == ["bad.wav", "good.wav"]
    without_reference = [
        row("a", 0, fd_without=None, is_without=-0.1), row("b", 0, fd_without=None, is_without=0.2),
    ]  # fmt: skip
    found = understood(report("/s/a") | {"clips": without_reference})
    assert [clip.name for clip in found.worst_first()] == ["b", "a"]


def test_older_and_newer_ones() -> None:
    old = report("/s/a")
    for key in ("map", "networks", "fd_infinite", "draws", "seed"):
        del old[key]
    for clip in old["clips"]:
        del clip["clap"]
    found = understood(old | {"later": {"x": 1}})
    assert found.sound_map is None
    assert found.numbers["fd_infinite"] is None
    assert len(found.clips) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"generated": None},
        {"reference": 5},
        {"clips": {"a": 1}},
        {"clips": ["a.wav"]},
        {"clips": [{"name": ["<b>"]}]},
        {"clips": [{"name": "a", "kl": "<b>"}]},
        {"fd": score(1.0) | {"value": True}},
        {"fd": score(1.0) | {"value": 1e300}},
        {"fd": score(1.0) | {"value": 10**400}},
        {"fd": score(1.0) | {"counts": {"pairs": "many"}}},
        {"fd": score(1.0) | {"interval": {"low": 1.0}}},
        {"warnings": [{"kind": "few"}]},
        {
            "map": {
                "explained": 1.0,
                "generated": [{"name": "a", "x": "0", "y": 0}],
                "reference": [],
            }
        },
        {"missing": ["kl"]},
        {"title": 7},
    ],
)
def test_damaged_ones(change: dict[str, Any]) -> None:
    with pytest.raises(ReportError, match="not a report of scores, or it is damaged"):
        understood(report("/s/a") | change)


def test_equal_titles_are_told_apart() -> None:
    reports = [report("/s/a"), report("/t/a"), report("/s/b"), report("/s/c", title=" my \n own ")]
    assert [found.title for found in titled(reports)] == ["a (1)", "a (2)", "b", "my own"]
    reports.append(report("/s/a (1)"))
    assert [found.title for found in titled(reports)][:2] == ["a (2)", "a (3)"]


def test_folders_of_any_system() -> None:
    assert folder_name("/home/me/sounds/") == "sounds"
    assert folder_name("C:\\Users\\me\\sounds") == "sounds"
    assert folder_name("/") == "/"


def test_no_name_leads_out_of_the_folder() -> None:
    assert sound_path("/s", "sub/a.wav") is not None
    for name in ("/etc/passwd", "../a.wav", "x/../../a.wav", "", "a\0.wav"):
        assert sound_path("/s", name) is None
    assert sound_path(None, "a.wav") is None


class TestGroups:
    def test_same_networks_and_reference_compare(self) -> None:
        (group,) = grouped(titled([report("/s/a", "/r"), report("/s/b", "/r")]))
        assert [member.title for member in group.reports] == ["a", "b"]
        assert group.heading == (
            "Heard with bundled: aisfx 0.1.2 (FD, IS, KL) and bundled: CLAP (FAD), against “r”"
        )
        assert group.note == ""

    def test_everything_else_stands_apart(self) -> None:
        base = report("/s/a", "/r")
        other_weights = [base["networks"][0] | {"weights_sha256": "ef" * 32}, base["networks"][1]]
        others = [
            report("/s/a", "/other"),
            report("/s/a"),
            report("/s/a", "/r", backbone="paper"),
            report("/s/a", "/r", networks=other_weights),
            report("/s/a", "/r", networks=[], fd=score(1.0, "paper: PANNs")),
        ]
        for other in others:
            assert len(grouped(titled([base, other]))) == 2, other

    def test_folds_of_one_dataset_stand_apart(self) -> None:
        folds = {"3": ("a.wav", "b.wav"), "4": ("c.wav", "d.wav")}
        reports = [
            report(f"/s/{model}", "/esc50", references=sounds, labels=labels_of(model, fold))
            for model in ("small", "large")
            for fold, sounds in folds.items()
        ]
        groups = grouped(titled(reports))
        assert [[member.title for member in group.reports] for group in groups] == [
            ["small (1)", "large (1)"], ["small (2)", "large (2)"],
        ]  # fmt: skip
        assert groups[0].heading.endswith("against “esc50, fold 3”")
        assert groups[1].heading.endswith("against “esc50, fold 4”")

    def test_folds_stand_apart_without_a_map_too(self) -> None:
        reports = [
            report("/s/a", "/esc50", map=None, labels=labels_of("a", fold)) for fold in ("3", "4")
        ]
        assert len(grouped(titled(reports))) == 2
        same = [report(f"/s/{x}", "/esc50", map=None, labels=labels_of(x, "3")) for x in "ab"]
        assert len(grouped(titled(same))) == 1

    def test_one_reference_under_two_names_is_one(self) -> None:
        """The command line was given the folder from elsewhere: it is the same set."""
        labels = [{"generated": "x", "reference": name} for name in ("/d/real", "../real", "real")]
        reports = [report("/d/x", "/d/real", labels=named) for named in labels]
        (group,) = grouped(titled(reports))
        assert group.heading.endswith("against “real”")

    def test_a_folder_that_grew_is_another_reference(self) -> None:
        grown = report("/s/a", "/r", references=("r.wav", "new.wav"))
        assert len(grouped(titled([report("/s/a", "/r"), grown]))) == 2

    def test_other_counts_are_said(self) -> None:
        (group,) = grouped(titled([report("/s/a", "/r"), report("/s/b", "/r", names=("x.wav",))]))
        assert "1 to 2 sounds: FD and IS depend on the number" in group.note


def test_numbers_are_written_like_the_papers() -> None:
    assert [written(value) for value in (60.629, 5.5, 0.0, -1.25, 0.1234, 0.01234, 0.000123)] == [
        "60.63", "5.50", "0.00", "-1.25", "0.123", "0.0123", "0.00012",
    ]  # fmt: skip
    assert with_interval(ReportedScore(0.1234, (0.1, 12.5), "", {})) == ("0.123", "0.100 to 12.500")
    assert written(3.2e7) == "3.200e+07"


class TestFiles:
    def test_one_several_and_the_historys(self, tmp_path: Path) -> None:
        one, two = report("/s/a"), report("/s/b")
        (tmp_path / "one.json").write_text(json.dumps(one))
        (tmp_path / "two.json").write_text(json.dumps({"reports": [one, two]}))
        entry = ScoreHistory(tmp_path / "history").add(two, title="mine")
        assert read_reports(tmp_path / "one.json") == [one]
        assert read_reports(tmp_path / "two.json") == [one, two]
        assert read_reports(entry.path) == [two | {"title": "mine"}]

    def test_what_is_none(self, tmp_path: Path) -> None:
        for number, content in enumerate(("", "{", "[]", "{}", '{"reports": []}', "\xff", "NaN")):
            path = tmp_path / f"{number}.json"
            path.write_bytes(content.encode("latin-1"))
            with pytest.raises(ReportError, match=f"{number}.json"):
                read_reports(path)
        with pytest.raises(StorageError, match="does not exist"):
            read_reports(tmp_path / "gone.json")
