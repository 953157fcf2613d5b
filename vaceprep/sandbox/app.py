"""The endpoints of the service, of the file storage and of the sandbox, as one application."""

from __future__ import annotations

import asyncio
import hmac
import os
import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from vaceprep.contract import MAX_JOB_BYTES, TASKS_AT_ONCE, TASKS_PATH
from vaceprep.limits import CONTRACT, Limits
from vaceprep.sandbox.bodies import BadBody, read_body
from vaceprep.sandbox.faults import Faults
from vaceprep.sandbox.files import Files
from vaceprep.sandbox.tasks import Task, Tasks

#: Seconds in Retry-After.
RETRY_AFTER: Final = 1
#: Delay of the fault ``slow`` in seconds: longer than clients wait.
SLOW_SECONDS: Final = 75.0
#: Bytes of an oversized body that are read and discarded, so that the client gets the response.
MAX_DRAINED: Final = 4 * MAX_JOB_BYTES

_BEFORE: Final = ("429", "429-bare", "503", "503-bare", "drop-before-accept")
_AFTER: Final = ("500-after-accept", "drop-after-accept", "slow", "bad-json", "no-id")
_RESULTS: Final = ("expired-result", "empty-result", "html-result", "half-result")
_CHUNK: Final = 1 << 16


@dataclass
class Service:
    """The state that the endpoints share."""

    #: The path that every endpoint is under: ``/<nonce>``.
    root: str
    base_url: str
    tasks: Tasks
    files: Files
    faults: Faults
    #: The only token that is accepted; None accepts any.
    key: str | None = field(default=None, repr=False)
    extra_fields: tuple[str, ...] = ()
    allow_hosts: tuple[str, ...] = ()
    strict_limits: bool = False
    limits: Limits = CONTRACT
    slow_seconds: float = SLOW_SECONDS

    def account(self) -> dict[str, Any]:
        """Counts for tests and people, and what was billed."""
        billed = self.tasks.billed
        return {
            "accepted": len(self.tasks.all),
            "rejected": self.tasks.rejected,
            "running": self.tasks.running,
            "tasks": [task.summary() for task in self.tasks.all.values()],
            "billed": None if billed is None else billed.to_dict(),
            "faults": self.faults.left(),
        }


def application(service: Service) -> Starlette:
    """The ASGI application of one sandbox."""

    async def account(_: Request) -> Response:
        return JSONResponse(service.account())

    root, files = service.root, service.files
    return Starlette(
        routes=[
            Route(f"{root}{TASKS_PATH}", partial(_create, service), methods=["POST"]),
            Route(f"{root}{TASKS_PATH}/{{id}}", partial(_show, service), methods=["GET"]),
            Route(f"{root}/videos/{{id}}.mp4", partial(_video, service), methods=["GET"]),
            Route(f"{root}/files/{{key}}", files.put, methods=["PUT"]),
            Route(f"{root}/files/{{key}}", files.get, methods=["GET"]),
            Route(f"{root}/_sandbox", account, methods=["GET"]),
        ],
        exception_handlers={404: _nothing, 405: _wrong_method, 500: _broken},
    )


class Protocol(H11Protocol):
    """Endpoints get their connection as ``scope["state"]["transport"]``, to break it."""

    def connection_made(  # type: ignore[override]
        self, transport: asyncio.Transport
    ) -> None:
        """Store the transport for the connection's requests."""
        super().connection_made(transport)
        # Make a copy, because all connections share the server's own state.
        self.app_state = {**self.app_state, "transport": transport}


