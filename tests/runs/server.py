"""A small server of one file that can do wrong what servers do wrong, over real sockets."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import Message
from email.parser import Parser
from typing import Any

#: What a server does with one request: it has the socket, and nothing is done for it.
Answer = Callable[["Served"], None]


@dataclass
class Served:
    """One request and the socket that it came through."""

    connection: socket.socket
    path: str
    headers: Message
    #: Ends what stalls, at the end of a test.
    over: threading.Event

    def send(
        self,
        status: int = 200,
        body: bytes = b"",
        *,
        length: int | None = -1,
        **headers: str,
    ) -> None:
        """An answer; ``length`` -1 tells the body's own, None tells none."""
        lines = [f"HTTP/1.1 {status} Some words"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        if length is not None:
            lines.append(f"Content-Length: {len(body) if length == -1 else length}")
        lines += ["Connection: close", "", ""]
        self.connection.sendall("\r\n".join(lines).encode("latin-1") + body)


@dataclass
class Server:
    """Answers one request after the other; the last answer goes on for ever."""

    answers: list[Answer]
    url: str = ""
    #: Path and headers of each request so far.
    seen: list[tuple[str, Message]] = field(default_factory=list)

    def ranges(self) -> list[str | None]:
        """The Range header of each request."""
        return [headers["range"] for _, headers in self.seen]


@contextlib.contextmanager
def serving(*answers: Answer) -> Iterator[Server]:
    """A server on the loopback for the length of a test."""
    server = Server(list(answers))
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server.url = f"http://127.0.0.1:{listener.getsockname()[1]}/result.mp4"

        def walk() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    if over.is_set():
                        return
                    _answer(server, connection, over)

        thread = threading.Thread(target=walk)
        thread.start()
        try:
            yield server
        finally:
            over.set()
            # Wakes whoever waits for the next request.
            with socket.create_connection(listener.getsockname()):
                pass
            thread.join()


def _answer(server: Server, connection: socket.socket, over: threading.Event) -> None:
    with connection.makefile("rb") as reader:
        first = reader.readline().decode("latin-1").split()
        if len(first) < 2:
            return
        lines = b"".join(iter(reader.readline, b"\r\n")).decode("latin-1")
    headers = Parser().parsestr(lines)
    server.seen.append((first[1], headers))
    answer = server.answers[min(len(server.seen), len(server.answers)) - 1]
    # Whoever asked may have gone.
    with contextlib.suppress(OSError):
        answer(Served(connection, first[1], headers, over))


def whole(data: bytes, **more: Any) -> Answer:
    """All of it, with an ETag unless told otherwise; a Range is not heeded."""
    headers = {"ETag": '"one"', **more}
    return lambda served: served.send(200, data, **headers)


def half(data: bytes, **more: Any) -> Answer:
    """Half of it under the length of all, then the end of the connection."""
    headers = {"ETag": '"one"', "length": len(data), **more}
    return lambda served: served.send(200, data[: len(data) // 2], **headers)


def ranged(data: bytes, etag: str = '"one"') -> Answer:
    """What a Range asks for where its condition holds, else all of it."""

    def answer(served: Served) -> None:
        asked = served.headers["range"]
        if asked is None or served.headers["if-range"] not in (etag, None):
            served.send(200, data, ETag=etag)
            return
        first = int(asked.removeprefix("bytes=").rstrip("-"))
        served.send(
            206,
            data[first:],
            ETag=etag,
            Content_Range=f"bytes {first}-{len(data) - 1}/{len(data)}",
        )

    return answer


def stall(data: bytes) -> Answer:
    """Half of it, and then nothing any more."""

    def answer(served: Served) -> None:
        served.send(200, data[: len(data) // 2], length=len(data), ETag='"one"')
        served.over.wait(60)

    return answer


def endless(head: bytes) -> Answer:
    """A body that begins like a video and never ends."""

    def answer(served: Served) -> None:
        served.send(200, head, length=None)
        while not served.over.is_set():
            served.connection.sendall(bytes(65536))

    return answer


def status(number: int, body: bytes = b"", **headers: Any) -> Answer:
    """That status."""
    return lambda served: served.send(number, body, **headers)


def drop(served: Served) -> None:
    """The end of the connection without a word."""
