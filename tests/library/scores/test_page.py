"""The page to send to somebody, read as a browser reads it: whole, safe, and with its sounds."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
from library.scored import NASTY, report, score, write_tone

from soundstudio.audio.files import Sound, read_sound
from soundstudio.core.errors import ReportError, StorageError
from soundstudio.core.progress import Cancelled
from soundstudio.core.requests import GenerationRequest
from soundstudio.library import wav_metadata
from soundstudio.library.clips import Clip, to_json
from soundstudio.library.scores import sounds as page_sounds
from soundstudio.library.scores.charts import ticks_between
from soundstudio.library.scores.page import write_html
from soundstudio.library.scores.page_tables import MAX_ROWS
from soundstudio.library.wav_metadata import SoundMetadata

if TYPE_CHECKING:
    from pathlib import Path

VOID = {"meta", "link", "img", "br", "hr", "input"}
ASKS = {"src", "href", "srcset", "data", "action", "poster", "xlink:href", "background", "style"}


class Page(HTMLParser):
    """Elements with their attributes and all text; fails on what is not closed in its order."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.source = path.read_text("utf-8")
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.contents: dict[str, str] = {}
        self.feed(self.source)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, names)
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in ("style", "script"):
            self.contents[self._open[-1]] = data
        elif data.strip():
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.texts)

    def all(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        """Attributes of the elements of a tag that have a class."""
        kind = wanted.get("kind", "")
        return [
            attrs
            for name, attrs in self.elements
            if name == tag and (not kind or kind in (attrs.get("class") or "").split())
        ]

    def sounds(self) -> dict[str, tuple[np.ndarray, int]]:
        """Name → samples [samples, channels] and rate, decoded from the page's own data."""
        found = {}
        for attrs in self.all("audio"):
            head, _, data = str(attrs["src"]).partition(";base64,")
            assert head == "data:audio/mpeg"
            content = io.BytesIO(base64.b64decode(data, validate=True))
            found[str(attrs["data-name"])] = soundfile.read(content, always_2d=True)
        return found


@pytest.fixture
def scored(tmp_path: Path) -> dict[str, Any]:
    """A report whose sounds exist: two generated, two references."""
    for name in ("a.wav", "b.wav"):
        write_tone(tmp_path / "gen" / name, 0.75)
    for name in ("r.wav", "sub/q.wav"):
        write_tone(tmp_path / "real" / name, 0.5, rate=44_100, channels=2)
    return report(tmp_path / "gen", tmp_path / "real", ("a.wav", "b.wav"), ("r.wav", "sub/q.wav"))


def page_of(tmp_path: Path, *reports: dict[str, Any], **more: Any) -> Page:
    write_html(reports, tmp_path / "page.html", **more)
    return Page(tmp_path / "page.html")


class TestWhatItShows:
    def test_every_number_with_its_sentence(self, scored: dict[str, Any], tmp_path: Path) -> None:
        page = page_of(tmp_path, scored)
        assert "Scores of “gen”" in page.texts
        for text in (
            "12.35",
            "95 % interval 11.85 to 13.35",
            "0.0123",
            "2 sounds are few.",
            "43 %",
        ):
            assert text in page.text
        assert "it shows 43 % of all variance" in page.text
        assert page.text.count("lower is better") >= 3
        assert "FD says how far the generated sounds as a whole lie" in page.text
        arrows = [attrs["aria-label"] for attrs in page.all("span") if attrs.get("role") == "img"]
        assert arrows.count("(lower is better)") == 3
        assert page.all("svg", kind="chart") == []  # one scoring has nothing beside it

    def test_the_sounds_play_at_their_right_length(
        self, scored: dict[str, Any], tmp_path: Path
    ) -> None:
        sounds = page_of(tmp_path, scored).sounds()
        assert set(sounds) == {"a.wav", "b.wav", "r.wav", "sub/q.wav"}
        for name, (samples, rate) in sounds.items():
            folder = "gen" if name in ("a.wav", "b.wav") else "real"
            original = read_sound(tmp_path / folder / name)
            assert (len(samples), rate) == (original.length, original.sample_rate)
            assert samples.shape[1] == original.channels
            error = np.square(samples - original.samples.T).sum()
            assert error < 0.05 * np.square(original.samples).sum()

    def test_every_point_plays_its_own_sound(self, scored: dict[str, Any], tmp_path: Path) -> None:
        page = page_of(tmp_path, scored)
        names = {attrs["id"]: attrs["data-name"] for attrs in page.all("audio")}
        points = page.all("path", kind="point")
        assert [(names[point["data-plays"]], point["aria-label"]) for point in points] == [
            ("r.wav", "r.wav, reference"),
            ("sub/q.wav", "sub/q.wav, reference"),
            ("a.wav", "a.wav, generated"),
            ("b.wav", "b.wav, generated"),
        ]
        places = {p["aria-label"]: (float(p["data-x"]), float(p["data-y"])) for p in points}
        across, down = np.subtract(places["b.wav, generated"], places["a.wav, generated"])
        # (2, 0) and (3, -1) in the report: upwards is up, and both axes have one scale.
        assert (across, down) == (pytest.approx(down, abs=0.11), pytest.approx(across, abs=0.11))
        assert across > 0
        nearest = [names[attrs["data-plays"]] for attrs in page.all("button")]
        assert nearest == ["r.wav", "sub/q.wav"]

    def test_worst_first(self, scored: dict[str, Any], tmp_path: Path) -> None:
        scored["clips"].reverse()
        scored["clips"].append(scored["clips"][0] | {"name": "x.wav", "failure": "It is no sound."})
        page = page_of(tmp_path, scored)
        assert page.text.index("a.wav") < page.text.index("b.wav")
        assert "Not heard" in page.texts
        assert ": It is no sound." in page.texts

    def test_by_keyboard(self, scored: dict[str, Any], tmp_path: Path) -> None:
        page = page_of(tmp_path, scored)
        points = page.all("path", kind="point")
        assert [point["tabindex"] for point in points] == ["0", "-1", "-1", "-1"]
        assert all(point["role"] == "button" for point in points)
        assert all("controls" in attrs for attrs in page.all("audio"))
        for key in ("ArrowRight", "ArrowUp", "Enter", "Escape"):
            assert key in page.contents["script"]
        for attrs in (*page.all("button"), *page.all("audio"), *page.all("svg")):
            assert attrs.get("aria-label")

    def test_light_and_dark(self, scored: dict[str, Any], tmp_path: Path) -> None:
        style = page_of(tmp_path, scored).contents["style"]
        themes = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
        assert "@media (prefers-color-scheme: dark)" in style
        for theme in themes:
            colours = dict(re.findall(r"--(\w+): #(\w{6})", theme))
            for name in ("text", "soft", "generated", "reference", "caution"):
                for ground in ("page", "panel"):
                    assert contrast(colours[name], colours[ground]) >= 4.5, (name, ground)


def contrast(first: str, second: str) -> float:
    """The ratio of the Web Content Accessibility Guidelines."""
    lights = []
    for colour in (first, second):
        parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)])
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        lights.append(float(linear @ (0.2126, 0.7152, 0.0722)))
    return (max(lights) + 0.05) / (min(lights) + 0.05)


