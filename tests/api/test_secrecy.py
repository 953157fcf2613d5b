"""The token goes into one header of the request and appears nowhere else."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

import vaceprep
from tests.api import service as s
from tests.api.conftest import Both
from tests.api.test_create import BODY, UNKNOWN
from vaceprep.api.async_client import AsyncClient
from vaceprep.api.client import Client
from vaceprep.api.model import ApiError
from vaceprep.api.settings import ConfigError, Secret, Settings, read_settings

Serve = Callable[..., s.Service]
#: An answer that repeats the token wherever it can.
ECHO = {
    "detail": f"no such key: {s.TOKEN} ({quote(s.TOKEN, '')})",
    "title": s.TOKEN,
    "task_info": {"error": {"detail": s.TOKEN}, "status": s.TOKEN},
}
ECHOES: dict[str, s.Step] = {
    "401 with the token": s.answer(401, ECHO),
    "400 in a list": s.answer(400, {"detail": [{"loc": [s.TOKEN], "msg": f"x{s.TOKEN}x"}]}),
    "400 in plain words": s.answer(400, s.TOKEN.encode(), Content_Type="text/plain"),
    "429 with the token": s.answer(429, ECHO, Retry_After="9999"),
    "500 with the token": s.answer(500, ECHO),
    "200 with the token": s.answer(200, ECHO),
    "202 with the token": s.answer(202, s.TOKEN.encode() * 200),
    "202 with the token escaped": s.answer(202, json.dumps(ECHO).replace("/", "\\/").encode()),
    "202 that breaks off in the token": s.raw(
        b"HTTP/1.1 202 OK\r\nContent-Length: 999\r\n\r\n{" + s.TOKEN[:-3].encode()
    ),
}
STEPS = UNKNOWN | ECHOES
PACKAGE = Path(vaceprep.__file__).parent
#: No part of it longer than this may be seen.
PARTS = [s.TOKEN[i : i + 12] for i in range(len(s.TOKEN) - 12)]
#: As they are and as a URL has them.
SHOWN = sorted({*PARTS, *(quote(part, "") for part in PARTS)})


def shows(text: str) -> bool:
    return any(part in text for part in SHOWN)


@pytest.mark.parametrize("method", ["create", "get", "check_key"])
@pytest.mark.parametrize("name", STEPS)
def test_no_error_shows_the_token(
    ask: Both, serve: Serve, name: str, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    service = serve(STEPS[name])
    arguments = {"create": (BODY,), "get": (s.ID,), "check_key": ()}[method]
    with caplog.at_level(logging.DEBUG):
        try:
            result = ask(service.base_url, method, *arguments)
            assert not shows(repr(result))
        except ApiError as error:
            # With the variables of each frame, as some tools for crash reports add them.
            told = traceback.TracebackException.from_exception(error, capture_locals=True)
            # Those of this package: the tests' own know the token.
            own = [f for f in told.stack if Path(f.filename).is_relative_to(PACKAGE)]
            assert own
            frames = "".join(traceback.StackSummary.from_list(own).format())
            assert "self = " in frames
            assert name in ECHOES or not shows(frames)
            assert not shows(repr(error))
            assert not shows("".join(traceback.format_exception(error)))
            assert not shows(pickle.dumps(error).decode("latin-1"))
            assert error.__cause__ is None
            assert error.__context__ is None
    # The transport was watched, too: it writes of each request.
    assert service.connections == 0 or "httpcore" in {r.name.split(".")[0] for r in caplog.records}
    for record in caplog.records:
        assert not shows(record.getMessage())
        assert not shows(repr(record.args))
    for seen in service.seen:
        assert [n for n, v in seen.headers.items() if s.TOKEN in v] == ["authorization"]
        assert not shows(seen.path)
        assert not shows(seen.body.decode())


def test_no_log_of_what_goes_well_shows_the_token(
    ask: Both, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    service = serve(s.accepted(), s.task("running"), s.task("completed"))
    with caplog.at_level(logging.DEBUG):
        ask(service.base_url, "create", BODY)
        ask(service.base_url, "wait", s.ID)
    assert "send_request_headers.started" in caplog.text
    assert not shows(caplog.text)
    assert s.TOKEN not in repr(ask.client)


def test_no_connection_shows_the_token(
    ask: Both, nobody: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(ApiError) as caught:
        ask(nobody, "create", BODY)
    assert not shows(caplog.text)
    assert not shows("".join(traceback.format_exception(caught.value)))


def test_a_secret_hides() -> None:
    secret = Secret(s.TOKEN)
    settings = Settings("https://api.example.com", secret, "the argument api_key", "x")
    for text in (repr(secret), str(secret), f"{secret}", f"{secret!r:>40}", repr(settings)):
        assert not shows(text)
    assert "***" in repr(settings)
    assert repr([secret]) == "[Secret(***)]"
    assert secret.reveal() == s.TOKEN
    with pytest.raises(TypeError):
        json.dumps(secret)
    with pytest.raises(TypeError):
        vars(secret)
    with pytest.raises(AttributeError):
        secret._token = "other"
    with pytest.raises(AttributeError):
        del secret._token


def test_a_secret_is_a_value() -> None:
    secret = Secret(s.TOKEN)
    for other in (Secret(s.TOKEN), copy.deepcopy(secret), pickle.loads(pickle.dumps(secret))):
        assert (secret, hash(secret)) == (other, hash(other))
        assert other.reveal() == s.TOKEN
    assert secret != Secret(s.TOKEN + "x")
    assert secret != s.TOKEN


def test_a_fingerprint_tells_keys_apart_and_nothing_else() -> None:
    mark = Secret(s.TOKEN).fingerprint()
    # Written down: rows of the ledger are found by it.
    assert Secret("sk-test").fingerprint() == "b06441c5045c4380"
    assert len(mark) == 16
    assert mark != Secret(s.TOKEN + "x").fingerprint()


def test_short_words_are_no_secrets() -> None:
    # A key such as "test", which sandboxes take, must not eat the service's words.
    assert Secret("test").hide_in("a test failed") == "a test failed"


@pytest.mark.parametrize(
    "token", ["", "two words", "a\nb", "käy", "Bearer sk-123", "a\0b", "\x7f", "x" * 8193]
)
def test_what_no_header_can_carry(token: str) -> None:
    with pytest.raises(ConfigError, match="invalid key") as caught:
        Secret(token)
    assert not token or token not in str(caught.value)
    for read in (read_settings, Client, AsyncClient):
        if token.strip():
            with pytest.raises(ConfigError, match="the argument api_key gives no valid key"):
                read(api_key=token)
