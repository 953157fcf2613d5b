"""A service on this machine, a job that is quick, and ``vaceprep`` with a ledger of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import started
from tests.media import encode
from tests.preparation.conftest import tiny_disk
from vaceprep.sandbox.server import Sandbox

__all__ = ["tiny_disk"]

#: A token that must never be seen again.
TOKEN = "tok-5e7a1d0c-not-to-be-seen"

Cli = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video that passes as it is, as small and short as it can be."""
    path = tmp_path_factory.mktemp("small") / "small.mp4"
    encode(path, rate=24, frames=12, size=(360, 360), container_options={"movflags": "+faststart"})
    return path


@pytest.fixture
def box() -> Iterator[Sandbox]:
    """A service without faults; ``add_fault`` gives it some."""
    with Sandbox() as running:
        yield running


def job_of(video: str | Path, **more: Any) -> dict[str, Any]:
    """A job that is quick to work on."""
    return {
        "function": "video_outpainting",
        "prompt": "More of it",
        "video_url": str(video),
        "left_scale": 1.5,
        "prompt_extend": False,
        **more,
    }


@pytest.fixture
def job(tmp_path: Path, small: Path) -> Path:
    """The same as a file."""
    path = tmp_path / "job.json"
    path.write_text(json.dumps(job_of(small)))
    return path


def environment(folder: Path, **more: str) -> dict[str, str]:
    """What a process of its own sees: the token, and a state directory in ``folder``."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MULEROUTER", "VACEPREP"))}
    return {
        **kept,
        "PYTHONUTF8": "1",
        "MULEROUTER_API_KEY": TOKEN,
        "VACEPREP_STATE_DIR": str(folder / "state"),
        **more,
    }


def service_flags(box: Sandbox) -> list[str]:
    """How to reach a sandbox as if it were the service."""
    return [
        *("--base-url", box.base_url, "--publish", box.publish_pattern),
        *("--allow-host", "127.0.0.1", "--poll-interval", "0.1"),
    ]


def account_flags(box: Sandbox) -> list[str]:
    """The same for ``task``, which publishes nothing."""
    return ["--base-url", box.base_url]


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """Run ``vaceprep`` as a process of its own, in ``tmp_path``."""

    def run(*arguments: str | Path, **more: Any) -> subprocess.CompletedProcess[str]:
        return started.completed(
            arguments,
            timeout=120,
            cwd=tmp_path,
            env=environment(tmp_path, **more.pop("env", {})),
            stdin=more.pop("stdin", subprocess.DEVNULL),
            **more,
        )

    return run
