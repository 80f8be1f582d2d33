"""Downloads arrive whole or not at all, whatever the server does."""

from __future__ import annotations

import hashlib
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest
from downloads.loopback_hub import Behaviour, loopback_hub

from soundstudio.core.catalogue_table import (
    PARTIAL_FOLDER,
    TableFile,
    TableItem,
    downloaded_file,
    find_item,
)
from soundstudio.core.errors import DownloadError, ModelError, StorageError
from soundstudio.core.file_lock import held
from soundstudio.core.progress import Cancelled
from soundstudio.downloads.fetch import download, remove_download
from soundstudio.downloads.pins import read_pins
from soundstudio.downloads.transfer import SPARE_BYTES, Patience

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODEL = "audioldm-s-full-v2"
WEIGHTS = "unet/diffusion_pytorch_model.safetensors"
QUICK = Patience(timeout_s=0.5, attempts=3, first_pause_s=0.01)


def quiet(done: int, total: int) -> None:
    """A progress callable of somebody who does not look."""


def files_of(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tiny_model_folder: Path) -> Iterator[Behaviour]:
    files = files_of(tiny_model_folder) | {"unet/diffusion_pytorch_model.bin": b"not wanted"}
    with loopback_hub(Behaviour(files)) as behaviour:
        monkeypatch.setenv("HF_ENDPOINT", behaviour.url)
        # The tests' own switch against the network; this server is not on it.
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        yield behaviour


def weights(url: str, sha256_start: str = "") -> TableItem:
    file = TableFile("w.pth", sha256_start=sha256_start, url=url)
    return TableItem("w", "W", "weights", "CC0-1.0", files=(file,))


def fetch(folder: Path) -> Path:
    return download(find_item(MODEL), folder, quiet, QUICK)


def is_whole(hub: Behaviour, place: Path) -> bool:
    wanted = {name: body for name, body in hub.files.items() if not name.endswith(".bin")}
    return files_of(place) == wanted


