"""``vaceprep doctor``: it tells what is there, keeps what is secret, and finds what is broken."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Run
from vaceprep.cli import selftest
from vaceprep.cli.selftest import Check, examine, self_test

TOKEN = "tok-doctor-never-shown-93c1"
CLEAN = {
    **dict.fromkeys(("MULEROUTER_API_KEY", "MULEROUTER_SITE", "MULEROUTER_BASE_URL"), ""),
    **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"), ""),
    **dict.fromkeys(("http_proxy", "https_proxy", "all_proxy", "no_proxy"), ""),
}


def told(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    document = json.loads(done.stdout)
    assert document.keys() == {"version", "ok", "checks"}
    assert document["ok"] is (done.returncode == 0)
    for check in document["checks"]:
        assert check.keys() == {"name", "status", "detail", "hint"}
    return {check["name"]: check for check in document["checks"]}


def test_all_is_well_here_and_nothing_secret_is_shown(vaceprep_cli: Run, tmp_path: Path) -> None:
    state = tmp_path / "state"
    environment = {
        **CLEAN,
        "VACEPREP_STATE_DIR": str(state),
        "MULEROUTER_API_KEY": TOKEN,
        "MULEROUTER_SITE": "mulerun",
        "https_proxy": "http://ann:pass-never-shown@proxy.example:3128/x",
    }
    done = vaceprep_cli("doctor", "--format", "json", env=environment)
    assert done.returncode == 0, done.stdout
    assert TOKEN not in done.stdout + done.stderr
    assert "never-shown" not in done.stdout + done.stderr
    checks = told(done)
    assert checks["key"]["detail"] == ("present, from the environment variable MULEROUTER_API_KEY")
    assert checks["base url"]["detail"].startswith("https://api.mulerun.com, from the environment")
    assert "http://proxy.example:3128" in checks["proxies"]["detail"]
    assert "libavcodec" in checks["ffmpeg"]["detail"]
    assert checks["encoder libx264"]["status"] == "ok"
    assert "WEBP" in checks["pillow"]["detail"]
    assert checks["starlette"]["status"] == "ok"
    assert checks["self-test"]["status"] == "ok"
    # To look is not to make: neither the state directory nor what the self-test wrote.
    assert list(tmp_path.iterdir()) == []


def test_as_text_with_what_helps(vaceprep_cli: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    environment = {**CLEAN, "VACEPREP_STATE_DIR": str(tmp_path / "file" / "state")}
    done = vaceprep_cli("doctor", env=environment)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[-1] == "something needs fixing"
    (state,) = [n for n, line in enumerate(lines) if line.startswith("error  state directory")]
    assert "set VACEPREP_STATE_DIR" in lines[state + 1]
    (key,) = [line for line in lines if line.startswith("note   key ")]
    assert "need none" in key


def test_a_key_that_is_none_is_an_error_without_it(vaceprep_cli: Run) -> None:
    bad = "Bearer not-shown-either"
    done = vaceprep_cli("doctor", "--format", "json", env={**CLEAN, "MULEROUTER_API_KEY": bad})
    assert done.returncode == 1
    assert "not-shown" not in done.stdout + done.stderr
    assert "Bearer" in told(done)["service"]["detail"]


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VACEPREP_STATE_DIR", str(tmp_path))
    monkeypatch.setattr(selftest, "self_test", lambda: Check("self-test", "ok", ""))
    monkeypatch.setattr(selftest, "ENCODERS", {"nothing": ("a", True), "nobody": ("b", False)})
    monkeypatch.setattr(selftest, "EXTRAS", {"vaceprep-absent": ("heic", "pictures")})
    monkeypatch.setattr(selftest, "PILLOW", {"jpg": ("JPEG", True)})
    checks = {check.name: check for check in examine()}
    assert checks["encoder nothing"].status == "error"
    assert checks["encoder nobody"].status == "note"
    assert checks["vaceprep-absent"].status == "note"
    assert "vaceprep[heic]" in (checks["vaceprep-absent"].hint or "")
    assert checks["state directory"].detail == str(tmp_path)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("expected", ["video-hdr", None])
def test_a_self_test_that_fails_says_so(
    expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if expected is None:
        monkeypatch.setattr(selftest, "PROGRAM", "import os; os.abort()")
    else:
        monkeypatch.setattr(selftest, "EXPECTED", frozenset([expected]))
    found = self_test()
    assert found.status == "error"
    assert (expected or "vaceprep check ended with") in found.detail
    assert found.hint


def test_a_self_test_without_json_says_how_the_command_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = "import sys; print('Traceback'); sys.exit('TypeError: no such argument')"
    monkeypatch.setattr(selftest, "PROGRAM", program)
    found = self_test()
    assert found.status == "error"
    assert found.detail == "vaceprep check ended with exit code 1: TypeError: no such argument"


def test_a_proxy_that_cannot_be_read_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CLEAN:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", "http://u:hidden@[bad:99999999")
    monkeypatch.setenv("no_proxy", "localhost")
    found = selftest._proxies()
    assert "hidden" not in found.detail
    assert "none for localhost" in found.detail
