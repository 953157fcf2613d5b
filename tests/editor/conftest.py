"""A small clip, a server of the editor in this process, and one browser for all tests of the page.

Without a browser these tests are skipped, with the reason.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.media import encode
from vaceprep.editor.server import EditorServer
from vaceprep.editor.session import open_session

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Serve = Callable[..., httpx.Client]


def client_of(address: str) -> httpx.Client:
    """A client that loads no certificates, which takes longer than most answers."""
    return httpx.Client(base_url=address, timeout=60, verify=False)


@pytest.fixture(scope="session")
def moving(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of 2 s with sound, as small as the service accepts."""
    path = tmp_path_factory.mktemp("moving") / "moving.mp4"
    options = {"movflags": "+faststart"}
    encode(path, rate=24, frames=48, size=(360, 360), container_options=options, sound=2)
    return path


# Its loop measures time: it ends before tests of other packages that set the clock.
@pytest.fixture(scope="package")
def shared(moving: Path) -> Iterator[httpx.Client]:
    """The page of one editor for all tests that change nothing."""
    session = open_session(str(moving), None)
    with EditorServer(session) as server, client_of(server.address) as client:
        yield client


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start an editor of a source; a client of its page. All end with the test."""
    with ExitStack() as stack:

        def start(source: Path | None, output: Path | None = None, **settings: Any) -> httpx.Client:
            session = open_session(
                None if source is None else str(source), None if output is None else str(output)
            )
            server = stack.enter_context(EditorServer(session, **settings))
            return stack.enter_context(client_of(server.address))

        yield start


@pytest.fixture
def clip_here(moving: Path, tmp_path: Path) -> Path:
    """The clip in a folder of the test."""
    return Path(shutil.copy(moving, tmp_path / "clip.mp4"))


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    # Its loop runs in this thread: no test of another package finds it running.
    pytest.importorskip("playwright.sync_api", reason="needs playwright (the extra [test])")
    from tests.editor.browser import CHROMIUM, chromium

    if CHROMIUM is None:
        pytest.skip("needs the program chromium")
    with chromium() as running:
        yield running
