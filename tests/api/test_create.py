"""A task is made at most once: which outcomes are sent again, counted on the service's side."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

import vaceprep
from tests.api import service as s
from tests.api.conftest import Both
from vaceprep.api.model import ApiError, Busy, FateUnknown, NotConnected, Rejected, Task

Serve = Callable[..., s.Service]
BODY = {"model": "wan2.1-vace-plus", "function": "video_outpainting", "prompt": "größer ✓"}
#: Steps after which nobody knows whether a task was made.
UNKNOWN: dict[str, s.Step] = {
    "202 without a task": s.answer(202, {"ok": True}),
    "202 without an id": s.accepted(info={"id": None}),
    "202 with an empty id": s.accepted(info={"id": ""}),
    "202 with an id that cannot be asked for": s.accepted(info={"id": "../other"}),
    "202 with bad JSON": s.answer(202, b'{"task_info": {"id": '),
    "202 with a list": s.answer(202, [1, 2]),
    "202 empty": s.answer(202),
    "204": s.raw(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "302": s.answer(302, b"", Location="/elsewhere"),
    "307": s.answer(307, b"", Location="/elsewhere"),
    "500": s.answer(500, {"detail": "oh"}),
    "502 as a page": s.answer(502, b"<html>bad gateway</html>", Content_Type="text/html"),
    "503": s.answer(503, {"detail": "later"}),
    "503 with a Retry-After that is none": s.answer(503, b"", Retry_After="soon"),
    "504": s.answer(504),
    "599": s.answer(599),
    "dropped before reading": s.drop_before_reading,
    "dropped after reading": s.drop_after_reading,
    "half an answer": s.half(202, {"task_info": {"id": s.ID, "status": "pending"}}),
    "half a status line": s.raw(b"HTTP/1.1 20"),
    "no HTTP": s.raw(b"hello\r\n\r\n"),
    "an answer that breaks its own compression": s.answer(202, b"junk", Content_Encoding="gzip"),
}
REFUSED = [400, 401, 402, 403, 404, 405, 408, 409, 410, 413, 418, 422, 423, 425, 451, 499]


def test_a_task_is_made(ask: Both, serve: Serve) -> None:
    service = serve(s.accepted())
    task = ask(service.base_url, "create_once", BODY)
    assert task == Task(s.ID, "pending", (), None, "t0", "t1", "00-abc-def-01")
    (seen,) = service.seen
    assert (seen.method, seen.path) == (
        "POST",
        "/nonce/vendors/alibaba/v1/wan2.1-vace-plus/generation",
    )
    assert json.loads(seen.body) == BODY
    assert seen.headers["authorization"] == f"Bearer {s.TOKEN}"
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["connection"] == "close"
    assert "transfer-encoding" not in seen.headers


@pytest.mark.parametrize("status", [200, 201, 202, 203])
def test_any_2xx_with_an_id_is_a_task(ask: Both, serve: Serve, status: int) -> None:
    service = serve(s.task(code=status))
    assert ask(service.base_url, "create", BODY).id == s.ID
    assert service.count("POST") == 1


def test_an_id_that_came_counts_though_the_rest_is_missing(ask: Both, serve: Serve) -> None:
    body = json.dumps({"task_info": {"id": s.ID, "status": "pending"}}).encode()
    head = b"HTTP/1.1 202 Accepted\r\nContent-Length: %d\r\n\r\n" % (len(body) + 10)
    service = serve(s.raw(head + body))
    assert ask(service.base_url, "create", BODY).id == s.ID


def test_a_number_is_an_id_too(ask: Both, serve: Serve) -> None:
    assert ask(serve(s.accepted(info={"id": 42})).base_url, "create", BODY).id == "42"


@pytest.mark.parametrize("method", ["create_once", "create"])
@pytest.mark.parametrize("name", UNKNOWN)
def test_an_unknown_fate_is_never_sent_again(
    ask: Both, serve: Serve, name: str, method: str
) -> None:
    service = serve(UNKNOWN[name], s.accepted())
    with pytest.raises(FateUnknown, match="is unknown"):
        ask(service.base_url, method, BODY)
    assert service.connections == 1
    assert ask.slept == []


@pytest.mark.parametrize("step", [s.silent, s.stalls])
def test_a_late_answer_is_an_unknown_fate(ask: Both, serve: Serve, step: s.Step) -> None:
    service = serve(step, s.accepted())
    with pytest.raises(FateUnknown):
        ask(service.base_url, "create", BODY, timeout=0.3)
    assert service.connections == 1


def test_what_came_of_a_broken_answer_is_shown(ask: Both, serve: Serve) -> None:
    service = serve(s.raw(b'HTTP/1.1 202 OK\r\nContent-Length: 99\r\n\r\n{"task_info":{"id":"77-'))
    with pytest.raises(FateUnknown, match=r'broke off.*begins: {"task_info":{"id":"77-'):
        ask(service.base_url, "create", BODY)


@pytest.mark.parametrize("method", ["create_once", "create"])
@pytest.mark.parametrize("status", REFUSED)
def test_a_refusal_is_never_sent_again(ask: Both, serve: Serve, status: int, method: str) -> None:
    service = serve(s.answer(status, {"detail": "no"}, Retry_After="1"), s.accepted())
    with pytest.raises(Rejected) as caught:
        ask(service.base_url, method, BODY)
    assert not isinstance(caught.value, Busy)
    assert (caught.value.problem.status, caught.value.problem.detail) == (status, "no")
    assert service.count("POST") == service.connections == 1


@pytest.mark.parametrize(
    "step",
    [
        s.half(400, {"detail": "a long story that breaks off"}),
        s.raw(b"HTTP/1.1 402 Payment Required\r\nContent-Length: 50\r\n\r\n"),
        s.answer(401, b"\xff\xfe\x00"),
        s.answer(403, b"<html>", Content_Type="text/html"),
    ],
)
def test_a_refusal_is_one_whatever_its_body(ask: Both, serve: Serve, step: s.Step) -> None:
    service = serve(step, s.accepted())
    with pytest.raises(Rejected):
        ask(service.base_url, "create", BODY)
    assert service.count("POST") == 1


@pytest.mark.parametrize(
    ("body", "detail", "title", "code"),
    [
        ({"detail": "bad seed"}, "bad seed", None, None),
        ({"error": "bad seed"}, "bad seed", None, None),
        ({"message": "bad seed"}, "bad seed", None, None),
        ({"task_info": {"error": "bad seed"}}, "bad seed", None, None),
        (
            {"task_info": {"error": {"code": 1001, "title": "Invalid", "detail": "bad seed"}}},
            *("bad seed", "Invalid", 1001),
        ),
        (
            {"error": {"code": "InvalidParameter", "message": "bad seed"}},
            *("bad seed", "InvalidParameter", None),
        ),
        ({"code": 7, "title": "Invalid", "detail": "bad seed"}, "bad seed", "Invalid", 7),
        ({"detail": [{"loc": ["body", "seed"], "msg": "bad"}]}, "body.seed: bad", None, None),
        ({"detail": None, "message": "bad seed"}, "bad seed", None, None),
        ("bad seed", "bad seed", None, None),
        ({}, None, None, None),
    ],
)
def test_the_words_of_a_refusal(
    ask: Both, serve: Serve, body: Any, detail: str | None, title: str | None, code: int | None
) -> None:
    service = serve(s.answer(400, body, Traceparent="00-1-2-01"))
    with pytest.raises(Rejected) as caught:
        ask(service.base_url, "create", BODY)
    problem = caught.value.problem
    assert (problem.detail, problem.title, problem.code) == (detail, title, code)
    assert problem.traceparent == "00-1-2-01"
    assert "(Traceparent 00-1-2-01)" in str(caught.value)


def test_plain_words_are_kept_and_pages_are_not(ask: Both, serve: Serve) -> None:
    plain = serve(s.answer(400, b"no such model", Content_Type="text/plain"))
    with pytest.raises(Rejected, match="no such model"):
        ask(plain.base_url, "create", BODY)
    page = serve(s.answer(400, b"<html>no such model", Content_Type="text/html"))
    with pytest.raises(Rejected) as caught:
        ask(page.base_url, "create", BODY)
    assert caught.value.problem.detail is None


def test_busy_waits_as_told(ask: Both, serve: Serve) -> None:
    # What the service's clock says goes: the one here may be wrong.
    now = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
    later = format_datetime(now + timedelta(seconds=11), usegmt=True)
    service = serve(
        s.answer(429, b"", Retry_After="7"),
        s.answer(503, b"", Retry_After="3"),
        s.answer(429, b"", Retry_After=later, Date=format_datetime(now, usegmt=True)),
        s.accepted(),
    )
    waits: list[tuple[float, ApiError]] = []
    assert ask(service.base_url, "create", BODY, on_wait=lambda *w: waits.append(w)).id == s.ID
    assert ask.slept == [7, 3, 11]
    assert [seconds for seconds, _ in waits] == [7, 3, 11]
    assert all(isinstance(error, Busy) for _, error in waits)
    assert service.count("POST") == 4


@pytest.mark.parametrize("told", [{}, {"Retry_After": "junk"}, {"Retry_After": "0"}])
def test_busy_without_a_word_waits_longer_each_time(
    ask: Both, serve: Serve, told: dict[str, str]
) -> None:
    service = serve(*[s.answer(429, b"", **told)] * 7, s.accepted())
    assert ask(service.base_url, "create", BODY).id == s.ID
    assert ask.slept == [2, 4, 8, 16, 32, 60, 60]


def test_busy_is_waited_for_no_longer_than_asked(ask: Both, serve: Serve) -> None:
    service = serve(s.answer(429, {"detail": "slow down"}))
    with pytest.raises(Busy, match="slow down"):
        ask(service.base_url, "create", BODY, max_wait=10)
    # 2 + 4 = 6, and 8 more would be too many.
    assert ask.slept == [2, 4]
    assert service.count("POST") == 3


def test_nobody_waits_for_what_comes_too_late(ask: Both, serve: Serve) -> None:
    service = serve(s.answer(429, b"", Retry_After="901"), s.accepted())
    with pytest.raises(Busy) as caught:
        ask(service.base_url, "create", BODY)
    assert caught.value.retry_after == 901
    assert (ask.slept, service.count("POST")) == ([], 1)


@pytest.mark.parametrize("step", [s.answer(429), s.answer(503, b"", Retry_After="1")])
def test_once_is_once(ask: Both, serve: Serve, step: s.Step) -> None:
    service = serve(step, s.accepted())
    with pytest.raises(Busy):
        ask(service.base_url, "create_once", BODY)
    assert service.count("POST") == 1


def test_busy_then_unknown_is_unknown(ask: Both, serve: Serve) -> None:
    service = serve(s.answer(429), s.drop_after_reading, s.accepted())
    with pytest.raises(FateUnknown):
        ask(service.base_url, "create", BODY)
    assert service.count("POST") == 2


def test_without_a_connection_it_is_tried_a_few_times(ask: Both, nobody: str) -> None:
    with pytest.raises(NotConnected, match=r"127\.0\.0\.1:\d+ could not be reached"):
        ask(nobody, "create", BODY)
    assert ask.slept == [2, 4, 8]


def test_without_a_connection_once_is_once(ask: Both, nobody: str) -> None:
    with pytest.raises(NotConnected):
        ask(nobody, "create_once", BODY)
    assert ask.slept == []


def test_without_encryption_nothing_is_sent(ask: Both, serve: Serve) -> None:
    def no_tls(connection: Any, service: s.Service) -> None:
        hello = connection.recv(65536)
        assert s.TOKEN.encode() not in hello
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    service = serve(no_tls)
    with pytest.raises(NotConnected):
        ask(f"https://127.0.0.1:{service.port}", "create_once", BODY)
    assert service.seen == []


def test_a_wait_can_be_called_off(ask: Both, serve: Serve) -> None:
    service = serve(s.answer(429, b"", Retry_After="600"))
    asked: list[None] = []

    def cancelled() -> bool:
        asked.append(None)
        return len(asked) > 5

    with pytest.raises(vaceprep.Cancelled):
        ask(service.base_url, "create", BODY, cancelled=cancelled)
    # In short steps, so that nobody who presses Ctrl-C waits for minutes.
    assert ask.slept == [0.5] * 4
    assert service.count("POST") == 1


@pytest.mark.parametrize(
    "body", [{"prompt": "\ud800"}, {"strength": float("nan")}, {"seed": object()}]
)
def test_what_json_cannot_say_is_not_sent(ask: Both, serve: Serve, body: dict[str, Any]) -> None:
    service = serve(s.accepted())
    with pytest.raises(ValueError, match="cannot be written as JSON"):
        ask(service.base_url, "create", body)
    assert service.connections == 0


def test_a_job_is_sent_as_its_body(ask: Both, serve: Serve) -> None:
    job = vaceprep.VideoOutpainting(prompt="wider", video_url="https://cdn.example.com/a.mp4")
    service = serve(s.accepted())
    ask(service.base_url, "create", job)
    assert json.loads(service.seen[0].body) == job.body()
    with pytest.raises(vaceprep.NotPublished):
        ask(
            service.base_url, "create", vaceprep.VideoOutpainting(prompt="wider", video_url="a.mp4")
        )
    assert service.connections == 1


def test_a_large_body_arrives_whole(ask: Both, serve: Serve) -> None:
    body = BODY | {"mask_image_url": "data:image/png;base64," + "A" * 5_000_000}
    service = serve(s.accepted())
    ask(service.base_url, "create", body)
    assert json.loads(service.seen[0].body) == body
