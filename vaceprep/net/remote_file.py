"""A URL as a file: bytes are requested by range when read, once, and kept.

The first response gives the length and the validator for later ones: bytes of two states of the
file are never combined. Without range support, the body is read in order, as far as needed. A
failed read is remembered, since a decoder may ignore it: the caller must check ``problem`` after
measuring.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from vaceprep.contract import (
    MAX_REDIRECTS,
    REMOTE_BYTES,
    REMOTE_JUMP,
    REMOTE_JUMPS,
    REMOTE_PAUSE,
    REMOTE_SECONDS,
    REMOTE_TRIES,
)
from vaceprep.facts import Unreadable
from vaceprep.files.source import Opened, View
from vaceprep.net import problems
from vaceprep.net.blocks import BLOCK, Store, runs
from vaceprep.net.checked import NotPublic
from vaceprep.net.http import (
    REDIRECTS,
    content_length,
    content_range,
    is_empty,
    redirect_target,
)
from vaceprep.net.problems import RemoteError
from vaceprep.net.retry import retried

if TYPE_CHECKING:
    from vaceprep.net.requests import Requests, Response

#: The most bytes per request during sequential reading.
_MOST_AHEAD: Final = 4 * 2**20
#: Statuses with which a server answers a request for a range, beside 200.
_RANGE_ANSWERS: Final = (HTTPStatus.PARTIAL_CONTENT, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)


class Remote(View):
    """The bytes behind a URL, for one thread at a time. The caller must close it."""

    def __init__(
        self,
        url: str,
        requests: Requests,
        store: Store,
        seconds: float = REMOTE_SECONDS,
        sent: Callable[[], None] | None = None,
    ) -> None:
        """Request the first bytes, and call ``sent`` meanwhile. Raises RemoteError."""
        super().__init__(0)
        #: The first problem: facts measured after it are invalid.
        self.problem: RemoteError | None = None
        #: The server's content type; None if it sends none.
        self.content_type: str | None = None
        #: The numbers of requests and bytes so far.
        self.requests = 0
        self.moved = 0
        self._url = url
        self._requests = requests
        self._sent = sent
        self._store = store
        self._seconds = seconds
        self._until = time.monotonic() + seconds
        self._validators: dict[str, str] = {}
        self._conditional = True
        #: Whether it redirects to another URL.
        self._led = False
        #: The block after the last one fetched, and how much to fetch there.
        self._next = -1
        self._ahead = REMOTE_JUMP
        self._jumps = 0
        #: Without range support: the single body, and how much of it was received.
        self._body: Iterator[bytes] | None = None
        self._came = 0
        self._rest = b""
        self._stack = ExitStack()
        try:
            self._tried(self._begin)
        except RemoteError:
            self.close()
            raise

    @property
    def path(self) -> str | None:
        """The file with the blocks, if a path was given."""
        return self._store.path

    @property
    def present(self) -> frozenset[int]:
        """The numbers of the fetched blocks."""
        return frozenset(self._store.present)

    def opened(self) -> Opened:
        """The same in the form that readers take."""
        return Opened(cast("BinaryIO", self), self.size)

    def close(self) -> None:
        """Close the connection and discard the blocks."""
        self._stack.close()
        self._store.close()

    def bytes_at(self, start: int, end: int) -> bytes:
        """The bytes, fetched if missing. Raises RemoteError."""
        self.need(start, end)
        try:
            return self._store.read(start, end)
        except OSError as error:
            raise self._failed(self._no_room(error)) from None

    def need(self, start: int, end: int) -> None:
        """Fetch missing bytes. Raises RemoteError, at once if there was a problem before."""
        if self.problem is not None:
            raise self.problem
        try:
            while next(self._store.missing(start, min(end, self.size)), None) is not None:
                self._tried(lambda: self._fetch(start, min(end, self.size)))
            self._store.flush()
        except RemoteError as error:
            raise self._failed(error) from None
        except OSError as error:
            raise self._failed(self._no_room(error)) from None

    def _failed(self, error: RemoteError) -> RemoteError:
        self.problem = self.problem or error
        return self.problem

    def _no_room(self, error: OSError) -> RemoteError:
        message = f"what comes of it cannot be kept ({error.strerror or error})"
        return RemoteError(Unreadable("unavailable", message, self.size))

    def _tried(self, work: Callable[[], None]) -> None:
        """Call ``work`` within the time limit, and again after a transient failure."""

        def attempt() -> None:
            try:
                work()
            except NotPublic as error:
                raise problems.private(str(error), self._led) from None
            except RemoteError as error:
                if error.connection and time.monotonic() >= self._until:
                    raise problems.too_slow(self._seconds) from None
                raise

        def wait(error: BaseException) -> float | None:
            over = self._body is not None or self._requests.is_closed
            return 0.0 if isinstance(error, RemoteError) and error.passing and not over else None

        retried(attempt, REMOTE_TRIES, wait, time.sleep, REMOTE_PAUSE)

    # --- asking ------------------------------------------------------------------------------

    @contextmanager
    def _answer(self, headers: Mapping[str, str]) -> Iterator[Response]:
        """A response that is not a redirect; redirects are followed by further requests."""
        url = self._url
        for _ in range(MAX_REDIRECTS + 1):
            self.requests += 1
            with self._requests.get(url, headers, self._until, self._while_answered) as response:
                if response.status_code not in REDIRECTS:
                    self._url = url
                    yield response
                    return
                url = _redirected(url, response)
                self._led = True
        raise problems.redirects()

    def _while_answered(self) -> None:
        sent, self._sent = self._sent, None
        if sent is not None:
            sent()

    def _begin(self) -> None:
        self._came, self._rest = 0, b""
        # A server may support ranges, but not correctly: then ask for the whole.
        for headers in ({"Range": f"bytes=0-{BLOCK - 1}"}, {}):
            with ExitStack() as stack:
                response = stack.enter_context(self._answer(headers))
                status = response.status_code
                if status == HTTPStatus.OK:
                    self._take_whole(response)
                    self._stack = stack.pop_all()
                    return
                if not headers or status not in _RANGE_ANSWERS:
                    raise problems.refused(status)
                if status == HTTPStatus.PARTIAL_CONTENT and self._is_first_part(response):
                    self._take_part(response, 0, min(BLOCK, self.size))
                    return
                if status != HTTPStatus.PARTIAL_CONTENT and is_empty(response.headers):
                    raise problems.empty()

    def _is_first_part(self, response: Response) -> bool:
        part = content_range(response.headers)
        if part is None or not part.total:
            return False
        if part.first != 0 or part.last != min(BLOCK, part.total) - 1:
            return False
        self._note(response)
        self.size = part.total
        return True

    def _note(self, response: Response) -> None:
        _check_plain(response)
        self.content_type = response.headers.get("content-type")
        names = ("etag", "last-modified")
        self._validators = {n: v for n in names if (v := response.headers.get(n))}

    def _take_whole(self, response: Response) -> None:
        self._note(response)
        self._body = response.iter_raw()
        length = content_length(response.headers)
        if length is None:
            # Only its end gives its length.
            self._pull(REMOTE_BYTES + 1)
            self.size = self._came
        else:
            self.size = length
        if self.size == 0:
            raise problems.empty()
        self._pull(min(BLOCK, self.size))

    # --- taking ------------------------------------------------------------------------------

    def _fetch(self, start: int, end: int) -> None:
        if self._body is not None:
            self._pull(-(-end // BLOCK) * BLOCK)
            return
        gap = next(self._store.missing(start, end), None)
        if gap is None:
            return
        if gap.start == self._next:
            self._ahead = min(2 * self._ahead, _MOST_AHEAD)
        else:
            self._ahead = REMOTE_JUMP
            self._jumps += 1
        blocks = -(-self.size // BLOCK)
        if self._jumps > REMOTE_JUMPS and self.size <= REMOTE_BYTES:
            self._part(gap.start, blocks)
            return
        self._part(gap.start, min(max(gap.stop, gap.start + self._ahead // BLOCK), blocks))

    def _part(self, first: int, stop: int) -> None:
        """Request blocks, up to the first one already fetched."""
        wanted = next(runs(n for n in range(first, stop) if n not in self._store.present))
        if (len(self._store.present) + len(wanted) - 1) * BLOCK > REMOTE_BYTES:
            raise problems.too_large(self.size, whole=False)
        start, end = wanted.start * BLOCK, min(wanted.stop * BLOCK, self.size)
        headers = {"Range": f"bytes={start}-{end - 1}"}
        tag = self._validators.get("etag", "")
        conditional = self._conditional and tag.startswith('"')
        if conditional:
            headers["If-Range"] = tag
        with self._answer(headers) as response:
            if response.status_code == HTTPStatus.OK and self._is_same(response):
                if not conditional:
                    raise problems.unreached("the server gives parts of it at one time only", 200)
                # The server rejects the condition although the file has not changed.
                self._conditional = False
                return
            if response.status_code in (
                HTTPStatus.OK,
                HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            ):
                raise problems.changed(self.size)
            if response.status_code != HTTPStatus.PARTIAL_CONTENT:
                raise problems.refused(response.status_code)
            self._check_part(response, start, end)
            self._take_part(response, start, end)

    def _is_same(self, response: Response) -> bool:
        return content_length(response.headers) == self.size and all(
            response.headers.get(name) == value for name, value in self._validators.items()
        )

    def _check_part(self, response: Response, start: int, end: int) -> None:
        _check_plain(response)
        part = content_range(response.headers)
        if part is not None and part.total not in (None, self.size):
            raise problems.changed(self.size)
        if part != (start, end - 1, self.size):
            raise problems.unreached("the server answers with another part than was asked for", 206)
        for name, value in self._validators.items():
            if response.headers.get(name, value) != value:
                raise problems.changed(self.size)

    def _take(self, data: bytes) -> None:
        """Append bytes at ``_came``, block by block."""
        self.moved += len(data)
        self._came += len(data)
        self._rest += data
        if len(self._rest) >= BLOCK:
            number = (self._came - len(self._rest)) // BLOCK
            whole = len(self._rest) // BLOCK
            for i in range(whole):
                self._store.put(number + i, self._rest[i * BLOCK : (i + 1) * BLOCK])
            self._rest = self._rest[whole * BLOCK :]
            self._next = number + whole

    def _take_part(self, response: Response, start: int, end: int) -> None:
        self._came, self._rest = start, b""
        for data in response.iter_raw():
            if self._came + len(data) > end:
                raise problems.unreached("the server sends more than it was asked for", 206)
            self._take(data)
        if self._came != end:
            came = self._came - start
            raise problems.unreached(f"{came:,} bytes came, not {end - start:,}", passing=True)
        self._flush_rest()

    def _flush_rest(self) -> None:
        """Store the file's last block, which may be short."""
        if self._rest:
            number = (self._came - len(self._rest)) // BLOCK
            self._store.put(number, self._rest)
            self._next, self._rest = number + 1, b""

    def _pull(self, end: int) -> None:
        """Read the single body up to ``end`` or its own end."""
        body = self._body or iter(())
        while self._came < end:
            data = next(body, None)
            if data is None:
                if self.size and self._came != self.size:
                    raise problems.unreached(f"{self._came:,} bytes came, not {self.size:,}")
                self._flush_rest()
                return
            self._take(data)
            if self._came > REMOTE_BYTES:
                raise problems.too_large(self.size or None, whole=True)
        if self._came == self.size:
            self._flush_rest()


def _check_plain(response: Response) -> None:
    packed = response.headers.get("content-encoding", "identity").lower()
    if packed not in ("identity", ""):
        raise problems.unreached(
            f"the server packs it ({packed}) though it was asked not to; publish it as it is",
            response.status_code,
        )


def _redirected(url: str, response: Response) -> str:
    try:
        target = redirect_target(url, response.headers.get("location", ""))
    except ValueError:
        raise problems.unreached("it leads on to what is no URL", response.status_code) from None
    if target is None:
        raise problems.unreached(
            "it leads on to what is not an http or https URL; give the file's own",
            response.status_code,
        )
    return target
