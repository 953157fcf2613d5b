"""Questions about tasks: what is asked again, how long is waited, and what a status means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import vaceprep
from tests.api import service as s
from tests.api.conftest import Both
from vaceprep.api.model import (
    ApiError,
    Busy,
    NotConnected,
    Problem,
    ReadFailed,
    Rejected,
    StillRunning,
    Task,
)
from vaceprep.api.steps import NO_TASK

Serve = Callable[..., s.Service]
URL = "https://cdn.example.com/a.mp4"
#: Answers to a question that are no answer.
TROUBLE: dict[str, s.Step] = {
    "500": s.answer(500, {"detail": "oh"}),
    "503": s.answer(503),
    "504": s.answer(504),
    "dropped before reading": s.drop_before_reading,
    "dropped after reading": s.drop_after_reading,
    "half an answer": s.half(200, {"task_info": {"id": s.ID, "status": "completed"}}),
    "bad JSON": s.answer(200, b"{"),
    "a page": s.answer(200, b"<html>log in</html>", Content_Type="text/html"),
    "no task": s.answer(200, {"videos": [URL]}),
}


def test_a_task_is_asked_for(ask: Both, serve: Serve) -> None:
    service = serve(s.task("completed", videos=[URL, URL + "2"]))
    task = ask(service.base_url, "get", s.ID)
    assert task == Task(s.ID, "completed", (URL, URL + "2"), None, "t0", "t1", "00-abc-def-01")
    assert task.state == "done"
    (seen,) = service.seen
    assert (seen.method, seen.body) == ("GET", b"")
    assert seen.path == f"/nonce/vendors/alibaba/v1/wan2.1-vace-plus/generation/{s.ID}"
    assert seen.headers["authorization"] == f"Bearer {s.TOKEN}"


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (
            {"code": 5001, "title": "Internal", "detail": "it broke"},
            Problem(None, 5001, "Internal", "it broke", "00-abc-def-01"),
        ),
        ("it broke", Problem(None, None, None, "it broke", "00-abc-def-01")),
        (None, None),
        ({}, None),
    ],
)
def test_a_failed_task_says_why(
    ask: Both, serve: Serve, error: Any, problem: Problem | None
) -> None:
    service = serve(s.task("FAILED", info={"error": error}))
    task = ask(service.base_url, "wait", s.ID)
    assert (task.state, task.error) == ("failed", problem)


@pytest.mark.parametrize(
    ("given", "sent"),
    [("a b", None), ("a/b", None), ("a%2Fb?c#d", "a%252Fb%3Fc%23d"), ("ü", "%C3%BC")],
)
def test_an_id_is_part_of_a_path_and_no_more(
    ask: Both, serve: Serve, given: str, sent: str | None
) -> None:
    service = serve(s.task(info={"id": given}))
    if sent is None:
        with pytest.raises(ValueError, match="task id"):
            ask(service.base_url, "get", given)
        assert service.connections == 0
        return
    assert ask(service.base_url, "get", given).id == given
    assert service.seen[0].path.endswith(f"/generation/{sent}")


@pytest.mark.parametrize("method", ["get", "wait"])
@pytest.mark.parametrize("given", ["", ".", "..", "a\n", "\0", "x" * 201, "\ud800", None, 3])
def test_strange_ids_are_refused(ask: Both, nobody: str, method: str, given: Any) -> None:
    with pytest.raises(ValueError, match="task id"):
        ask(nobody, method, given)


@pytest.mark.parametrize("name", TROUBLE)
def test_a_question_is_asked_again(ask: Both, serve: Serve, name: str) -> None:
    service = serve(TROUBLE[name], TROUBLE[name], s.task("running"))
    assert ask(service.base_url, "get", s.ID).status == "running"
    assert ask.slept == [2, 4]


@pytest.mark.parametrize("name", TROUBLE)
def test_a_question_that_keeps_failing(ask: Both, serve: Serve, name: str) -> None:
    service = serve(TROUBLE[name])
    with pytest.raises(ReadFailed):
        ask(service.base_url, "get", s.ID)
    assert service.connections == 3


def test_a_silent_service_is_asked_again(ask: Both, serve: Serve) -> None:
    service = serve(s.silent, s.stalls, s.task())
    assert ask(service.base_url, "get", s.ID, timeout=0.3).id == s.ID


def test_nobody_there(ask: Both, nobody: str) -> None:
    with pytest.raises(NotConnected):
        ask(nobody, "get", s.ID, tries=2)
    assert ask.slept == [2]


@pytest.mark.parametrize("step", [s.answer(429, b"", Retry_After="9"), s.answer(429)])
def test_busy_is_asked_again(ask: Both, serve: Serve, step: s.Step) -> None:
    service = serve(step, s.task())
    assert ask(service.base_url, "get", s.ID).id == s.ID
    assert ask.slept in ([9], [2])


def test_a_question_does_not_take_an_hour(ask: Both, serve: Serve) -> None:
    service = serve(s.answer(429, b"", Retry_After="3600"))
    with pytest.raises(Busy):
        ask(service.base_url, "get", s.ID)
    assert ask.slept == []


@pytest.mark.parametrize("method", ["get", "wait"])
@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 410, 451])
def test_a_refusal_is_final(ask: Both, serve: Serve, status: int, method: str) -> None:
    service = serve(s.answer(status, {"detail": "no"}), s.task("completed"))
    with pytest.raises(Rejected) as caught:
        ask(service.base_url, method, s.ID)
    assert caught.value.problem.status == status
    assert service.connections == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(ask: Both, serve: Serve, status: int) -> None:
    other = serve(s.task())
    service = serve(s.answer(status, b"", Location=other.base_url))
    with pytest.raises(ReadFailed, match="it redirects"):
        ask(service.base_url, "get", s.ID)
    assert (service.connections, other.connections) == (1, 0)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("completed", "done"),
        ("SUCCEEDED", "done"),
        ("Failed", "failed"),
        ("canceled", "cancelled"),
        ("CANCELLED", "cancelled"),
    ],
)
def test_waiting_ends_with_the_task(ask: Both, serve: Serve, status: str, state: str) -> None:
    on_the_way = ["pending", "QUEUED", "running", "Processing", "unknown", "a new one", ""]
    service = serve(*map(s.task, on_the_way), s.task(status))
    told: list[Task] = []
    task = ask(service.base_url, "wait", s.ID, on_status=told.append)
    assert task.state == state
    assert ask.slept == [20] * 7
    assert [t.status for t in told] == [*on_the_way[:-1], "unknown", status]
    assert {t.state for t in told[:-1]} == {"running"}


def test_running_out_of_time_is_no_failure(ask: Both, serve: Serve) -> None:
    service = serve(s.task("running"))
    with pytest.raises(StillRunning, match="still running") as caught:
        ask(service.base_url, "wait", s.ID, poll_interval=20, max_wait=50)
    assert caught.value.task.status == "running"
    assert len(ask.slept) == 3
    assert ask.slept[:2] == [20, 20]
    # The last question is asked at the very end.
    assert 9 < ask.slept[2] <= 10
    assert service.count("GET") == 4


def test_a_wait_that_may_be_cancelled_polls_no_more_often_than_asked(
    ask: Both, serve: Serve
) -> None:
    service = serve(*[s.task("running")] * 3, s.task("completed"))
    waited = ask(
        service.base_url, "wait", s.ID, poll_interval=20, max_wait=100, cancelled=lambda: False
    )
    assert waited.state == "done"
    assert service.count("GET") == 4
    # Each of the three pauses has its full length, in short steps.
    assert sum(ask.slept) == pytest.approx(60)


def test_no_time_is_one_question(ask: Both, serve: Serve) -> None:
    service = serve(s.task("running"))
    with pytest.raises(StillRunning):
        ask(service.base_url, "wait", s.ID, max_wait=0)
    assert service.count("GET") == 1


@pytest.mark.parametrize(
    "step",
    [*TROUBLE.values(), s.answer(429), s.answer(409), s.answer(423), s.answer(302)],
)
def test_waiting_goes_on_through_trouble(ask: Both, serve: Serve, step: s.Step) -> None:
    service = serve(s.task("running"), *[step] * 5, s.task("completed"))
    waits: list[tuple[float, ApiError]] = []
    task = ask(service.base_url, "wait", s.ID, on_wait=lambda *w: waits.append(w))
    assert task.state == "done"
    assert ask.slept == [20] * 6
    assert len(waits) == 5


def test_waiting_goes_on_without_a_network(ask: Both, nobody: str) -> None:
    with pytest.raises(NotConnected):
        ask(nobody, "wait", s.ID, max_wait=100)
    assert len(ask.slept) == 5


def test_trouble_at_the_end_hides_no_running_task(ask: Both, serve: Serve) -> None:
    service = serve(s.task("running"), s.answer(500))
    with pytest.raises(StillRunning) as caught:
        ask(service.base_url, "wait", s.ID, max_wait=100)
    assert caught.value.task.status == "running"


def test_trouble_all_along_is_trouble(ask: Both, serve: Serve) -> None:
    with pytest.raises(ReadFailed, match="try again later"):
        ask(serve(s.answer(500)).base_url, "wait", s.ID, max_wait=100)


def test_waiting_as_long_as_told(ask: Both, serve: Serve) -> None:
    service = serve(s.answer(429, b"", Retry_After="50"), s.task("completed"))
    ask(service.base_url, "wait", s.ID)
    assert ask.slept == [50]


def test_waiting_can_be_called_off(ask: Both, serve: Serve) -> None:
    service = serve(s.task("running"))
    with pytest.raises(vaceprep.Cancelled):
        ask(service.base_url, "wait", s.ID, cancelled=lambda: len(ask.slept) >= 3)
    assert ask.slept == [0.5] * 3
    assert service.count("GET") == 1


@pytest.mark.parametrize(
    "named",
    [{"poll_interval": 0}, {"poll_interval": float("nan")}, {"max_wait": -1}],
)
def test_waits_that_cannot_be_meant(ask: Both, nobody: str, named: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="number of seconds"):
        ask(nobody, "wait", s.ID, **named)
    with pytest.raises(ValueError, match="tries"):
        ask(nobody, "get", s.ID, tries=0)


@pytest.mark.parametrize("status", [400, 402, 404, 405, 422, 429])
def test_a_key_that_is_taken(ask: Both, serve: Serve, status: int) -> None:
    service = serve(s.answer(status, b"", Retry_After="30"))
    ask(service.base_url, "check_key")
    assert [seen.method for seen in service.seen] == ["GET"]
    assert service.seen[0].path.endswith(f"/{NO_TASK}")
    assert ask.slept == []


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_not_taken(ask: Both, serve: Serve, status: int) -> None:
    service = serve(s.answer(status, {"detail": "who are you"}))
    with pytest.raises(Rejected, match=r"who are you; .*key"):
        ask(service.base_url, "check_key")
    assert service.connections == 1


@pytest.mark.parametrize("name", TROUBLE)
def test_a_key_that_nobody_judges(ask: Both, serve: Serve, name: str) -> None:
    with pytest.raises(ReadFailed):
        ask(serve(TROUBLE[name]).base_url, "check_key")
    ask(serve(TROUBLE[name], s.answer(404)).base_url, "check_key")


def test_a_key_without_anybody(ask: Both, nobody: str) -> None:
    with pytest.raises(NotConnected):
        ask(nobody, "check_key")
