"""Problems of reading a URL, as facts with advice."""

from __future__ import annotations

import re
from typing import Final

from vaceprep.contract import MAX_REDIRECTS, REMOTE_BYTES
from vaceprep.facts import Unreached, Unreadable
from vaceprep.net.http import BUSY, status_words

_LONGEST: Final = 200
#: The prefix of the system's error messages.
_NUMBER: Final = re.compile(r"^\[Errno -?\d+\] ")


class RemoteError(OSError):
    """Reading a URL failed; ``fact`` gives the reason. Reading stops."""

    def __init__(
        self, fact: Unreached | Unreadable, *, passing: bool = False, connection: bool = False
    ) -> None:
        super().__init__(fact.message)
        self.fact = fact
        #: Whether the connection failed, which may be because the time for it was over.
        self.connection = connection
        #: Whether a retry a moment later may succeed.
        self.passing = passing


def unreached(message: str, status: int | None = None, *, passing: bool = False) -> RemoteError:
    """No bytes were received. The message is a clause."""
    return RemoteError(Unreached("unreachable", message, status), passing=passing)


def _failed(message: str, *, passing: bool = True) -> RemoteError:
    """The connection failed. The message is a clause."""
    return RemoteError(Unreached("unreachable", message), passing=passing, connection=True)


def private(reason: str, led: bool) -> RemoteError:
    """The host is not public; ``led`` if a redirect leads there."""
    return RemoteError(Unreached("not-public", f"it leads on, and {reason}" if led else reason))


def changed(size: int | None) -> RemoteError:
    """The file changed between two requests."""
    message = "the file behind the URL changed while it was read; check it again when it is settled"
    return RemoteError(Unreadable("unavailable", message, size))


def too_large(size: int | None, *, whole: bool) -> RemoteError:
    """More bytes are needed than a URL may take; ``whole``: it can only be fetched whole."""
    most = f"{REMOTE_BYTES:,} at most are fetched of a URL; check a local copy"
    length = "more bytes than that" if size is None else f"all of its {size:,} bytes"
    why = "the server gives it whole or not at all" if whole else "it has no index to measure by"
    return RemoteError(
        Unreadable("too-large", f"{why}, {length} would be needed, and {most}", size)
    )


def empty() -> RemoteError:
    """The URL's content is empty."""
    return RemoteError(Unreadable("empty", "the file is empty", 0))


def too_slow(seconds: float) -> RemoteError:
    """It took longer than any URL may take."""
    return unreached(f"it is not read after {seconds:g} s")


def redirects() -> RemoteError:
    """Too many redirects."""
    return unreached(f"it leads on to other URLs more than {MAX_REDIRECTS} times; give the last")


def refused(status: int) -> RemoteError:
    """An error status."""
    if status in (401, 403, 407):
        advice = "make it public, or presign it anew if its signature has run out"
    elif status in (404, 410):
        advice = "nothing is there; see that it is published under this very URL"
    elif status in BUSY:
        return unreached(
            f"the server answers {_named(status)}; try again later", status, passing=True
        )
    else:
        advice = "only 200 and 206 give a file"
    return unreached(f"the server answers {_named(status)}: {advice}", status)


def _named(status: int) -> str:
    words = status_words(status)
    return f"HTTP {status} ({words})" if words else f"HTTP {status}"


def silent(host: str, stall: float) -> RemoteError:
    """Nothing came within a step's time-out."""
    return _failed(f"{host} does not answer within {stall:g} s")


def no_connection_in_time(host: str) -> RemoteError:
    """Connecting took too long."""
    return _failed(f"no connection to {host} comes about in time")


def no_connection(host: str, text: str) -> RemoteError:
    """Connecting failed; ``text`` is the error's."""
    detail = _detail(text)
    if "CERTIFICATE" in detail.upper():
        return _failed(f"the certificate of {host} is not trusted ({detail})", passing=False)
    return _failed(f"no connection to {host} can be made ({detail})")


def broken(host: str, text: str) -> RemoteError:
    """The connection failed after it was made; ``text`` is the error's."""
    detail = _detail(text)
    words = f" ({detail})" if detail else ""
    return _failed(f"the connection to {host} breaks{words}")


def _detail(text: str) -> str:
    return _NUMBER.sub("", " ".join(text.split()))[:_LONGEST]


def of_httpx(error: Exception, host: str, stall: float) -> RemoteError:
    """The RemoteError for an httpx exception."""
    import httpx

    if isinstance(error, httpx.ConnectTimeout):
        return no_connection_in_time(host)
    if isinstance(error, httpx.TimeoutException):
        return silent(host, stall)
    if isinstance(error, httpx.ConnectError):
        return no_connection(host, str(error))
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol | UnicodeError | ValueError):
        return _failed("it is no URL that can be asked for", passing=False)
    return broken(host, str(error))
