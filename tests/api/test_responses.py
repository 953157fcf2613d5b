"""What answers mean: whatever comes, a task or an ApiError, and nothing that cannot be kept."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.api.service import TOKEN
from vaceprep import contract
from vaceprep.api import steps
from vaceprep.api.model import (
    ApiError,
    Busy,
    FateUnknown,
    NotConnected,
    Problem,
    ReadFailed,
    Rejected,
    StillRunning,
    Task,
)
from vaceprep.api.responses import NoResponse, Response, created, retrieved, usable_id
from vaceprep.api.settings import Secret, Settings
from vaceprep.net.http import retry_after
from vaceprep.net.retry import backoff

KEY = Secret(TOKEN)
NOW = 1_700_000_000.0
SETTINGS = Settings("https://api.example.com", KEY, None, "")

texts = st.one_of(st.text(), st.just(TOKEN), st.sampled_from(["pending", "failed", "a" * 5000]))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                "task_info id status videos error detail message code title loc msg".split()
            ),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=12,
)
headers = st.dictionaries(
    st.sampled_from(["retry-after", "traceparent", "date", "content-type"]),
    st.text() | st.sampled_from(["5", "text/plain", "Wed, 21 Oct 2015 07:28:00 GMT"]),
)
bodies = st.binary() | values.map(lambda value: json.dumps(value).encode())
answers = st.builds(
    Response, st.integers(100, 999), headers, bodies, st.none() | st.just("it broke off")
)
outcomes = answers | st.builds(NoResponse, st.booleans(), st.text())
DEEP = Response(202, {}, b'{"detail":' * 5000 + b"1" + b"}" * 5000)
NESTED = Response(400, {}, b'{"detail":' * 300 + b"1" + b"}" * 300)


def kept(text: str | None) -> bool:
    return text is None or (bool(text.encode()) and len(text) <= contract.MAX_WORDS)


@given(outcomes)
@example(DEEP)
@example(NESTED)
@example(Response(200, {}, b"1" * 5000))
@example(Response(200, {}, b'{"task_info": {"id": 1e999}}'))
@example(Response(400, {}, b'{"code": ' + b"9" * 4000 + b"}"))
def test_any_outcome_of_a_post(outcome: Response | NoResponse) -> None:
    try:
        task = created(outcome, KEY, NOW)
    except ApiError as error:
        assert type(error) in (NotConnected, Rejected, Busy, FateUnknown)
        assert error.args
        assert str(pickle.loads(pickle.dumps(error))) == str(error)
        status = None if isinstance(outcome, NoResponse) else outcome.status
        # Refused means: surely no task. Nothing else may say so.
        if isinstance(error, Rejected):
            assert status is not None
            assert 400 <= status < 500 or (status == 503 and isinstance(error, Busy))
        if isinstance(error, NotConnected):
            assert isinstance(outcome, NoResponse)
            assert not outcome.sent
        if isinstance(outcome, Response):
            assert TOKEN not in str(error)
    else:
        assert isinstance(outcome, Response)
        assert 200 <= outcome.status < 300
        assert usable_id(task.id) == task.id
        assert steps.question(SETTINGS, task.id).url.isascii()
        check(task)


@given(outcomes)
@example(DEEP)
@example(NESTED)
def test_any_outcome_of_a_get(outcome: Response | NoResponse) -> None:
    try:
        task = retrieved(outcome, "an-id", KEY, NOW)
    except ApiError as error:
        assert type(error) in (NotConnected, Rejected, Busy, ReadFailed)
    else:
        assert task.id == "an-id"
        check(task)


def check(task: Task) -> None:
    problem = task.error or Problem(None)
    for text in (
        *(task.status, task.created_at, task.updated_at, task.traceparent),
        *(problem.title, problem.detail, problem.traceparent),
    ):
        assert kept(text)
        assert TOKEN not in (text or "")
    json.dumps(task.to_dict()).encode()
    assert "\n" not in problem.sentence()
    assert pickle.loads(pickle.dumps(task)) == task


@given(st.integers(100, 999), headers, bodies)
def test_the_status_alone_decides_what_is_refused(
    status: int, head: dict[str, str], body: bytes
) -> None:
    """Neither the body nor a header can make an accepted task look refused, or the reverse."""
    try:
        created(Response(status, head, body), None, NOW)
        kind: type[Exception] | None = None
    except ApiError as error:
        kind = type(error)
    waits = retry_after(head, NOW) is not None
    if status == 429 or (status == 503 and waits):
        assert kind is Busy
    elif 400 <= status < 500:
        assert kind is Rejected
    elif 200 <= status < 300:
        assert kind in (None, FateUnknown)
    else:
        assert kind is FateUnknown


@given(st.text() | st.from_regex(r"-?[0-9 .,e+]{1,30}"), st.text())
@example("Wed, 21 Oct 2015 07:28:00", "")
@example("Wed, 99 Oct 99999 07:28:00 GMT", "")
@example("Mon, 01 Jan 0001 00:00:00 +2359", "")
def test_any_retry_after(text: str, date: str) -> None:
    found = retry_after({"retry-after": text, "date": date}, NOW)
    assert found is None or 0 <= found <= contract.MAX_RETRY_AFTER


@given(st.integers(0, 10**6), st.integers(-12, 12), st.booleans())
def test_a_date_says_the_same_as_seconds(seconds: int, zone: int, dated: bool) -> None:
    there = datetime(2020, 1, 1, tzinfo=UTC)
    later = (there + timedelta(seconds=seconds)).astimezone(timezone(timedelta(hours=zone)))
    head = {"retry-after": format_datetime(later)}
    if dated:
        head["date"] = format_datetime(there, usegmt=True)
    expected = min(seconds, contract.MAX_RETRY_AFTER)
    assert retry_after(head, NOW if dated else there.timestamp()) == expected
    assert retry_after({"retry-after": str(seconds)}, NOW) == expected


@pytest.mark.parametrize(
    ("text", "found"),
    [
        *(("", None), ("soon", None), ("-5", None), ("5, 10", None), ("1e3", None), ("inf", None)),
        *(("٣", None), ("0x10", None), ("nan", None), ("9" * 19, None)),
        *(("0", 0), (" 7 ", 7), ("1.5", 1.5), ("999999999", contract.MAX_RETRY_AFTER)),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
    ],
)
def test_retry_after(text: str, found: float | None) -> None:
    assert retry_after({"retry-after": text}, NOW) == found


def test_waits_double_up_to_a_minute() -> None:
    waits = [backoff(number) for number in (1, 2, 3, 4, 5, 6, 7, 10**6)]
    assert waits == [2, 4, 8, 16, 32, 60, 60, 60]


@given(st.text() | st.from_regex(r"[./\\ a-z%]{1,6}"))
def test_an_id_stays_within_its_place(text: str) -> None:
    try:
        url = steps.question(SETTINGS, text).url
    except ValueError:
        return
    begin = f"https://api.example.com{contract.TASKS_PATH}/"
    assert url.startswith(begin)
    rest = url.removeprefix(begin)
    assert rest.isascii()
    assert not set(rest) & set("/\\?# ")
    assert rest not in ("", ".", "..")


PROBLEMS = [
    (Problem(400, detail="bad\n seed."), "400 (Bad Request): bad seed; fix what it names"),
    (Problem(401), "401 (Unauthorized); check the key"),
    (Problem(402), "top it up"),
    (Problem(403), "may not do this"),
    (Problem(404), "check the task's id"),
    (Problem(405), "check the base URL"),
    (Problem(409), "try again in a while"),
    (Problem(413), "too large"),
    (Problem(423), "locked"),
    (Problem(429), "limit is reached: wait"),
    (Problem(451), "legal reasons"),
    (Problem(418, detail="tea"), r"418 \(I'm a Teapot\): tea$"),
    (Problem(499), "answered 499$"),
    (Problem(302), "the key is not sent there"),
    (Problem(500, traceparent="00-1"), r"try again later \(Traceparent 00-1\)$"),
    (Problem(None, 7, "Bad", "it broke", "00-1"), r"^the task failed: Bad: it broke \(code 7\) \("),
]


@pytest.mark.parametrize(("problem", "words"), PROBLEMS)
def test_a_sentence_says_what_to_do(problem: Problem, words: str) -> None:
    import re

    pattern = words if "\\" in words or "$" in words else re.escape(words)
    assert re.search(pattern, problem.sentence()), problem.sentence()


@pytest.mark.parametrize(
    "error",
    [
        NotConnected("why"),
        Rejected(Problem(400, 1, "t", "d", "p")),
        Rejected(Problem(404), "look elsewhere"),
        Busy(Problem(429), 5.0),
        Busy(Problem(429)),
        FateUnknown("why", Problem(500)),
        FateUnknown("why"),
        StillRunning(Task("id", "running")),
        ReadFailed("why", Problem(500)),
    ],
)
def test_errors_are_picklable(error: Any) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert (str(again), vars(again)) == (str(error), vars(error))
    assert isinstance(error, ApiError)
    assert str(error)


def test_a_404_to_a_new_task_names_the_other_path() -> None:
    other = "/vendors/alibaba/v1/wan2/video/edit"
    gone = Response(404, {}, b'{"detail": "Not Found"}')
    with pytest.raises(Rejected) as refused:
        created(gone, KEY, NOW)
    assert other in str(refused.value)
    assert "task's id" not in str(refused.value)
    with pytest.raises(Rejected) as asked:
        retrieved(gone, "id", KEY, NOW)
    assert other not in str(asked.value)
    assert "task's id" in str(asked.value)
    for status in (400, 403, 405, 410):
        with pytest.raises(Rejected) as refused:
            created(Response(status, {}, b""), KEY, NOW)
        assert other not in str(refused.value)


@pytest.mark.parametrize("more", [0, 1, 100_000])
def test_no_more_videos_than_a_disk_can_take(more: int) -> None:
    body = {"task_info": {"status": "completed"}, "videos": ["u"] * (contract.MAX_VIDEOS + more)}
    task = retrieved(Response(200, {}, json.dumps(body).encode()), "id", KEY, NOW)
    assert len(task.videos) == contract.MAX_VIDEOS


def answered(status: int = 200, **body: Any) -> Response:
    return Response(status, {"date": "Fri, 27 Nov 2026 12:00:00 GMT"}, json.dumps(body).encode())


@pytest.mark.parametrize("name", ["a b", "a;rm", "$(x)", "a\u202eb", "ä", "a/b", "..", "a:b", ""])
def test_an_id_of_other_characters_is_none(name: str) -> None:
    with pytest.raises(FateUnknown):
        created(answered(202, task_info={"id": name, "status": "pending"}), KEY, NOW)


def test_an_id_that_repeats_the_token_is_none() -> None:
    key = Secret("plain-token-0123456789")
    for name in (key.reveal(), f"task-{key.reveal()}"):
        with pytest.raises(FateUnknown) as error:
            created(answered(202, task_info={"id": name}), key, NOW)
        assert key.reveal() not in str(error.value)


def test_an_answer_about_another_task_is_none() -> None:
    with pytest.raises(ReadFailed, match="another task"):
        retrieved(answered(task_info={"id": "task-2", "status": "completed"}), "task-1", KEY, NOW)
    for name in ("TASK-1", None):
        task = retrieved(
            answered(task_info={"id": name, "status": "completed"}), "task-1", KEY, NOW
        )
        assert task.id == "task-1"


def test_a_result_url_is_kept_without_the_token() -> None:
    url = f"https://cdn.example/{quote(TOKEN, '')}/v.mp4?key={TOKEN}"
    task = retrieved(answered(task_info={"status": "completed"}, videos=[url]), "t", KEY, NOW)
    assert task.links == (url,)
    for text in (json.dumps(task.to_dict()), repr(task), *task.videos):
        assert TOKEN not in text
        assert quote(TOKEN, "") not in text


def test_a_lost_answer_gives_no_advice_to_send_again() -> None:
    for status in (500, 502, 503, 504):
        with pytest.raises(FateUnknown) as error:
            created(answered(status), KEY, NOW)
        assert "again" not in str(error.value)


@pytest.mark.parametrize(
    ("made", "age"),
    [
        ("2026-11-26T12:00:00Z", 86400),
        ("2026-11-27T11:59:50", 10),
        ("2026-11-27T13:59:50+02:00", 10),
        ("yesterday", None),
        (5, None),
    ],
)
def test_the_age_of_a_task_by_the_clock_of_the_service(made: object, age: float | None) -> None:
    task = retrieved(answered(task_info={"status": "running", "created_at": made}), "t", KEY, NOW)
    assert task.age == age


@pytest.mark.parametrize(
    "body",
    [
        {"videos": ["u"]},
        {"videos": "u"},
        {"video": "u"},
        {"video": ["u"]},
        {"videos": [], "video": ["u"]},
        {"videos": None, "video": "u"},
    ],
)
def test_results_stand_under_either_name_as_text_or_list(body: dict[str, Any]) -> None:
    task = retrieved(answered(task_info={"status": "completed"}, **body), "t", KEY, NOW)
    assert task.videos == ("u",)
