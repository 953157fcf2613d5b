"""A vaceprep.toml and a .env that came with a stranger's files decide nothing for the user."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.api import service as s
from tests.api.service import Service
from tests.conftest import Run
from tests.runs.server import serving, whole
from vaceprep.api.settings import ConfigError, read_settings
from vaceprep.config import GUARDED
from vaceprep.config.find import Finder

KEY, BASE, SITE = (f"MULEROUTER_{name}" for name in ("API_KEY", "BASE_URL", "SITE"))
TOKEN = "sk-the-users-own-0123456789"
JOB = {"function": "video_outpainting", "prompt": "More", "left_scale": 1.5}


def state(folder: Path, **more: str) -> dict[str, str]:
    return {"VACEPREP_STATE_DIR": str(folder / "state"), **more}


# --- .env ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "command"),
    [
        ("environment", "run"),
        ("file", "wait"),
        pytest.param("environment", "status", marks=pytest.mark.long),
        pytest.param("file", "run", marks=pytest.mark.long),
    ],
)
def test_a_base_url_of_env_takes_no_key_from_elsewhere(
    vaceprep_cli: Run, serve: Callable[..., Service], tmp_path: Path, kind: str, command: str
) -> None:
    thief = serve(s.accepted())
    (tmp_path / ".env").write_text(f"{BASE}={thief.base_url}\n")
    (tmp_path / "job.json").write_text(json.dumps({**JOB, "video_url": "https://a.example/a.mp4"}))
    (tmp_path / "key").write_text(TOKEN)
    flags = ["--api-key-file", "key"] if kind == "file" else []
    given = {} if kind == "file" else {KEY: TOKEN}
    asked = {
        "run": ["run", "job.json", "--yes", "--no-remote"],
        "wait": ["task", "wait", "3f2b8c1e-0000-4000-8000-1234567890ab"],
        "status": ["task", "status"],
    }[command]
    done = vaceprep_cli(*asked, *flags, env=state(tmp_path, **given))
    assert done.returncode == 2, done
    assert thief.seen == []
    assert BASE in done.stderr
    assert ("--api-key-file key" if kind == "file" else f"variable {KEY}") in done.stderr
    assert TOKEN not in done.stderr + done.stdout


def test_what_a_env_of_one_s_own_may_say(tmp_path: Path) -> None:
    def settings(text: str, **given: Any) -> str:
        (tmp_path / ".env").write_text(text)
        return read_settings(folder=tmp_path, **given).base_url

    own = "https://gateway.example/v1"
    environ = {KEY: TOKEN}
    assert settings(f"{BASE}={own}\n{KEY}={TOKEN}", environ={}) == own
    # The same key in the environment, too: direnv and the like put it there.
    assert settings(f"{BASE}={own}\n{KEY}={TOKEN}", environ=environ) == own
    assert settings(f"{SITE}=mulerun", environ=environ) == "https://api.mulerun.com"
    assert (
        settings(f"{BASE}=https://API.mulerun.com/", environ=environ) == "https://api.mulerun.com"
    )
    assert settings(f"{BASE}=http://evil", environ=environ | {BASE: own}) == own
    assert settings(f"{BASE}=http://evil", environ=environ, base_url=own) == own
    for evil in ("http://evil", "https://api.mulerun.com.evil", "https://api.mulerun.com:444"):
        for text in (f"{BASE}={evil}", f"{BASE}={evil}\n{KEY}=another-key-0123"):
            with pytest.raises(ConfigError, match="stranger"):
                settings(text, environ=environ)
            with pytest.raises(ConfigError, match="stranger"):
                settings(text, environ={}, api_key=TOKEN)
    with pytest.raises(ConfigError, match="larger than"):
        settings(f"{SITE}=mulerun\n#" + "a" * 2**21, environ={})


@pytest.mark.long
def test_a_service_of_an_env_file_is_named(
    vaceprep_cli: Run, serve: Callable[..., Service], tmp_path: Path
) -> None:
    service = serve(s.answer(404, {"detail": "no such task"}))
    (tmp_path / ".env").write_text(f"{BASE}={service.base_url}\n{KEY}={TOKEN}\n")
    done = vaceprep_cli("task", "status", env=state(tmp_path))
    assert f"the service is {service.base_url}, as {BASE} in .env says" in done.stderr


def test_a_row_s_own_host_is_asked_for_before_the_key_goes_there(
    vaceprep_cli: Run, tmp_path: Path
) -> None:
    """A row that was made before by a stranger's .env."""
    from vaceprep.api.settings import Secret
    from vaceprep.ledger.store import Ledger

    with Ledger(folder=str(tmp_path / "state")) as ledger:
        ledger.foreign(
            "3f2b8c1e-1", service="http://thief.invalid", account=Secret(TOKEN).fingerprint()
        )
    given = state(tmp_path, **{KEY: TOKEN})
    done = vaceprep_cli("task", "status", "1", env=given)
    assert done.returncode == 2
    assert "--base-url http://thief.invalid" in done.stderr


# --- vaceprep.toml ---------------------------------------------------------------------------

PLANTED = """
publish = "{publish}"
public-base = "https://thief.example/m"
allow-hosts = ["127.0.0.1"]
output = "{output}"
price = {{ usd-per-second = 0.001 }}
budget = {{ per-day = 100000 }}
"""


@pytest.fixture
def planted(tmp_path: Path, clip: Path) -> Path:
    """A folder from a stranger, beside the one that the user works in."""
    folder = tmp_path / "gift"
    folder.mkdir()
    shutil.copy(clip, folder / "clip.mp4")
    (folder / "job.json").write_text(json.dumps({**JOB, "video_url": "clip.mp4"}))
    text = PLANTED.format(publish="put-here", output=str(tmp_path / "elsewhere"))
    (folder / "vaceprep.toml").write_text(text)
    (folder / "put-here").mkdir()
    (tmp_path / "work").mkdir()
    return folder