class TestWhereTheSoundsComeFrom:
    def test_the_model_that_the_files_name(self, scored: dict[str, Any], tmp_path: Path) -> None:
        page = page_of(tmp_path, scored)
        assert "are not recordings" not in page.text
        assert "do not say which one made them" in page.text
        for name in ("a.wav", "b.wav"):
            path = tmp_path / "gen" / name
            clip = Clip(
                path=path,
                name="a",
                created_at=datetime(2026, 1, 2, tzinfo=UTC),
                request=GenerationRequest(prompt="rain"),
                model_title="Tiny <b>model</b>",
                model_licence="CC-BY-NC-SA-4.0",
            )
            wav_metadata.embed(path, SoundMetadata(generation_json=to_json(clip)))
        page = page_of(tmp_path, scored)
        assert "are not recordings" in page.text
        assert "They were made by Tiny <b>model</b> (CC-BY-NC-SA-4.0), by 2 of the" in page.text

    def test_no_path_of_this_disk(self, scored: dict[str, Any], tmp_path: Path) -> None:
        assert str(tmp_path) not in page_of(tmp_path, scored).source


class TestMarkup:
    """What a browser would mend in silence, or never find."""

    @pytest.fixture
    def page(self, scored: dict[str, Any], tmp_path: Path) -> Page:
        for number, name in enumerate(NASTY):
            if "/" not in name:
                write_tone(tmp_path / "nasty" / name, 0.2 + 0.1 * number)
        other = scored | {"title": "again", "fd": score(9.0)}
        alone = report(tmp_path / "nasty", names=[*NASTY])
        return page_of(tmp_path, scored, other, alone)

    def test_ids_are_unique_and_each_reference_has_its_target(self, page: Page) -> None:
        ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
        assert len(ids) == len(set(ids))
        for name in ("data-plays", "for", "aria-labelledby", "aria-describedby", "aria-controls"):
            wanted = [str(attrs[name]).split() for _, attrs in page.elements if name in attrs]
            assert {each for names in wanted for each in names} <= set(ids), name
        played = {attrs["data-plays"] for _, attrs in page.elements if "data-plays" in attrs}
        assert played
        assert played <= {attrs["id"] for attrs in page.all("audio")}
        for target in re.findall(r'getElementById\("([^"]+)"\)', page.contents["script"]):
            assert target in ids

    def test_the_head_of_a_document(self, page: Page) -> None:
        assert page.source.lower().startswith("<!doctype html>\n<html lang=")
        assert b"charset" in page.source.encode()[:1024].lower()
        assert [tag for tag, _ in page.elements].count("h1") == 1
        assert len(page.all("main")) == 1
        # Others are the tips of points in drawings.
        head = page.source.partition("</head>")[0]
        assert head.count("<title>") == 1

    def test_every_row_has_a_cell_for_every_column(self, page: Page) -> None:
        tables = re.findall(r"<table.*?</table>", page.source, re.DOTALL)
        assert tables
        for table in tables:
            rows = re.findall(r"<tr.*?</tr>", table, re.DOTALL)
            widths = {len(re.findall(r"<t[hd][ >]", row)) for row in rows}
            assert len(widths) == 1, table[:300]

    def test_nothing_to_press_is_inside_of_something_to_press(self, page: Page) -> None:
        pressed = {"button", "audio", "a", "summary", "label", "select"}
        parser = _Nesting(pressed, {"p": {"p", "div", "table", "ul", "h2", "h3", "svg"}})
        parser.feed(page.source)
        assert parser.found == []
        assert parser.seen > 10

    def test_the_class_column_says_what_its_numbers_are(self, page: Page) -> None:
        heads = [attrs for attrs in page.all("th") if "title" in attrs]
        assert heads
        assert "no names" in str(heads[0]["title"])
        assert "class 7" in page.text


