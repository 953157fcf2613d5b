"""Validate the bytes of a submission as strictly as the contract says. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from vaceprep.contract import MAX_JOB_BYTES, SIZES
from vaceprep.files.source import is_url
from vaceprep.job.draft import draft_of, errors_of
from vaceprep.job.media import media_of, role_of
from vaceprep.job.read import JobUnreadable, parse
from vaceprep.limits import CONTRACT, Limits
from vaceprep.rules.catalogue import Finding
from vaceprep.rules.draft import Draft
from vaceprep.rules.url import judge_url


class BadBody(Exception):
    """A body that is refused (400); the message names everything that is wrong with it."""


def describe(finding: Finding) -> str:
    """``/video_url: the video plays at 15 FPS; ... (VP103 video-fps)``."""
    where = finding.pointer or "the body"
    return f"{where}: {finding.message} ({finding.code} {finding.rule})"


def read_body(
    raw: bytes,
    *,
    extra_fields: Collection[str] = (),
    allow_hosts: Collection[str] = (),
    limits: Limits = CONTRACT,
) -> dict[str, Any]:
    """The mapping in a body, if the service would accept it.

    ``extra_fields`` are names beyond the contract that are allowed, as from a job's ``extra``;
    ``allow_hosts`` are private hosts that URLs may name. Raises BadBody.
    """
    if len(raw) > MAX_JOB_BYTES:
        raise BadBody(f"the body has over {MAX_JOB_BYTES:,} bytes")
    try:
        values = parse(raw.decode("utf-8"), ".json")
    except UnicodeDecodeError as error:
        raise BadBody(f"the body is not UTF-8 (byte {error.start + 1:,})") from None
    except JobUnreadable as error:
        raise BadBody(f"the body cannot be read: {error}") from None
    known = {name: value for name, value in values.items() if name not in extra_fields}
    problems = list(_problems(known, allow_hosts, limits))
    if problems:
        raise BadBody("; ".join(problems))
    try:
        json.dumps(values, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise BadBody("the body has a value that JSON cannot say") from None
    return values


def _problems(
    values: Mapping[str, Any], allow_hosts: Collection[str], limits: Limits
) -> Iterator[str]:
    draft = draft_of(values, limits)
    if not draft.has("model"):
        yield "/model: it is missing; the service wants it in every body"
    if "extra" in values:
        # ``extra`` exists in job files only; in a request its members are fields of the body.
        yield "/extra: the body has no such field (VP401 unknown-field)"
    size = values.get("size")
    if isinstance(size, str) and draft.values.get("size") != size:
        yield f"/size: it is {size!r}; allowed is {', '.join(SIZES)} (VP403 invalid-value)"
    yield from (describe(finding) for finding in errors_of(draft))
    yield from _urls(draft, allow_hosts)


def _urls(draft: Draft, allow_hosts: Collection[str]) -> Iterator[str]:
    for at, value in media_of(draft.values).items():
        if not value:
            continue
        if not is_url(value):
            yield f"{at}: it is a local path; the service takes URLs alone"
            continue
        for finding in judge_url(value, role_of(at), allow_hosts):
            yield describe(replace(finding, pointer=at))
