"""One file over HTTP: resumed by Range, retried with back-off, verified before it gets its name."""

from __future__ import annotations

import hashlib
import http.client
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from soundstudio.core.errors import DownloadError, explain_os_error

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_PIECE_BYTES: Final = 1 << 18
_RETRIED: Final = (408, 429, 500, 502, 503, 504)


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
    """timeout_s: how long a server may be silent. attempts without one new byte, then it ends."""

    timeout_s: float = 20.0
    attempts: int = 5
    first_pause_s: float = 1.0


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
    except DownloadError:
        raise
    except OSError as error:
        raise explain_os_error(error, f"storing {file.path}") from error


def _fetch_rest(
    file: RemoteFile, partial: Path, report: Callable[[int], None], patience: Patience
) -> None:
    failures = 0
    while True:
        before = partial.stat().st_size if partial.exists() else 0
        if file.size_bytes and before >= file.size_bytes:
            return
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
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError,
                ConnectionError) as error:  # fmt: skip
            reason = str(getattr(error, "reason", error)) or type(error).__name__
        after = partial.stat().st_size if partial.exists() else 0
        failures = 0 if after > before else failures + 1
        if failures >= patience.attempts:
            raise DownloadError(
                f"The server did not deliver {file.path}: {reason}.",
                "Try again later; what has arrived is kept.",
            )
        report(after)
        time.sleep(patience.first_pause_s * 2 ** max(0, failures - 1))


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
        with path.open("rb") as opened:
            found = hashlib.file_digest(opened, "sha256").hexdigest()
        if not found.startswith(file.sha256_start):
            return f"its SHA-256 begins {found[:8]} instead of {file.sha256_start[:8]}"
    if file.git_sha1:
        content = path.read_bytes()
        blob = hashlib.sha1(b"blob %d\0" % size + content, usedforsecurity=False)
        if blob.hexdigest() != file.git_sha1:
            return "its hash differs from the Hub's"
    return ""
