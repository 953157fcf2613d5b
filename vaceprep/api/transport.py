"""Options of httpx for both clients, and its exceptions and responses as values."""

from __future__ import annotations

import socket
import ssl
import time
import zlib
from collections.abc import Generator
from typing import Any, Final
from urllib.parse import urlsplit

from vaceprep import contract
from vaceprep.api.responses import NoResponse, Response
from vaceprep.api.settings import ConfigError, Secret, Settings, is_loopback, read_settings
from vaceprep.api.steps import Request
from vaceprep.net.client import straight
from vaceprep.net.deadline import Connections
from vaceprep.net.lean_httpx import httpx
from vaceprep.version import __version__

#: Failures before the first byte of a request can have been sent.
_UNSENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
#: The headers of a response that are used.
_KEPT: Final = ("content-type", "date", "retry-after", "traceparent")
#: Bytes sent at a time, so that each piece of a large body has its own time limit.
PIECE: Final = 64 * 1024


class Bearer(httpx.Auth):
    """Adds the token to the header at the last moment; stores it nowhere else."""

    def __init__(self, key: Secret) -> None:
        self._key = key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._key.reveal()}"
        yield request


def settings_of(settings: Settings | None, **given: Any) -> Settings:
    """The given settings, or those read with ``given``. Raises ConfigError."""
    if settings is None:
        return read_settings(**given)
    if any(value is not None for value in given.values()):
        raise TypeError("either settings or the arguments to read them with")
    return settings


def key_of(settings: Settings) -> Secret:
    """The key of settings. Raises ConfigError if they have none."""
    if settings.key is None:
        raise ConfigError(
            f"there is no key: set the environment variable {contract.KEY_VARIABLE}, put it into "
            ".env, or name a file that holds it"
        )
    return settings.key


def certificates(settings: Settings) -> ssl.SSLContext:
    """The certificates of the environment, as httpx reads them. Raises ConfigError."""
    local = is_loopback(settings.base_url)
    try:
        if local and settings.base_url.startswith("http:"):
            # Loopback needs no encryption, and reading all certificates takes long.
            return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return httpx.create_ssl_context()
    except (OSError, ValueError):
        raise ConfigError(
            "the certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read"
        ) from None


def transport(settings: Settings) -> Connections:
    """The connections of the synchronous client.

    Uses the environment's proxy, but not for a service on this machine. Does not keep connections
    open: if the service has closed one in the meantime, the request is lost, and whether it arrived
    is unknown. Raises ConfigError.
    """
    verify = certificates(settings)
    try:
        return straight(settings.base_url, verify)
    except (httpx.HTTPError, httpx.InvalidURL):
        raise bad_proxy() from None


def async_options(settings: Settings) -> dict[str, Any]:
    """The same as arguments of ``httpx.AsyncClient``. Raises ConfigError."""
    return {
        "verify": certificates(settings),
        "trust_env": not is_loopback(settings.base_url),
        "limits": httpx.Limits(max_connections=None, max_keepalive_connections=0),
    }


def client_options() -> dict[str, Any]:
    """Arguments that ``httpx.Client`` and ``httpx.AsyncClient`` share."""
    return {
        "follow_redirects": False,
        "headers": {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Connection": "close",
            "User-Agent": f"vaceprep/{__version__}",
        },
    }


def bad_proxy() -> ConfigError:
    """The error for an invalid proxy; httpx's own message may show a password."""
    return ConfigError("the proxy that HTTP_PROXY, HTTPS_PROXY or ALL_PROXY names cannot be used")


def headers_of(request: Request) -> dict[str, str]:
    """The headers of one request, without the key."""
    if request.method == "GET":
        return {}
    # Give the length even if the body is sent in pieces.
    return {"Content-Type": "application/json", "Content-Length": str(len(request.content))}


def timeouts(request: Request, timeout: float | None) -> httpx.Timeout:
    """The limits of one request, in seconds: ``timeout``, else those of the contract. J"""
    usual = contract.CREATE_SECONDS if request.method == "POST" else contract.ASK_SECONDS
    silence = usual if timeout is None else timeout
    return httpx.Timeout(silence, connect=min(silence, contract.CONNECT_SECONDS))


