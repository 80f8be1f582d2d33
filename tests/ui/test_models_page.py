"""The models page over its real process and a server that misbehaves."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TYPE_CHECKING

import pytest
from downloads.loopback_hub import Behaviour, loopback_hub
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QMessageBox

from soundstudio.core.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from soundstudio.app import Studio
    from soundstudio.ui.models_dialog import ModelsDialog

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", extend=True)
MODEL = "audioldm-s-full-v2"
WEIGHTS = "unet/diffusion_pytorch_model.safetensors"
LONG_MS = 30_000
FULL_DISK = """
import shutil, types
shutil.disk_usage = lambda _: types.SimpleNamespace(free=1000)
from soundstudio.worker.process import main
main(["--online"])
"""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tiny_model_folder: Path) -> Iterator[Behaviour]:
    paths = [path for path in tiny_model_folder.rglob("*") if path.is_file()]
    names = {path.relative_to(tiny_model_folder).as_posix(): path.read_bytes() for path in paths}
    with loopback_hub(Behaviour(names)) as behaviour:
        monkeypatch.setenv("HF_ENDPOINT", behaviour.url)
        # As at a user's: the process itself must know that it may reach the network.
        monkeypatch.delenv("HF_HUB_OFFLINE")
        yield behaviour


class Page:
    """The opened page, and the hands on it."""

    def __init__(self, studio: Studio, qtbot: QtBot) -> None:
        self.studio = studio
        self.qtbot = qtbot
        studio.actions["models"].trigger()
        assert studio.models.dialog is not None
        self.dialog: ModelsDialog = studio.models.dialog
        qtbot.waitUntil(lambda: self.dialog.table.rowCount() > 0, timeout=LONG_MS)

    def choose(self, id_: str) -> None:
        self.dialog.choose(id_)
        assert self.dialog.current_id() == id_

    def press(self, button: QAbstractButton) -> None:
        assert button.isVisible()
        self.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    def answer(self, text: str) -> str:
        """Press a button of the question that is open; what it said."""
        boxes = [box for box in self.dialog.findChildren(QMessageBox) if box.isVisible()]
        assert len(boxes) == 1
        said = f"{boxes[0].text()} {boxes[0].informativeText()}"
        button = next(b for b in boxes[0].buttons() if b.text().replace("&", "") == text)
        self.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        return said

    def download(self, id_: str) -> str:
        self.choose(id_)
        self.press(self.dialog.download)
        return self.answer("Accept and download")

    def wait_idle(self) -> None:
        runner = self.studio.model_runner
        self.qtbot.waitUntil(
            lambda: not runner.is_busy and not runner.state.waiting, timeout=LONG_MS
        )

    def wait_state(self, id_: str, state: str) -> None:
        def is_there() -> bool:
            return any(row.id == id_ and row.state == state for row in self.dialog._rows)

        self.qtbot.waitUntil(is_there, timeout=LONG_MS)

    def cell(self, id_: str, column: int) -> str:
        number = [row.id for row in self.dialog._rows].index(id_)
        return self.dialog.table.item(number, column).text()


@pytest.fixture
def page(studio: Studio, qtbot: QtBot) -> Page:
    return Page(studio, qtbot)


def offered(studio: Studio) -> list[str]:
    combo = studio.generate.more.model
    return [str(combo.itemData(i)) for i in range(combo.count())]


def test_everything_of_the_catalogue_is_listed(page: Page) -> None:
    ids = [row.id for row in page.dialog._rows]
    assert ids[0] == "starter"
    assert {MODEL, "audioldm-m-full-ckpt", "panns-cnn14-16k", "vggish"} <= set(ids)
    assert "roberta-tokenizer" not in ids
    assert page.cell("starter", 6) == "Installed"
    assert page.cell("audioldm-m-full-ckpt", 3) == "4.6 GB"
    assert page.cell(MODEL, 4) == "842 MB / 1.7 GB"
    page.choose("starter")
    assert not page.dialog.download.isVisible()
    assert not page.dialog.remove.isVisible()


def test_the_licence_comes_first(hub: Behaviour, page: Page) -> None:
    page.choose(MODEL)
    page.press(page.dialog.download)
    said = page.answer("Cancel")
    assert "CC-BY-NC-SA-4.0" in said
    assert "no commercial use" in said
    assert not page.studio.model_runner.is_busy
    assert hub.sent == 0


def test_a_model_arrives_and_can_be_chosen(hub: Behaviour, page: Page) -> None:
    page.download(MODEL)
    page.wait_state(MODEL, "installed")
    assert MODEL in offered(page.studio)
    assert "is installed" in page.dialog.banner.text()
    assert page.dialog.verify.isVisible()
    page.press(page.dialog.verify)
    page.wait_idle()
    assert "is whole" in page.dialog.banner.text()
    assert "SHA-256" in page.dialog.banner.text()


def test_a_pause_takes_no_half_second_even_if_the_server_is_silent(
    hub: Behaviour, page: Page
) -> None:
    hub.pause_s, hub.silent_after = 0.005, 900_000
    page.download(MODEL)
    page.qtbot.waitUntil(lambda: hub.sent >= hub.silent_after, timeout=LONG_MS)
    page.qtbot.waitUntil(lambda: page.studio.model_runner.state.fraction > 0.1, timeout=LONG_MS)
    page.qtbot.wait(300)  # nothing comes any more
    assert "kB of 3 MB" in page.dialog._words.text()
    start = time.monotonic()
    page.press(page.dialog.pause)
    page.wait_idle()
    assert time.monotonic() - start < 0.5
    page.wait_state(MODEL, "partial")
    assert page.dialog.download.text() == "Resume"
    hub.silent_after, hub.pause_s = 0, 0.0
    before = hub.sent
    page.press(page.dialog.download)  # the licence was accepted
    page.wait_state(MODEL, "installed")
    assert hub.sent - before < sum(map(len, hub.files.values())) - 500_000


def test_damaged_bytes_are_said(hub: Behaviour, page: Page) -> None:
    hub.damaged = {WEIGHTS}
    page.download(MODEL)
    page.qtbot.waitUntil(lambda: "damaged" in page.dialog.banner.text(), timeout=LONG_MS)
    page.wait_state(MODEL, "partial")
    assert MODEL not in offered(page.studio)
    page.press(page.dialog.remove)
    page.answer("Delete")
    page.wait_state(MODEL, "absent")


def test_no_space(hub: Behaviour, make_studio: Callable[..., Studio], qtbot: QtBot) -> None:
    page = Page(make_studio(models=[sys.executable, "-c", FULL_DISK]), qtbot)
    page.download(MODEL)
    qtbot.waitUntil(lambda: "are free" in page.dialog.banner.text(), timeout=LONG_MS)
    assert hub.sent == 0


def test_one_after_the_other(hub: Behaviour, page: Page, tiny_model_folder: Path) -> None:
    hub.pause_s = 0.01
    page.download(MODEL)
    page.studio.models.bring_in(tiny_model_folder)
    assert len(page.studio.model_runner.state.waiting) == 1
    page.wait_state(tiny_model_folder.name, "installed")
    page.wait_state(MODEL, "installed")
    assert page.dialog.banner.text().startswith("Done")


def test_own_files_come_and_go(page: Page, tmp_path: Path, tiny_model_folder: Path) -> None:
    source = shutil.copytree(tiny_model_folder, tmp_path / "mine")
    page.studio.models.bring_in(source)
    page.wait_state("mine", "installed")
    page.studio.generate.more.choose_model("mine")
    page.choose("mine")
    page.press(page.dialog.remove)
    assert "Tiny test model" in page.answer("Delete")
    page.qtbot.waitUntil(lambda: "mine" not in offered(page.studio), timeout=LONG_MS)
    assert page.studio.settings.current.model == "starter"
    assert source.is_dir()


def test_what_is_no_model_is_said(page: Page, tmp_path: Path) -> None:
    bad = tmp_path / "bad.ckpt"
    bad.write_bytes(b"no checkpoint")
    page.studio.models.bring_in(bad)
    page.qtbot.waitUntil(lambda: "bad.ckpt" in page.dialog.banner.text(), timeout=LONG_MS)


def test_another_folder_is_kept(page: Page, tmp_path: Path, tiny_model_folder: Path) -> None:
    other = tmp_path / "other disk"
    shutil.copytree(tiny_model_folder, other / "theirs")
    page.studio.models.choose_folder(other)
    page.wait_state("theirs", "installed")
    assert "theirs" in offered(page.studio)
    file = page.studio.folders.settings_file
    page.qtbot.waitUntil(
        lambda: file.is_file() and load_settings(file).models_folder == str(other), timeout=LONG_MS
    )


def test_the_list_of_models_leads_here(studio: Studio, qtbot: QtBot) -> None:
    combo = studio.generate.more.model
    combo.setCurrentIndex(combo.count() - 1)
    assert combo.currentData() == "starter"
    assert studio.models.dialog is not None
    assert studio.models.dialog.isVisible()


def test_downloaded_weights_are_used_for_scores(page: Page) -> None:
    studio = page.studio
    place = studio.models.folder / ".weights" / "vggish" / "vggish-10086976.pth"
    place.parent.mkdir(parents=True)
    place.write_bytes(b"weights")
    studio.models.refresh()
    assert studio.score_panel.more.vggish.path() == str(place)
    page.wait_state("vggish", "installed")
    page.choose("vggish")
    page.press(page.dialog.remove)
    page.answer("Delete")
    page.wait_state("vggish", "absent")
    assert studio.score_panel.more.vggish.path() == ""
