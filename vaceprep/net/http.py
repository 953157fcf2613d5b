"""HTTP without I/O: redirects, ranges, lengths, retryable statuses, dates (RFC 9110). Pure.

This module has the semantics of HTTP; each client of the package words its own errors.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, NamedTuple
from urllib.parse import urljoin, urlsplit

from vaceprep.contract import MAX_RETRY_AFTER
from vaceprep.net.hosts import PUBLIC_SCHEMES

#: Statuses with another URL in ``Location``.
REDIRECTS: Final = frozenset([301, 302, 303, 307, 308])
#: Statuses of a server that is overloaded or has failed: the same request may succeed later.
BUSY: Final = frozenset([429, 500, 502, 503, 504])
#: The only 4xx after which the same request may succeed: timeout, too early, too many requests.
RETRYABLE_4XX: Final = frozenset([408, 425, 429])
#: Every status after which the same request may succeed.
RETRYABLE: Final = BUSY | RETRYABLE_4XX

# 18 digits fit into 64 bits and are converted quickly.
_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_CONTENT_RANGE: Final = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)")
_UNSATISFIED_EMPTY: Final = re.compile(r"bytes \*/0")
_SECONDS: Final = re.compile(r"[0-9]{1,18}(\.[0-9]{1,9})?")


class ContentRange(NamedTuple):
    """``Content-Range`` of a 206: first and last byte, both included; ``total`` None for ``*``."""

    first: int
    last: int
    total: int | None


def status_words(status: int) -> str | None:
    """The status's name, such as ``Not Found``; None if it has none."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return None


def redirect_target(url: str, location: str) -> str | None:
    """The absolute URL of ``location`` in a response from ``url``.

    None if it is empty or not an http or https URL. Raises ValueError if it is not a URL.
    """
    target = urljoin(url, location)
    parts = urlsplit(target)
    _ = parts.port
    if not location or not parts.hostname or parts.scheme.lower() not in PUBLIC_SCHEMES:
        return None
    return target


def content_length(headers: Mapping[str, str]) -> int | None:
    """The bytes of the body; None if the header is missing or malformed."""
    text = headers.get("content-length", "")
    return int(text) if _NUMBER.fullmatch(text) else None


def content_range(headers: Mapping[str, str]) -> ContentRange | None:
    """The part in a 206; None if the header is missing or malformed."""
    match = _CONTENT_RANGE.fullmatch(headers.get("content-range", "").strip())
    if match is None:
        return None
    return ContentRange(int(match[1]), int(match[2]), None if match[3] == "*" else int(match[3]))


def is_empty(headers: Mapping[str, str]) -> bool:
    """Whether a 416 means that the file is empty."""
    return _UNSATISFIED_EMPTY.fullmatch(headers.get("content-range", "").strip()) is not None


def http_date(text: str) -> float | None:
    """An HTTP date in seconds since 1970; None if it is malformed."""
    from datetime import UTC
    from email.utils import parsedate_to_datetime

    try:
        date = parsedate_to_datetime(text)
        # HTTP dates are in GMT, even without a zone.
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait by ``Retry-After``, a number or a date; None if missing or malformed.

    A date is compared with the response's own ``Date``, so that a wrong local clock is harmless,
    else with ``now`` (seconds since 1970). At most ``contract.MAX_RETRY_AFTER``.
    """
    text = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(text):
        seconds = float(text)
    else:
        until = http_date(text)
        if until is None:
            return None
        since = http_date(headers.get("date", ""))
        seconds = until - (now if since is None else since)
    return min(max(seconds, 0.0), MAX_RETRY_AFTER) if math.isfinite(seconds) else None


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by ``Retry-After`` if it is a whole number below 100,000; else None."""
    text = headers.get("retry-after", "")
    return float(text) if _NUMBER.fullmatch(text) and len(text) < 6 else None
