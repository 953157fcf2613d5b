"""The endpoints that save the job, rehearse it, send it, and show the result."""

from __future__ import annotations

import asyncio
import os
import secrets
from dataclasses import replace
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from vaceprep.checks.inputs import Item
from vaceprep.editor import running
from vaceprep.editor.answer import Answer
from vaceprep.editor.context import Editor
from vaceprep.editor.errors import BadRequest
from vaceprep.editor.requests import json_of, query_of
from vaceprep.editor.review import Draft, Review, draft_of
from vaceprep.editor.running import Kind, Run
from vaceprep.editor.saving import save

#: Random bytes of a run's name.
ID_BYTES: Final = 9


def now(editor: Editor) -> Draft:
    """The state of the job that the page sent last."""
    session = editor.session
    with session.lock:
        window = session.window.to_dict()
        body = {"job": dict(session.values), "window": window, "options": session.options}
    return draft_of(body)


async def save_job(editor: Editor, request: Request) -> Response:
    """``api/save``: write the job and its masks."""
    body = await json_of(request, ("force",))
    force = body.get("force", False)
    if not isinstance(force, bool):
        raise BadRequest("force must be true or false")
    return Answer(await asyncio.to_thread(save, editor, now(editor), force=force))


async def rehearse(editor: Editor, request: Request) -> Response:
    """``api/rehearse``: run the job as it is now in a sandbox, without saving it."""
    await json_of(request, ())
    if editor.rehearsal is None:
        raise BadRequest("there is no sandbox: pip install 'vaceprep[sandbox]'", 403)
    review = await asyncio.to_thread(Review, editor, now(editor))
    name, run = _new(editor, "rehearse")
    folder = os.path.join(editor.session.temporary.name, name)
    options = replace(review.run_options, output=folder)
    running.start(run, partial(running.rehearse, run, review.item, options, editor.rehearsal))
    return Answer({"id": name})


async def send(editor: Editor, request: Request) -> Response:
    """``api/send``: save the job and send it, at the cost that the page showed."""
    body = await json_of(request, ("cost",))
    if not editor.allow_send or editor.sending is None:
        raise BadRequest("sending is off; start vaceprep edit with --allow-send", 403)
    draft = now(editor)
    review = await asyncio.to_thread(Review, editor, draft)
    if not review.ok or review.cost is None:
        raise BadRequest("the job would be refused; see the findings", 409)
    shown = review.cost.to_dict()
    cost = body.get("cost")
    if isinstance(cost, bool) or cost is None or cost not in (shown["usd"], shown["most_usd"]):
        raise BadRequest(f"the cost is now {review.cost.text()}; look at it and send again", 409)
    await asyncio.to_thread(save, editor, draft)
    item = Item(editor.session.path, "job")
    options = replace(review.run_options, max_cost=review.cost.most_usd)
    name, run = _new(editor, "send")
    running.start(run, partial(running.send, run, item, options, editor.sending))
    return Answer({"id": name})


def _new(editor: Editor, kind: Kind) -> tuple[str, Run]:
    """A new run; only one runs at a time. Raises BadRequest."""
    if any(not run.done for run in editor.runs.values()):
        raise BadRequest("a run is under way; wait until it ends", 409)
    name, run = secrets.token_urlsafe(ID_BYTES), Run(kind)
    editor.runs[name] = run
    return name, run


def _run_of(editor: Editor, request: Request) -> tuple[str, Run]:
    name = query_of(request, ("id",), ("id",))["id"]
    run = editor.runs.get(name)
    if run is None:
        raise BadRequest("there is no such run", 404)
    return name, run


async def show(editor: Editor, request: Request) -> Response:
    """``api/run``: how far a run is."""
    name, run = _run_of(editor, request)
    address = request.url.path.removesuffix("run") + f"result?id={name}"
    video = None if run.video is None else address
    return Answer({"id": name, **run.to_dict(), "video": video, "path": run.video})


async def result(editor: Editor, request: Request) -> Response:
    """``api/result``: the video of a run."""
    _, run = _run_of(editor, request)
    if run.video is None:
        raise BadRequest("the run has no video", 404)
    return FileResponse(run.video, media_type="video/mp4")


async def stop(editor: Editor, request: Request) -> Response:
    """``api/stop``: end a run after its step."""
    _, run = _run_of(editor, request)
    run.control.stop.set()
    return Answer({})
