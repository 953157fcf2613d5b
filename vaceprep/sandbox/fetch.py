"""Fetch a task's media as the service would: by URL, within limits."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import Final

from vaceprep.contract import IMAGE_ROLES
from vaceprep.files.source import CannotOpen, is_data_uri, open_data_uri
from vaceprep.job.media import role_of
from vaceprep.limits import CONTRACT, Limits
from vaceprep.net import client as net
from vaceprep.net.deadline import Deadline
from vaceprep.net.lean_httpx import httpx
from vaceprep.sandbox.errors import Breach

#: Seconds that one URL may take in total.
FETCH_SECONDS: Final = 60.0
#: Statuses with a whole body.
WHOLE: Final = (200, 206)


async def fetch_all(
    media: Mapping[str, str],
    folder: str,
    seconds: float = FETCH_SECONDS,
    limits: Limits = CONTRACT,
    allow_hosts: Collection[str] = (),
) -> dict[str, str]:
    """Fetch URLs by JSON pointer; return the paths of the files by JSON pointer.

    A ``data:`` URI that is too long or cannot be decoded is kept unchanged, so that the image
    rules report it. Every address of a host is checked before connecting; ``allow_hosts`` are
    private hosts to allow. Uses no proxy and follows no redirect, so only the URL's host is
    contacted. ``seconds`` limit each URL. Raises Breach for a URL that does not return a whole
    file.
    """
    paths: dict[str, str] = {}
    for number, (at, url) in enumerate(media.items()):
        path = os.path.join(folder, f"media-{number}")
        if is_data_uri(url):
            paths[at] = await asyncio.to_thread(_decoded, url, path, limits)
            continue
        called_off = threading.Event()
        try:
            await asyncio.to_thread(
                _fetched, at, url, path, seconds, limits, allow_hosts, called_off.is_set
            )
        finally:
            # A thread cannot be cancelled, but it checks this event.
            called_off.set()
        paths[at] = path
    return paths


def _decoded(uri: str, path: str, limits: Limits) -> str:
    if len(uri) > limits.inline_characters:
        return uri
    try:
        with open_data_uri(uri) as opened, open(path, "wb") as out:
            out.write(opened.read())
    except CannotOpen:
        return uri
    return path


def _unreachable(at: str, why: str) -> Breach:
    return Breach(f"{at}: the URL cannot be fetched: {why} (VP504 url-unreachable)")


def _fetched(
    at: str,
    url: str,
    path: str,
    seconds: float,
    limits: Limits,
    allow_hosts: Collection[str],
    called_off: Callable[[], bool],
) -> None:
    end = Deadline(time.monotonic() + seconds, called_off)
    try:
        with (
            net.client(stall=seconds, allow_hosts=allow_hosts, proxies=False) as client,
            client.stream("GET", url, extensions=end.extensions) as response,
        ):
            _keep(at, response, path, limits)
    except net.NotPublic as error:
        raise _unreachable(at, f"{error}; --allow-host lets it through") from None
    except httpx.TimeoutException:
        raise _unreachable(at, "it does not answer in time") from None
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        raise _unreachable(at, str(error) or type(error).__name__) from None


def _keep(at: str, response: httpx.Response, path: str, limits: Limits) -> None:
    is_image = role_of(at) in IMAGE_ROLES
    limit = limits.image_bytes[1] if is_image else limits.video_bytes[1]
    rule = "VP202 image-size" if is_image else "VP102 video-size"
    got = 0
    if response.status_code not in WHOLE:
        raise _unreachable(at, f"it answers {response.status_code}")
    with open(path, "wb") as out:
        for chunk in response.iter_raw():
            got += len(chunk)
            if got > limit:
                raise Breach(f"{at}: the file has over {limit:,} bytes ({rule})")
            out.write(chunk)
