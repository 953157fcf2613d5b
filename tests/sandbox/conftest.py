"""One sandbox for all tests that ask no faults of it, and media that it takes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.media import encode
from vaceprep.sandbox.server import Sandbox


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """Without faults."""
    # Some tests serve media from ports of their own.
    with Sandbox(allow_hosts=["127.0.0.1"]) as running:
        yield running


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video that passes, as small and short as it can be."""
    path = tmp_path_factory.mktemp("small") / "small.mp4"
    encode(path, rate=24, frames=12, size=(360, 360), container_options={"movflags": "+faststart"})
    return path
