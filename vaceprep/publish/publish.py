"""Publishing one file: what is known is looked at again, all else is sent once and read back."""

from __future__ import annotations

import base64
import contextlib
import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol, TypeVar

from vaceprep.contract import (
    EXPIRES_SOON_SECONDS,
    MAX_WAIT_SECONDS,
    READ_SECONDS,
    TRANSFER_PAUSE_SECONDS,
    TRANSFER_TRIES,
)
from vaceprep.errors import Cancelled
from vaceprep.net import retry
from vaceprep.net.retry import retried
from vaceprep.publish.readback import read_back
from vaceprep.publish.target import Asset, PublishError, Target, pieces
from vaceprep.rules.url import expires_at


def data_uri(asset: Asset) -> str:
    """``data:image/...;base64,...`` with the bytes of an image.

    Raises PublishError where it is no image, cannot be read, or is no more what it was.
    """
    if not asset.content_type.startswith("image/"):
        raise PublishError(
            f"{asset.path} is no image: only images go into the request itself, a video needs a "
            "target to publish to"
        )
    data = b"".join(pieces(asset, tell=lambda _: None, cancelled=lambda: False))
    return f"data:{asset.content_type};base64,{base64.b64encode(data).decode('ascii')}"


_T = TypeVar("_T")
#: Seconds between two questions whether to stop while waiting.
_STEP: Final = 0.1


class Known(Protocol):
    """What was published before, by the target's name and the asset's key."""

    def recall(self, target: str, key: str) -> str | None:
        """The URL that was remembered for a key at a target."""
        ...

    def remember(self, target: str, key: str, url: str) -> None:
        """Keep a URL that was read back."""
        ...


class NothingKnown:
    """Remembers nothing."""

    def recall(self, target: str, key: str) -> str | None:
        """None."""
        return None

    def remember(self, target: str, key: str, url: str) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class Published:
    """Where an asset can be read; ``sent``: whether bytes had to be sent for it now."""

    url: str
    sent: bool


class _Turns:
    """Who publishes the same file to the same target waits for whoever does it already."""

    def __init__(self) -> None:
        self._held: set[tuple[str, str]] = set()
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def taken(self, what: tuple[str, str], cancelled: Callable[[], bool]) -> Iterator[None]:
        with self._changed:
            while what in self._held:
                _stop_if(cancelled)
                self._changed.wait(_STEP)
            self._held.add(what)
        try:
            yield
        finally:
            with self._changed:
                self._held.discard(what)
                self._changed.notify_all()


_turns: Final = _Turns()


def publish(
    asset: Asset,
    target: Target,
    *,
    known: Known | None = None,
    allow_hosts: Collection[str] = (),
    tell: Callable[[int], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
    tries: int = TRANSFER_TRIES,
    pause: float = TRANSFER_PAUSE_SECONDS,
    timeout: float = READ_SECONDS,
    max_wait: float = MAX_WAIT_SECONDS,
) -> Published:
    """Make ``asset`` readable by the public, and see that it is.

    A URL that ``known`` recalls is taken where it can still be read and, presigned, is good for an
    hour and ``max_wait`` seconds more. Otherwise the target publishes it, in up to ``tries`` tries
    with ``pause`` seconds between them, doubled each time, and the URL is read back (``timeout``:
    see read_back). ``tell`` hears how many bytes have been sent, anew in each try. Raises
    PublishError and Cancelled.
    """
    known = NothingKnown() if known is None else known
    with _turns.taken((target.name, asset.key), cancelled):

        def look(url: str) -> None:
            read_back(url, asset, allow_hosts=allow_hosts, timeout=timeout, cancelled=cancelled)

        old = known.recall(target.name, asset.key)
        if old is not None and not _expires(old, EXPIRES_SOON_SECONDS + max_wait):
            with contextlib.suppress(PublishError):
                look(old)
                return Published(old, sent=False)
        sent = False

        def heard(count: int) -> None:
            nonlocal sent
            sent = sent or count > 0
            tell(count)

        def send() -> str:
            return target.publish(asset, tell=heard, cancelled=cancelled)

        url = _tried(send, tries, pause, cancelled)
        _tried(lambda: look(url), tries, pause, cancelled)
        known.remember(target.name, asset.key, url)
        return Published(url, sent)


def _expires(url: str, within: float) -> bool:
    end = expires_at(url)
    return end is not None and end < datetime.now(UTC) + timedelta(seconds=within)


def _stop_if(cancelled: Callable[[], bool]) -> None:
    if cancelled():
        raise Cancelled("publishing was called off")


def _tried(act: Callable[[], _T], tries: int, pause: float, cancelled: Callable[[], bool]) -> _T:
    _stop_if(cancelled)
    try:
        return retried(
            act,
            tries,
            lambda error: 0.0 if isinstance(error, PublishError) and error.transient else None,
            lambda seconds: retry.pause(seconds, cancelled, "publishing"),
            pause,
        )
    except PublishError as error:
        if not error.transient or tries == 1:
            raise
        raise PublishError(f"{error} (tried {tries} times)", transient=True) from None
