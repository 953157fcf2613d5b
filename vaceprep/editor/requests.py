"""Read what a request brings: its query and its body, both limited."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any, Final

from starlette.requests import Request

from vaceprep.contract import MAX_JOB_BYTES
from vaceprep.editor.errors import BadRequest
from vaceprep.job.read import JobUnreadable, parse

#: Seconds in which a body must arrive.
BODY_SECONDS: Final = 60


def query_of(request: Request, names: Collection[str], needed: Collection[str]) -> dict[str, str]:
    """The parameters of a query, each at most once. Raises BadRequest for any other."""
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in names:
            raise BadRequest(f"unknown parameter {name!r}; known are: {', '.join(names)}")
        if name in found:
            raise BadRequest(f"the parameter {name} is given twice")
        found[name] = value
    for name in needed:
        if name not in found:
            raise BadRequest(f"the parameter {name} is missing")
    return found


async def body_of(request: Request, limit: int) -> bytes:
    """The body, of at most ``limit`` bytes. Raises BadRequest."""
    kept = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                kept += chunk
                if len(kept) > limit:
                    raise BadRequest(f"the body has more than {limit:,} bytes", 413)
    except TimeoutError:
        raise BadRequest(f"the body did not arrive within {BODY_SECONDS} s", 408) from None
    return bytes(kept)


async def json_of(request: Request, names: Collection[str]) -> dict[str, Any]:
    """The mapping of a JSON body with these keys at most. Raises BadRequest."""
    data = await body_of(request, MAX_JOB_BYTES)
    try:
        values = await asyncio.to_thread(parse, data.decode(), ".json") if data else {}
    except UnicodeDecodeError:
        raise BadRequest("the body is no text in UTF-8") from None
    except JobUnreadable as error:
        raise BadRequest(f"the body cannot be read: {error}") from None
    for name in values:
        if name not in names:
            raise BadRequest(f"unknown field {name!r}; known are: {', '.join(names)}")
    return values
