"""File storage for jobs' media: PUT, GET and HEAD of ``/files/{key}``."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from vaceprep.files.names import fit

#: Bytes of one file: more than the contract allows, so that an oversized file can be published
#: and is refused by the task, as with the service.
MAX_FILE_BYTES: Final = 256 * 2**20
_KEY: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")
#: Content types that a client may set; anything else is stored as bytes.
_TYPE: Final = re.compile(r"(video|image|application)/[A-Za-z0-9.+-]{1,60}")
ANY_TYPE: Final = "application/octet-stream"


class Files:
    """The files of one sandbox, in its own folder."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._types: dict[str, str] = {}
        os.mkdir(folder)

    async def put(self, request: Request) -> Response:
        """Store the body under its key: 201 if it is new, 204 if it replaces another."""
        key = request.path_params["key"]
        if not _KEY.fullmatch(key):
            return PlainTextResponse("a key is letters, digits, dots, dashes and underscores", 400)
        if "".join(fit(*os.path.splitext(key))) != key:
            return PlainTextResponse("a key is no device's name and ends in no dot", 400)
        path = os.path.join(self._folder, key)
        # No key starts with a dot.
        part = os.path.join(self._folder, f".{secrets.token_hex(8)}")
        got = 0
        try:
            with open(part, "wb") as out:
                async for chunk in request.stream():
                    got += len(chunk)
                    if got <= MAX_FILE_BYTES:
                        out.write(chunk)
            if got > MAX_FILE_BYTES:
                return PlainTextResponse(f"a file has at most {MAX_FILE_BYTES:,} bytes", 413)
            known = os.path.exists(path)
            os.replace(part, path)
        except ClientDisconnect:
            # An incomplete upload is not a file.
            return Response(status_code=400)
        except OSError as error:
            return PlainTextResponse(f"it cannot be kept: {error.strerror or error}", 507)
        finally:
            with contextlib.suppress(OSError):
                os.unlink(part)
        content_type = request.headers.get("content-type", ANY_TYPE)
        self._types[key] = content_type if _TYPE.fullmatch(content_type) else ANY_TYPE
        return Response(status_code=204 if known else 201)

    async def get(self, request: Request) -> Response:
        """The file, or the requested range of it."""
        key = request.path_params["key"]
        if key not in self._types:
            return PlainTextResponse("there is no such file", 404)
        path = os.path.join(self._folder, key)
        return FileResponse(path, media_type=self._types[key])
