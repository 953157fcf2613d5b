"""A small HTTP server that takes PUT and GET, and misbehaves on demand."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True

    def __init__(self, web: Web) -> None:
        self.web = web
        super().__init__(("127.0.0.1", 0), _Handler, bind_and_activate=False)
        # What the sender has not been able to send shall be the sender's to see.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        self.server_bind()
        self.server_activate()

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that leave early are what these tests are about."""


class Web:
    """``files`` by path, every request in ``seen``, and ``faults``: (method, what) to come.

    A fault is used once, or for ever with ``*`` behind the method: ``("PUT*", "503")``.
    """

    def __init__(self, *faults: tuple[str, str], tls: ssl.SSLContext | None = None) -> None:
        self.files: dict[str, bytes] = {}
        self.types: dict[str, str | None] = {}
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self.faults = list(faults)
        self.stored = 0
        self.reading = threading.Event()
        self.closing = threading.Event()
        self.seconds = 0.0
        self._server = _Server(self)
        self.port: int = self._server.server_address[1]
        self.host = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.host}"
        if tls is not None:
            self.url = f"https://{self.host}"
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def count(self, method: str) -> int:
        return sum(m == method for m, *_ in self.seen)

    def fault(self, method: str) -> str:
        for at, (of, what) in enumerate(self.faults):
            if of.rstrip("*") == method:
                if not of.endswith("*"):
                    del self.faults[at]
                return what
        return ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: object) -> None:
        """Nothing."""

    @property
    def web(self) -> Web:
        return self.server.web

    def _begin(self) -> tuple[str, str]:
        path = self.path.partition("?")[0]
        self.web.seen.append((self.command, self.path, dict(self.headers)))
        self.close_connection = True
        return path, self.web.fault(self.command)

    def _say(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _read(self, size: int, *, slowly: bool = False) -> bytes:
        got = b""
        while len(got) < size:
            piece = self.rfile.read(min(256 * 1024 if slowly else 64 * 1024, size - len(got)))
            if not piece:
                raise ConnectionError
            got += piece
            self.web.reading.set()
            if slowly:
                time.sleep(0.05)
                self.web.seconds += 0.05
        return got

    def do_PUT(self) -> None:
        path, fault = self._begin()
        size = int(self.headers["Content-Length"])
        if fault == "stall":
            self._read(min(size, 1000))
            self.web.closing.wait()
            return
        if fault == "drop":
            self._read(size // 2)
            self._reset()
            return
        if fault.startswith("refuse-"):
            # Before the body was read, as large stores do.
            self._say(int(fault[7:]), b"no")
            return
        body = self._read(size, slowly=fault == "slow")
        if fault == "stall-answer":
            self.web.closing.wait()
            return
        if fault.isdigit():
            self._say(int(fault), b"<Error><Code>Whatever</Code></Error>")
            return
        if fault.startswith("<"):
            self._say(403, fault.encode())
            return
        if fault.startswith("http"):
            self._say(307, Location=fault)
            return
        self.web.files[path] = body
        self.web.types[path] = self.headers["Content-Type"]
        self.web.stored += 1
        if fault != "drop-answer":
            self._say(201)

    def do_GET(self) -> None:
        path, fault = self._begin()
        body = self.web.files.get(path)
        if fault == "drop":
            self._reset()
        elif fault == "stall":
            self.web.closing.wait()
        elif fault.isdigit():
            self._say(int(fault))
        elif fault.startswith("http"):
            self._say(302, Location=fault)
        elif fault == "html":
            self._say(200, b"<html>sign in</html>".ljust(len(body or b"")))
        elif body is None:
            self._say(404)
        elif fault == "whole":
            self._say(200, body)
        elif fault == "short":
            self._say(200, body[:-1])
        elif fault == "other":
            self._say(200, bytes(len(body)))
        elif fault == "half":
            self._say(200, body[:100], Content_Length=str(len(body)))
        elif fault == "no-length":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)
        elif fault == "no-length-short":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body[:-1])
        elif fault == "wrong-range":
            self._say(206, body[10:], Content_Range=f"bytes 10-{len(body) - 1}/{len(body)}")
        else:
            self._ranged(body)

    def _ranged(self, body: bytes) -> None:
        wanted = self.headers["Range"]
        if wanted is None:
            self._say(200, body)
            return
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        part = body[int(first) : int(last) + 1]
        end = int(first) + len(part) - 1
        self._say(206, part, Content_Range=f"bytes {first}-{end}/{len(body)}")


def closed_port() -> int:
    """A port of this machine at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
