"""Exports of scorings, read back: JSON, tables for spreadsheets, a table for papers."""

from __future__ import annotations

import csv
import json
import os
import re
from typing import TYPE_CHECKING

import pytest
from library.scored import NASTY, report, row, score

from soundstudio.core.errors import ReportError, StorageError
from soundstudio.library.scores.exports import (
    latex,
    write_clips_csv,
    write_csv,
    write_json,
    write_latex,
)
from soundstudio.library.scores.reports import read_reports

if TYPE_CHECKING:
    from pathlib import Path


def rows_of(path: Path) -> list[dict[str, str]]:
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")  # for Excel
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


class TestJson:
    def test_one_is_the_report_itself(self, tmp_path: Path) -> None:
        facts = report("/s/a", names=NASTY)
        write_json([facts], tmp_path / "a.json")
        assert json.loads((tmp_path / "a.json").read_text("utf-8")) == facts
        assert "雨" in (tmp_path / "a.json").read_text("utf-8")

    def test_several_are_read_back(self, tmp_path: Path) -> None:
        reports = [report("/s/a"), report("/s/b", later={"unknown": [1]})]
        write_json(reports, tmp_path / "a.json")
        assert read_reports(tmp_path / "a.json") == reports

    def test_a_name_that_is_no_text(self, tmp_path: Path) -> None:
        facts = report("/s/a", names=[os.fsdecode(b"\xff.wav")])
        write_json([facts], tmp_path / "a.json")
        assert read_reports(tmp_path / "a.json") == [facts]

    def test_no_number(self, tmp_path: Path) -> None:
        with pytest.raises(StorageError, match="cannot be written as JSON"):
            write_json([report("/s/a", later=float("inf"))], tmp_path / "a.json")
        assert not list(tmp_path.iterdir())


class TestCsv:
    def test_a_line_for_each_scoring(self, tmp_path: Path) -> None:
        second = report("/s/b", names=("x.wav",), fd=None, missing={"fd": "too few"})
        write_csv([report("/s/a", "/r/real"), second], tmp_path / "t.csv")
        first, second_row = rows_of(tmp_path / "t.csv")
        assert (first["scoring"], first["reference"], first["backbone"]) == ("a", "real", "bundled")
        assert float(first["fd"]) == 12.3456
        assert (float(first["fd_low"]), float(first["fd_high"])) == (11.8456, 13.3456)
        assert first["fad_networks"] == "bundled: CLAP"
        assert (first["kl_pairs"], first["fad_frames_reference"]) == ("2", "4")
        assert first["fd_better"] == "lower ↓"
        assert float(first["fd_infinite"]) == -1.5  # a negative number stays one
        assert float(first["map_explained"]) == 0.4321
        assert first["cautions"] == "2 sounds are few."
        assert (second_row["fd"], second_row["fd_low"]) == ("", "")
        assert second_row["fd_missing"] == "too few"

    def test_no_path_of_this_disk(self, tmp_path: Path) -> None:
        write_csv([report("/home/me/secret/a", "/home/me/r")], tmp_path / "t.csv")
        write_latex([report("/home/me/secret/a", "/home/me/r")], tmp_path / "t.tex")
        for name in ("t.csv", "t.tex"):
            assert "secret" not in (tmp_path / name).read_text("utf-8-sig")

    def test_a_line_for_each_clip(self, tmp_path: Path) -> None:
        facts = report("/s/a", names=NASTY)
        facts["clips"].append(row("x.wav", -1.0, failure="It is no sound."))
        write_clips_csv(facts, tmp_path / "c.csv")
        rows = rows_of(tmp_path / "c.csv")
        networks = [f"{key}_networks" for key in ("fd", "is", "kl", "fad", "clap")]
        assert list(rows[0]) == [*facts["clips"][0], *networks]
        assert (rows[0]["fd_networks"], rows[0]["fad_networks"]) == (
            "bundled: aisfx 0.1.2",
            "bundled: CLAP",
        )
        assert [each["name"] for each in rows[:3]] == list(NASTY[:3])
        assert rows[3]["name"] == "'=2+5.wav"  # a text, no formula
        assert float(rows[0]["fd_without"]) == -5.0
        assert rows[-1]["failure"] == "It is no sound."

    def test_a_name_that_is_no_text(self, tmp_path: Path) -> None:
        write_clips_csv(report("/s/a", names=[os.fsdecode(b"\xff.wav")]), tmp_path / "c.csv")
        assert rows_of(tmp_path / "c.csv")[0]["name"] == "\N{REPLACEMENT CHARACTER}.wav"