class Incoming:
    """A response in transfer: limited in bytes as received, and in time."""

    def __init__(self, response: httpx.Response, silence: float | None) -> None:
        self._response = response
        self._body = bytearray()
        #: Its deadline, by the monotonic clock.
        self.until = time.monotonic() + (silence or contract.CREATE_SECONDS)
        self._cut: str | None = None

    def take(self, piece: bytes) -> bool:
        """Keep a piece, still compressed; False if no more is needed."""
        self._body += piece
        if len(self._body) > contract.MAX_ANSWER_BYTES:
            del self._body[contract.MAX_ANSWER_BYTES :]
            self._cut = _TOO_LARGE
        elif time.monotonic() > self.until:
            self.late()
        return self._cut is None

    def late(self) -> None:
        """The deadline passed."""
        self._cut = "it did not end in time"

    def broke(self, error: httpx.HTTPError) -> None:
        """The rest will not arrive."""
        if time.monotonic() >= self.until:
            self.late()
        else:
            self._cut = f"it broke off ({_words(error)})"

    def answer(self) -> Response:
        """What has arrived, decompressed."""
        headers = {name: self._response.headers.get(name, "") for name in _KEPT}
        found = {name: text for name, text in headers.items() if text}
        packed = self._response.headers.get("content-encoding", "")
        body, cut = unpacked(bytes(self._body), packed)
        return Response(self._response.status_code, found, body, self._cut or cut)


_TOO_LARGE: Final = f"it is larger than {contract.MAX_ANSWER_BYTES} bytes"


def unpacked(data: bytes, encoding: str) -> tuple[bytes, str | None]:
    """A body without its ``Content-Encoding``, and why it is incomplete (None: it is complete).

    Returns at most ``MAX_ANSWER_BYTES``, and uses no more memory than that. Decodes one layer of
    gzip or deflate, though neither was requested; other encodings, and nested ones, give no bytes.
    """
    layers = [name for part in encoding.lower().split(",") if (name := part.strip())]
    layers = [name for name in layers if name != "identity"]
    if not layers:
        return data, None
    if len(layers) > 1 or layers[0] not in _WINDOWS:
        return b"", f"it is compressed ({', '.join(layers)[:60]}) although that was not requested"
    for window in _WINDOWS[layers[0]]:
        inflate = zlib.decompressobj(window)
        try:
            body = inflate.decompress(data, contract.MAX_ANSWER_BYTES)
        except zlib.error:
            continue
        if inflate.unconsumed_tail:
            return body, _TOO_LARGE
        return body, None if inflate.eof else "it broke off"
    return b"", f"it is not what it says it is ({layers[0]})"


#: Windows of zlib by the name of an encoding, in the order in which they are tried: deflate
#: in HTTP means zlib's format, and some servers send it raw.
_WINDOWS: Final = {
    "gzip": (16 + zlib.MAX_WBITS,),
    "x-gzip": (16 + zlib.MAX_WBITS,),
    "deflate": (zlib.MAX_WBITS, -zlib.MAX_WBITS),
}


def no_response(error: Exception, settings: Settings) -> NoResponse:
    """Convert an exception of httpx to a missing response."""
    host = urlsplit(settings.base_url).netloc
    if isinstance(error, _UNSENT):
        return NoResponse(sent=False, why=f"{host} could not be reached: {_words(error)}")
    if isinstance(error, httpx.TimeoutException):
        return late(settings)
    return NoResponse(sent=True, why=f"the connection to {host} was lost: {_words(error)}")


def late(settings: Settings, *, sent: bool = True) -> NoResponse:
    """No response within the time limit."""
    return NoResponse(sent=sent, why=f"{urlsplit(settings.base_url).netloc} did not answer in time")


def _words(error: Exception) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "it took too long"
    # The deepest cause is the most specific: httpx's own message is the same for many.
    cause: BaseException = error
    while (deeper := cause.__cause__ or cause.__context__) is not None:
        cause = deeper
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({cause.verify_message})"
    if isinstance(cause, socket.gaierror):
        return "there is no such host, or no network"
    text = getattr(cause, "strerror", None) or str(error)
    return text.rstrip(".") or type(error).__name__
