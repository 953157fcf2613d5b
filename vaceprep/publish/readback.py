"""Read a published URL back as the service would read it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import urljoin

from vaceprep.contract import (
    DEFAULT_IMAGE_ROLE,
    DEFAULT_VIDEO_ROLE,
    MAX_REDIRECTS,
    READ_SECONDS,
)
from vaceprep.files.source import HEAD_BYTES, CannotOpen, open_path
from vaceprep.net.client import NotPublic, client
from vaceprep.net.deadline import Deadline
from vaceprep.net.http import REDIRECTS, RETRYABLE
from vaceprep.net.lean_httpx import httpx
from vaceprep.publish.target import Asset, PublishError, raise_if_cancelled
from vaceprep.publish.upload import ServerResponse, failures, host_of, shown
from vaceprep.rules import codes
from vaceprep.rules.url import judge_url

#: Temporary statuses: a new file may not be available everywhere yet.
_NOT_YET: Final = RETRYABLE | {404}


def read_back(
    url: str,
    asset: Asset,
    *,
    allow_hosts: Collection[str] = (),
    timeout: float = READ_SECONDS,
    cancelled: Callable[[], bool] = lambda: False,
) -> None:
    """Read the first bytes of ``asset`` back from ``url``: status, length, bytes, public host.

    ``allow_hosts``: private hosts that the user permits, each at every port or as ``HOST:PORT``.
    ``timeout``: seconds for each step; all of them may take three times as long. Makes one attempt.
    Raises PublishError, and Cancelled.
    """
    head = _first_bytes(asset)
    deadline = time.monotonic() + 3 * timeout
    end = Deadline(deadline, cancelled)
    for _ in range(MAX_REDIRECTS + 1):
        _check_url(url, asset, allow_hosts)
        raise_if_cancelled(cancelled)
        with (
            _public(url),
            failures(host_of(url), timeout),
            client(stall=timeout, allow_hosts=allow_hosts) as http,
        ):
            request_headers = {"Range": f"bytes=0-{len(head) - 1}"}
            with http.stream(
                "GET", url, headers=request_headers, extensions=end.extensions
            ) as response:
                answer = ServerResponse(response.status_code, response.headers)
                location = answer.headers.get("location")
                if answer.status not in REDIRECTS or location is None:
                    _compare(url, asset, head, answer, response, deadline)
                    return
        try:
            url = urljoin(url, location)
        except ValueError:
            raise PublishError(f"{shown(url)} is redirected, but not to a URL") from None
    raise PublishError(f"{shown(url)} is redirected more than {MAX_REDIRECTS} times")


def _first_bytes(asset: Asset) -> bytes:
    try:
        with open_path(asset.path) as opened:
            return opened.head[: min(HEAD_BYTES, asset.size)]
    except CannotOpen as error:
        raise PublishError(f"{asset.path} cannot be read: {error.fact.message}") from None


def _check_url(url: str, asset: Asset, allow_hosts: Collection[str]) -> None:
    image = asset.content_type.startswith("image/")
    findings = judge_url(url, DEFAULT_IMAGE_ROLE if image else DEFAULT_VIDEO_ROLE, allow_hosts)
    if findings:
        hint = "; --allow-host lets it through" if findings[0].code == codes.URL_NOT_PUBLIC else ""
        raise PublishError(f"{shown(url)} cannot be used: {findings[0].message}{hint}")


@contextmanager
def _public(url: str) -> Iterator[None]:
    """Turn a private address into advice. Raises PublishError."""
    try:
        yield
    except NotPublic as error:
        raise PublishError(
            f"the service cannot reach {shown(url)}: {error}; --allow-host lets it through"
        ) from None


def _compare(
    url: str,
    asset: Asset,
    head: bytes,
    answer: ServerResponse,
    response: httpx.Response,
    deadline: float,
) -> None:
    def wrong(what: str, hint: str = "", *, transient: bool = False) -> PublishError:
        message = f"{shown(url)} was published, but returns {what} when it is read back{hint}"
        return PublishError(message, transient=transient)

    if answer.status not in (200, 206):
        hint = ": the public may not read it" if answer.status in (401, 403) else ""
        raise wrong(answer.words, hint, transient=answer.status in _NOT_YET)
    size = answer.total
    if size is not None and size != asset.size:
        raise wrong(f"{size} bytes instead of {asset.size}")
    got, count = b"", 0
    for piece in response.iter_raw():
        got += piece[: len(head) - len(got)]
        count += len(piece)
        if time.monotonic() > deadline:
            raise PublishError(f"{shown(url)} is too slow to read back", transient=True)
        # Without a length, count the bytes.
        if count >= (len(head) if size is not None else asset.size + 1):
            break
    if head != got and head.startswith(got):
        raise PublishError(f"{host_of(url)} closed the connection during read-back", transient=True)
    if head != got:
        page = " (a web page, it seems)" if got.lstrip()[:1] == b"<" else ""
        raise wrong("other bytes than the file's", page)
    if size is None and count != asset.size:
        raise wrong(f"other than its {asset.size} bytes")