class _Nesting(HTMLParser):
    """Elements of `alone` inside of one another, and children that end a parent in a browser."""

    def __init__(self, alone: set[str], ends: dict[str, set[str]]) -> None:
        super().__init__()
        self._alone, self._ends = alone, ends
        self._open: list[str] = []
        self.found: list[tuple[str, str]] = []
        self.seen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [(p, tag) for p in self._open if {p, tag} <= self._alone]
        self.found += [(p, tag) for p in self._open if tag in self._ends.get(p, ())]
        self.seen += tag in self._alone
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self._open.pop()


class TestSafety:
    def test_it_asks_for_nothing(self, scored: dict[str, Any], tmp_path: Path) -> None:
        page = page_of(tmp_path, scored, report(tmp_path / "x", names=NASTY))
        for tag, attrs in page.elements:
            assert tag not in ("link", "img", "iframe", "object", "embed", "base", "form"), tag
            for name in ASKS & set(attrs):
                assert str(attrs[name]).startswith("data:audio/mpeg;base64,"), (tag, name)
            assert not [name for name in attrs if name.startswith("on")]
        without_data = re.sub(r"base64,[A-Za-z0-9+/=]+", "", page.source)
        assert not re.search(r"https?:|url\(|@import|//[a-z]|fetch|XMLHttp|eval", without_data)

    def test_its_policy_allows_its_own_style_and_script_only(
        self, scored: dict[str, Any], tmp_path: Path
    ) -> None:
        page = page_of(tmp_path, scored)
        (policy,) = [
            str(attrs["content"])
            for attrs in page.all("meta")
            if attrs.get("http-equiv") == "Content-Security-Policy"
        ]
        assert policy.startswith("default-src 'none'; media-src data:;")
        assert "unsafe" not in policy
        for kind in ("style", "script"):
            digest = hashlib.sha256(page.contents[kind].encode()).digest()
            assert f"{kind}-src 'sha256-{base64.b64encode(digest).decode()}'" in policy
        assert len(page.all("script")) == len(page.all("style")) == 1

    def test_names_are_texts(self, tmp_path: Path) -> None:
        names = [name for name in NASTY if "/" not in name]
        for name in names:
            write_tone(tmp_path / "gen" / name, 0.1)
        attack = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
        facts = report(
            tmp_path / "gen", "/r/<i>", names, (attack,), title=attack, missing={"clap": attack},
            warnings=[{"message": attack}], fd=score(1.0, attack),
        )  # fmt: skip
        facts["clips"][0]["prompt"] = attack
        facts["clips"].append(facts["clips"][0] | {"name": attack, "failure": attack})
        page = page_of(tmp_path, facts, facts | {"title": "other"})
        assert len(page.all("script")) == 1
        assert page.all("img") == page.all("i") == []
        assert page.text.count(attack) >= 6
        assert set(page.sounds()) == set(names)
        for name in names:
            assert name in page.texts

    def test_a_name_that_is_no_text(self, tmp_path: Path) -> None:
        name = os.fsdecode(b"\xff.wav")
        write_tone(tmp_path / "gen" / name, 0.1)
        page = page_of(tmp_path, report(tmp_path / "gen", names=[name]))
        assert set(page.sounds()) == {"\N{REPLACEMENT CHARACTER}.wav"}

    def test_no_sound_from_outside_of_the_folder(self, tmp_path: Path) -> None:
        secret = write_tone(tmp_path / "secret.wav", 0.1)
        (tmp_path / "gen").mkdir()
        page = page_of(tmp_path, report(tmp_path / "gen", names=["../secret.wav", str(secret)]))
        assert page.sounds() == {}


