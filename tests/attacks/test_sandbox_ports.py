"""The sandbox vouches for its own port alone, and its fetches check addresses as ours do."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.runs.server import serving, whole
from tests.sandbox.calls import ended, outpainting, published, submit
from vaceprep.net import client
from vaceprep.sandbox.server import Sandbox


@pytest.mark.long
def test_run_sandbox_reads_no_other_port_of_this_machine(
    vaceprep_cli: Run, tmp_path: Path, clip: Path
) -> None:
    """A job from a stranger names a service of this machine."""
    with serving(whole(clip.read_bytes())) as inner:
        job = outpainting(inner.url)
        (tmp_path / "job.json").write_text(json.dumps(job))
        state = {"VACEPREP_STATE_DIR": str(tmp_path / "state")}
        done = vaceprep_cli("run", "job.json", "--sandbox", "--format", "json", env=state)
    assert inner.seen == []
    assert done.returncode == 1
    (entry,) = json.loads(done.stdout)["jobs"]
    assert "VP503" in [finding["code"] for finding in entry["findings"]]


def test_the_sandbox_takes_no_url_of_another_port(sandbox: Sandbox, small: Path) -> None:
    with serving(whole(small.read_bytes())) as inner:
        answer = submit(sandbox, outpainting(inner.url))
    assert answer.status_code == 400
    assert "VP503" in answer.json()["detail"]
    assert inner.seen == []


def test_the_sandbox_connects_to_no_private_address(
    sandbox: Sandbox, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is public by its text, and this machine by its address."""
    real = socket.getaddrinfo

    def looked_up(host: str | bytes, *more: object, **named: object) -> object:
        known = host in ("media.example.com", b"media.example.com")
        return real("127.0.0.1" if known else host, *more, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    assert client.look_up("media.example.com", 80) == ["127.0.0.1"]
    with serving(whole(small.read_bytes())) as inner:
        answer = submit(sandbox, outpainting(inner.url.replace("127.0.0.1", "media.example.com")))
        assert answer.status_code == 202
        told = ended(sandbox, answer.json()["task_info"]["id"])
    assert inner.seen == []
    assert told["task_info"]["status"] == "failed"
    assert "not public" in told["task_info"]["error"]["detail"]


@pytest.mark.long
def test_its_own_files_are_read(sandbox: Sandbox, small: Path) -> None:
    url = published(sandbox, small)
    answer = submit(sandbox, outpainting(url.replace("127.0.0.1", "localhost")))
    assert answer.status_code == 202
    told = ended(sandbox, answer.json()["task_info"]["id"])
    assert told["task_info"]["status"] == "completed"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """One as ``run --sandbox`` starts it."""
    with Sandbox() as running:
        yield running


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.media import encode

    path = tmp_path_factory.mktemp("small") / "small.mp4"
    encode(path, rate=24, frames=12, size=(360, 360), container_options={"movflags": "+faststart"})
    return path
