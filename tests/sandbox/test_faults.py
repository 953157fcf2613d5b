"""Each fault does what it says, as often as it was asked for, and no more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.sandbox.calls import (
    TOKEN,
    accepted,
    call,
    ended,
    outpainting,
    published,
    submit,
    tasks_url,
)
from vaceprep.sandbox.faults import DESCRIPTIONS, FAULTS, Fault, Faults, parse_fault
from vaceprep.sandbox.server import Sandbox

Answer = Callable[[], httpx.Response]


def counts(sandbox: Sandbox) -> tuple[int, int]:
    """How many submissions were accepted and how many refused."""
    told = sandbox.account()
    return told["accepted"], told["rejected"]


@pytest.mark.parametrize(
    ("name", "status", "after"),
    [("429", 429, "1"), ("429-bare", 429, None), ("503", 503, "1"), ("503-bare", 503, None)],
)
def test_refusals(small: Path, name: str, status: int, after: str | None) -> None:
    with Sandbox([f"{name}:2"]) as sandbox:
        body = outpainting(published(sandbox, small))
        for _ in range(2):
            answer = submit(sandbox, body)
            assert answer.status_code == status
            assert answer.headers.get("retry-after") == after
            assert answer.json()["detail"]
        accepted(sandbox, body)
        assert counts(sandbox) == (1, 2)


@pytest.mark.parametrize(("name", "made"), [("drop-before-accept", 0), ("drop-after-accept", 1)])
def test_connections_that_break(small: Path, name: str, made: int) -> None:
    with Sandbox([name]) as sandbox:
        body = outpainting(published(sandbox, small))
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            submit(sandbox, body)
        assert counts(sandbox) == (made, 1 - made)
        accepted(sandbox, body)
        assert counts(sandbox)[0] == made + 1


def test_an_error_after_the_task_is_made(small: Path) -> None:
    with Sandbox(["500-after-accept"]) as sandbox:
        answer = submit(sandbox, outpainting(published(sandbox, small)))
        assert answer.status_code == 500
        assert counts(sandbox) == (1, 0)


def test_a_late_answer(small: Path) -> None:
    with Sandbox(["slow"], slow_seconds=0.5) as sandbox:
        body = outpainting(published(sandbox, small))
        with (
            httpx.Client(trust_env=False, timeout=0.1) as client,
            pytest.raises(httpx.ReadTimeout),
        ):
            client.post(tasks_url(sandbox), json=body, headers=TOKEN)
        assert counts(sandbox) == (1, 0)
        sandbox.add_fault("slow")
        answer = submit(sandbox, body)
        assert answer.json()["task_info"]["id"]
        assert counts(sandbox) == (2, 0)


def test_closing_does_not_wait_for_a_late_answer(small: Path) -> None:
    with (
        Sandbox(["slow"], slow_seconds=1000) as sandbox,
        httpx.Client(trust_env=False, timeout=0.2) as client,
    ):
        body = outpainting(published(sandbox, small))
        with pytest.raises(httpx.ReadTimeout):
            client.post(tasks_url(sandbox), json=body, headers=TOKEN)
        assert counts(sandbox) == (1, 0)


def test_answers_that_say_nothing(small: Path) -> None:
    with Sandbox(["bad-json", "no-id"]) as sandbox:
        body = outpainting(published(sandbox, small))
        broken = submit(sandbox, body)
        assert broken.status_code == 202
        with pytest.raises(ValueError, match="Unterminated"):
            broken.json()
        nameless = submit(sandbox, body)
        assert nameless.status_code == 202
        assert "id" not in nameless.json()["task_info"]
        assert counts(sandbox) == (2, 0)


def test_a_task_that_fails(small: Path) -> None:
    with Sandbox(["task-failed"]) as sandbox:
        body = outpainting(published(sandbox, small))
        told = ended(sandbox, accepted(sandbox, body))["task_info"]
        assert told["status"] == "failed"
        assert sorted(told["error"]) == ["code", "detail", "title"]
        assert "videos" in ended(sandbox, accepted(sandbox, body))


def test_questions_that_fail(small: Path) -> None:
    with Sandbox(["status-500:3"]) as sandbox:
        task = accepted(sandbox, outpainting(published(sandbox, small)))
        for _ in range(3):
            assert call("GET", f"{tasks_url(sandbox)}/{task}").status_code == 500
        assert "videos" in ended(sandbox, task)


def test_results_that_are_none(small: Path) -> None:
    faults = ["expired-result:2", "empty-result", "html-result", "half-result"]
    with Sandbox(faults) as sandbox:
        task = accepted(sandbox, outpainting(published(sandbox, small)))
        (url,) = ended(sandbox, task)["videos"]
        for _ in range(2):
            assert call("GET", url).status_code == 403
        empty = call("GET", url)
        assert (empty.status_code, empty.content) == (200, b"")
        page = call("GET", url)
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        assert page.content.startswith(b"<!doctype html>")
        half = b""
        with (
            httpx.Client(trust_env=False, timeout=60) as client,
            pytest.raises(httpx.RemoteProtocolError),
            client.stream("GET", url) as answer,
        ):
            assert answer.status_code == 200
            whole = int(answer.headers["content-length"])
            for piece in answer.iter_raw():
                half += piece
        assert len(half) == whole // 2
        rest = call("GET", url, headers={"Range": f"bytes={len(half)}-"})
        assert rest.status_code == 206
        assert call("GET", url).content == half + rest.content


def test_always(small: Path) -> None:
    with Sandbox(["429:*"]) as sandbox:
        body = outpainting(published(sandbox, small))
        assert {submit(sandbox, body).status_code for _ in range(5)} == {429}
        assert sandbox.account()["faults"] == {"429": None}


def test_faults_add_up_and_run_out() -> None:
    faults = Faults([Fault("slow", 2)])
    faults.add(Fault("slow"))
    assert [faults.take("slow") for _ in range(4)] == ["slow", "slow", "slow", None]
    assert faults.left() == {}
    faults.add(parse_fault("slow:*"))
    faults.add(Fault("slow"))
    assert faults.left() == {"slow": None}


def test_texts_of_faults() -> None:
    assert set(FAULTS) == set(DESCRIPTIONS)
    assert parse_fault("429-bare") == Fault("429-bare", 1)
    assert parse_fault("429:12") == Fault("429", 12)
    for text in ("", "430", "429:", "429:0", "429:-1", "429:1.5", "429:x", "429:9999999999"):
        with pytest.raises(ValueError, match=r"no fault|no count"):
            parse_fault(text)
    with pytest.raises(ValueError, match="no fault"), Sandbox(["magic"]):
        pass
