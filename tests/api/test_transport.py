"""How requests travel: one connection each, bounded answers, proxies, several threads."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.api import service as s
from tests.api.conftest import Both
from tests.api.test_create import BODY
from vaceprep import contract
from vaceprep.api.async_client import AsyncClient
from vaceprep.api.client import Client
from vaceprep.api.model import FateUnknown, ReadFailed

Serve = Callable[..., s.Service]


def keeps_alive(connection: object, service: s.Service) -> None:
    """Answers, and would answer again on the same connection."""
    import socket

    assert isinstance(connection, socket.socket)
    for _ in range(2):
        service.read(connection)
        body = b'{"task_info": {"id": "1", "status": "pending"}}'
        head = b"HTTP/1.1 202 OK\r\nConnection: keep-alive\r\nContent-Length: %d\r\n\r\n"
        connection.sendall(head % len(body) + body)


def test_each_request_has_a_connection_of_its_own(serve: Serve) -> None:
    service = serve(keeps_alive)
    with Client(api_key=s.TOKEN, base_url=service.base_url) as client:
        for _ in range(2):
            client.get("1")
            client.create(BODY)
    assert [seen.connection for seen in service.seen] == [1, 2, 3, 4]


def test_each_awaited_request_has_a_connection_of_its_own(serve: Serve) -> None:
    service = serve(keeps_alive)
    client = AsyncClient(api_key=s.TOKEN, base_url=service.base_url)

    async def go() -> None:
        for _ in range(2):
            await client.get("1")
            await client.create(BODY)

    # Twice: it belongs to no event loop.
    asyncio.run(go())
    asyncio.run(go())
    asyncio.run(client.aclose())
    assert [seen.connection for seen in service.seen] == list(range(1, 9))


def endless(connection: object, service: s.Service) -> None:
    import socket

    assert isinstance(connection, socket.socket)
    service.read(connection)
    connection.sendall(b"HTTP/1.1 202 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    piece = b"10000\r\n" + b" " * 65536 + b"\r\n"
    while True:
        connection.sendall(piece)


def test_an_endless_answer_is_cut(ask: Both, serve: Serve) -> None:
    service = serve(endless)
    with pytest.raises(FateUnknown, match=f"larger than {contract.MAX_ANSWER_BYTES} bytes"):
        ask(service.base_url, "create", BODY)
    with pytest.raises(ReadFailed, match="larger than"):
        ask(service.base_url, "get", s.ID, tries=1)


def drips(connection: object, service: s.Service) -> None:
    import socket

    assert isinstance(connection, socket.socket)
    service.read(connection)
    connection.sendall(b"HTTP/1.1 202 OK\r\nContent-Length: 100000\r\n\r\n")
    while not service.released.wait(0.02):
        connection.sendall(b" ")


def test_an_answer_that_only_drips_is_cut(ask: Both, serve: Serve) -> None:
    with pytest.raises(FateUnknown, match="did not end in time"):
        ask(serve(drips).base_url, "create", BODY, timeout=0.5)


def test_a_service_on_this_machine_is_asked_without_a_proxy(
    ask: Both, serve: Serve, nobody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, nobody)
    assert ask(serve(s.task()).base_url, "get", s.ID).id == s.ID


def test_a_service_elsewhere_is_asked_through_the_proxy(
    ask: Both, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(s.accepted())
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert ask("http://api.example.invalid", "create", BODY).id == s.ID
    assert proxy.seen[0].path.startswith("http://api.example.invalid/vendors/")


def test_a_client_may_be_shared_by_threads(serve: Serve) -> None:
    service = serve(s.accepted())
    with (
        Client(api_key=s.TOKEN, base_url=service.base_url) as client,
        ThreadPoolExecutor(4) as pool,
    ):
        tasks = list(pool.map(lambda _: client.create(BODY), range(12)))
    assert {task.id for task in tasks} == {s.ID}
    assert service.count("POST") == 12


def test_the_client_really_sleeps(serve: Serve) -> None:
    service = serve(s.task("running"), s.task("completed"))
    with Client(api_key=s.TOKEN, base_url=service.base_url) as client:
        assert client.wait(s.ID, poll_interval=0.01).state == "done"

    async def go() -> str:
        async with AsyncClient(api_key=s.TOKEN, base_url=service.base_url) as other:
            return (await other.wait(s.ID, poll_interval=0.01)).state

    assert asyncio.run(go()) == "done"


def test_errors_and_settings_are_known_without_the_transport() -> None:
    code = (
        "import sys, vaceprep; vaceprep.ApiError, vaceprep.Task; "
        "import vaceprep.api.settings, vaceprep.api.steps; "
        "vaceprep.api.settings.read_settings(environ={}, folder='/'); "
        "print([n for n in ('httpx', 'pydantic', 'av') if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
