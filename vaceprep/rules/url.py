"""VP501 to VP506: errors in the text of a URL, and in the response to fetching it. Pure."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from vaceprep.contract import EXPIRES_SOON_SECONDS, IMAGE_ROLES, Role
from vaceprep.facts import Facts, ImageFacts, Unreached
from vaceprep.files.source import is_data_uri
from vaceprep.formats import TYPES
from vaceprep.net.hosts import PUBLIC_SCHEMES, is_vouched, private_reason, split
from vaceprep.rules import codes
from vaceprep.rules.catalogue import Asset, Finding, Rule, Severity, rule, rules_of, run

#: Prefixes of signature parameters: S3, Google Cloud Storage, Alibaba OSS.
_FAMILIES: Final = ("x-amz-", "x-goog-", "x-oss-")
_STAMP: Final = re.compile(r"\d{8}T\d{6}Z")
#: The longest valid time in seconds: dates beyond it are not representable.
_LONGEST: Final = 10**10
#: With one of these, ``Expires`` is part of a signature: old S3 and OSS, GCS, CloudFront.
_SIGNED: Final = ("signature", "key-pair-id", "awsaccesskeyid", "googleaccessid")


def expires_at(url: str) -> datetime | None:
    """Return when a presigned URL expires; None if it does not say."""
    parts = split(url)
    if parts is None:
        return None
    # Parameter names are case-insensitive, as in object stores.
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
    """Return the end of a custom policy: base64 with three characters replaced."""
    try:
        data = base64.b64decode(policy.translate(str.maketrans("-_~", "+=/")), validate=True)
        (statement,) = json.loads(data)["Statement"]
        end = statement["Condition"]["DateLessThan"]["AWS:EpochTime"]
    except (binascii.Error, ValueError, KeyError, TypeError, RecursionError):
        return None
    return end if isinstance(end, int) and 0 <= end < _LONGEST else None


@rule(
    codes.URL_NOT_ASCII,
    Severity.ERROR,
    "M",
    fires="a URL has a character outside ASCII",
    why="The service takes ASCII URLs alone; percent-encode everything else.",
)
def url_not_ascii(rule: Rule, url: str, _: Asset) -> Finding | None:
    # An inline image has millions of characters.
    if url.isascii():
        return None
    bad = next(c for c in url if not c.isascii())
    return rule.found(
        f"the URL has a character outside ASCII (U+{ord(bad):04X}); percent-encode it",
        measured=f"U+{ord(bad):04X}",
        allowed="ASCII",
    )


@rule(
    codes.URL_SCHEME,
    Severity.ERROR,
    "U",
    fires="a URL is neither http nor https, nor data: in an image field",
    why="The service fetches over http and https alone.",
)
def url_scheme(rule: Rule, url: str, asset: Asset) -> Finding | None:
    scheme = url.partition(":")[0].lower()
    if scheme in PUBLIC_SCHEMES:
        return None
    if scheme == "data":
        if asset.role in IMAGE_ROLES:
            if url[5:].partition(",")[0].lower().startswith("image/"):
                return None
            message = "a data: URI must say data:image/...;base64,"
        else:
            message = f"{asset.role} takes no data: URI; only the image fields do"
        return rule.found(message, measured=scheme, allowed="http, https")
    hint = "; publish the file and give its https URL" if scheme in ("file", "oss", "s3") else ""
    return rule.found(
        f"the URL's scheme is {scheme}; only http and https are fetched{hint}",
        measured=scheme,
        allowed="http, https",
    )


@rule(
    codes.URL_NOT_PUBLIC,
    Severity.ERROR,
    "M J",
    fires="a URL's host is private, loopback or link-local, or it carries credentials",
    why="The service fetches from the public internet, and a URL is no place for a password.",
)
def url_not_public(rule: Rule, url: str, _: Asset) -> Finding | None:
    parts = split(url)
    if parts is None:
        return rule.found("the URL is not a valid URL", allowed="a public host")
    if parts.username is not None or parts.password is not None:
        return rule.found(
            "the URL carries credentials; presign it instead", allowed="no user or password"
        )
    reason = private_reason(parts.hostname or "")
    if reason is None:
        return None
    return rule.found(
        f"the service cannot reach this URL: {reason}",
        measured=parts.hostname,
        allowed="a public host",
    )


#: Generic types that do not identify the content.
ANY_BYTES = ("application/octet-stream", "binary/octet-stream", "application/x-download")


class FetchedUrl(NamedTuple):
    """The result of fetching a URL, and when."""

    url: str
    #: None: the content cannot be measured.
    facts: Facts | Unreached | None
    #: The server's Content-Type header; None without one.
    content_type: str | None
    now: datetime


@rule(
    codes.URL_UNREACHABLE,
    Severity.ERROR,
    "M",
    fires="no answer comes from a URL, or a status other than 200 or 206",
    why="The service fetches the file itself, so the URL must give it to anybody who asks.",
)
def url_unreachable(rule: Rule, fetched: FetchedUrl, _: Asset) -> Finding | None:
    if not isinstance(fetched.facts, Unreached) or fetched.facts.reason != "unreachable":
        return None
    message = f"the file cannot be fetched: {fetched.facts.message}"
    end = expires_at(fetched.url)
    if end is not None and end <= fetched.now:
        message += f" (its signature ended at {_clock(end)})"
    return rule.found(message, measured=fetched.facts.status, allowed="200 or 206")


@rule(
    codes.URL_TYPE,
    Severity.ADVICE,
    "J",
    fires="the Content-Type that a URL's server sends disagrees with the bytes",
    why="Who goes by the type takes the file for something else; set it where it is published.",
)
def url_type(rule: Rule, fetched: FetchedUrl, _: Asset) -> Finding | None:
    facts = fetched.facts
    if facts is None or isinstance(facts, Unreached):
        return None
    content_type = (fetched.content_type or "").partition(";")[0].strip().lower()
    if not content_type or content_type in ANY_BYTES:
        return None
    if isinstance(facts, ImageFacts):
        kind, name = "image", facts.format
    else:
        kind, name = "video", facts.container
    known = TYPES.get(name)
    if content_type in known if known else content_type.startswith(f"{kind}/"):
        return None
    due = known[0] if known else f"{kind}/..."
    return rule.found(
        f"the server calls it {content_type[:100]}, but its bytes are {name}; publish it as {due}",
        measured=content_type[:100],
        allowed=due,
    )


@rule(
    codes.URL_EXPIRES,
    Severity.WARNING,
    "J",
    fires="a presigned URL dies within the next hour",
    why="A task may wait before its media are fetched; a signed URL should stay valid until then.",
)
def url_expires(rule: Rule, fetched: FetchedUrl, _: Asset) -> Finding | None:
    end = expires_at(fetched.url)
    if end is None or isinstance(fetched.facts, Unreached):
        return None
    left = (end - fetched.now).total_seconds()
    if left > EXPIRES_SOON_SECONDS:
        return None
    when = f"ends in {max(1, round(left / 60))} min" if left > 0 else "has ended"
    return rule.found(
        f"the URL's signature {when} ({_clock(end)}); presign it for a day",
        measured=round(left),
        allowed=EXPIRES_SOON_SECONDS,
        unit="s",
    )


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


RULES: Final = rules_of(globals())


def judge_url(url: str, role: Role, allowed_hosts: Collection[str] = ()) -> list[Finding]:
    """Return the first finding on a URL's text.

    ``allowed_hosts`` are private hosts that the user allows (see ``is_vouched``).
    """
    asset = Asset(role)
    rules = [url_not_ascii, url_scheme]
    if not is_vouched(url, allowed_hosts) and not is_data_uri(url):
        rules.append(url_not_public)
    return next((found for rule in rules if (found := run([rule], url, asset))), [])


def judge_fetched(
    url: str,
    facts: Facts | Unreached | None,
    content_type: str | None,
    role: Role,
    now: datetime | None = None,
) -> list[Finding]:
    """Return the findings on a fetched URL; ``facts`` None if its content cannot be measured."""
    asset = Asset(role)
    if isinstance(facts, Unreached) and facts.reason == "not-public":
        message = f"the service cannot reach this URL: {facts.message}"
        return [url_not_public.found(message, allowed="a public host")]
    fetched = FetchedUrl(url, facts, content_type, now or datetime.now(UTC))
    return run((url_unreachable, url_type, url_expires), fetched, asset)
