"""What is published (``Asset``), where to (``Target``), and its error (``PublishError``)."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from vaceprep.contract import DEFAULT_VIDEO_ROLE, STALL_SECONDS
from vaceprep.errors import Cancelled
from vaceprep.files.digest import sha256_of
from vaceprep.files.source import SCHEME, is_data_uri, open_path
from vaceprep.formats import MEDIA_TYPES
from vaceprep.probes.measure import ending
from vaceprep.probes.sniff import sniff

#: Bytes read and sent at a time.
PIECE_BYTES: Final = 64 * 1024
_PLAIN_ENDING: Final = re.compile(r"\.[a-z0-9]{1,8}")
#: The URL schemes of object stores, with the names of the products.
CLOUDS: Final = {"s3": "S3", "gs": "Google Cloud Storage", "az": "Azure"}


class PublishError(Exception):
    """A file could not be published; the message is one sentence without secrets.

    ``transient``: another attempt may succeed (no connection, a stall, a drop, a busy server).
    """

    def __init__(self, message: str, *, transient: bool = False) -> None:
        super().__init__(message)
        self.transient = transient


@dataclass(frozen=True, slots=True)
class Asset:
    """A file to publish, as it was when ``asset_of`` read it.

    ``size`` in bytes; ``content_type`` and ``ending`` (with its dot, or empty) are found from the
    bytes, not from the name.
    """

    path: str
    sha256: str
    size: int
    content_type: str
    ending: str

    @property
    def key(self) -> str:
        """Its name at the target: ASCII, and the same for the same bytes of any file.

        Half of the hash keeps it short, and unguessable without the file.
        """
        return f"{self.sha256[:32]}{self.ending}"


def asset_of(path: str | os.PathLike[str]) -> Asset:
    """Read and identify a file. Raises CannotOpen, or OSError if reading it fails."""
    name = os.fspath(path)
    with open_path(name) as opened:
        sha256, size = sha256_of(opened)
        sniffed = sniff(opened.head)
    given = ending(name)
    fallback = given if _PLAIN_ENDING.fullmatch(given) else ""
    content_type, end = MEDIA_TYPES.get(sniffed.format, ("application/octet-stream", fallback))
    return Asset(name, sha256, size, content_type, end)


def raise_if_cancelled(cancelled: Callable[[], bool]) -> None:
    """Raise Cancelled if publishing is to stop."""
    if cancelled():
        raise Cancelled("publishing was cancelled")


def pieces(
    asset: Asset, *, tell: Callable[[int], None], cancelled: Callable[[], bool]
) -> Generator[bytes]:
    """The bytes of an asset, in pieces to send.

    ``tell`` gets the number of bytes sent before each further piece and at the end. The last piece
    follows only if all of them together have the asset's hash: a file that changed meanwhile never
    arrives whole. Raises PublishError for that, and Cancelled.
    """
    changed = PublishError(f"{asset.path} changed while it was being published; run again")
    digest = hashlib.sha256()
    sent = 0
    try:
        with open(asset.path, "rb") as file:
            while sent < asset.size:
                raise_if_cancelled(cancelled)
                piece = file.read(min(PIECE_BYTES, asset.size - sent))
                digest.update(piece)
                last = sent + len(piece) == asset.size
                if not piece or (last and (file.read(1) or digest.hexdigest() != asset.sha256)):
                    raise changed
                yield piece
                sent += len(piece)
                tell(sent)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise PublishError(f"{asset.path} cannot be read: {reason}") from None


@runtime_checkable
class Target(Protocol):
    """A place to publish files to. Any object with these two members is one.

    ``name`` identifies it in records and messages: the same for the same place, without secrets.
    A target may also have ``ready() -> None``, which raises PublishError if publishing cannot
    succeed (see ``ready``).
    """

    @property
    def name(self) -> str:
        """For records and messages; without secrets."""
        ...

    def publish(
        self, asset: Asset, *, tell: Callable[[int], None], cancelled: Callable[[], bool]
    ) -> str:
        """Upload ``asset``, unless it is there already, and return its public URL.

        Makes one attempt; the caller tries again if PublishError is ``transient``. ``tell`` gets
        the number of bytes sent so far, from 0 in each attempt, and is called only if bytes are
        sent. Call ``cancelled`` often, from any thread; if it returns True, raise Cancelled and
        leave no partial file. ``pieces`` does all three for a target that sends in pieces.
        """
        ...


def ready(target: Target) -> None:
    """Check that a target can publish, before other work is done for it.

    Works offline, except where a cloud's credentials must be fetched. Raises PublishError.
    """
    check = getattr(target, "ready", None)
    if callable(check):
        check()


def parse_target(
    text: str, public_base: str | None = None, *, stall: float = STALL_SECONDS
) -> Target:
    """The target that ``--publish`` names.

    ``s3://bucket/prefix``, ``gs://bucket/prefix`` or ``az://container/prefix``: an object store;
    ``https://host/upload/{key}``: HTTP PUT; anything else: a folder that a web server serves at
    ``public_base``. For an object store or PUT, ``public_base`` is where the files are read
    instead. ``stall``: seconds without progress after which an upload is aborted. Raises
    ValueError, with a sentence, for an invalid target.
    """
    if not text.strip():
        raise ValueError("the target to publish to is empty")
    if is_data_uri(text):
        raise ValueError("a data: URI is not a target to publish to; --inline-images needs none")
    base = None if public_base is None else _checked_base(public_base)
    match = SCHEME.match(text)
    if match is None:
        if base is None:
            raise ValueError(
                f"{text} is taken for a folder that a web server serves: --public-base has to say "
                "at which URL"
            )
        from vaceprep.publish.web_folder import WebRoot

        return WebRoot(text, base)
    scheme = match[1].lower()
    if scheme in ("http", "https"):
        from vaceprep.publish.http_put import PutTarget

        return PutTarget(text, base, stall=stall)
    if scheme in CLOUDS:
        from vaceprep.publish.credentials import parse_place
        from vaceprep.publish.object_store import ObjectTarget

        return ObjectTarget(parse_place(text), base, stall=stall)
    known = ", ".join(f"{name}://" for name in (*CLOUDS, "https"))
    hint = "; give the folder's path and --public-base" if scheme == "file" else ""
    raise ValueError(f"nothing can be published to {scheme}://, only to {known} or a folder{hint}")


def _checked_base(base: str) -> str:
    from urllib.parse import urlsplit

    from vaceprep.rules.url import judge_url

    try:
        host = urlsplit(base).hostname or ""
    except ValueError:
        host = ""
    # The read-back checks whether the host is public, with --allow-host.
    findings = judge_url(base, DEFAULT_VIDEO_ROLE, [host])
    if findings:
        raise ValueError(f"--public-base cannot be used: {findings[0].message}")
    if "?" in base or "#" in base:
        raise ValueError("--public-base must have no query and no fragment: the key is appended")
    return base.rstrip("/")
