"""Tasks from submission to result: statuses, media that break rules, URLs that hang."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.media import encode
from tests.sandbox.calls import (
    FIXTURES,
    accepted,
    call,
    ended,
    outpainting,
    published,
    state,
    submit,
    tasks_url,
)
from vaceprep.contract import TASKS_AT_ONCE
from vaceprep.sandbox.errors import Breach
from vaceprep.sandbox.fetch import fetch_all
from vaceprep.sandbox.server import Sandbox
from vaceprep.sandbox.tasks import check_media


def error_of(sandbox: Sandbox, body: dict[str, Any]) -> str:
    """The detail of a task that fails as it should."""
    told = ended(sandbox, accepted(sandbox, body))
    assert told["task_info"]["status"] == "failed"
    assert "videos" not in told
    error = told["task_info"]["error"]
    assert error["code"] == 4002
    assert error["title"]
    detail: str = error["detail"]
    return detail


@contextmanager
def answering(pieces: list[bytes], pause: float = 0.0, times: int = 100) -> Iterator[str]:
    """A server that answers whatever comes with these bytes, each after a pause."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.1)
        over = threading.Event()

        def serve() -> None:
            while not over.is_set():
                try:
                    client, _ = listening.accept()
                except TimeoutError:
                    continue
                with client:
                    client.settimeout(5)
                    client.recv(65536)
                    try:
                        for piece in pieces * times:
                            client.sendall(piece)
                            if over.wait(pause):
                                return
                    except OSError:
                        continue

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/clip.mp4"
        finally:
            over.set()
            thread.join()


def test_a_task_goes_through_its_statuses(small: Path) -> None:
    with Sandbox(seconds_per_task=1.0) as sandbox:
        body = outpainting(published(sandbox, small))
        raw = json.dumps(body).encode()
        answer = submit(sandbox, raw)
        assert answer.status_code == 202
        info = answer.json()["task_info"]
        assert sorted(info) == ["created_at", "id", "status", "updated_at"]
        assert info["status"] == "pending"
        seen = [info["status"]]
        while seen[-1] not in ("completed", "failed"):
            told = state(sandbox, info["id"])
            if told["task_info"]["status"] != seen[-1]:
                seen.append(told["task_info"]["status"])
            time.sleep(0.02)
        assert seen == ["pending", "running", "completed"]
        (url,) = told["videos"]
        assert url == f"{sandbox.base_url}/videos/{info['id']}.mp4"
        video = call("GET", url)
        assert video.headers["content-type"] == "video/mp4"
        assert video.headers["content-length"] == str(len(video.content))
        assert video.content[4:8] == b"ftyp"
        part = call("GET", url, headers={"Range": "bytes=4-7"})
        assert (part.status_code, part.content) == (206, b"ftyp")
        told = call("GET", f"{sandbox.base_url}/_sandbox").json()
    assert told == sandbox.account()
    assert (told["accepted"], told["rejected"], told["running"]) == (1, 0, 0)
    (task,) = told["tasks"]
    assert task["id"] == info["id"]
    assert task["body_sha256"] == hashlib.sha256(raw).hexdigest()
    assert (task["function"], task["status"]) == ("video_outpainting", "completed")


def test_media_are_judged_under_their_roles(sandbox: Sandbox, tmp_path: Path) -> None:
    slow = tmp_path / "slow.mp4"
    encode(slow, rate=15, frames=15, size=(360, 360))
    detail = error_of(sandbox, outpainting(published(sandbox, slow)))
    assert detail.startswith("/video_url: ")
    assert "15 FPS" in detail
    assert "(VP103 video-fps)" in detail


def test_media_are_judged_together(sandbox: Sandbox, small: Path, tmp_path: Path) -> None:
    from PIL import Image, ImageDraw

    mask = Image.new("L", (364, 360))
    ImageDraw.Draw(mask).rectangle((10, 10, 90, 90), fill=255)
    mask.save(tmp_path / "mask.png")
    body = outpainting(published(sandbox, small), function="video_edit", left_scale=None)
    body["mask_image_url"] = published(sandbox, tmp_path / "mask.png")
    assert "(VP301 mask-dimensions)" in error_of(sandbox, body)


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"hello", "VP105 video-unreadable"),
        (b"", "VP105 video-unreadable"),
        (b"\x89PNG\r\n\x1a\n", "VP105 video-unreadable"),
        (bytes(50 * 2**20 + 1), "VP102 video-size"),
    ],
)
def test_what_is_no_video_is_named(
    sandbox: Sandbox, data: bytes, rule: str, tmp_path: Path
) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(data)
    assert f"({rule})" in error_of(sandbox, outpainting(published(sandbox, path)))


def test_a_video_whose_frames_do_not_decode_fails(sandbox: Sandbox) -> None:
    damaged = FIXTURES / "video" / "damaged.mp4"
    assert "decode" in error_of(sandbox, outpainting(published(sandbox, damaged)))


