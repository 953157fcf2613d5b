"""Convert responses of the service to tasks and errors: pure functions."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

from vaceprep import contract
from vaceprep.api.model import (
    NO_ENDPOINT,
    ApiError,
    Busy,
    FateUnknown,
    NotConnected,
    Problem,
    ReadFailed,
    Rejected,
    Task,
)
from vaceprep.api.settings import Secret
from vaceprep.net.http import http_date, retry_after

_ID: Final = re.compile(rf"[A-Za-z0-9._-]{{1,{contract.MAX_TASK_ID}}}", re.ASCII)
#: Levels of nesting in which an error's text is looked for.
_DEPTH: Final = 4
#: Characters shown of an unreadable response.
_SHOWN: Final = 200
_WORDS: Final = ("detail", "message", "msg", "error", "title")


@dataclass(frozen=True, slots=True)
class Response:
    """A response, of which at least the status and the headers arrived."""

    status: int
    #: By names in lower case.
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    #: Why the body is incomplete, if it is.
    cut: str | None = None


@dataclass(frozen=True, slots=True)
class NoResponse:
    """No response. Unless ``sent``, certainly nothing reached the service."""

    sent: bool
    why: str


Outcome = Response | NoResponse


def created(outcome: Outcome, key: Secret | None, now: float) -> Task:
    """The task that a POST created. Raises NotConnected, Rejected, Busy or FateUnknown."""
    if isinstance(outcome, NoResponse):
        raise FateUnknown(outcome.why) if outcome.sent else NotConnected(outcome.why)
    document = _document(outcome)
    try:
        _refuse(outcome, document, key, now)
    except Rejected as error:
        if error.problem.status == 404:
            raise Rejected(error.problem, NO_ENDPOINT) from None
        raise
    problem = _problem(outcome, document, key)
    if not 200 <= outcome.status < 300:
        # Sending it again, as the advice of such a status says, could cost twice.
        raise FateUnknown(problem.sentence(advise=False), problem)
    task = _task(outcome, document, key, requested_id=None)
    if task is None:
        # The beginning of the response may contain the id, for a person to find.
        raise FateUnknown(_unreadable(outcome, "contains no task", key), problem)
    return task


def retrieved(outcome: Outcome, task_id: str, key: Secret | None, now: float) -> Task:
    """The task that a GET returned. Raises NotConnected, Rejected, Busy or ReadFailed."""
    if isinstance(outcome, NoResponse):
        raise ReadFailed(outcome.why) if outcome.sent else NotConnected(outcome.why)
    document = _document(outcome)
    _refuse(outcome, document, key, now)
    problem = _problem(outcome, document, key)
    if not 200 <= outcome.status < 300:
        raise ReadFailed(problem.sentence(), problem)
    other = _other_id(document, task_id)
    if other is not None:
        texts = "the service answered with another task than the requested one"
        raise ReadFailed(texts, problem)
    task = _task(outcome, document, key, requested_id=task_id)
    if task is None:
        raise ReadFailed(_unreadable(outcome, "contains no task", key), problem)
    return task


def may_pass(error: ApiError) -> bool:
    """Whether the same request may succeed later."""
    if isinstance(error, Rejected):
        return isinstance(error, Busy) or error.problem.status in (408, 409, 423, 425)
    return isinstance(error, NotConnected | ReadFailed)


def usable_id(value: object, key: Secret | None = None) -> str | None:
    """A task id of letters, digits, dots, underscores and hyphens; None for anything else.

    An id that contains the token ``key`` is invalid: ids are stored and printed.
    """
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**18:
        value = str(value)
    if not isinstance(value, str) or _ID.fullmatch(value) is None or value in (".", ".."):
        return None
    return None if key is not None and key.hide_in(value) != value else value


def _other_id(document: object, requested_id: str) -> str | None:
    """The id in a response if it is not the requested one, without regard to case."""
    given = _mapping(_mapping(document).get("task_info")).get("id")
    if given in (None, "") or str(given).casefold() == requested_id.casefold():
        return None
    return str(given)


def _refuse(answer: Response, document: object, key: Secret | None, now: float) -> None:
    """Raises Rejected for what surely made no task: any 4xx, and 503 with Retry-After. C J"""
    if not (400 <= answer.status < 500 or answer.status == 503):
        return
    problem = _problem(answer, document, key)
    if answer.status not in (429, 503):
        raise Rejected(problem)
    wait = retry_after(answer.headers, now)
    if answer.status == 429 or wait is not None:
        raise Busy(problem, wait)


def _document(answer: Response) -> object:
    """The body as JSON; None where it is none."""
    try:
        return json.loads(answer.body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object, key: Secret | None = None) -> str | None:
    """A text of the service: bounded, safe to store anywhere, and without the token."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        text = str(value)
    except ValueError:
        # A whole number of thousands of digits.
        return None
    text = text.encode("utf-8", "replace").decode().strip()
    # Hide the token before cutting, so that no part of it is left at the end.
    if key is not None:
        text = key.hide_in(text)
    return text[: contract.MAX_WORDS].strip() or None


