"""A server on this computer that speaks the Hub's protocol, and misbehaves when told to."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

REVISION = "a" * 40


@dataclass
class Behaviour:
    """What is served, and what goes wrong.

    cut_after: bytes after which each answer's connection is cut. refuse: HTTP codes of the next
    answers. retry_after: what these say about coming back. damaged: names whose first byte is
    changed. lied: bytes added to the announced size. silent_after: bytes after which it says
    nothing more, the connection left open.
    """

    files: dict[str, bytes]
    cut_after: int = 0
    retry_after: str = ""
    refuse: list[int] = field(default_factory=list)
    damaged: set[str] = field(default_factory=set)
    lied: int = 0
    silent: bool = False
    silent_after: int = 0
    pause_s: float = 0.0
    ranges: list[str] = field(default_factory=list)
    sent: int = 0
    url: str = ""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        behaviour = self.server.behaviour
        if behaviour.silent:
            self.server.over.wait(10)
            return
        if self.path.startswith("/api/models/"):
            self._answer(200, _info(behaviour.files), {"Content-Type": "application/json"})
            return
        if behaviour.refuse:
            wish = {"Retry-After": behaviour.retry_after} if behaviour.retry_after else {}
            self._answer(behaviour.refuse.pop(0), b"", wish)
            return
        name = self.path.split(f"/resolve/{REVISION}/")[-1].lstrip("/")
        if name not in behaviour.files:
            self._answer(404, b"", {})
            return
        body = behaviour.files[name]
        if name in behaviour.damaged:
            body = bytes([body[0] ^ 1]) + body[1:]
        wish = self.headers.get("Range", "")
        behaviour.ranges.append(wish)
        start = int(wish.removeprefix("bytes=").rstrip("-")) if wish else 0
        if start and start >= len(body):
            self._answer(416, b"", {})
            return
        self._send(body[start:], 206 if wish else 200)

    def _send(self, body: bytes, status: int) -> None:
        behaviour = self.server.behaviour
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) + behaviour.lied))
        self.end_headers()
        part = body[: behaviour.cut_after] if behaviour.cut_after else body
        try:
            for place in range(0, len(part), 1 << 14):
                if behaviour.silent_after and behaviour.sent >= behaviour.silent_after:
                    self.server.over.wait(30)
                    break
                self.wfile.write(part[place : place + (1 << 14)])
                behaviour.sent += len(part[place : place + (1 << 14)])
                time.sleep(behaviour.pause_s)
        except OSError:
            pass
        self.close_connection = True

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, behaviour: Behaviour) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behaviour = behaviour
        self.over = threading.Event()


@contextmanager
def loopback_hub(behaviour: Behaviour) -> Iterator[Behaviour]:
    """Serve `behaviour` until the block ends; its `url` is the endpoint."""
    server = _Server(behaviour)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    behaviour.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield behaviour
    finally:
        server.over.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _info(files: dict[str, bytes]) -> bytes:
    siblings = []
    for name, body in files.items():
        blob = hashlib.sha1(b"blob %d\0" % len(body) + body).hexdigest()
        row: dict[str, object] = {"rfilename": name, "size": len(body), "blobId": blob}
        if name.endswith(".safetensors"):
            sha256 = hashlib.sha256(body).hexdigest()
            row["lfs"] = {"size": len(body), "sha256": sha256, "pointerSize": 130}
        siblings.append(row)
    info = {"id": "cvssp/audioldm", "sha": REVISION, "siblings": siblings, "private": False,
            "downloads": 1, "likes": 1, "tags": []}  # fmt: skip
    return json.dumps(info).encode()