def test_images_may_come_inline(sandbox: Sandbox) -> None:
    from io import BytesIO

    from PIL import Image

    def body(data: str) -> dict[str, Any]:
        job = {"model": "wan2.1-vace-plus", "function": "image_reference", "prompt": "A cat"}
        return {**job, "ref_images_url": [f"data:image/png;base64,{data}"]}

    out = BytesIO()
    Image.new("RGB", (300, 400), "red").save(out, "PNG")
    detail = error_of(sandbox, body(base64.b64encode(out.getvalue()).decode()))
    assert detail.startswith("/ref_images_url/0: ")
    assert "(VP203 image-dimensions)" in detail
    assert "(VP204 image-unreadable)" in error_of(sandbox, body("!"))


def test_an_image_whose_text_is_too_long_is_refused(tmp_path: Path) -> None:
    data = base64.b64encode((FIXTURES / "image" / "ok-360x360.png").read_bytes()).decode()
    at, job = "/ref_images_url/0", {"function": "image_reference", "prompt": "A cat"}
    for more, refused in ((0, False), (1, True)):
        begin, end = "data:image/png;note=", f";base64,{data}"
        uri = begin + "a" * (10_485_760 + more - len(begin) - len(end)) + end
        paths = asyncio.run(fetch_all({at: uri}, str(tmp_path)))
        assert (paths[at] == uri) is refused
    with pytest.raises(Breach, match="VP202 image-size"):
        check_media({**job, "ref_images_url": [uri]}, paths)


def _patient() -> Sandbox:
    return Sandbox(fetch_seconds=0.5, allow_hosts=["127.0.0.1"])


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nX-Long: "])
def test_urls_that_hang_are_given_up(head: bytes) -> None:
    # Silence, or a header that goes on byte by byte for ever.
    pieces = [head, *[b"H"] * 1000] if head else [b""]
    with answering(pieces, pause=0.05) as url, _patient() as sandbox:
        detail = error_of(sandbox, outpainting(url))
    assert "does not answer in time (VP504 url-unreachable)" in detail


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "it answers 404"),
        (
            b"HTTP/1.1 302 Found\r\nLocation: http://example.com/\r\nContent-Length: 0\r\n\r\n",
            "it answers 302",
        ),
        (b"nonsense\r\n\r\n", "VP504"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort", "VP504"),
        (b"", "VP504"),
    ],
)
def test_answers_that_hold_no_file_are_named(sandbox: Sandbox, answer: bytes, words: str) -> None:
    with answering([answer], times=1) as url:
        assert words in error_of(sandbox, outpainting(url))


def test_no_proxy_is_asked(sandbox: Sandbox, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering([b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"], times=1) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.rpartition("/")[0])
        monkeypatch.setenv("NO_PROXY", "")
        told = ended(sandbox, accepted(sandbox, outpainting(published(sandbox, small))))
    assert told["task_info"]["status"] == "completed"


def test_a_port_where_nobody_listens_is_named(sandbox: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    detail = error_of(sandbox, outpainting(f"http://127.0.0.1:{port}/a.mp4"))
    assert "VP504 url-unreachable" in detail


def test_a_client_that_goes_away_leaves_no_task(small: Path) -> None:
    with Sandbox() as sandbox:
        raw = json.dumps(outpainting(published(sandbox, small))).encode()
        place = urlsplit(tasks_url(sandbox))
        assert place.hostname is not None
        with socket.create_connection((place.hostname, place.port or 0)) as client:
            head = f"POST {place.path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(raw)}\r\n"
            client.sendall(f"{head}Authorization: Bearer a\r\n\r\n".encode() + raw[:-5])
        assert submit(sandbox, raw).status_code == 202
        assert sandbox.account()["accepted"] == 1


def test_a_third_task_is_too_many_where_limits_are_strict(small: Path) -> None:
    with Sandbox(seconds_per_task=30, strict_limits=True) as sandbox:
        body = outpainting(published(sandbox, small))
        for _ in range(TASKS_AT_ONCE):
            accepted(sandbox, body)
        answer = submit(sandbox, body)
        assert answer.status_code == 429
        assert answer.headers["retry-after"] == "1"
        assert sandbox.account()["accepted"] == TASKS_AT_ONCE


def test_closing_calls_running_work_off_and_takes_its_files_along(tmp_path: Path) -> None:
    long = tmp_path / "long.mp4"
    encode(long, rate=24, frames=120, size=(1280, 720), options={"preset": "ultrafast"})
    others = set(threading.enumerate())
    with Sandbox() as sandbox:
        folder = Path(sandbox._folder.name)  # type: ignore[union-attr]
        url = published(sandbox, long)
        tasks = [accepted(sandbox, outpainting(url)) for _ in range(4)]
        while state(sandbox, tasks[0])["task_info"]["status"] == "pending":
            time.sleep(0.01)
        assert list(folder.iterdir())
    assert not folder.exists()
    assert set(threading.enumerate()) <= others
    assert {task["status"] for task in sandbox.account()["tasks"]} <= {"pending", "running"}


def test_two_sandboxes_are_two_services() -> None:
    with Sandbox() as one, Sandbox() as other:
        assert one.base_url != other.base_url
        assert urlsplit(one.base_url).path != urlsplit(other.base_url).path
        assert urlsplit(one.base_url).hostname == "127.0.0.1"
