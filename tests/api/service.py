"""A service that answers by script, over real sockets, and writes down what it was asked."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

TOKEN = "sk-Tq7/very+secret=token_0123456789"
ID = "3f2b8c1e-0000-4000-8000-1234567890ab"


@dataclass(frozen=True)
class Seen:
    """A request as it came in; ``connection`` counts the connections from 1."""

    connection: int
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


Step = Callable[[socket.socket, "Service"], None]


class Service:
    """Plays one step a connection, the last one for all that follow."""

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.seen: list[Seen] = []
        self.connections = 0
        self.released = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=20)
        self._threads: list[threading.Thread] = []
        self._main = threading.Thread(target=self._accept)
        self._main.start()

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/nonce"

    def count(self, method: str) -> int:
        return sum(seen.method == method for seen in self.seen)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._main.join()
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            step = self.steps[min(self.connections, len(self.steps) - 1)]
            self.connections += 1
            thread = threading.Thread(target=self._play, args=(step, connection))
            self._threads.append(thread)
            thread.start()

    def _play(self, step: Step, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(20)
            # The client may have gone first.
            with contextlib.suppress(OSError):
                step(connection, self)

    def read(self, connection: socket.socket) -> Seen:
        """One whole request."""
        with connection.makefile("rb") as file:
            line = file.readline().decode("latin-1")
            if not line:
                raise ConnectionError("the client has gone")
            method, path, _ = line.split(" ", 2)
            headers: dict[str, str] = {}
            while line := file.readline().decode("latin-1").strip():
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
            body = file.read(int(headers.get("content-length", 0)))
        seen = Seen(self.connections, method, path, headers, body)
        self.seen.append(seen)
        return seen


def raw(data: bytes) -> Step:
    """Read the request, send ``data``, close."""

    def step(connection: socket.socket, service: Service) -> None:
        service.read(connection)
        connection.sendall(data)

    return step


def _bytes(status: int, body: object, headers: Mapping[str, str]) -> bytes:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Words", f"Content-Length: {len(content)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + content


def answer(status: int, body: object = b"", **headers: str) -> Step:
    """A well-formed answer; ``_`` in names of headers is ``-``."""
    return raw(_bytes(status, body, {n.replace("_", "-"): v for n, v in headers.items()}))


def task(status: str = "pending", *, code: int = 200, **more: Any) -> Step:
    """An answer that tells of a task."""
    info = {"id": ID, "status": status, "created_at": "t0", "updated_at": "t1"}
    info |= more.pop("info", {})
    return answer(code, {"task_info": info, **more}, Traceparent="00-abc-def-01")


def accepted(**more: Any) -> Step:
    return task(code=202, **more)


def half(status: int, body: object) -> Step:
    """The headers and half of the body, then the end."""
    whole = _bytes(status, body, {})
    begin = whole.index(b"\r\n\r\n") + 4
    return raw(whole[: begin + (len(whole) - begin) // 2])


def drop_before_reading(connection: socket.socket, service: Service) -> None:
    """The connection is reset with the request on its way, before a byte of it is read."""
    select.select([connection], [], [], 20)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def drop_after_reading(connection: socket.socket, service: Service) -> None:
    service.read(connection)


def silent(connection: socket.socket, service: Service) -> None:
    """Read, and say nothing until the test is over."""
    service.read(connection)
    service.released.wait(20)


def stalls(connection: socket.socket, service: Service) -> None:
    """The headers of a 202 and the beginning of its body, then nothing more."""
    service.read(connection)
    connection.sendall(b'HTTP/1.1 202 Accepted\r\nContent-Length: 500\r\n\r\n{"task_info": ')
    service.released.wait(20)


def unconnectable() -> tuple[socket.socket, str]:
    """A port that refuses connections as long as the socket is open, and its base URL."""
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    return held, f"http://127.0.0.1:{held.getsockname()[1]}"
