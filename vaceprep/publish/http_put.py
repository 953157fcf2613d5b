"""Publish by HTTP PUT to a URL pattern."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from vaceprep.contract import DEFAULT_VIDEO_ROLE, STALL_SECONDS
from vaceprep.net.http import RETRYABLE
from vaceprep.publish.target import Asset, PublishError
from vaceprep.publish.upload import Auth, NoConnection, first_byte, host_of, put, shown
from vaceprep.rules.url import judge_url

#: The placeholder for the asset's key in a pattern.
KEY: Final = "{key}"


class PutTarget:
    """Uploads files by PUT to ``pattern`` with ``{key}`` replaced; GET reads them from there.

    With ``public_base`` they are read from there instead. A user and password in the pattern are
    used for the upload only (HTTP Basic) and removed from the public URL; the query stays in it.
    """

    def __init__(
        self, pattern: str, public_base: str | None = None, *, stall: float = STALL_SECONDS
    ) -> None:
        """Raises ValueError, with a sentence, for an invalid pattern."""
        self._pattern, self._auth = _checked(pattern)
        self._public_base = public_base.rstrip("/") if public_base else None
        self._stall = stall

    @property
    def name(self) -> str:
        parts = urlsplit(self._pattern)
        # Only names of parameters: their values may be secrets, such as tokens.
        query = "&".join(f"{n}={v}" for n, v in parse_qsl(parts.query) if KEY in v)
        base = f" at {self._public_base}" if self._public_base else ""
        return f"{shown(self._pattern)}{'?' if query else ''}{query}{base}"

    def __repr__(self) -> str:
        return f"PutTarget({self.name!r})"

    def publish(
        self, asset: Asset, *, tell: Callable[[int], None], cancelled: Callable[[], bool]
    ) -> str:
        """See Target.publish."""
        url = self._pattern.replace(KEY, asset.key)
        if not self._is_there(url, asset):
            answer = put(
                url, asset, stall=self._stall, tell=tell, cancelled=cancelled, auth=self._auth
            )
            if not 200 <= answer.status < 300:
                raise PublishError(
                    _refusal(url, answer.words, answer.status, answer.headers.get("location")),
                    transient=answer.status in RETRYABLE,
                )
        return f"{self._public_base}/{asset.key}" if self._public_base else url

    def _is_there(self, url: str, asset: Asset) -> bool:
        try:
            answer = first_byte(url, stall=self._stall, auth=self._auth)
        except NoConnection:
            raise
        except PublishError:
            # Many upload servers do not return the file.
            return False
        return answer.status in (200, 206) and answer.total == asset.size


def _checked(pattern: str) -> tuple[str, Auth]:
    """The pattern without credentials, and the credentials. Raises ValueError."""
    try:
        parts = urlsplit(pattern)
        _ = parts.port
        host = parts.hostname or ""
    except ValueError:
        raise ValueError("the URL pattern to publish to is not a valid URL") from None
    auth = None
    if parts.username is not None:
        auth = (unquote(parts.username), unquote(parts.password or ""))
    bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    findings = judge_url(bare, DEFAULT_VIDEO_ROLE, [host])
    if not host or findings:
        reason = findings[0].message if findings else "it names no host"
        raise ValueError(f"the URL pattern to publish to cannot be used: {reason}")
    if parts.fragment:
        raise ValueError("the URL pattern to publish to has a fragment (#), which is never sent")
    if KEY not in parts.path and KEY not in parts.query:
        raise ValueError(
            f"the URL to publish to has no {KEY} in its path or query; {KEY} is the place of the "
            f"file's name, as in https://host/upload/{KEY}"
        )
    return bare, auth


def _refusal(url: str, words: str, status: int, location: str | None) -> str:
    host = host_of(url)
    if 300 <= status < 400:
        destination = f" to {shown(location)}" if location else ""
        return f"{host} redirects the upload ({words}){destination}; publish there"
    if status in (401, 403):
        return f"{host} refuses the upload ({words}): check the URL pattern and its credentials"
    if status in (404, 405, 501):
        return f"{host} does not accept uploads at {shown(url)} ({words})"
    if status == 413:
        return f"{host} rejects the file as too large ({words})"
    if status == 507:
        return f"{host} has no space left ({words})"
    return f"{host} refuses the upload ({words})"
