"""Service URL and key: from arguments, then the environment, then ``.env``."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from io import StringIO
from typing import Final, NoReturn
from urllib.parse import SplitResult, quote, urlsplit

from vaceprep import contract
from vaceprep.net import hosts

#: Characters that any header can carry: visible ASCII.
_FIT: Final = re.compile(r"[!-~]+", re.ASCII)
#: A shorter token cannot be distinguished from ordinary words, so it is not hidden.
_MIN_HIDDEN: Final = 8
#: The replacement for a hidden token.
HIDDEN: Final = "***"
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class ConfigError(ValueError):
    """Invalid settings; the message is one sentence, without a key or a URL."""


def _unfit(token: str) -> str | None:
    """Why this is not a token, or None if it may be one. Never a part of the token itself."""
    if not token:
        return "it is empty"
    if len(token) > contract.MAX_KEY:
        return f"it is longer than {contract.MAX_KEY} characters"
    if token[:7].lower() == "bearer ":
        return "it begins with the word Bearer, which is not part of it"
    if _FIT.fullmatch(token) is None:
        return "it contains blanks or other characters that no header can carry"
    return None


class Secret:
    """A token that only ``reveal`` shows.

    ``repr``, ``str`` and formatting hide it; pickling keeps it, so a pickle is as secret as the
    token. Raises ConfigError for characters that no header can carry.
    """

    __slots__ = ("_token",)
    _token: str

    def __init__(self, token: str) -> None:
        reason = _unfit(token)
        if reason is not None:
            raise ConfigError(f"invalid key: {reason}")
        object.__setattr__(self, "_token", token)

    def reveal(self) -> str:
        """The token itself, to put into a header and nowhere else."""
        return self._token

    def fingerprint(self) -> str:
        """16 hexadecimal digits that identify the key without revealing it."""
        return hashlib.sha256(b"vaceprep key\0" + self._token.encode()).hexdigest()[:16]

    def hide_in(self, text: str) -> str:
        """A foreign text with the token replaced, in case it repeats the token.

        Also finds the token as JSON and URLs encode it, and its beginning at the end of the text.
        """
        token = self._token
        if len(token) < _MIN_HIDDEN:
            return text
        for spelling in (
            token,
            json.dumps(token)[1:-1],
            token.replace("/", "\\/"),
            quote(token, ""),
        ):
            text = text.replace(spelling, HIDDEN)
        for length in range(len(token) - 1, _MIN_HIDDEN - 1, -1):
            if text.endswith(token[:length]):
                return text[:-length] + HIDDEN
        return text

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._token, other._token)

    def __hash__(self) -> int:
        return hash((Secret, self._token))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a secret does not change")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a secret does not change")

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        return Secret, (self._token,)


@dataclass(frozen=True, slots=True)
class Settings:
    """Where requests go and which key they carry; ``*_origin`` names the source in words."""

    #: Without a trailing slash.
    base_url: str
    key: Secret | None
    #: Such as "the environment variable MULEROUTER_API_KEY"; None without a key.
    key_origin: str | None
    base_origin: str


@dataclass(frozen=True, slots=True)
class _Rank:
    """One source of variables, below the arguments."""

    values: Callable[[], Mapping[str, str | None]]
    words: str

    def get(self, name: str) -> str | None:
        return _present(self.values().get(name))

    def origin(self, name: str) -> str:
        return self.words.format(name)


def read_settings(
    *,
    api_key: str | Secret | None = None,
    api_key_file: str | os.PathLike[str] | None = None,
    site: str | None = None,
    base_url: str | None = None,
    environ: Mapping[str, str] | None = None,
    folder: str | os.PathLike[str] | None = None,
) -> Settings:
    """Settings from arguments, then ``environ`` (default: the process's), then ``folder``/.env.

    Reads ``.env`` (by default of the current folder) only for what is still missing.
    A base URL overrides a site from the same source; empty values count as absent; the default is
    the site ``mulerouter``. C J. The key is optional: without one, ``Settings.key`` is None.
    Raises ConfigError.
    """
    path = os.path.join(os.fsdecode(folder or os.curdir), ".env")
    ranks = (
        _Rank(lambda: os.environ if environ is None else environ, "the environment variable {}"),
        _Rank(cache(lambda: _read_env_file(path)), "{} in .env"),
    )
    key, key_origin = _find_key(api_key, api_key_file, ranks)
    base, base_origin = _find_base(site, base_url, ranks)
    if key is not None and base_origin == ranks[-1].origin(contract.BASE_URL_VARIABLE):
        _keep_key(key, key_origin, base, ranks[-1])
    return Settings(base, key, key_origin, base_origin)


def _keep_key(key: Secret, key_origin: str | None, base: str, env_file: _Rank) -> None:
    """Raises ConfigError if a base URL from ``.env`` would receive a key from elsewhere."""
    if base in contract.BASE_URLS.values() or env_file.get(contract.KEY_VARIABLE) == key.reveal():
        return
    if key_origin == env_file.origin(contract.KEY_VARIABLE):
        return
    where = env_file.origin(contract.BASE_URL_VARIABLE)
    raise ConfigError(
        f"{where} would send the key from {key_origin} to {urlsplit(base).netloc}, and a .env file "
        "may be a stranger's; to send it there, give the base URL by --base-url or the environment "
        f"variable {contract.BASE_URL_VARIABLE}, or put the key into the same .env"
    )


def _present(text: str | None) -> str | None:
    return (text or "").strip() or None


def _find_key(
    api_key: str | Secret | None,
    api_key_file: str | os.PathLike[str] | None,
    ranks: tuple[_Rank, ...],
) -> tuple[Secret | None, str | None]:
    if isinstance(api_key, str):
        api_key = _present(api_key)
    if api_key is not None and api_key_file:
        raise ConfigError("api_key and api_key_file are both given; one of them is enough")
    if isinstance(api_key, Secret):
        return api_key, "the argument api_key"
    if api_key is not None:
        return _secret(api_key, "the argument api_key")
    if api_key_file:
        path = os.fsdecode(api_key_file)
        return _secret(_read_key_file(path), f"--api-key-file {path}")
    for rank in ranks:
        found = rank.get(contract.KEY_VARIABLE)
        if found is not None:
            return _secret(found, rank.origin(contract.KEY_VARIABLE))
    return None, None


def _secret(token: str, origin: str) -> tuple[Secret, str]:
    reason = _unfit(token)
    if reason is not None:
        raise ConfigError(f"{origin} gives no valid key: {reason}")
    return Secret(token), origin


def _find_base(site: str | None, base_url: str | None, ranks: tuple[_Rank, ...]) -> tuple[str, str]:
    given = [
        (_present(base_url), "the argument base_url", _present(site), "the argument site"),
    ]
    if not (given[0][0] or given[0][2]):
        names = (contract.BASE_URL_VARIABLE, contract.SITE_VARIABLE)
        for rank in ranks:
            url, name = map(rank.get, names)
            given.append((url, rank.origin(names[0]), name, rank.origin(names[1])))
            if url or name:
                break
    url, url_origin, name, name_origin = given[-1]
    if url:
        return _clean_base(url, url_origin), url_origin
    if name:
        return _site(name, name_origin), name_origin
    return contract.BASE_URLS[contract.DEFAULT_SITE], f"the default site {contract.DEFAULT_SITE}"


def _site(name: str, origin: str) -> str:
    for known, url in contract.BASE_URLS.items():
        if known == name.lower():
            return url
    # Do not show the value: it may be a key in the wrong variable.
    raise ConfigError(f"{origin} names no site; sites: {', '.join(contract.BASE_URLS)}")


def _clean_base(text: str, origin: str) -> str:
    """A base URL in one canonical spelling, so that one service has one name."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError:
        # The parser's message would show the URL, which may contain secrets.
        parts, host, port = SplitResult("", "", "", "", ""), "", None
    if parts.scheme not in _DEFAULT_PORTS or not host or _FIT.fullmatch(text) is None:
        raise ConfigError(f"{origin} is not an http or https URL")
    if "\\" in text:
        raise ConfigError(f"{origin} is not an http or https URL: it contains a backslash")
    if "@" in parts.netloc:
        raise ConfigError(f"{origin} contains credentials; the service takes the key only")
    if "?" in text or "#" in text:
        raise ConfigError(f"{origin} contains a query or a fragment; it must end with a path")
    if ":" in host:
        host = f"[{host}]"
    if port not in (None, _DEFAULT_PORTS[parts.scheme]):
        host = f"{host}:{port}"
    return f"{parts.scheme}://{host}{parts.path.rstrip('/')}"


def is_loopback(base_url: str) -> bool:
    """Whether the service runs on this machine, so that no proxy can reach it."""
    return hosts.is_loopback(urlsplit(base_url).hostname or "")


def _read_key_file(path: str) -> str:
    # Raise errors outside of the handlers: a chained exception would contain the bytes.
    reason = None
    data = b""
    try:
        with open(path, "rb") as file:
            data = file.read(8 * contract.MAX_KEY)
        text = data.decode("utf-8-sig").strip()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it holds no text"
        text = ""
    if reason is not None:
        raise ConfigError(f"--api-key-file {path} cannot be read: {reason}")
    if not text:
        raise ConfigError(f"--api-key-file {path} is empty")
    return text


def _read_env_file(path: str) -> Mapping[str, str | None]:
    if not os.path.isfile(path):
        return {}
    from dotenv import dotenv_values

    reason = None
    found: Mapping[str, str | None] = {}
    try:
        with open(path, "rb") as file:
            data = file.read(contract.MAX_CONFIG_BYTES + 1)
        if len(data) > contract.MAX_CONFIG_BYTES:
            reason = f"it is larger than {contract.MAX_CONFIG_BYTES:,} bytes"
        else:
            text = StringIO(data.decode("utf-8-sig"))
            found = dotenv_values(stream=text, interpolate=False)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
    if reason is not None:
        raise ConfigError(f"{path} cannot be read: {reason}")
    return {n: v for n, v in found.items() if n.startswith(contract.VARIABLE_PREFIX)}
