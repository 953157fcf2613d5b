"""VP501 to VP503: what the text of a URL tells, without connecting anywhere. Pure."""

from __future__ import annotations

from collections.abc import Collection

from vaceprep.contract import IMAGE_ROLES, Role
from vaceprep.hosts import PUBLIC_SCHEMES, is_vouched, private_reason, split
from vaceprep.rules.catalogue import Asset, Finding, Rule, Severity, rule, run
from vaceprep.source import is_data_uri


@rule(
    "VP501",
    "url-not-ascii",
    Severity.ERROR,
    "M",
    "url",
    fires="a URL has a character outside ASCII",
    fix=None,
    why="The service takes ASCII URLs alone; percent-encode everything else.",
)
def url_not_ascii(rule: Rule, url: str, _: Asset) -> Finding | None:
    bad = next((c for c in url if not c.isascii()), None)
    if bad is None:
        return None
    return rule.found(
        f"the URL has a character outside ASCII (U+{ord(bad):04X}); percent-encode it",
        measured=f"U+{ord(bad):04X}",
        allowed="ASCII",
    )


@rule(
    "VP502",
    "url-scheme",
    Severity.ERROR,
    "U",
    "url",
    fires="a URL is neither http nor https, nor data: in an image field",
    fix=None,
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
    "VP503",
    "url-not-public",
    Severity.ERROR,
    "M J",
    "url",
    fires="a URL's host is private, loopback or link-local, or it carries credentials",
    fix=None,
    why="The service fetches from the public internet, and a URL is no place for a password.",
)
def url_not_public(rule: Rule, url: str, _: Asset) -> Finding | None:
    parts = split(url)
    if parts is None:
        return rule.found("the URL cannot be taken apart", allowed="a public host")
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


def judge_url(url: str, role: Role, allowed_hosts: Collection[str] = ()) -> list[Finding]:
    """What a URL's text alone breaks; the first rule that speaks is the only one.

    ``allowed_hosts`` are private hosts that the user vouches for (see ``is_vouched``).
    """
    asset = Asset(role)
    codes = ["VP501", "VP502"]
    if not is_vouched(url, allowed_hosts) and not is_data_uri(url):
        codes.append("VP503")
    for code in codes:
        finding = run(code, url, asset)
        if finding is not None:
            return [finding]
    return []