def _trace() -> dict[str, str]:
    return {"Traceparent": f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"}


def _json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse(value, status, {**_trace(), **(headers or {})})


def _refusal(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    return _json({"detail": detail}, status, headers)


async def _nothing(_: Request, __: Exception) -> Response:
    return _refusal(404, "there is nothing here")


async def _wrong_method(_: Request, error: Exception) -> Response:
    headers = getattr(error, "headers", None)
    return _refusal(405, "the method is not allowed here", headers)


async def _broken(_: Request, __: Exception) -> Response:
    return _refusal(500, "the sandbox failed")


def _unauthorized(service: Service, request: Request) -> Response | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        return _refusal(401, "the Authorization header has no bearer token")
    if service.key is not None and not hmac.compare_digest(token.encode(), service.key.encode()):
        return _refusal(401, "the token is not valid")
    return None


async def _body(request: Request) -> bytes | None:
    """The body's bytes; None if there are too many."""
    kept = bytearray()
    length = 0
    async for chunk in request.stream():
        length += len(chunk)
        if length <= MAX_JOB_BYTES:
            kept += chunk
        elif length > MAX_DRAINED:
            return None
    return bytes(kept) if length <= MAX_JOB_BYTES else None


async def _drop(request: Request) -> Response:
    """Close the connection without a response."""
    request.scope["state"]["transport"].abort()
    await asyncio.sleep(0)
    return Response()


async def _create(service: Service, request: Request) -> Response:
    answer = await _submitted(service, request)
    if answer.status_code in range(400, 600) and not isinstance(answer, _Accepted):
        service.tasks.rejected += 1
    return answer


class _Accepted(JSONResponse):
    """A response that is not a refusal, whatever its status: the task was created."""


async def _submitted(service: Service, request: Request) -> Response:
    try:
        raw = await _body(request)
    except ClientDisconnect:
        return Response(status_code=400)
    refused = _unauthorized(service, request)
    if refused is not None:
        return refused
    fault = service.faults.take(*_BEFORE)
    if fault == "drop-before-accept":
        service.tasks.rejected += 1
        return await _drop(request)
    if fault is not None:
        return _busy(fault)
    if raw is None:
        return _refusal(413, f"the body has over {MAX_JOB_BYTES:,} bytes", {"Connection": "close"})
    try:
        body = await asyncio.to_thread(
            read_body,
            raw,
            extra_fields=service.extra_fields,
            allow_hosts=service.allow_hosts,
            limits=service.limits,
        )
    except BadBody as error:
        return _refusal(400, str(error))
    if service.strict_limits and service.tasks.running >= TASKS_AT_ONCE:
        detail = f"{TASKS_AT_ONCE} tasks are running, which is the most at once"
        return _refusal(429, detail, {"Retry-After": str(RETRY_AFTER)})
    fails = service.faults.take("task-failed") is not None
    task = service.tasks.accept(raw, body, fails=fails)
    return await _answer(service, request, task, service.faults.take(*_AFTER))


def _busy(fault: str) -> Response:
    status, _, bare = fault.partition("-")
    words = "too many requests" if status == "429" else "the service is not available"
    headers = {} if bare else {"Retry-After": str(RETRY_AFTER)}
    return _refusal(int(status), f"{words} (a fault that was asked for)", headers)


async def _answer(service: Service, request: Request, task: Task, fault: str | None) -> Response:
    """The response to a submission whose task was created."""
    values = {"task_info": task.info()}
    match fault:
        case "500-after-accept":
            return _Accepted({"detail": "an internal error"}, 500, _trace())
        case "drop-after-accept":
            return await _drop(request)
        case "bad-json":
            return Response('{"task_info": {"id": "', 202, _trace(), "application/json")
        case "no-id":
            del values["task_info"]["id"]
        case "slow":
            await _late(request, service.slow_seconds)
    return _json(values, 202)


async def _late(request: Request, seconds: float) -> None:
    """Wait so long, or until the client disconnects."""
    try:
        async with asyncio.timeout(seconds):
            while not await request.is_disconnected():
                await asyncio.sleep(0.1)
    except TimeoutError:
        return


async def _show(service: Service, request: Request) -> Response:
    refused = _unauthorized(service, request)
    if refused is not None:
        return refused
    if service.faults.take("status-500"):
        return _refusal(500, "an internal error (a fault that was asked for)")
    task = service.tasks.all.get(request.path_params["id"])
    if task is None:
        return _refusal(404, "there is no such task")
    values: dict[str, Any] = {"task_info": task.info()}
    if task.video is not None:
        values["videos"] = [f"{service.base_url}/videos/{task.id}.mp4"]
    return _json(values)


async def _video(service: Service, request: Request) -> Response:
    task = service.tasks.all.get(request.path_params["id"])
    if task is None or task.video is None:
        return PlainTextResponse("there is no such video", 404)
    head = request.method == "HEAD"
    match None if head else service.faults.take(*_RESULTS):
        case "expired-result":
            return PlainTextResponse("the URL has expired", 403)
        case "empty-result":
            return Response(b"", media_type="video/mp4")
        case "html-result":
            return HTMLResponse("<!doctype html><title>Sorry</title><p>The video is not here.")
        case "half-result":
            size = os.path.getsize(task.video)
            headers = {"Content-Length": str(size), "Accept-Ranges": "bytes"}
            return StreamingResponse(
                _half(request, task.video, size // 2), 200, headers, "video/mp4"
            )
    return FileResponse(task.video, media_type="video/mp4")


async def _half(request: Request, path: str, size: int) -> AsyncIterator[bytes]:
    """So many bytes of a file; then the connection is closed."""
    with open(path, "rb") as file:
        while size > 0:
            chunk = file.read(min(_CHUNK, size))
            size -= len(chunk)
            yield chunk
    # Unlike abort, close sends the buffered bytes first.
    request.scope["state"]["transport"].close()
    await _late(request, 5)
