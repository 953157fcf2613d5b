"""A server of files by ranges that counts what it sends, and misbehaves where it is told to."""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO, Final

#: What is written at once.
PIECE: Final = 65536
HOST: Final = "127.0.0.1"


@dataclass
class Site:
    """Files by path, and how they are served. ``seen`` is each request: path, range, bytes."""

    files: dict[str, Path | bytes] = field(default_factory=dict)
    url: str = ""
    #: What goes wrong: see ``_Handler``. Each answer takes the next; the last goes on for ever.
    faults: list[str] = field(default_factory=lambda: [""])
    content_type: str | None = "video/mp4"
    etag: str | None = '"one"'
    modified: str | None = None
    redirects: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    #: Called before a request is answered, with its number from 1.
    before: Callable[[int], None] = lambda _: None
    seen: list[tuple[str, str | None, int]] = field(default_factory=list)
    conditions: list[str | None] = field(default_factory=list)
    connections: int = 0
    #: Seconds before each connection and each answer.
    delay: float = 0
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def moved(self) -> int:
        """Bytes of bodies that were sent."""
        return sum(sent for *_, sent in self.seen)

    def at(self, path: str) -> str:
        """The URL of a path."""
        return f"{self.url}{path}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    site: Site

    def setup(self) -> None:
        super().setup()
        self.site.connections += 1
        time.sleep(self.site.delay)

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        site = self.site
        path, wanted = self.path.partition("?")[0], self.headers["Range"]
        number = len(site.seen)
        site.seen.append((path, wanted, 0))
        site.conditions.append(self.headers["If-Range"])
        site.before(number + 1)
        time.sleep(site.delay)
        fault = site.faults[min(number, len(site.faults) - 1)]
        if path in site.redirects:
            self._head(302, 0, Location=site.redirects[path])
            return
        if path in site.statuses or path not in site.files:
            self._head(site.statuses.get(path, 404), 0)
            return
        with contextlib.suppress(OSError):
            self._file(site.files[path], wanted, fault, number)

    def _head(self, status: int, length: int | None, **headers: str | None) -> None:
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        else:
            self.send_header("Connection", "close")
            self.close_connection = True
        for name, value in headers.items():
            if value is not None:
                self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def _file(self, served: Path | bytes, wanted: str | None, fault: str, number: int) -> None:
        size = len(served) if isinstance(served, bytes) else served.stat().st_size
        common = {"Content_Type": self.site.content_type, "ETag": self.site.etag}
        common["Last_Modified"] = self.site.modified
        if fault == "packed":
            common["Content_Encoding"] = "gzip"
        if fault in ("drop", "reset"):
            self.close_connection = True
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            return
        if fault == "silent":
            self.close_connection = True
            self.site.over.wait(60)
            return
        if fault == "drip":
            self.close_connection = True
            self.connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while not self.site.over.wait(0.05):
                self.connection.sendall(b"x")
            return
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", wanted or "")
        condition = self.headers["If-Range"]
        broken = condition is not None and condition != self.site.etag
        if asked is None or broken or fault in ("whole", "no-length", "always"):
            self._head(200, None if fault == "no-length" else size, **common)
            self._send(served, 0, size, number)
            return
        first, last = int(asked[1]), min(int(asked[2] or size), size - 1)
        if first >= size:
            self._head(416, 0, Content_Range=f"bytes */{size}", **common)
            return
        said = f"bytes {first}-{last}/{size}"
        if fault == "wrong-range":
            said = f"bytes {first + 1}-{last}/{size}"
        elif fault == "no-range":
            said = ""
        elif fault == "no-total":
            said = f"bytes {first}-{last}/*"
        self._head(206, last - first + 1, Content_Range=said or None, **common)
        if fault == "half":
            self._send(served, first, first + (last - first) // 2, number)
            self.close_connection = True
            return
        self._send(served, first, last + 1, number)

    def _send(self, served: Path | bytes, start: int, end: int, number: int) -> None:
        with contextlib.ExitStack() as stack:
            file: BinaryIO | None = None
            if isinstance(served, Path):
                file = stack.enter_context(served.open("rb"))
                file.seek(start)
            at = start
            while at < end:
                count = min(PIECE, end - at)
                data = file.read(count) if file is not None else bytes(served)[at : at + count]
                # Before it is sent: who has it all may look at once.
                path, wanted, sent = self.site.seen[number]
                self.site.seen[number] = path, wanted, sent + count
                self.wfile.write(data)
                at += count
            self.wfile.flush()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that leave early are what these tests are about."""


@contextlib.contextmanager
def serving(files: dict[str, Path | bytes], **more: object) -> Iterator[Site]:
    """A site for the length of a test."""
    site = Site(files)
    for name, value in more.items():
        setattr(site, name, value)
    handler = type("Handler", (_Handler,), {"site": site})
    with _Server((HOST, 0), handler) as server:
        site.url = f"http://{HOST}:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield site
        finally:
            site.over.set()
            server.shutdown()
            thread.join()