class TestSize:
    @pytest.fixture
    def many(self, tmp_path: Path) -> dict[str, Any]:
        """Twenty sounds of twelve seconds of noise: about 40 kB each."""
        names = [f"{number:02}.wav" for number in range(20)]
        for name in names:
            samples = np.random.default_rng(int(name[:2])).standard_normal(12 * 16_000) * 0.2
            soundfile.write(write_tone(tmp_path / "gen" / name), samples, 16_000)
        return report(tmp_path / "gen", names=names)

    def test_what_does_not_fit_is_left_out_and_said(
        self, many: dict[str, Any], tmp_path: Path
    ) -> None:
        page = page_of(tmp_path, many, max_bytes=300_000)
        assert (tmp_path / "page.html").stat().st_size <= 300_000
        kept = sorted(page.sounds())
        assert 3 <= len(kept) < 20
        assert kept == [f"{number:02}.wav" for number in range(len(kept))]  # the worst
        left = 20 - len(kept)
        assert f"{left} sounds ({len(kept):02}.wav, " in page.text
        assert f"and {left - 3} more) are left out, because this page would be larger" in page.text
        assert page.text.count("not in this page") == left
        assert len(page.all("path", kind="silent")) == left + 1  # and the reference

    def test_one_that_is_too_large_leaves_room_for_the_others(
        self, many: dict[str, Any], tmp_path: Path
    ) -> None:
        for name, seconds in (
            ("00.wav", 60),
            *((f"{number:02}.wav", 1) for number in range(1, 20)),
        ):
            samples = np.random.default_rng(seconds).standard_normal(seconds * 16_000) * 0.2
            soundfile.write(tmp_path / "gen" / name, samples, 16_000)
        page = page_of(tmp_path, many, max_bytes=200_000)
        assert (tmp_path / "page.html").stat().st_size <= 200_000
        assert set(page.sounds()) == {f"{number:02}.wav" for number in range(1, 20)}
        assert "1 sound (00.wav) is left out" in page.text

    def test_no_room_at_all(self, many: dict[str, Any], tmp_path: Path) -> None:
        page = page_of(tmp_path, many, max_bytes=1000)
        assert page.sounds() == {}
        assert "20 sounds (" in page.text

    def test_files_that_are_gone_or_damaged(self, scored: dict[str, Any], tmp_path: Path) -> None:
        (tmp_path / "gen/a.wav").unlink()
        (tmp_path / "real/r.wav").write_text("no sound")
        page = page_of(tmp_path, scored)
        assert set(page.sounds()) == {"b.wav", "sub/q.wav"}
        assert "2 sounds (a.wav, r.wav) are not here: the files were moved" in page.text

    def test_a_long_sound_is_cut_and_it_is_said(
        self, scored: dict[str, Any], tmp_path: Path
    ) -> None:
        write_tone(tmp_path / "gen/a.wav", 61.0, rate=8000)
        page = page_of(tmp_path, scored)
        samples, rate = page.sounds()["a.wav"]
        assert len(samples) / rate == pytest.approx(60.0, abs=1e-3)
        assert "Of 1 sound (a.wav) only the first 60 seconds are here." in page.text

    def test_thousands(self, tmp_path: Path) -> None:
        names = [f"{number}.wav" for number in range(3 * MAX_ROWS + 500)]
        page = page_of(tmp_path, report("/gone", "/gone too", names))
        assert "The first 1,000 of 3,500 are shown." in page.text
        (dots,) = page.all("path", kind="dots")
        assert str(dots["d"]).count("M") == 3500
        assert (tmp_path / "page.html").stat().st_size < 500_000

    def test_ten_thousand_with_sounds(self, tmp_path: Path) -> None:
        """The page holds the sounds that fit, and a dot or a point for each one in any case."""
        names = [f"{number:05}.wav" for number in range(10_000)]
        write_tone(tmp_path / "gen" / "one.wav", 0.1)
        for name in names[:50]:
            (tmp_path / "gen" / name).hardlink_to(tmp_path / "gen" / "one.wav")
        scored = report(tmp_path / "gen", tmp_path / "gen", names, names[:50])
        page = page_of(tmp_path, scored, max_bytes=2_000_000)
        size = (tmp_path / "page.html").stat().st_size
        assert size <= 2_000_000
        points = len(page.all("path", kind="point")) + len(page.all("path", kind="silent"))
        dots = sum(str(attrs["d"]).count("M") for attrs in page.all("path", kind="dots"))
        assert dots + points == 10_050
        assert f"The first 1,000 of {len(names):,} are shown." in page.text
        assert set(names[:50]) <= set(page.sounds())

    def test_the_same_sound_only_once(self, scored: dict[str, Any], tmp_path: Path) -> None:
        page = page_of(tmp_path, scored, scored | {"title": "again"})
        ids = [attrs["id"] for attrs in page.all("audio")]
        assert len(ids) == len(set(ids)) == 4
        assert len(page.all("path", kind="point")) == 8