def test_it_does_not_say_where_outputs_go(vaceprep_cli: Run, planted: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    done = vaceprep_cli("prepare", "../gift/clip.mp4", "--no-isolate", cwd=work)
    assert not (tmp_path / "elsewhere").exists()
    assert done.stderr.count("ignored allow-hosts, output") == 1, done.stderr
    assert (planted / "prepared" / "clip.mp4").exists()


def test_it_opens_no_private_host(vaceprep_cli: Run, planted: Path, tmp_path: Path) -> None:
    with serving(whole(b"secret")) as inner:
        (planted / "job.json").write_text(json.dumps({**JOB, "video_url": inner.url}))
        done = vaceprep_cli("batch", "check", "../gift/job.json", cwd=tmp_path / "work")
        assert done.returncode == 1
        assert done.stderr.count("ignored allow-hosts,") == 1
        assert inner.seen == []
        # Named, it counts.
        named = ["--config", "../gift/vaceprep.toml", "--no-isolate"]
        vaceprep_cli("check", "../gift/job.json", *named, cwd=tmp_path / "work")
    assert inner.seen != []


def test_it_says_not_where_to_publish(
    vaceprep_cli: Run, serve: Callable[..., Service], planted: Path, tmp_path: Path
) -> None:
    service = serve(s.accepted())
    flags = ["--yes", "--base-url", service.base_url]
    given = state(tmp_path, **{KEY: TOKEN})
    done = vaceprep_cli("run", "../gift/job.json", *flags, cwd=tmp_path / "work", env=given)
    assert done.returncode == 2
    assert "give --publish TARGET" in done.stderr
    assert "ignored allow-hosts, publish, public-base, output, price, budget" in done.stderr
    assert list((planted / "put-here").iterdir()) == []
    assert service.seen == []


@pytest.mark.parametrize("name", ["vaceprep.toml", "pyproject.toml"])
def test_where_a_configuration_counts(
    planted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    text = (planted / "vaceprep.toml").read_text()
    (planted / "vaceprep.toml").unlink()
    (planted / name).write_text(("[tool.vaceprep]\n" if "py" in name else "") + text)

    def left() -> tuple[str, ...]:
        found = Finder().in_folder(str(planted))
        assert found is not None
        return found.left_out

    monkeypatch.chdir(tmp_path / "work")
    assert left() == GUARDED
    monkeypatch.chdir(planted)
    assert left() == ()
    (planted / "below").mkdir()
    monkeypatch.chdir(planted / "below")
    assert left() == ()
    # Another user's, as in a folder that all may write in.
    monkeypatch.setattr(os, "geteuid", lambda: 4242, raising=False)
    assert left() == GUARDED


def test_a_link_to_a_file_of_the_user_s_is_not_chosen_elsewhere(
    planted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    (work / "vaceprep.toml").write_text('output = "ready"')
    (planted / "vaceprep.toml").unlink()
    (planted / "vaceprep.toml").symlink_to(work / "vaceprep.toml")
    monkeypatch.chdir(work)
    found = Finder().in_folder(str(planted))
    assert found is not None and found.output is None


@pytest.mark.parametrize(
    "output",
    [
        "../out",
        pytest.param("/tmp/vaceprep-never-here", marks=pytest.mark.long),
        pytest.param("link", marks=pytest.mark.long),
    ],
)
def test_an_output_stays_below(vaceprep_cli: Run, clip: Path, tmp_path: Path, output: str) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (tmp_path / "aside").mkdir()
    (work / "link").symlink_to(tmp_path / "aside")
    shutil.copy(clip, work / "clip.mp4")
    (work / "vaceprep.toml").write_text(f'output = "{output}"')
    done = vaceprep_cli("prepare", "clip.mp4", cwd=work)
    assert "ignored output = " in done.stderr
    assert (work / "prepared" / "clip.mp4").exists()
    assert not Path("/tmp/vaceprep-never-here").exists()
    assert list((tmp_path / "aside").iterdir()) == []
    assert not (tmp_path / "out").exists()


ASKING = """
import os, pty, sys
pid, terminal = pty.fork()
if not pid:
    os.execv(sys.executable, [sys.executable, "-m", "vaceprep", *sys.argv[1:]])
said = b""
try:
    while b"[y/N]" not in said and (piece := os.read(terminal, 4096)):
        said += piece
    os.write(terminal, b"n\\n")
    while piece := os.read(terminal, 4096):
        said += piece
except OSError:
    pass
os.waitpid(pid, 0)
print(said.decode(errors="replace"))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_the_question_names_where_files_are_published(
    serve: Callable[..., Service], tmp_path: Path, clip: Path
) -> None:
    service = serve(s.answer(404, {}))
    shutil.copy(clip, tmp_path / "clip.mp4")
    (tmp_path / "job.json").write_text(json.dumps({**JOB, "video_url": "clip.mp4"}))
    target = "https://bucket.example/up/{key}"
    arguments = ["run", "job.json", "--base-url", service.base_url, "--publish", target]
    given = {**os.environ, **state(tmp_path, **{KEY: TOKEN, "TERM": "xterm", "COLUMNS": "400"})}
    done = subprocess.run(
        [sys.executable, "-c", ASKING, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        cwd=tmp_path,
        env=given,
    )
    assert "Publish 1 file to https://bucket.example/up/{key}, and send 1 task" in done.stdout
    assert service.seen == []
