"""When a presigned URL expires, by its text. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl, urlsplit

#: The compact form of ISO 8601 that AWS and Google sign with.
_COMPACT: Final = "%Y%m%dT%H%M%SZ"


def expires_at(url: str) -> datetime | None:
    """When a URL presigned for S3, Google Cloud Storage or Azure expires; None for any other.

    Raises nothing: what looks presigned but cannot be read counts as not presigned.
    """
    try:
        query = {name.lower(): value for name, value in parse_qsl(urlsplit(url).query)}
        for dialect in ("x-amz", "x-goog"):
            if f"{dialect}-expires" in query:
                start = datetime.strptime(query[f"{dialect}-date"], _COMPACT).replace(tzinfo=UTC)
                return start + timedelta(seconds=int(query[f"{dialect}-expires"]))
        if "sig" in query and "se" in query:
            end = datetime.fromisoformat(query["se"])
            return end if end.tzinfo else end.replace(tzinfo=UTC)
        if "signature" in query and "expires" in query:
            return datetime.fromtimestamp(int(query["expires"]), UTC)
    except (KeyError, ValueError, OverflowError, OSError):
        return None
    return None