class TestEncoding:
    @pytest.mark.parametrize(
        ("rate", "channels", "expected"),
        [(8_000, 1, 16_000), (11_025, 1, 16_000), (16_000, 2, 16_000), (44_100, 1, 44_100),
         (96_000, 2, 48_000), (37_000, 6, 44_100)],
    )  # fmt: skip
    def test_rates_and_channels(self, rate: int, channels: int, expected: int) -> None:
        time = np.arange(rate) / rate
        sound = Sound(np.tile(np.float32(0.5 * np.sin(2000 * time)), (channels, 1)), rate)
        content, media_type = page_sounds.encoded(sound)
        assert media_type == "audio/mpeg"
        samples, found = soundfile.read(io.BytesIO(content), always_2d=True)
        assert (found, samples.shape) == (expected, (expected, channels if channels < 3 else 1))

    @pytest.mark.parametrize("samples", [1, 100])
    def test_hardly_any_sound(self, samples: int) -> None:
        content, _ = page_sounds.encoded(Sound(np.full(samples, 3.0, np.float32), 16_000))
        found, _ = soundfile.read(io.BytesIO(content))
        assert len(found) == samples

    def test_without_mp3(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(soundfile, "available_formats", lambda: {"WAV": "WAV"})
        sound = Sound(np.float32([0.5, -2.0, 0.0]), 11_025)
        content, media_type = page_sounds.encoded(sound)
        assert media_type == "audio/wav"
        samples, rate = soundfile.read(io.BytesIO(content))
        assert (samples.tolist(), rate) == (pytest.approx([0.5, -1.0, 0.0], abs=1e-4), 11_025)


class TestSideBySide:
    def test_those_that_compare(self, scored: dict[str, Any], tmp_path: Path) -> None:
        other = scored | {"title": "fine-tuned", "fd": score(9.0), "kl": None}
        page = page_of(tmp_path, scored, other)
        assert "Scores of 2 sets" in page.texts
        labels = [attrs["aria-label"] for attrs in page.all("svg", kind="chart")]
        assert labels == [
            "FD of 2 scorings, lower is better", "IS of 2 scorings, higher is better",
            "KL of 1 scoring, lower is better", "FAD of 2 scorings, lower is better",
        ]  # fmt: skip
        assert "cannot be compared" not in page.text
        chart = page.source[page.source.index('aria-label="FD of 2') :]
        first, second = re.findall(r'class="value" cx="([\d.]+)"', chart)[:2]
        assert float(second) < float(first)

    def test_those_that_do_not(self, scored: dict[str, Any], tmp_path: Path) -> None:
        other = scored | {"backbone": "paper", "networks": []}
        page = page_of(tmp_path, scored, other)
        assert "Numbers of different groups cannot be compared" in page.text
        assert page.all("svg", kind="chart") == []

    def test_older_reports_have_no_map(self, scored: dict[str, Any], tmp_path: Path) -> None:
        del scored["map"]
        page = page_of(tmp_path, scored)
        assert "this scoring was made before maps were" in page.text
        assert page.all("svg") == []
        assert set(page.sounds()) == {"a.wav", "b.wav", "r.wav", "sub/q.wav"}

    def test_nothing_but_is(self, scored: dict[str, Any], tmp_path: Path) -> None:
        facts = report(tmp_path / "gen", None, ("a.wav", "b.wav"), (), fd=None, kl=None, fad=None)
        for clip in facts["clips"]:
            clip |= {"fd_without": None, "similarity": None, "kl": None}
        page = page_of(tmp_path, facts)
        assert "without which IS would rise most" in page.text
        assert "Nearest reference" not in page.texts


class TestWriting:
    def test_progress_and_cancelling(self, scored: dict[str, Any], tmp_path: Path) -> None:
        told: list[tuple[int, int]] = []
        write_html([scored], tmp_path / "a.html", progress=lambda *where: told.append(where))
        assert told == [(number, 4) for number in range(5)]

        def cancel(done: int, total: int) -> None:
            if done == 2:
                raise Cancelled

        before = sorted(tmp_path.iterdir())
        with pytest.raises(Cancelled):
            write_html([scored], tmp_path / "b.html", progress=cancel)
        assert sorted(tmp_path.iterdir()) == before

    def test_where_nothing_can_be_written(self, scored: dict[str, Any], tmp_path: Path) -> None:
        told: list[int] = []
        with pytest.raises(StorageError, match="does not exist"):
            write_html(
                [scored], tmp_path / "gone/a.html", progress=lambda done, total: told.append(done)
            )
        assert told == []  # said before the work

    def test_what_is_no_report(self, tmp_path: Path) -> None:
        for reports in ([], [{"fd": 1}]):
            with pytest.raises(ReportError):
                write_html(reports, tmp_path / "a.html")
        assert not list(tmp_path.glob("*"))


@pytest.mark.parametrize(
    ("low", "high"),
    [(0, 1), (8.8, 13.35), (-0.4877, 1.0123), (5, 5), (0, 0), (1e-9, 2e-9), (-3, 1e6)],
)
def test_ticks_are_few_and_hold_all(low: float, high: float) -> None:
    ticks = ticks_between(low, high)
    assert 2 <= len(ticks) <= 7
    assert ticks[0] <= low + 1e-12
    assert ticks[-1] >= high - 1e-12
    assert np.ptp(np.diff(ticks)) <= 1e-9 * (ticks[-1] - ticks[0])
