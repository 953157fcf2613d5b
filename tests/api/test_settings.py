"""Where settings come from: arguments, then the environment, then ``.env``."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.api.service import TOKEN
from vaceprep.api.async_client import AsyncClient
from vaceprep.api.client import Client
from vaceprep.api.settings import ConfigError, Secret, Settings, is_loopback, read_settings

KEY, SITE, BASE = "MULEROUTER_API_KEY", "MULEROUTER_SITE", "MULEROUTER_BASE_URL"
MULEROUTER, MULERUN = "https://api.mulerouter.ai", "https://api.mulerun.com"
OWN = "http://127.0.0.1:8000/x"


def key_of(settings: Settings) -> str | None:
    return settings.key.reveal() if settings.key else None


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Settings]:
    def call(env: str | bytes | None = None, **named: Any) -> Settings:
        if env is not None:
            data = env if isinstance(env, bytes) else env.encode()
            (tmp_path / ".env").write_bytes(data)
        named.setdefault("environ", {})
        named.setdefault("folder", tmp_path)
        return read_settings(**named)

    return call


def test_without_anything(read: Callable[..., Settings]) -> None:
    assert read() == Settings(MULEROUTER, None, None, "the default site mulerouter")


def test_the_order_of_keys(read: Callable[..., Settings], tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(" from-file \n")
    env, environ = f"{KEY}=from-env-file", {KEY: "from-environ"}
    found = read(env)
    assert (key_of(found), found.key_origin) == ("from-env-file", f"{KEY} in .env")
    found = read(environ=environ)
    assert (key_of(found), found.key_origin) == ("from-environ", f"the environment variable {KEY}")
    found = read(environ=environ, api_key_file=file)
    assert (key_of(found), found.key_origin) == ("from-file", f"--api-key-file {file}")
    found = read(environ=environ, api_key="argument")
    assert (key_of(found), found.key_origin) == ("argument", "the argument api_key")
    assert key_of(read(environ=environ, api_key=Secret("argument"))) == "argument"


@pytest.mark.parametrize("empty", ["", "  ", "\n"])
def test_empty_values_count_as_absent(read: Callable[..., Settings], empty: str) -> None:
    environ = {KEY: empty, SITE: empty, BASE: empty}
    found = read(
        f"{KEY}=k\n{SITE}=mulerun", environ=environ, api_key=empty, site=empty, base_url=empty
    )
    assert (key_of(found), found.base_url) == ("k", MULERUN)


@pytest.mark.parametrize(
    ("env", "environ", "named", "base", "origin"),
    [
        (f"{SITE}=mulerun", {}, {}, MULERUN, f"{SITE} in .env"),
        (f"{SITE}=mulerun\n{BASE}={OWN}", {}, {}, OWN, f"{BASE} in .env"),
        (f"{BASE}={OWN}", {SITE: "MuleRun"}, {}, MULERUN, f"the environment variable {SITE}"),
        ("", {SITE: "junk", BASE: OWN}, {}, OWN, f"the environment variable {BASE}"),
        ("", {BASE: OWN}, {"site": "MULEROUTER"}, MULEROUTER, "the argument site"),
        ("", {SITE: "mulerun"}, {"site": "junk", "base_url": OWN}, OWN, "the argument base_url"),
        (f"{BASE}=junk", {BASE: OWN}, {}, OWN, f"the environment variable {BASE}"),
    ],
)
def test_the_order_of_sites(
    read: Callable[..., Settings],
    env: str,
    environ: dict[str, str],
    named: dict[str, str],
    base: str,
    origin: str,
) -> None:
    found = read(env, environ=environ, **named)
    assert (found.base_url, found.base_origin) == (base, origin)


def test_only_the_prefix_counts_in_env_files(
    read: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    env = f"\ufeff{KEY}='a${{HOME}}b'\nHTTPS_PROXY=http://evil\nexport {SITE}=mulerun # yes\n"
    found = read(env)
    # As it stands: nothing is put into it.
    assert (key_of(found), found.base_url) == ("a${HOME}b", MULERUN)
    assert "evil" not in os.environ.get("HTTPS_PROXY", "")
    assert KEY not in os.environ


def test_the_process_s_own_environment_and_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text(f"{KEY}=k\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(SITE, "mulerun")
    found = read_settings()
    assert (key_of(found), found.base_url) == ("k", MULERUN)


def test_an_env_file_that_nobody_needs_is_not_read(read: Callable[..., Settings]) -> None:
    env = b"\xff\xfe not UTF-8 " + TOKEN.encode()
    assert read(env, api_key="k", site="mulerun").base_url == MULERUN
    with pytest.raises(ConfigError, match=r"\.env cannot be read: it is not UTF-8") as caught:
        read()
    shown = traceback.TracebackException.from_exception(caught.value)
    assert TOKEN not in "".join(shown.format())
    assert caught.value.__context__ is None


def test_a_folder_named_like_an_env_file(read: Callable[..., Settings], tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    assert read().key is None


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("https://API.example.COM/", "https://api.example.com"),
        ("HTTPS://api.example.com:443//", "https://api.example.com"),
        ("http://api.example.com:80/v/", "http://api.example.com/v"),
        ("https://api.example.com:80", "https://api.example.com:80"),
        ("http://[::1]:8000/a/B", "http://[::1]:8000/a/B"),
        ("  http://localhost:1  ", "http://localhost:1"),
    ],
)
def test_one_spelling_for_one_service(
    read: Callable[..., Settings], given: str, clean: str
) -> None:
    assert read(base_url=given).base_url == clean


@pytest.mark.parametrize(
    "given",
    [
        *("api.mulerouter.ai", "ftp://example.com", "https://", "https:///path", "file:///etc"),
        *("https://user:pass@example.com", "https://@example.com", "https://example.com?key=1"),
        *("https://example.com/#a", "https://example.com/a b", "https://exämple.com"),
        *("https://example.com:99999", "https://[::1", "https://example.com\\@evil.com"),
        *("https://a" + "b" * 70 + ".com", "https://example.com/?", "http://a..b/", TOKEN),
    ],
)
def test_what_is_no_base_url(read: Callable[..., Settings], given: str) -> None:
    with pytest.raises(ConfigError, match=f"^the environment variable {BASE} ") as caught:
        read(environ={BASE: given})
    assert given not in str(caught.value)


def test_a_site_that_nobody_knows(read: Callable[..., Settings]) -> None:
    with pytest.raises(ConfigError, match="names no site; sites: mulerouter, mulerun") as caught:
        read(environ={SITE: TOKEN})
    assert TOKEN not in str(caught.value)


def test_key_files_that_give_none(read: Callable[..., Settings], tmp_path: Path) -> None:
    file = tmp_path / "key"
    cases = {
        b"": "is empty",
        b"\xef\xbb\xbf \n": "is empty",
        b"\xff\xfe" + TOKEN.encode(): "cannot be read: it holds no text",
        b"one\ntwo": "gives no valid key: it contains blanks",
        b"x" * 100_000: "longer than",
    }
    for data, words in cases.items():
        file.write_bytes(data)
        with pytest.raises(ConfigError, match=words) as caught:
            read(api_key_file=file)
        assert str(file) in str(caught.value)
        assert caught.value.__context__ is None
    file.write_bytes(b"\xef\xbb\xbfsk-1\r\n")
    assert key_of(read(api_key_file=str(file))) == "sk-1"
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read(api_key_file=tmp_path / "missing")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read(api_key_file=tmp_path)
    with pytest.raises(ConfigError, match="both given"):
        read(api_key_file=file, api_key="k")


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_clients_read_settings(
    kind: type[Client | AsyncClient], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=f"there is no key: set .* {KEY}"):
        kind()
    monkeypatch.setenv(KEY, "k")
    assert kind(site="mulerun").settings.base_url == MULERUN
    assert repr(kind()) == f"<{kind.__name__} of {MULEROUTER}>"
    settings = Settings(OWN, Secret("k"), None, "")
    assert kind(settings).settings is settings
    with pytest.raises(TypeError, match="either settings"):
        kind(settings, api_key="other")


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_an_environment_that_cannot_be_used(
    kind: type[Client | AsyncClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "junk://user:password@proxy")
    with pytest.raises(ConfigError, match=r"proxy .* cannot be used"):
        kind(api_key="k")
    # Nothing of it is needed for a service on this machine.
    kind(api_key="k", base_url=OWN)
    monkeypatch.setenv("SSL_CERT_FILE", "/missing/certificates")
    with pytest.raises(ConfigError, match="certificates"):
        kind(api_key="k")


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:1/x", True),
        ("http://127.9.9.9", True),
        ("http://[::1]:1", True),
        ("http://localhost", True),
        ("http://a.localhost", True),
        ("http://localhost.example.com", False),
        (MULEROUTER, False),
        ("http://10.0.0.1", False),
    ],
)
def test_what_is_on_this_machine(url: str, loopback: bool) -> None:
    assert is_loopback(url) is loopback
