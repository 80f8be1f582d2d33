"""One file over HTTP: resumed by Range, retried with back-off, verified before it gets its name."""

from __future__ import annotations

import email.utils
import hashlib
import http.client
import shutil
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from soundstudio.core.errors import DownloadError, StorageError, explain_os_error
from soundstudio.core.file_digest import sha256_of_file
from soundstudio.core.transfer_rate import time_words

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import Message
    from pathlib import Path

SPARE_BYTES: Final = 64 << 20
_PIECE_BYTES: Final = 1 << 18
_RETRIED: Final = (408, 429, 500, 502, 503, 504)
_NAP_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file to fetch. size_bytes 0 and empty hashes: not known.

    sha256_start: the hash, or its beginning. git_sha1: git's hash of the blob, which the Hub has
    for its small files.
    """

    path: str
    url: str
    size_bytes: int = 0
    sha256_start: str = ""
    git_sha1: str = ""


@dataclass(frozen=True, slots=True)
class Patience:
    """timeout_s: how long a server may be silent. attempts without one new byte, then it ends.

    longest_pause_s: a server that wants to be left alone longer than that is given up.
    """

    timeout_s: float = 20.0
    attempts: int = 5
    first_pause_s: float = 1.0
    longest_pause_s: float = 300.0


def fetch_file(
    file: RemoteFile, target: Path, report: Callable[[int], None], patience: Patience
) -> None:
    """Fetch `file` to `target`; what a killed call left in `target`.partial is gone on with.

    report(bytes so far) may raise to stop; the partial file stays. Raises DownloadError,
    StorageError.
    """
    if target.is_file():
        return
    partial = target.with_name(target.name + ".partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _fetch_rest(file, partial, report, patience)
        problem = mismatch(file, partial)
        if problem:
            partial.unlink()
            raise DownloadError(
                f"{file.path} arrived damaged: {problem}.", "Download it again; nothing was kept."
            )
        partial.replace(target)
    except (DownloadError, StorageError):
        raise
    except OSError as error:
        raise explain_os_error(error, f"storing {file.path}") from error


def _fetch_rest(
    file: RemoteFile, partial: Path, report: Callable[[int], None], patience: Patience
) -> None:
    failures = 0
    while True:
        before = _size(partial)
        if file.size_bytes and before >= file.size_bytes:
            return
        wished_s = 0.0
        try:
            if _attempt(file, partial, before, report, patience.timeout_s):
                return
            reason = "the connection was cut"
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and before:
                # Of unknown size and perhaps whole already: only fetching it anew can tell.
                partial.unlink()
                continue
            if error.code not in _RETRIED:
                raise DownloadError(
                    f"The server refused {file.path} (HTTP {error.code}).",
                    "Check the mirror's address, or put the file there by hand.",
                ) from error
            reason = f"it is busy (HTTP {error.code})"
            wished_s = _retry_after_s(error.headers, time.time())
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError,
                ConnectionError) as error:  # fmt: skip
            reason = str(getattr(error, "reason", error)) or type(error).__name__
        after = _size(partial)
        failures = 0 if after > before else failures + 1
        if failures >= patience.attempts or wished_s > patience.longest_pause_s:
            when = f"in {time_words(wished_s)}" if wished_s else "later"
            raise DownloadError(
                f"The server did not deliver {file.path}: {reason}.",
                f"Try again {when}; what has arrived is kept.",
            )
        pause_s = max(patience.first_pause_s * 2 ** max(0, failures - 1), wished_s)
        _wait(pause_s, lambda: report(after))  # noqa: B023 - called before the next turn


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _retry_after_s(headers: Message, now_s: float) -> float:
    """What the server asks for in Retry-After (RFC 9110, 10.2.3), in seconds; 0 if nothing."""
    wish = headers.get("Retry-After", "").strip()
    if wish.isdigit():
        return float(wish)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(wish).timestamp() - now_s)
    except ValueError:
        return 0.0


def _wait(pause_s: float, report: Callable[[], None]) -> None:
    """Wait in naps, so that the report can end it soon."""
    until = time.monotonic() + pause_s
    report()
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(_NAP_S, left))
        report()


def _attempt(
    file: RemoteFile, partial: Path, start: int, report: Callable[[int], None], timeout_s: float
) -> bool:
    """Append what the server sends. False if it stopped before the announced end."""
    headers = {"User-Agent": "soundstudio", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    request = urllib.request.Request(file.url, headers=headers)
    with urllib.request.urlopen(request, timeout=timeout_s) as answer:
        has_resumed = answer.status == http.client.PARTIAL_CONTENT
        received = start if has_resumed else 0
        announced = int(answer.headers.get("Content-Length") or 0)
        total = received + announced if announced else 0
        if file.size_bytes and total and total != file.size_bytes:
            raise DownloadError(
                f"The server offers {total:,} bytes as {file.path} instead of {file.size_bytes:,}.",
                "It is another file; check the mirror's address.",
            )
        if not file.size_bytes:  # the others were counted before the first byte
            check_space(max(0, total - received), partial.parent)
        with partial.open("ab" if has_resumed else "wb") as out:
            while piece := answer.read(_PIECE_BYTES):
                out.write(piece)
                received += len(piece)
                report(received)
        return received == total if total else True


def mismatch(file: RemoteFile, path: Path) -> str:
    """Why `path` is not `file`; empty if it is, as far as size and hashes are known."""
    size = path.stat().st_size
    if file.size_bytes and size != file.size_bytes:
        return f"{size:,} bytes instead of {file.size_bytes:,}"
    if file.sha256_start:
        found = sha256_of_file(path)
        if not found.startswith(file.sha256_start):
            return f"its SHA-256 begins {found[:8]} instead of {file.sha256_start[:8]}"
    if file.git_sha1:
        content = path.read_bytes()
        blob = hashlib.sha1(b"blob %d\0" % size + content, usedforsecurity=False)
        if blob.hexdigest() != file.git_sha1:
            return "its hash differs from the Hub's"
    return ""


def check_space(needed_bytes: int, folder: Path) -> None:
    """Raises StorageError if so much, and some to spare, does not fit."""
    needed = needed_bytes + SPARE_BYTES
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise StorageError(
            f"The download needs {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free.",
            "Free some space, or choose another models folder.",
        )
