"""Panels one by one: setters in, signals out, and the words they choose."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QColor, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QComboBox, QMainWindow, QToolButton

from soundstudio.audio.player import PlayerState
from soundstudio.core.catalogue import CatalogueRow
from soundstudio.core.errors import ModelError, OutOfMemoryError
from soundstudio.core.qualities import DRAFT, FINE, NORMAL, quality_of
from soundstudio.core.requests import MAX_SEED, GenerationRequest
from soundstudio.core.settings import Settings
from soundstudio.jobs.queue import Job, JobState, VariationProgress
from soundstudio.library.clips import Clip, ClipQuery
from soundstudio.ui.about_dialog import AboutDialog, about_html
from soundstudio.ui.action_registry import ACTIONS, GROUPS, ActionRegistry
from soundstudio.ui.banner import Banner
from soundstudio.ui.clip_delegate import stars_at
from soundstudio.ui.clip_exports import licence_note, reveal_command
from soundstudio.ui.clip_table_model import moment_text, spoken_text
from soundstudio.ui.drag_out import mime_of
from soundstudio.ui.elided_label import fitting
from soundstudio.ui.empty_library import empty_words
from soundstudio.ui.generate_panel import GeneratePanel
from soundstudio.ui.icons import parsed, tinted_pixmap
from soundstudio.ui.level_meter import LevelMeter, levels_at, share_of
from soundstudio.ui.like_target import LikeTarget, sound_files
from soundstudio.ui.more_options import MORE_MODELS
from soundstudio.ui.queue_list import QueueList, state_words
from soundstudio.ui.request_form import (
    example_prompts,
    new_seed,
    one_line,
    prompt_note,
    title_of,
    with_eta_that_fits,
)
from soundstudio.ui.seed_field import SeedField, parse_seed
from soundstudio.ui.settings_dialog import ELSEWHERE, SettingsDialog
from soundstudio.ui.shortcuts_dialog import ShortcutsDialog, lines_of
from soundstudio.ui.status_line import StatusLine, output_words
from soundstudio.ui.theme import DARK, LIGHT, palette_of, wants_dark
from soundstudio.ui.transport_bar import TransportBar, clock_text, reading_text
from soundstudio.ui.viewer_panel import facts_of, level_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from soundstudio.ui.icons import Icons
    from soundstudio.ui.theme import Theme


def make_clip(**values: object) -> Clip:
    plain = {
        "id": 1,
        "path": Path("/x/rain.wav"),
        "name": "rain",
        "created_at": datetime(2026, 11, 23, 12, tzinfo=UTC),
        "sample_rate": 16000,
        "duration_s": 5.0,
        "peak_db": -6.3,
        "lufs": -21.5,
    }
    return Clip(**{**plain, **values})  # type: ignore[arg-type]


def make_job(variations: int = 2, **values: object) -> Job:
    request = GenerationRequest(prompt="rain", variations=variations)
    rows = [VariationProgress() for _ in range(variations)]
    return Job("a", request, variations=rows, **values)  # type: ignore[arg-type]


# generate


@pytest.fixture
def panel(qtbot: QtBot, theme: Theme, icons: Icons) -> GeneratePanel:
    panel = GeneratePanel(theme, icons)
    qtbot.addWidget(panel)
    rows = (
        CatalogueRow("starter", "Starter", "bundled", "CC0", 1, 16000, ("text",), Path("/m")),
        CatalogueRow("big", "Big", "downloadable", "NC", 1, 16000, ("text", "audio"), None),
    )
    panel.set_models(rows, "starter")
    return panel


def test_a_model_suggests_its_usual_duration(panel: GeneratePanel) -> None:
    starter = CatalogueRow("starter", "Starter", "bundled", "CC0", 1, 16000, ("text",), Path("/m"))
    mine = dataclasses.replace(starter, id="mine", kind="fine-tuned", trained_s=1.28)
    panel.set_models((starter, mine), "starter")
    assert panel.request().duration_s == 5.0
    panel.more.choose_model("mine")
    assert panel.request().duration_s == 1.2
    panel.set_models((starter, mine), "mine")
    panel.more.choose_model("starter")
    assert panel.request().duration_s == 5.0
    panel._duration.setValue(3.0)
    panel.more.choose_model("mine")
    assert panel.request().duration_s == 3.0, "what the user chose stays"
    panel.set_request(GenerationRequest(prompt="rain", model="mine", duration_s=7.5))
    assert panel.request().duration_s == 7.5


def test_request_round_trip(panel: GeneratePanel) -> None:
    request = GenerationRequest(
        prompt="glass 🌧 shatters\ntwice",
        negative_prompt="music",
        model="/some/folder",
        like="/x/y.wav",
        like_weight=0.4,
        duration_s=12.5,
        guidance=4.5,
        guided_share=0.35,
        steps=37,
        sampler="ddim",
        eta=0.5,
        seed=MAX_SEED,
        variations=7,
    )
    panel.set_request(request)
    assert panel.request() == request
    assert panel.request() == request


def test_unlocked_seed_is_new_each_time(panel: GeneratePanel) -> None:
    panel.set_prompt("rain")
    assert panel.request().seed != panel.request().seed


def test_refused_request_draws_no_new_seed(panel: GeneratePanel) -> None:
    panel.set_prompt("rain")
    heard = panel.request().seed
    for prompt in ("   ", "x" * 100_000):
        panel.set_prompt(prompt)
        assert panel.request().seed == heard
    assert panel.seed._edit.text() == str(heard)


def test_eta_is_left_out_for_other_samplers(panel: GeneratePanel) -> None:
    panel.set_request(GenerationRequest(prompt="rain", sampler="ddim", eta=0.7))
    panel.more.sampler.setCurrentIndex(panel.more.sampler.findData("euler"))
    assert panel.request().eta == 0.0
    assert panel.request().validated()


def test_only_installed_models_are_offered(panel: GeneratePanel) -> None:
    offered = [panel.more.model.itemData(i) for i in range(panel.more.model.count())]
    assert offered == ["starter", MORE_MODELS]


def test_duration_and_its_slider_agree(panel: GeneratePanel) -> None:
    panel._duration_slider.setValue(25)
    assert panel._duration.value() == 12.5
    panel._duration.setValue(3.3)
    assert panel._duration_slider.value() == 7
    assert panel._duration.value() == 3.3


def test_values_outside_the_limits_cannot_be_entered(panel: GeneratePanel) -> None:
    panel._duration.setValue(1e9)
    panel.more.steps.setValue(-5)
    panel._variations.setValue(1000)
    assert panel.request().duration_s == 30.0
    assert panel.request().steps == 1
    assert panel.request().variations == 64


def test_reference_clip_needs_a_model_that_hears(panel: GeneratePanel) -> None:
    panel.like.set_clip(Path("/x/y.wav"))
    panel.like.set_available(False)
    assert panel.request().like is None
    panel.like.set_available(True)
    assert panel.request().like == "/x/y.wav"
    panel.more.candidates.setValue(3)
    assert panel.request().candidates == 3
    panel.more.set_listens(False)
    assert panel.request().candidates == 1


def test_ctrl_return_writes_no_line_break(panel: GeneratePanel) -> None:
    panel.set_prompt("rain")
    QTest.keyClick(panel.prompt, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert panel.prompt.toPlainText() == "rain"
    QTest.keyClick(panel.prompt, Qt.Key.Key_Return)
    assert panel.prompt.toPlainText() == "rain\n"


def test_recent_prompts_fill_the_field(panel: GeneratePanel) -> None:
    panel.set_recent_prompts(["door & key"], ["rain"])
    action = next(a for a in panel._recent.menu().actions() if "door" in a.text())
    action.trigger()
    assert panel.prompt.toPlainText() == "door & key"


@pytest.mark.parametrize("text", ["", "-1", "4294967296", "1e9", "abc", "٣", "9" * 5000])
def test_what_is_no_seed(text: str) -> None:
    assert parse_seed(text) is None


def test_seeds_are_read_with_separators(qtbot: QtBot, icons: Icons) -> None:
    assert parse_seed(" 4,294,967,295 ") == MAX_SEED
    field = SeedField(icons)
    qtbot.addWidget(field)
    field.set_seed(7)
    assert field.is_locked()
    assert [field.take(), field.take()] == [7, 7]
    QTest.keyClicks(field._edit, "5")
    assert field.take() == 75


def test_a_weight_without_a_share_for_the_prompt_says_so(panel: GeneratePanel) -> None:
    panel.like.set_clip(Path("/x/y.wav"), 1.0)
    assert panel.like.weight_text() == "clip only"
    panel.prompt.setPlainText("rain")
    assert panel.like.weight_text() == "prompt has no share"
    assert panel.like._weight.accessibleDescription().startswith("prompt has no")
    panel.like._weight.setValue(40)
    assert panel.like.weight_text() == "40 % clip"
    panel.like._weight.setValue(0)
    assert panel.like.weight_text() == "clip has no share"
    # Without a prompt the clip is all there is, as the engine has it.
    panel.prompt.setPlainText("  ")
    assert panel.like.weight_text() == "clip only"


def test_drop_target_takes_sounds_only(qtbot: QtBot, theme: Theme, icons: Icons) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile("/x/a.txt"), QUrl.fromLocalFile("/x/é #1.WAV")])
    assert sound_files(data) == [Path("/x/é #1.WAV")]
    assert sound_files(QMimeData()) == []
    target = LikeTarget(theme, icons)
    qtbot.addWidget(target)
    with qtbot.waitSignal(target.changed, timeout=1000):
        target.set_clip(Path("/x/a.wav"), 0.25)
    assert (target.clip(), target.weight()) == ("/x/a.wav", 0.25)


def test_words_of_the_form() -> None:
    assert one_line("a\n b" + "c" * 100, 10) == "a bcccccc…"
    assert prompt_note("x" * 1900) == "100 characters left"
    assert prompt_note("x" * 2001) == "1 characters too long"
    assert prompt_note("rain") == ""
    assert title_of(GenerationRequest(prompt="", like="/x/dog.wav")) == "Like dog"
    eta = GenerationRequest(prompt="x", sampler="euler", eta=0.5)
    assert with_eta_that_fits(eta).eta == 0.0
    assert 0 <= new_seed() <= MAX_SEED


def test_example_prompts_are_valid_requests() -> None:
    prompts = example_prompts()
    assert len(prompts) >= 6
    for prompt in prompts:
        GenerationRequest(prompt=prompt).validated()


def test_queue_shows_few_rows_and_counts_the_rest(qtbot: QtBot, theme: Theme, icons: Icons) -> None:
    listing = QueueList(theme, icons)
    qtbot.addWidget(listing)
    jobs = [dataclasses.replace(make_job(), id=str(i)) for i in range(6)]
    listing.show_jobs(jobs)
    assert listing._more.text() == "and 2 more waiting"
    with qtbot.waitSignal(listing.cancel_requested, timeout=1000) as cancelled:
        listing._rows[2].cross.click()
    assert cancelled.args == ["2"]
    listing.show_jobs([])
    assert all(row.isHidden() for row in listing._rows)


def test_state_of_a_job_in_words() -> None:
    assert state_words(make_job()) == "waiting"
    running = make_job(state=JobState.RUNNING)
    running.variations[0].stage = "ready"
    assert state_words(running) == "1 of 2 done"
    assert state_words(make_job(state=JobState.CANCELLING)) == "stopping…"


# banner, status, transport


def test_banner_says_what_and_what_to_do(qtbot: QtBot, theme: Theme, icons: Icons) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    banner = Banner(theme, icons, window)
    assert banner.text() == ""
    banner.show_error(OutOfMemoryError("No memory.", "Make fewer."), "Try again")
    assert banner.text() == "Out of memory No memory. Make fewer."
    with qtbot.waitSignal(banner.action_requested, timeout=1000):
        banner._button.click()
    banner.show_note("Exported", "<b>rain</b>.wav", for_ms=1)
    qtbot.waitUntil(banner.isHidden, timeout=2000)


def test_status_line_shows_engine_model_and_output(qtbot: QtBot, theme: Theme) -> None:
    status = StatusLine(theme)
    qtbot.addWidget(status)
    status.show_phase("restarting", "It was killed.")
    assert status.engine_text() == "Engine restarting…"
    assert status._engine.toolTip() == "It was killed."
    status.show_model("Starter", "CPU", "bfloat16")
    assert status._device.text() == "Starter  ·  CPU  ·  bfloat16"
    status.show_output(PlayerState("no device", "No sound output was found."))
    assert status._output.objectName() == "warning"
    status.show_output(PlayerState("idle", "", "Loudspeaker"))
    assert status._output.text() == "Loudspeaker"
    status.show_library_size(1)
    assert status._library.text() == "1 clip"
    assert output_words(PlayerState("opening")) == "Opening the sound output…"


@pytest.fixture
def actions(icons: Icons) -> Iterator[ActionRegistry]:
    window = QMainWindow()
    yield ActionRegistry(window, icons)
    window.deleteLater()


def test_transport_offers_devices_and_keeps_one_that_is_gone(
    qtbot: QtBot, theme: Theme, icons: Icons, actions: ActionRegistry
) -> None:
    bar = TransportBar(actions, theme, icons)
    qtbot.addWidget(bar)
    bar.set_devices([], "")
    assert bar._devices.currentText() == "No audio device"
    bar.set_devices(["A", "B"], "C")
    assert bar._devices.currentText() == "C (not there)"
    with qtbot.waitSignal(bar.device_chosen, timeout=1000) as chosen:
        bar._devices.setCurrentIndex(2)
        bar._devices.activated.emit(2)
    assert chosen.args == ["B"]


def test_times_and_readings_in_words() -> None:
    assert clock_text(61.2345) == "1:01.234"
    assert clock_text(59.9996) == "1:00.000"
    assert reading_text(None) == ""
    assert reading_text((1.5, 0.0, 0.0)) == "1.500 s"
    assert reading_text((1.5, 440.0, -34.2)) == "1.500 s   440 Hz   A4   −34 dB"


def test_meter_rises_at_once_and_falls_back(qtbot: QtBot, theme: Theme) -> None:
    import numpy as np

    mono = np.full(16000, 0.5, dtype=np.float32)
    peak, rms = levels_at(mono, 16000, 0.5)
    assert peak == pytest.approx(-6.02, abs=0.01)
    assert rms == pytest.approx(-6.02, abs=0.01)
    assert levels_at(mono, 16000, 0.0)[0] == -float("inf")
    meter = LevelMeter(theme)
    qtbot.addWidget(meter)
    meter.show_levels(peak, rms, 0.016)
    assert not meter.is_at_rest
    for _ in range(400):
        meter.show_levels(-float("inf"), -float("inf"), 0.016)
    assert meter.is_at_rest
    assert (share_of(-60), share_of(0), share_of(20)) == (0.0, 1.0, 1.0)


# library


def test_empty_list_says_why() -> None:
    assert "appear here" in empty_words(ClipQuery(), False)[0]
    assert "“zzz”" in empty_words(ClipQuery(text="zzz"), True)[0]
    assert empty_words(ClipQuery(trashed=True), True)[0] == "The trash is empty"
    assert "favourites" in empty_words(ClipQuery(favourites_only=True), True)[0]
    assert "rated" in empty_words(ClipQuery(min_rating=5), True)[0]


def test_rows_are_spoken() -> None:
    clip = make_clip(favourite=True, rating=3, is_missing=True)
    assert spoken_text(clip) == "rain, 5.0 seconds, favourite, 3 stars, file missing"
    assert spoken_text(None) == "Loading"


def test_moments_are_as_short_as_can_be() -> None:
    now = datetime(2026, 11, 23, 15, tzinfo=UTC).astimezone()
    assert moment_text(now.replace(hour=9, minute=5), now) == "09:05"
    assert moment_text(now.replace(month=3, hour=9, minute=5), now) == "23 Mar 09:05"
    assert moment_text(now.replace(year=2024), now) == "23 Nov 2024"


def test_facts_and_levels_of_a_clip() -> None:
    assert facts_of(make_clip()) == "5.00 s  ·  16 kHz mono  ·  peak −6.3 dB  ·  −21.5 LUFS"
    silent = make_clip(peak_db=-float("inf"), lufs=None, channels=2)
    assert facts_of(silent) == "5.00 s  ·  16 kHz stereo  ·  peak silent"
    assert level_text(None, "LUFS") == ""


def test_facts_that_do_not_fit_are_left_out_whole() -> None:
    facts = facts_of(make_clip())
    assert fitting(facts, 1000, len) == facts
    assert fitting(facts, 30, len) == "5.00 s  ·  16 kHz mono"
    assert fitting(facts, 1, len) == "5.00 s"


def test_click_on_the_stars() -> None:
    assert [stars_at(x) for x in (-3, 0, 20, 74, 900)] == [1, 1, 2, 5, 5]


def test_restricted_licences_are_said_at_export() -> None:
    free, restricted = (
        make_clip(model_licence="CC-BY-4.0"),
        make_clip(model_licence="CC-BY-NC-SA-4.0"),
    )
    assert licence_note([free]) == ""
    assert "CC-BY-NC-SA-4.0" in licence_note([free, restricted])


def test_reveal_on_each_system() -> None:
    path = Path("/x/rain.wav")
    assert reveal_command(path, "darwin") == ["open", "-R", "/x/rain.wav"]
    assert reveal_command(path, "win32") == ["explorer", "/select,/x/rain.wav"]
    assert reveal_command(path, "linux") is None


def test_dragged_names_survive(qapp: object) -> None:
    path = Path("/x/rain é #1 100%.wav")
    (url,) = mime_of([path]).urls()
    assert url.toLocalFile() == str(path)


# dialogs and theme


def test_settings_dialog_shows_every_field_and_gives_back_what_it_got(
    qtbot: QtBot, theme: Theme
) -> None:
    settings = Settings(theme="light", export_fade_ms=12.5, designer="Ada", ucs_names=False)
    dialog = SettingsDialog(settings)
    qtbot.addWidget(dialog)
    assert dialog.settings() == settings
    shown = set(dialog._editors)
    assert shown == {field.name for field in dataclasses.fields(Settings)} - set(ELSEWHERE)
    assert all(editor.accessibleName() for editor in dialog._editors.values())
    box, check = dialog.editor("export_format"), dialog.editor("export_trim")
    assert isinstance(box, QComboBox)
    assert isinstance(check, QCheckBox)
    box.setCurrentIndex(box.findData("wav16"))
    check.setChecked(True)
    assert dialog.settings().export_format == "wav16"
    assert dialog.settings().export_trim is True


def test_cheat_sheet_names_every_action_that_has_a_key(qtbot: QtBot, theme: Theme) -> None:
    told = [text for group in GROUPS for text, _ in lines_of(group)]
    expected = [s for s in ACTIONS if s.keys and not s.id.startswith("rate_")]
    assert len(told) == len(expected) + 1
    qtbot.addWidget(ShortcutsDialog())


def test_about_names_models_and_licences(qtbot: QtBot, theme: Theme) -> None:
    row = CatalogueRow("s", "Starter", "bundled", "CC-BY-4.0", 1, 16000, ("text",), None)
    html = about_html([row])
    for words in ("Starter", "CC-BY-4.0", "LGPL", "CC BY-NC-SA"):
        assert words in html
    qtbot.addWidget(AboutDialog([row]))


@pytest.mark.parametrize("colours", [DARK, LIGHT])
def test_text_is_readable_on_every_ground(colours: object) -> None:
    """WCAG contrast: 4.5 for text."""
    pairs = [
        ("text", "panel"), ("text", "field"), ("text", "accent_soft"), ("muted", "panel"),
        ("accent_text", "accent"), ("error", "panel"), ("warning", "panel"), ("text", "raised"),
        ("muted", "window"),
    ]  # fmt: skip
    for front, back in pairs:
        contrast = _contrast(QColor(getattr(colours, front)), QColor(getattr(colours, back)))
        assert contrast >= 4.5, (front, back, contrast)


def _contrast(one: QColor, other: QColor) -> float:
    def luminance(colour: QColor) -> float:
        parts = (colour.redF(), colour.greenF(), colour.blueF())
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_theme_follows_the_choice(theme: Theme) -> None:
    assert wants_dark("dark", Qt.ColorScheme.Light)
    assert not wants_dark("light", Qt.ColorScheme.Dark)
    assert not wants_dark("system", Qt.ColorScheme.Light)
    assert wants_dark("system", Qt.ColorScheme.Unknown)
    theme.choose("light")
    assert theme.colours is LIGHT
    assert palette_of(LIGHT).color(QPalette.ColorRole.Base) == QColor(LIGHT.field)


def test_every_icon_that_is_named_exists(qapp: object) -> None:
    for spec in ACTIONS:
        if spec.icon:
            image = tinted_pixmap(parsed(spec.icon), QColor("#ff0000"), 32).toImage()
            colours = {image.pixelColor(x, y).red() for x in range(32) for y in range(32)}
            assert 255 in colours, spec.icon


def test_model_error_has_a_title() -> None:
    assert ModelError("x").title


def pressed_quality(panel: GeneratePanel) -> list[str]:
    return [b.text() for b in panel.quality.findChildren(QToolButton) if b.isChecked()]


def test_quality_sets_the_work_and_shows_it(panel: GeneratePanel, qtbot: QtBot) -> None:
    panel.set_prompt("rain")
    assert pressed_quality(panel) == ["Normal"]
    assert quality_of(panel.request()) is NORMAL
    fine = next(b for b in panel.quality.findChildren(QToolButton) if b.text() == "Fine")
    qtbot.mouseClick(fine, Qt.MouseButton.LeftButton)
    assert pressed_quality(panel) == ["Fine"]
    assert quality_of(panel.request()) is FINE


def test_own_settings_are_no_quality(panel: GeneratePanel) -> None:
    panel.set_prompt("rain")
    panel.more.steps.setValue(NORMAL.steps + 1)
    assert pressed_quality(panel) == []
    assert panel.request().steps == NORMAL.steps + 1
    panel.set_request(DRAFT.applied_to(GenerationRequest(prompt="rain")))
    assert pressed_quality(panel) == ["Draft"]