class TestLatex:
    def test_sounds_that_failed_are_counted(self, tmp_path: Path) -> None:
        failed = report("/s/a", "/r", ("a.wav", "b.wav"))
        failed["clips"][1]["failure"] = "It is silent."
        missed = [{"name": "r2.wav", "failure": "It is damaged."}]
        write_latex([failed | {"references_failed": missed}], tmp_path / "t.tex")
        text = (tmp_path / "t.tex").read_text("utf-8")
        assert r"{a} & 1 of 2 & 12.35" in text
        assert "1 of its sounds could not be heard" in text

    def test_the_papers_table(self, tmp_path: Path) -> None:
        write_latex([report("/s/a", "/r"), report("/s/b", "/r", kl=None)], tmp_path / "t.tex")
        text = (tmp_path / "t.tex").read_text("utf-8")
        assert (
            r"Sounds & FD $\downarrow$ & IS $\uparrow$ & KL $\downarrow$ & FAD $\downarrow$ \\"
            in text
        )
        assert r"{a} & 2 & 12.35 {\scriptsize (11.85 to 13.35)} & 2.50 " in text
        assert r"0.0123 {\scriptsize ($-$0.4877 to 1.0123)} \\" in text
        (second,) = [line for line in text.splitlines() if line.strip().startswith("{b}")]
        assert second.split(" & ")[4] == "--"
        assert text.count(r"\midrule") == 1
        assert "cannot be compared" not in text
        for line in text.splitlines():  # every line of the body has all columns
            if line.endswith(r"\\") and "multicolumn" not in line:
                assert len(re.findall(r"(?<!\\)&", line)) == 5

    def test_other_networks_stand_apart_and_it_is_said(self, tmp_path: Path) -> None:
        other = report("/s/b", "/r", backbone="paper", networks=[], fd=score(60.63, "paper: PANNs"))
        write_latex([report("/s/a", "/r"), other], tmp_path / "t.tex")
        text = (tmp_path / "t.tex").read_text("utf-8")
        assert text.count(r"\midrule") == text.count(r"\multicolumn") == 2
        assert text.index("aisfx") < text.index("{a} &") < text.index("PANNs") < text.index("{b} &")
        assert "Numbers of different groups cannot be compared" in text

    def test_the_clap_score_only_where_there_is_one(self, tmp_path: Path) -> None:
        write_latex([report("/s/a"), report("/s/b", clap=score(0.3, "CLAP"))], tmp_path / "t.tex")
        assert r"CLAP score $\uparrow$" in (tmp_path / "t.tex").read_text("utf-8")

    def test_names_are_printed_literally(self, tmp_path: Path) -> None:
        assert latex(r"50%_of & {x} #1 $y$ ~^\ <a|b> “c” --'") == (
            r"50\%\_of \& \{x\} \#1 \$y\$ \textasciitilde{}\textasciicircum{}\textbackslash{} "
            r"\textless{}a\textbar{}b\textgreater{} ``c'' -{}-{}'{}"
        )
        assert latex("a\nb\x00") == "a b\N{REPLACEMENT CHARACTER}"
        names = [r"\input{/etc/passwd}", "[2cm]", "*", "a & b", "%", "\\"]
        write_latex([report("/s/a", title=name) for name in names], tmp_path / "t.tex")
        text = (tmp_path / "t.tex").read_text("utf-8")
        assert r"\input" not in text
        assert "    {[2cm]} & 2 " in text  # no option of the line's end before it
        assert "    {*} & 2 " in text
        # Outside of escapes: no comment but the first line, and braces in balance.
        plain = re.sub(r"\\[%&_#${}]|\\\\", "", text.split("\n", 1)[1])
        assert "%" not in plain
        assert plain.count("{") == plain.count("}")


class TestWriting:
    @pytest.mark.parametrize("write", [write_json, write_csv, write_latex])
    def test_nothing_to_export(self, write: object, tmp_path: Path) -> None:
        with pytest.raises(ReportError, match="no scorings"):
            write([], tmp_path / "x")  # type: ignore[operator]

    def test_a_file_is_replaced_whole_or_stays(self, tmp_path: Path) -> None:
        path = tmp_path / "t.csv"
        path.write_text("before")
        with pytest.raises(ReportError):
            write_csv([report("/s/a"), {"no": "report"}], path)
        assert path.read_text() == "before"
        with pytest.raises(StorageError, match="does not exist"):
            write_latex([report("/s/a")], tmp_path / "gone" / "t.tex")
        write_csv([report("/s/a")], path)
        assert len(rows_of(path)) == 1