def _words(value: object, key: Secret | None, depth: int = 0) -> str | None:
    """The text of a string, an object or a list of them, at any depth. C"""
    if depth > _DEPTH:
        return None
    if isinstance(value, str):
        return _text(value, key)
    if isinstance(value, list):
        texts = [_words(item, key, depth + 1) for item in value[:10]]
        return "; ".join(text for text in texts if text)[: contract.MAX_WORDS] or None
    if not isinstance(value, dict):
        return None
    words = next((w for n in _WORDS if (w := _words(value.get(n), key, depth + 1))), None)
    place = value.get("loc")
    if words and isinstance(place, list):
        at = ".".join(text for item in place[:10] if (text := _text(item, key)))
        return f"{at}: {words}"
    return words


def _code(value: object) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**12
    return value if whole and isinstance(value, int) else None


def _described(
    status: int | None,
    places: list[object],
    traceparent: str | None,
    key: Secret | None,
) -> Problem:
    """A problem out of the first of ``places`` that has a text."""
    detail = next((words for place in places if (words := _words(place, key))), None)
    objects = [place for place in map(_mapping, places) if place]
    code = next((c for place in objects if (c := _code(place.get("code"))) is not None), None)
    named: list[Literal["title", "code"]] = ["title", "code"]
    titles = [t for place in objects for n in named if (t := _title(place.get(n), key))]
    title = next((t for t in titles if t != detail), None)
    return Problem(status, code, title, detail, traceparent)


def _title(value: object, key: Secret | None) -> str | None:
    """A title, or a code that is a word ("InvalidParameter")."""
    return _text(value, key) if isinstance(value, str) else None


def _traceparent(answer: Response, key: Secret | None) -> str | None:
    return _text(answer.headers.get("traceparent", ""), key)


def _problem(answer: Response, document: object, key: Secret | None) -> Problem:
    """The error in a response, from any of the places where the service puts it. C"""
    body = _mapping(document)
    names = ("detail", "error", "message")
    places: list[object] = [body.get(name) for name in names]
    places.append(_mapping(body.get("task_info")).get("error"))
    # The code and the title may be at the top level, next to the text.
    places.append({name: body[name] for name in ("code", "title") if name in body})
    if isinstance(document, str | list):
        places.append(document)
    found = _described(answer.status, places, _traceparent(answer, key), key)
    if document is None and found.detail is None:
        return Problem(answer.status, detail=_plain(answer, key), traceparent=found.traceparent)
    return found


def _plain(answer: Response, key: Secret | None) -> str | None:
    """The text of a body that is short plain text, not a web page."""
    if not answer.headers.get("content-type", "").startswith("text/plain"):
        return None
    text = _text(answer.body.decode("utf-8", "replace"), key)
    return text if text and "<" not in text else None


def _unreadable(answer: Response, lacks: str, key: Secret | None) -> str:
    """Why a response is unusable, with its beginning."""
    text = _text(answer.body.decode("utf-8", "replace"), key) or ""
    begin = " ".join(text.split())[:_SHOWN]
    words = f"the answer {answer.status} {lacks}"
    if answer.cut is not None:
        words += f", for {answer.cut}"
    return f"{words}; it begins: {begin}" if begin else f"{words}; it is empty"


def _task(
    answer: Response, document: object, key: Secret | None, requested_id: str | None
) -> Task | None:
    """The task of a response, under the requested id; None if there is none."""
    body = _mapping(document)
    info = body.get("task_info")
    name = requested_id if requested_id is not None else usable_id(_mapping(info).get("id"), key)
    if not isinstance(info, dict) or name is None:
        return None
    places = (body.get("videos"), body.get("video"), info.get("videos"), info.get("video"))
    links = next((found for value in places if (found := _links(value))), ())
    error = info.get("error") or body.get("error")
    traceparent = _traceparent(answer, key)
    return Task(
        id=name,
        status=_text(info.get("status"), key) or "unknown",
        videos=links if key is None else tuple(map(key.hide_in, links)),
        links=links,
        error=_described(None, [error], traceparent, key) if error else None,
        created_at=_text(info.get("created_at"), key),
        updated_at=_text(info.get("updated_at"), key),
        traceparent=traceparent,
        age=_age(answer, info.get("created_at")),
    )


def _links(value: object) -> tuple[str, ...]:
    """The URLs of results: a list of strings, or one string. C"""
    if isinstance(value, str):
        value = [value]
    return tuple(
        url.encode("utf-8", "replace").decode()
        for url in (value[: contract.MAX_VIDEOS] if isinstance(value, list) else ())
        if isinstance(url, str) and url
    )


def _age(answer: Response, created_at: object) -> float | None:
    """Seconds since a task was created, by the service's own clock; None if not given."""
    now = http_date(answer.headers.get("date", ""))
    try:
        made = datetime.fromisoformat(created_at) if isinstance(created_at, str) else None
    except ValueError:
        return None
    if now is None or made is None:
        return None
    return now - (made if made.tzinfo else made.replace(tzinfo=UTC)).timestamp()
