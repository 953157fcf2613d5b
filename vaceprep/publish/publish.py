"""Publish one file: check a known URL again, or upload the file and read it back."""

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
from vaceprep.net import retry
from vaceprep.net.retry import retried
from vaceprep.publish.readback import read_back
from vaceprep.publish.target import Asset, PublishError, Target, pieces, raise_if_cancelled
from vaceprep.rules.url import expires_at


def data_uri(asset: Asset) -> str:
    """``data:image/...;base64,...`` with the bytes of an image.

    Raises PublishError if it is not an image, cannot be read, or has changed.
    """
    if not asset.content_type.startswith("image/"):
        raise PublishError(
            f"{asset.path} is not an image: only images can be sent inline; a video needs a "
            "target to publish to"
        )
    data = b"".join(pieces(asset, tell=lambda _: None, cancelled=lambda: False))
    return f"data:{asset.content_type};base64,{base64.b64encode(data).decode('ascii')}"


_T = TypeVar("_T")
#: Seconds between two checks for cancellation while waiting.
_STEP: Final = 0.1


class Known(Protocol):
    """URLs published before, by the target's name and the asset's key."""

    def recall(self, target: str, key: str) -> str | None:
        """The remembered URL of a key at a target."""
        ...

    def remember(self, target: str, key: str, url: str) -> None:
        """Remember a URL that was read back."""
        ...


@dataclass(frozen=True, slots=True)
class Published:
    """The URL of an asset; ``sent``: whether bytes were uploaded for it now."""

    url: str
    sent: bool


class _UploadLocks:
    """Serialises uploads of the same file to the same target."""

    def __init__(self) -> None:
        self._held: set[tuple[str, str]] = set()
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def hold(self, upload: tuple[str, str], cancelled: Callable[[], bool]) -> Iterator[None]:
        with self._changed:
            while upload in self._held:
                raise_if_cancelled(cancelled)
                self._changed.wait(_STEP)
            self._held.add(upload)
        try:
            yield
        finally:
            with self._changed:
                self._held.discard(upload)
                self._changed.notify_all()


_upload_locks: Final = _UploadLocks()


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
    """Make ``asset`` publicly readable, and verify it.

    Reuses a URL that ``known`` recalls if it can still be read and, presigned, is valid for an
    hour and ``max_wait`` seconds more. Otherwise the target publishes the asset, in up to ``tries``
    attempts with ``pause`` seconds between them, doubled each time, and the URL is read back
    (``timeout``: see read_back). ``tell`` gets the number of bytes sent so far; each attempt starts
    at 0. Raises PublishError and Cancelled.
    """
    with _upload_locks.hold((target.name, asset.key), cancelled):

        def verify(url: str) -> None:
            read_back(url, asset, allow_hosts=allow_hosts, timeout=timeout, cancelled=cancelled)

        old = None if known is None else known.recall(target.name, asset.key)
        if old is not None and not _expires(old, EXPIRES_SOON_SECONDS + max_wait):
            with contextlib.suppress(PublishError):
                verify(old)
                return Published(old, sent=False)
        sent = False

        def count_sent(count: int) -> None:
            nonlocal sent
            sent = sent or count > 0
            tell(count)

        def send() -> str:
            return target.publish(asset, tell=count_sent, cancelled=cancelled)

        url = _retry(send, tries, pause, cancelled)
        _retry(lambda: verify(url), tries, pause, cancelled)
        if known is not None:
            known.remember(target.name, asset.key, url)
        return Published(url, sent)


def _expires(url: str, within: float) -> bool:
    end = expires_at(url)
    return end is not None and end < datetime.now(UTC) + timedelta(seconds=within)


def _retry(act: Callable[[], _T], tries: int, pause: float, cancelled: Callable[[], bool]) -> _T:
    raise_if_cancelled(cancelled)
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
