"""The endpoints that take masks and pictures, and give masks back."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from vaceprep.contract import IMAGE_BYTES_BINARY
from vaceprep.editor import drafts
from vaceprep.editor.answer import Answer
from vaceprep.editor.context import Editor
from vaceprep.editor.errors import BadRequest
from vaceprep.editor.requests import body_of, query_of
from vaceprep.editor.window import whole_of
from vaceprep.job.media import role_of

#: Bytes of the largest picture that is taken; ``prepare`` makes a smaller one of it.
MAX_UPLOAD: Final = 64 * 2**20
#: The most frames of a video, and parts or pictures of one job.
MOST_FRAMES: Final = 10**9
MOST_PARTS: Final = 999


async def put_mask(editor: Editor, request: Request) -> Response:
    """``api/mask``: the mask that was drawn on a frame, numbered from 0."""
    given = query_of(request, ("frame", "part"), ("frame",))
    frame = whole_of(given["frame"], "frame", 0, MOST_FRAMES)
    part = whole_of(given["part"], "part", 1, MOST_PARTS) if "part" in given else None
    data = await body_of(request, IMAGE_BYTES_BINARY)
    return Answer(await asyncio.to_thread(drafts.keep_mask, editor, data, frame, part))


async def get_mask(editor: Editor, request: Request) -> Response:
    """``api/mask``: a mask by its name in the job, black and white at the video's size."""
    given = query_of(request, ("name",), ("name",))
    data = await asyncio.to_thread(drafts.mask_png, editor, given["name"])
    return Response(data, media_type="image/png")


async def upload(editor: Editor, request: Request) -> Response:
    """``api/upload``: a picture for a field; for the mask also a frame that was painted over."""
    given = query_of(request, ("field", "number", "frame", "painted"), ("field",))
    field = given["field"]
    if field not in drafts.PICTURES:
        raise BadRequest(f"{field} takes no picture; fields: {', '.join(drafts.PICTURES)}")
    data = await body_of(request, MAX_UPLOAD)
    if field != drafts.MASK:
        number = whole_of(given.get("number", "1"), "number", 1, MOST_PARTS)
        role = role_of(f"/{field}")
        return Answer(await asyncio.to_thread(drafts.upload, editor, data, role, number))
    frame = whole_of(given.get("frame", "0"), "frame", 0, MOST_FRAMES)
    painted = whole_of(given.get("painted", "0"), "painted", 0, 1) == 1
    made = await asyncio.to_thread(drafts.upload_mask, editor, data, frame, painted=painted)
    return Answer(made)
