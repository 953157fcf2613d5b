"""The endpoints of the editor as one application; ``guard`` stands in front of all of them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, TypeVar

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from vaceprep.cost import rate
from vaceprep.editor import describe, draft_routes, media_routes, run_routes
from vaceprep.editor.answer import Answer
from vaceprep.editor.context import Editor
from vaceprep.editor.errors import BadRequest
from vaceprep.editor.guard import Guard, refusal
from vaceprep.editor.requests import json_of
from vaceprep.editor.review import Draft, Review, draft_of
from vaceprep.errors import Cancelled, Refused

T = TypeVar("T")

#: Version of the JSON; it changes if a key changes its meaning or is removed.
JSON_VERSION: Final = 1
#: The folder of the page's own files, and the types of those that are served.
PAGE: Final = os.path.join(os.path.dirname(__file__), "page")
TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}


def application(editor: Editor) -> ASGIApp:
    """The ASGI application of one editor."""
    root = f"/{editor.token}"
    # Names are looked up here, so that none of the client's becomes a path.
    with os.scandir(PAGE) as entries:
        pages = {e.name: e.path for e in entries if os.path.splitext(e.name)[1] in TYPES}

    def route(path: str, method: str, answer: Callable[[Editor, Request], Any]) -> Route:
        return Route(f"{root}/{path}", partial(answer, editor), methods=[method])

    app = Starlette(
        routes=[
            Route(f"{root}/", partial(_page, pages, "index.html"), methods=["GET"]),
            Route(f"{root}/page/{{name}}", partial(_page, pages, None), methods=["GET"]),
            route("api/state", "GET", _state),
            route("api/job", "PUT", _job),
            route("api/frame", "GET", media_routes.frame),
            route("api/frames", "GET", media_routes.frames),
            route("api/strip", "GET", media_routes.strip),
            route("api/clip", "GET", media_routes.clip),
            route("api/waveform", "GET", media_routes.waveform),
            route("api/cuts", "GET", media_routes.cuts),
            route("api/pick", "GET", media_routes.pick),
            route("api/mask", "PUT", draft_routes.put_mask),
            route("api/mask", "GET", draft_routes.get_mask),
            route("api/upload", "POST", draft_routes.upload),
            route("api/save", "POST", run_routes.save_job),
            route("api/rehearse", "POST", run_routes.rehearse),
            route("api/send", "POST", run_routes.send),
            route("api/run", "GET", run_routes.show),
            route("api/stop", "POST", run_routes.stop),
            route("api/result", "GET", run_routes.result),
            route("api/quit", "POST", _quit),
        ],
        exception_handlers={
            404: _nothing,
            405: _wrong_method,
            500: _broken,
            BadRequest: _bad_request,
            Refused: _refused,
            Cancelled: _ending,
            ClientDisconnect: _disconnected,
        },
    )
    app.router.redirect_slashes = False
    return Guard(app, token=editor.token, port=editor.port)


async def in_thread(work: Callable[[], T]) -> T:
    """Run work that reads files or decodes, beside the server's loop."""
    return await asyncio.to_thread(work)


async def _nothing(_: Request, __: Exception) -> Response:
    return refusal(404, "there is nothing here")


async def _wrong_method(_: Request, __: Exception) -> Response:
    return refusal(405, "the method is not allowed here")


async def _broken(_: Request, __: Exception) -> Response:
    return refusal(500, "the editor failed")


async def _bad_request(_: Request, error: Exception) -> Response:
    return refusal(error.status if isinstance(error, BadRequest) else 400, str(error))


async def _refused(_: Request, error: Exception) -> Response:
    return refusal(422, str(error))


async def _ending(_: Request, __: Exception) -> Response:
    return refusal(503, "the editor ends")


async def _disconnected(_: Request, __: Exception) -> Response:
    return Response(status_code=400)


async def _page(pages: Mapping[str, str], name: str | None, request: Request) -> Response:
    name = name or str(request.path_params["name"])
    path = pages.get(name)
    if path is None:
        return refusal(404, "the page has no such file")
    return FileResponse(path, media_type=TYPES[os.path.splitext(name)[1]])


async def _state(editor: Editor, _: Request) -> Response:
    return Answer(await in_thread(partial(state_of, editor)))


def state_of(editor: Editor) -> dict[str, Any]:
    """The JSON of ``api/state``."""
    session = editor.session
    with session.lock:
        values, window, options = dict(session.values), session.window, dict(session.options)
    return {
        "version": JSON_VERSION,
        "path": session.path,
        "job": values,
        "window": window.to_dict(),
        "options": options,
        "functions": describe.functions(editor.limits),
        "media": session.described_media(),
        "files": session.files(),
        "limits": describe.limits_of(editor.limits),
        "allow_send": editor.allow_send,
        "price": rate(editor.run.price),
    }


async def _job(editor: Editor, request: Request) -> Response:
    editor.latest = number = editor.latest + 1
    body = await json_of(request, ("job", "window", "options"))
    draft = draft_of(body)
    if number == editor.latest:
        editor.session.keep(draft.values, draft.window, body.get("options") or {})
    return Answer(await in_thread(partial(_review, editor, draft, number)))


def _review(editor: Editor, draft: Draft, number: int) -> dict[str, Any]:
    """The answer to one state of the job; the last state wins."""
    with editor.reviewing:
        if number != editor.latest:
            return {"superseded": True}
        return Review(editor, draft).to_dict()


async def _quit(editor: Editor, _: Request) -> Response:
    editor.end()
    return Answer({})
