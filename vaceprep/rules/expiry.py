"""When a presigned URL dies, as its text tells. Pure."""

from __future__ import annotations

import base64
import binascii
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl

from vaceprep.hosts import split

#: What the names of a signature's parameters begin with: S3, Google Cloud Storage, Alibaba OSS.
_FAMILIES: Final = ("x-amz-", "x-goog-", "x-oss-")
_STAMP: Final = re.compile(r"\d{8}T\d{6}Z")
#: The longest time that is believed, in seconds: beyond it dates cannot be counted.
_LONGEST: Final = 10**10
#: Beside one of these, ``Expires`` is a signature's: S3's and OSS's old ones, GCS's, CloudFront's.
_SIGNED: Final = ("signature", "key-pair-id", "awsaccesskeyid", "googleaccessid")


def expires_at(url: str) -> datetime | None:
    """The moment from which a presigned URL is refused; None where it says none."""
    parts = split(url)
    if parts is None:
        return None
    # Names are compared without regard to case, as stores do.
    query = {name.lower(): value for name, value in parse_qsl(parts.query)}
    for family in _FAMILIES:
        stamp, seconds = query.get(f"{family}date", ""), _number(query.get(f"{family}expires"))
        if _STAMP.fullmatch(stamp) and seconds is not None:
            try:
                begun = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
                return begun + timedelta(seconds=seconds)
            except (ValueError, OverflowError):
                return None
    if "sig" in query and "se" in query:
        return _azure(query["se"])
    if any(name in query for name in _SIGNED):
        stamp = query.get("policy", "")
        return _moment(_number(query.get("expires")) if not stamp else _cloudfront(stamp))
    return None


def _number(text: str | None) -> int | None:
    known = text is not None and text.isascii() and text.isdigit() and len(text) < 12
    number = int(text) if known and text is not None else None
    return number if number is not None and number < _LONGEST else None


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _azure(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _cloudfront(policy: str) -> int | None:
    """The end of a custom policy, which is base64 with three signs exchanged."""
    try:
        data = base64.b64decode(policy.translate(str.maketrans("-_~", "+=/")), validate=True)
        (statement,) = json.loads(data)["Statement"]
        end = statement["Condition"]["DateLessThan"]["AWS:EpochTime"]
    except (binascii.Error, ValueError, KeyError, TypeError, RecursionError):
        return None
    return end if isinstance(end, int) and 0 <= end < _LONGEST else None
