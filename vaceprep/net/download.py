"""Download a URL into an open file: limited in size, and resumed after a broken connection."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from vaceprep.contract import BACKOFF_SECONDS, MAX_REDIRECTS, TRANSFER_SECONDS
from vaceprep.errors import Cancelled
from vaceprep.net.hosts import PUBLIC_SCHEMES, split
from vaceprep.net.http import (
    REDIRECTS,
    RETRYABLE_4XX,
    content_length,
    content_range,
    redirect_target,
    retry_after_seconds,
)

if TYPE_CHECKING:
    import httpx

#: Called with the bytes received and the total (None: the server does not send it).
OnProgress = Callable[[int, int | None], None]
#: Bytes kept to inspect the start of the file.
HEAD: Final = 512
#: Statuses of a URL that has expired.
GONE: Final = frozenset([HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE])


class FetchFailed(Exception):
    """A result could not be downloaded; the message is one sentence.

    ``gone``: its URL has expired (403, 404 or 410); the task may have a fresh one.
    """

    def __init__(self, message: str, gone: bool = False) -> None:
        super().__init__(message)
        self.gone = gone


class TryAgain(Exception):
    """This attempt failed; the message is a clause. ``wait``: seconds that the server requests."""

    def __init__(self, message: str, wait: float = 0) -> None:
        super().__init__(message)
        self.wait = wait


@dataclass(slots=True)
class Body:
    """The bytes received so far, over all attempts, in an open file."""

    file: BinaryIO
    limit: int
    #: Inspects the first bytes once they are received. Raises TryAgain.
    look: Callable[[bytes], None]
    done: int = 0
    #: Size of the whole body in bytes, if the server sends it.
    total: int | None = None
    #: Identifies one state of the file behind the URL (an ETag, or a date).
    validator: str | None = None
    sha256: Any = field(default_factory=hashlib.sha256)
    head: bytes = b""
    #: Deadline of the whole download (monotonic clock).
    until: float = field(default_factory=lambda: time.monotonic() + TRANSFER_SECONDS)

    def start_over(self) -> None:
        """Discard the bytes received."""
        self.file.seek(0)
        self.file.truncate()
        self.done, self.total, self.validator, self.head = 0, None, None, b""
        self.sha256 = hashlib.sha256()

    def take(self, data: bytes) -> None:
        """Append bytes. Raises FetchFailed if they are too many, TryAgain, or OSError."""
        if self.done + len(data) > self.limit:
            raise too_long(self.limit)
        if time.monotonic() > self.until:
            raise too_slow()
        if len(self.head) < HEAD:
            self.head += data[: HEAD - len(self.head)]
            self.look(self.head)
        self.file.write(data)
        self.sha256.update(data)
        self.done += len(data)


def too_long(limit: int) -> FetchFailed:
    """The failure of a body that exceeds the limit."""
    return FetchFailed(f"it is no result: it is longer than {limit:,} bytes")


def too_slow() -> FetchFailed:
    """The failure of a body, or of headers, that come too slowly."""
    return FetchFailed(f"it is not here after {TRANSFER_SECONDS:g} s")


def host_of(url: str) -> str:
    """The host, the only part of a presigned URL that may be shown. Raises FetchFailed."""
    parts = split(url)
    if parts is None or not parts.hostname or parts.scheme not in PUBLIC_SCHEMES:
        raise FetchFailed("the result's URL is not an http or https URL")
    return parts.hostname


def receive(
    web: httpx.Client, url: str, body: Body, on_progress: OnProgress, cancelled: Callable[[], bool]
) -> None:
    """Try once to download the body, from where the last attempt ended if the server supports it.

    Raises FetchFailed, TryAgain, Cancelled, or OSError if the disk refuses.
    """
    import httpx

    from vaceprep.net.client import NotPublic

    try:
        if not _received(web, url, body, on_progress, cancelled):
            # The server would continue with another file than it began with.
            body.start_over()
            _received(web, url, body, on_progress, cancelled)
    except NotPublic as error:
        raise FetchFailed(f"its URL leads to a private host: {error}") from None
    except httpx.HTTPError as error:
        raise _failed(error, web, body) from None
    except (httpx.InvalidURL, UnicodeError):
        raise FetchFailed("its URL, or what it leads on to, cannot be asked for") from None


def _failed(error: httpx.HTTPError, web: httpx.Client, body: Body) -> FetchFailed | TryAgain:
    """The failure or retry for an httpx exception."""
    import httpx

    if time.monotonic() >= body.until:
        return too_slow()
    if isinstance(error, httpx.TimeoutException):
        return TryAgain(f"no byte came for {web.timeout.read or 0:g} s")
    if isinstance(error, httpx.ConnectError):
        return TryAgain(f"no connection could be made ({error})")
    so_far = f" after {body.done:,} bytes" if body.done else ""
    return TryAgain(f"the connection broke{so_far} ({type(error).__name__})")


def _received(
    web: httpx.Client, url: str, body: Body, on_progress: OnProgress, cancelled: Callable[[], bool]
) -> bool:
    from vaceprep.net.deadline import Deadline

    headers, end = {}, Deadline(body.until, cancelled)
    if body.done and body.validator:
        headers = {"Range": f"bytes={body.done}-", "If-Range": body.validator}
    elif body.done:
        # Without a validator, nothing shows whether the rest belongs to the same file.
        body.start_over()
    for _ in range(MAX_REDIRECTS + 1):
        if cancelled():
            raise Cancelled("the download was called off")
        with web.stream("GET", url, headers=headers, extensions=end.extensions) as response:
            if response.status_code in REDIRECTS:
                url = _redirected(url, response)
                continue
            if not _begun(response, body):
                return False
            on_progress(body.done, body.total)
            for data in response.iter_raw():
                body.take(data)
                on_progress(body.done, body.total)
                if cancelled():
                    raise Cancelled("the download was called off")
        if body.total is not None and body.done != body.total:
            raise TryAgain(f"{body.done:,} bytes came, not {body.total:,}")
        return True
    raise FetchFailed(f"its URL leads on to others more than {MAX_REDIRECTS} times")


def _redirected(url: str, response: httpx.Response) -> str:
    try:
        target = redirect_target(url, response.headers.get("location", ""))
    except ValueError:
        raise FetchFailed("its URL leads on to no URL") from None
    if target is None:
        raise FetchFailed("its URL leads on to what is not an http or https URL")
    return target


def _begun(response: httpx.Response, body: Body) -> bool:
    """Check status and headers. False if the body does not continue the bytes received."""
    status = response.status_code
    if status in GONE:
        message = f"the server has no result there (HTTP {status}): its URL has expired"
        raise FetchFailed(message, gone=True)
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and body.done:
        return False
    if 400 <= status < 500 and status not in RETRYABLE_4XX:
        raise FetchFailed(f"the server refuses it (HTTP {status})")
    if status not in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
        raise TryAgain(f"the server answers HTTP {status}", _requested_wait(response))
    here = content_length(response.headers)
    if status == HTTPStatus.PARTIAL_CONTENT:
        return _goes_on(response, body)
    body.start_over()
    body.total = here
    body.validator = _validator(response)
    if here is not None and here > body.limit:
        raise too_long(body.limit)
    return True


def _goes_on(response: httpx.Response, body: Body) -> bool:
    if not body.done:
        raise TryAgain("the server answers with a part that nobody asked for")
    part = content_range(response.headers)
    if part is None or part.first != body.done:
        return False
    if body.total is not None and part.total not in (None, body.total):
        return False
    return _validator(response) in (body.validator, None)


def _validator(response: httpx.Response) -> str | None:
    tag = str(response.headers.get("etag", ""))
    if tag and not tag.startswith("W/"):
        return tag
    return str(response.headers.get("last-modified", "")) or None


def _requested_wait(response: httpx.Response) -> float:
    """Seconds that the server asks to wait; dates and very long waits are ignored."""
    return min(retry_after_seconds(response.headers) or 0.0, BACKOFF_SECONDS[1])
