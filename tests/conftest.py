"""What several tests share: files of one session, and the command line as users run it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests import started
from tests.media import small_mp4

settings.register_profile(
    "vaceprep",
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile("vaceprep")

# In GitHub Actions check prints annotations by itself, which is not what most tests are about.
for variable in ("GITHUB_ACTIONS", "GITHUB_WORKSPACE"):
    os.environ.pop(variable, None)

# A shell that starts the suite in the background makes it ignore Ctrl-C, and so would every command
# that a test interrupts. Handlers are reset in new processes; an ignored signal stays ignored.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session", autouse=True)
def _no_server_is_left() -> Iterator[None]:
    yield
    started.close()


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole MP4 of eight frames of 64 by 48 pixels."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    path.write_bytes(small_mp4())
    return path


@pytest.fixture
def vaceprep_cli(tmp_path: Path) -> Run:
    """Run ``vaceprep`` as a process of its own, in an empty folder."""

    def run(*arguments: str | bytes | Path, **more: Any) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONUTF8": "1", **more.pop("env", {})}
        return started.completed(
            arguments,
            timeout=60,
            cwd=more.pop("cwd", tmp_path),
            env=environment,
            errors="surrogateescape",
            **more,
        )

    return run
