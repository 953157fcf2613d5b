"""Download a result: verify that it is whole and readable, then give it a free name."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from vaceprep.checks.inputs import Item
from vaceprep.contract import (
    BACKOFF_SECONDS,
    DEFAULT_VIDEO_ROLE,
    MAX_RESULT_BYTES,
    STALL_SECONDS,
    TRANSFER_TRIES,
)
from vaceprep.errors import Refused, Taken
from vaceprep.facts import Unreadable, VideoFacts
from vaceprep.files.atomic import Placing, placing_in, sweep
from vaceprep.files.digest import digest
from vaceprep.files.source import CannotOpen, open_path
from vaceprep.net.download import Body, FetchFailed, OnProgress, TryAgain, host_of, receive
from vaceprep.net.retry import pause, retried
from vaceprep.preparation.read import measured
from vaceprep.probes.sniff import sniff

__all__ = ["FetchFailed", "Fetched", "fetch"]

#: Bytes that identify an MP4: a size, then ``ftyp``.
_FTYP: Final = 8
#: Names to try for one file.
_NAMES: Final = 10_000


@dataclass(frozen=True, slots=True)
class Fetched:
    """A result on disk. ``already``: a file with the same bytes existed before."""

    path: str
    sha256: str
    bytes: int
    facts: VideoFacts
    already: bool


def fetch(
    url: str,
    folder: str,
    names: Callable[[int], str],
    *,
    on_progress: OnProgress = lambda done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
    stall: float = STALL_SECONDS,
    tries: int = TRANSFER_TRIES,
    limit: int = MAX_RESULT_BYTES,
    wait: float = BACKOFF_SECONDS[0],
    allow_hosts: Collection[str] = (),
) -> Fetched:
    """Download an MP4 into ``folder``, which is created if absent.

    The file gets the first free one of ``names(1)``, ``names(2)``, ...; no file is overwritten, and
    an existing one with the same bytes is used instead. Until it is whole and readable as a video
    it has a temporary name.

    ``on_progress`` gets the bytes so far and the total (None: unknown). ``cancelled`` is called
    with each piece, so at the latest after ``stall`` seconds without one; such a silence ends an
    attempt. There are ``tries`` attempts, ``wait`` seconds apart, then twice as long, and so on, or
    as the server asks; each resumes the last one if the server supports it. More than ``limit``
    bytes are refused. ``allow_hosts`` are private hosts that the result may come from.

    Raises FetchFailed, Cancelled; ValueError if ``names`` returns an invalid name.
    """
    host = host_of(url)
    sweep(folder or os.curdir)
    try:
        with placing_in(folder, make_folder=True) as place:
            sha256, facts = _downloaded(
                url, place, on_progress, cancelled, stall, tries, limit, wait, allow_hosts
            )
            size = os.path.getsize(place.path)
            path, already = _named(place, folder, names, sha256, size)
    except FetchFailed as error:
        message = f"the result could not be downloaded from {host}: {error}"
        raise FetchFailed(message, error.gone) from None
    except Refused as error:
        raise FetchFailed(f"the result could not be kept: {error}") from None
    except OSError as error:
        reason = error.strerror or error
        raise FetchFailed(f"the result could not be kept in {folder or '.'}: {reason}") from None
    return Fetched(path, sha256, size, facts, already)


def _downloaded(
    url: str,
    place: Placing,
    on_progress: OnProgress,
    cancelled: Callable[[], bool],
    stall: float,
    tries: int,
    limit: int,
    wait: float,
    allow_hosts: Collection[str],
) -> tuple[str, VideoFacts]:
    """The hash and the facts of the file. Raises FetchFailed, Cancelled, Refused, OSError."""
    from vaceprep.net.client import client

    with (
        open(place.path, "r+b") as file,
        client(stall=stall, allow_hosts=allow_hosts) as web,
    ):
        body = Body(file, limit, _check_header)

        def attempt() -> tuple[str, VideoFacts]:
            receive(web, url, body, on_progress, cancelled)
            file.flush()
            try:
                return body.sha256.hexdigest(), _read(place.path, body.done)
            except TryAgain:
                body.start_over()
                raise

        try:
            return retried(
                attempt,
                tries,
                lambda error: error.wait if isinstance(error, TryAgain) else None,
                lambda seconds: pause(seconds, cancelled, "the download"),
                wait,
            )
        except TryAgain as error:
            often = f" (tried {tries} times)" if tries > 1 else ""
            raise FetchFailed(f"{error}{often}") from None


def _check_header(head: bytes) -> None:
    """Check that the first bytes are an MP4's. Raises TryAgain."""
    if len(head) >= _FTYP and head[4:_FTYP] != b"ftyp":
        sniffed = sniff(head)
        known = {"text": "text", "unknown": ""}.get(sniffed.kind, sniffed.format)
        what = f"{known}, not an MP4" if known else "no MP4"
        raise TryAgain(f"what comes is {what}")


def _read(path: str, size: int) -> VideoFacts:
    """The facts of a whole file. Raises TryAgain."""
    if not size:
        raise TryAgain("what came is empty")
    try:
        with open_path(path) as opened:
            facts = measured(Item(path, "path"), opened, DEFAULT_VIDEO_ROLE).facts
    except CannotOpen as error:
        raise TryAgain(f"what came cannot be read: {error.fact.message}") from None
    if isinstance(facts, Unreadable):
        raise TryAgain(f"what came cannot be read: {facts.message}")
    if not isinstance(facts, VideoFacts):
        raise TryAgain("what came is no video")
    if facts.truncation:
        raise TryAgain(f"what came is cut short: {facts.truncation}")
    return facts


def _named(
    place: Placing, folder: str, names: Callable[[int], str], sha256: str, size: int
) -> tuple[str, bool]:
    """The path of the file, and whether it existed before. Raises Refused, ValueError."""
    for number in range(1, _NAMES + 1):
        name = names(number)
        if not name or os.path.basename(name) != name or name in (os.curdir, os.pardir):
            raise ValueError(f"{name!r} is no name of a file")
        path = os.path.join(folder, name)
        if not os.path.lexists(path):
            try:
                place.commit(path)
            except Taken:
                # Another process has just made it: it is checked like any other.
                pass
            else:
                return path, False
        if _holds(path, sha256, size):
            return path, True
    raise Refused(f"{path} and {_NAMES - 1:,} other names are taken")


def _holds(path: str, sha256: str, size: int) -> bool:
    """Whether a file has these bytes; compares the size before reading it."""
    try:
        if os.stat(path).st_size != size:
            return False
    except OSError:
        return False
    return digest(path) == {"sha256": sha256, "bytes": size}