def test_a_model_arrives(hub: Behaviour, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    place = download(find_item(MODEL), tmp_path, lambda *n: seen.append(n), QUICK)
    assert is_whole(hub, place)
    assert seen[-1][0] == seen[-1][1] > 1 << 20


def test_cut_connections_go_on_where_they_were(hub: Behaviour, tmp_path: Path) -> None:
    hub.cut_after = 300_000
    assert is_whole(hub, fetch(tmp_path))
    assert "bytes=300000-" in hub.ranges
    assert hub.sent <= sum(map(len, hub.files.values()))


@pytest.mark.parametrize("code", [429, 503])
def test_a_busy_server_is_asked_again(hub: Behaviour, tmp_path: Path, code: int) -> None:
    hub.refuse = [code, code]
    assert is_whole(hub, fetch(tmp_path))


def test_a_server_that_stays_busy_is_given_up(hub: Behaviour, tmp_path: Path) -> None:
    hub.refuse = [503] * 20
    with pytest.raises(DownloadError, match="HTTP 503"):
        fetch(tmp_path)


@pytest.mark.parametrize("name", ["model_index.json", WEIGHTS])
def test_damaged_bytes_are_refused(hub: Behaviour, tmp_path: Path, name: str) -> None:
    hub.damaged = {name}
    with pytest.raises(DownloadError, match="damaged"):
        fetch(tmp_path)
    assert not (tmp_path / MODEL).exists()
    hub.damaged = set()
    assert is_whole(hub, fetch(tmp_path))


def test_a_lie_about_the_size_is_refused(hub: Behaviour, tmp_path: Path) -> None:
    hub.lied = 7
    with pytest.raises(DownloadError, match="instead of"):
        fetch(tmp_path)
    assert not (tmp_path / MODEL).exists()


def test_a_silent_server_is_given_up(hub: Behaviour, tmp_path: Path) -> None:
    hub.silent = True
    start = time.monotonic()
    with pytest.raises(DownloadError, match="does not answer"):
        fetch(tmp_path)
    assert time.monotonic() - start < 20


def test_a_pause_resumes(hub: Behaviour, tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        if done > 600_000:
            raise Cancelled

    with pytest.raises(Cancelled):
        download(find_item(MODEL), tmp_path, stop, QUICK)
    assert not (tmp_path / MODEL).exists()
    assert is_whole(hub, fetch(tmp_path))
    assert any(hub.ranges)


def test_a_killed_download_resumes(hub: Behaviour, tmp_path: Path) -> None:
    hub.pause_s = 0.02
    code = (
        "import sys; from pathlib import Path;"
        "from soundstudio.downloads.fetch import download;"
        "from soundstudio.core.catalogue_table import find_item;"
        f"download(find_item({MODEL!r}), Path(sys.argv[1]), lambda done, total: None)"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)])
    partial = tmp_path / PARTIAL_FOLDER / MODEL / f"{WEIGHTS}.partial"
    deadline = time.monotonic() + 60
    while not (partial.exists() and partial.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    kept = partial.stat().st_size
    assert 0 < kept < len(hub.files[WEIGHTS])
    hub.pause_s = 0.0
    hub.ranges.clear()
    assert is_whole(hub, fetch(tmp_path))
    assert hub.ranges[0] == f"bytes={kept}-"


def test_retry_after_is_waited_for(hub: Behaviour, tmp_path: Path) -> None:
    hub.refuse, hub.retry_after = [429], "1"
    start = time.monotonic()
    assert is_whole(hub, fetch(tmp_path))
    assert time.monotonic() - start >= 1.0


def test_a_pause_that_is_asked_for_can_be_ended(hub: Behaviour, tmp_path: Path) -> None:
    hub.refuse, hub.retry_after = [429], "30"
    start = time.monotonic()

    def stop(done: int, total: int) -> None:
        if hub.refuse == [] and time.monotonic() - start > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        download(find_item(MODEL), tmp_path, stop, QUICK)
    assert time.monotonic() - start < 5


def test_a_server_that_asks_for_hours_is_given_up(hub: Behaviour, tmp_path: Path) -> None:
    when = datetime.now(UTC) + timedelta(hours=2)
    hub.refuse, hub.retry_after = [503], format_datetime(when, usegmt=True)
    with pytest.raises(DownloadError) as caught:
        fetch(tmp_path)
    assert "2 h" in caught.value.advice


def test_one_at_a_time(hub: Behaviour, tmp_path: Path) -> None:
    with held(tmp_path / PARTIAL_FOLDER / f"{MODEL}.lock") as is_mine:
        assert is_mine
        with pytest.raises(DownloadError, match="another process"):
            fetch(tmp_path)
        assert hub.sent == 0
    assert is_whole(hub, fetch(tmp_path))


def test_what_is_no_model_does_not_get_the_models_name(hub: Behaviour, tmp_path: Path) -> None:
    del hub.files["vae/config.json"]
    with pytest.raises(ModelError, match="vae"):
        fetch(tmp_path)
    assert not (tmp_path / MODEL).exists()


def test_the_first_downloads_hash_is_kept(hub: Behaviour, tmp_path: Path) -> None:
    hub.files["w.pth"] = b"weights" * 1000
    source = weights(f"{hub.url}/w.pth")
    download(source, tmp_path, quiet, QUICK)
    sha256 = hashlib.sha256(hub.files["w.pth"]).hexdigest()
    assert read_pins("w", tmp_path) == {"w.pth": sha256}
    shutil.rmtree(source.place(tmp_path))
    hub.files["w.pth"] = b"Weights" * 1000
    with pytest.raises(DownloadError, match="SHA-256"):
        download(source, tmp_path, quiet, QUICK)


def test_a_listing_that_the_catalogue_does_not_know_is_refused(
    hub: Behaviour, tmp_path: Path
) -> None:
    with pytest.raises(DownloadError, match="lists another"):
        download(find_item("audioldm-s-full"), tmp_path, quiet, QUICK)
    assert hub.sent == 0


def test_space_for_a_file_of_unknown_size(
    hub: Behaviour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.files["w.pth"] = b"w" * 5000
    room = type("Usage", (), {"free": SPARE_BYTES + 4000})()
    monkeypatch.setattr("soundstudio.downloads.transfer.shutil.disk_usage", lambda _: room)
    with pytest.raises(StorageError, match="are free"):
        download(weights(f"{hub.url}/w.pth"), tmp_path, quiet, QUICK)
    assert not list(tmp_path.rglob("w.pth*"))


def test_space_is_looked_for_first(
    hub: Behaviour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = type("Usage", (), {"free": 10})()
    monkeypatch.setattr("soundstudio.downloads.transfer.shutil.disk_usage", lambda _: full)
    with pytest.raises(StorageError, match="are free"):
        fetch(tmp_path)
    assert hub.sent == 0


def test_what_is_there_is_not_overwritten(hub: Behaviour, tmp_path: Path) -> None:
    (tmp_path / MODEL).mkdir()
    with pytest.raises(ModelError, match="exists already"):
        fetch(tmp_path)
    assert hub.sent == 0


def test_downloaded_weights_are_found(tmp_path: Path) -> None:
    assert downloaded_file("vggish", tmp_path) is None
    place = tmp_path / ".weights" / "vggish"
    place.mkdir(parents=True)
    (place / "vggish-10086976.pth").write_bytes(b"w")
    assert downloaded_file("vggish", tmp_path) == place / "vggish-10086976.pth"


@pytest.mark.parametrize("damaged", [False, True])
def test_a_single_file_is_checked_by_what_is_known_of_its_hash(
    hub: Behaviour, tmp_path: Path, damaged: bool
) -> None:
    body = b"weights" * 1000
    hub.files["w.pth"] = body
    start = hashlib.sha256(body).hexdigest()[:8]
    if damaged:
        hub.damaged = {"w.pth"}
    url = f"{hub.url}/w.pth"
    source = weights(url, start)
    if damaged:
        with pytest.raises(DownloadError, match="SHA-256"):
            download(source, tmp_path, quiet, QUICK)
    else:
        assert (download(source, tmp_path, quiet, QUICK) / "w.pth").read_bytes() == body


def test_a_file_of_unknown_size_that_is_whole_already(hub: Behaviour, tmp_path: Path) -> None:
    hub.files["w.pth"] = b"weights" * 1000
    partial = tmp_path / PARTIAL_FOLDER / "w"
    partial.mkdir(parents=True)
    (partial / "w.pth.partial").write_bytes(hub.files["w.pth"])
    source = weights(f"{hub.url}/w.pth")
    place = download(source, tmp_path, quiet, QUICK)
    assert (place / "w.pth").read_bytes() == hub.files["w.pth"]


def test_half_a_download_can_be_removed(hub: Behaviour, tmp_path: Path) -> None:
    hub.refuse = [404]
    with pytest.raises(DownloadError, match="HTTP 404"):
        fetch(tmp_path)
    assert remove_download(MODEL, tmp_path)
    assert not (tmp_path / PARTIAL_FOLDER / MODEL).exists()
    assert not remove_download(MODEL, tmp_path)
