"""Answers that are small on the wire and large in memory, and headers that never end."""

from __future__ import annotations

import gzip
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.api import service as s
from tests.api.conftest import Both
from tests.api.service import Service
from tests.runs.server import Served, serving
from vaceprep import contract
from vaceprep.api import transport
from vaceprep.api.model import FateUnknown, ReadFailed
from vaceprep.net import download
from vaceprep.publish.readback import read_back
from vaceprep.publish.target import Asset, PublishError, asset_of
from vaceprep.publish.upload import put
from vaceprep.runs.fetch import FetchFailed, fetch

#: Bytes that the bomb would have unpacked, and that the whole process may have.
UNPACKED = 1 << 30
MEMORY = 400 * 10**6
#: Runs one question in a process of its own and prints its peak memory in bytes.
PROBE = """
import re, sys
from vaceprep.api.client import Client
from vaceprep.api.model import ApiError
with Client(api_key="sk-0123456789", base_url=sys.argv[1], sleep=lambda _: None) as client:
    try:
        print(client.get("abc", tries=1))
    except ApiError as error:
        print(type(error).__name__, error)
# Not ru_maxrss, which a new program takes over from the process that started it.
print(int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1]) * 1024)
"""


def _bomb() -> bytes:
    """Zeros in gzip in gzip; the inner one has no end, which nobody sees before it is unpacked."""
    pressed = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = pressed.compress(bytes(1 << 20)) + pressed.flush(zlib.Z_FULL_FLUSH)
    return gzip.compress(b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + block * (UNPACKED >> 20), 9)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_packed_twice_it_takes_no_memory(serve: Callable[..., Service]) -> None:
    bomb = _bomb()
    assert len(bomb) < 20_000
    with_bomb = serve(s.answer(200, bomb, Content_Encoding="gzip, gzip"))
    done = subprocess.run(
        [sys.executable, "-c", PROBE, with_bomb.base_url],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    said, peak = done.stdout.splitlines()
    assert said.startswith("ReadFailed"), done.stdout
    assert int(peak) < MEMORY


@pytest.mark.parametrize("encoding", ["gzip, gzip", "gzip", "deflate", "br"])
def test_no_encoding_gets_through_whole(
    ask: Both, serve: Callable[..., Service], encoding: str
) -> None:
    pressed = zlib.compress(b'{"task_info": {"id": "' + b"a" * (9 << 20), 9)
    body = {"gzip": gzip.compress(zlib.decompress(pressed)), "deflate": pressed}.get(encoding, b"x")
    service = serve(s.answer(202, body, Content_Encoding=encoding))
    with pytest.raises(FateUnknown):
        ask(service.base_url, "create_once", {"a": 1})
    with pytest.raises(ReadFailed):
        ask(service.base_url, "get", "abc", tries=1)


@pytest.mark.parametrize(
    "encoding", ["gzip", "x-gzip", "GZIP", "deflate", "identity", "identity, gzip"]
)
def test_one_encoding_of_a_modest_body_is_read(encoding: str) -> None:
    plain = b'{"task_info": {}}'
    packed = {"deflate": zlib.compress(plain), "identity": plain}.get(
        encoding, gzip.compress(plain)
    )
    assert transport.unpacked(packed, encoding) == (plain, None)
    bare = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    assert transport.unpacked(bare.compress(plain) + bare.flush(), "deflate") == (plain, None)


@pytest.mark.parametrize("end", [-1, -9, 12, 3])
def test_a_packed_body_that_breaks_off_is_not_whole(end: int) -> None:
    body, cut = transport.unpacked(gzip.compress(bytes(1000))[:end], "gzip")
    assert cut is not None
    assert len(body) <= 1000


def test_unpacking_stops_at_the_bound() -> None:
    body, cut = transport.unpacked(gzip.compress(bytes(contract.MAX_ANSWER_BYTES + 1)), "gzip")
    assert len(body) == contract.MAX_ANSWER_BYTES
    assert cut is not None


# --- headers that drip -----------------------------------------------------------------------

#: Seconds that one step may take in these tests; the servers send a byte far more often.
STEP = 0.4
#: Seconds after which a server gives up waiting for its client to leave.
GIVEN_UP = 20
PAUSE = 0.05


class Dripping:
    """Sends headers byte by byte until the client leaves; ``left`` tells that it did."""

    def __init__(self, head: bytes = b"HTTP/1.1 200 OK\r\nX-Slow: ") -> None:
        self.head = head
        self.left = threading.Event()

    def __call__(self, connection: Any) -> None:
        connection.sendall(self.head)
        try:
            for _ in range(int(GIVEN_UP / PAUSE)):
                connection.sendall(b"x")
                time.sleep(PAUSE)
        except OSError:
            self.left.set()


def _served(drip: Dripping) -> Callable[[Served], None]:
    return lambda request: drip(request.connection)


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HT", b"HTTP/1.1 100 C\r\n\r\nH"]
)
def test_the_service_s_headers_end(ask: Both, serve: Callable[..., Service], head: bytes) -> None:
    drip = Dripping(head)

    def step(connection: Any, running: Service) -> None:
        running.read(connection)
        drip(connection)

    service = serve(step)
    with pytest.raises(FateUnknown, match="did not answer in time"):
        ask(service.base_url, "create_once", {"a": 1}, timeout=STEP)
    assert drip.left.wait(5)


def test_a_result_s_headers_end(tmp_path: Path) -> None:
    drip = Dripping()
    with (
        serving(_served(drip)) as web,
        pytest.raises(FetchFailed, match="no byte came"),
    ):
        fetch(
            web.url,
            str(tmp_path),
            lambda n: f"{n}.mp4",
            stall=STEP,
            tries=1,
            allow_hosts=["127.0.0.1"],
        )
    assert drip.left.wait(5)
    assert list(tmp_path.iterdir()) == []


def test_a_result_that_drips_ends_with_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The length of a chunk, drawn out for ever: no byte of the body ever comes."""
    monkeypatch.setattr(download, "TRANSFER_SECONDS", 1.0)
    drip = Dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;")
    with serving(_served(drip)) as web, pytest.raises(FetchFailed, match="not here after"):
        fetch(
            web.url,
            str(tmp_path),
            lambda n: f"{n}.mp4",
            tries=1,
            allow_hosts=["127.0.0.1"],
        )
    assert drip.left.wait(5)


@pytest.fixture
def asset(clip: Path) -> Asset:
    return asset_of(clip)


def test_read_back_headers_end(asset: Asset) -> None:
    drip = Dripping()
    with serving(_served(drip)) as web, pytest.raises(PublishError, match="did not answer"):
        read_back(web.url, asset, allow_hosts=["127.0.0.1"], timeout=STEP)
    assert drip.left.wait(5)


def test_the_answer_to_an_upload_ends(asset: Asset) -> None:
    drip = Dripping()
    with serving(_served(drip)) as web, pytest.raises(PublishError, match="did not answer"):
        put(web.url, asset, stall=STEP, tell=lambda _: None, cancelled=lambda: False)
    assert drip.left.wait(5)
