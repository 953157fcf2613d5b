"""Who may ask: the page of this server alone. Applied to every request before anything else.

A web page elsewhere can send requests to this machine, and can make a name of its own lead to
127.0.0.1. So the Host header must name this server, an Origin header must be this server's, and
the path begins with a token that only the printed address has.
"""

from __future__ import annotations

import hmac
from collections.abc import MutableMapping
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vaceprep.editor.answer import Answer

#: The names of this machine that a Host header may have.
NAMES: Final = ("127.0.0.1", "localhost")
#: What a browser says of a request's origin (Sec-Fetch-Site) where it is the page or the user.
OWN_SITES: Final = ("same-origin", "none")
#: Headers of every response. Pictures drawn by the page itself have ``blob:`` addresses.
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob:; media-src 'self' blob:; object-src 'none'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def refusal(status: int, sentence: str) -> Answer:
    """A response that says in one sentence why a request is refused."""
    return Answer({"error": sentence}, status)


class Guard:
    """An ASGI application in front of another: refuses what is not from the own page."""

    def __init__(self, app: ASGIApp, *, token: str, port: int) -> None:
        self._app = app
        self._root = f"/{token}/".encode()
        self._hosts = frozenset(f"{name}:{port}" for name in NAMES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add_headers(message)
            await send(message)

        refused = self._refused(scope)
        await (self._app if refused is None else refused)(scope, receive, send_with_headers)

    def _refused(self, scope: Scope) -> Answer | None:
        """The refusal of a request; None if it is allowed."""
        found: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
        host = found.get("host", [])
        if len(host) != 1 or host[0].lower() not in self._hosts:
            return refusal(403, "the Host header does not name this server")
        if any(origin != f"http://{host[0].lower()}" for origin in found.get("origin", [])):
            return refusal(403, "the request comes from another origin")
        navigates = found.get("sec-fetch-mode") == ["navigate"] and scope["method"] == "GET"
        sites = found.get("sec-fetch-site", [])
        if not navigates and any(site not in OWN_SITES for site in sites):
            return refusal(403, "the request comes from another site")
        begin = scope["path"].encode("utf-8", "surrogateescape")[: len(self._root)]
        if not hmac.compare_digest(begin, self._root):
            return refusal(404, "there is nothing here; the address that vaceprep printed is whole")
        return None


def _add_headers(message: MutableMapping[str, Any]) -> None:
    own = {name.lower() for name in HEADERS}
    kept = [pair for pair in message["headers"] if pair[0].decode("latin-1").lower() not in own]
    added = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
    message["headers"] = [*kept, *added]
