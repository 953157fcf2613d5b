"""No test here meets the credentials, the proxies or the metadata service of its machine."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from pathlib import Path

import botocore.loaders
import pytest
from PIL import Image

from tests.preparation.conftest import tiny_disk
from tests.publish.web import Web, closed_port
from vaceprep.publish.target import Asset, asset_of

__all__ = ["tiny_disk"]

#: What the clouds' tools and httpx read.
_PREFIXES = ("AWS_", "AZURE_", "GOOGLE_", "GCE_", "MSI_", "IDENTITY_")


@pytest.fixture(scope="session", autouse=True)
def _one_loader() -> Iterator[None]:
    """One cache of the files that describe S3, which botocore else reads for every client."""
    with pytest.MonkeyPatch.context() as patch:
        session = "botocore.session.create_loader"
        patch.setattr(session, functools.cache(botocore.loaders.create_loader))
        yield


@pytest.fixture(autouse=True)
def nobody_s(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment without credentials, in an empty home, which is returned."""
    for name in os.environ:
        if name.upper().startswith(_PREFIXES) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    nowhere = f"http://127.0.0.1:{closed_port()}"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(home / "aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home / "aws-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", nowhere)
    monkeypatch.setenv("GCE_METADATA_HOST", nowhere.removeprefix("http://"))
    monkeypatch.setenv("GCE_METADATA_IP", nowhere.removeprefix("http://"))
    monkeypatch.setenv("AZURE_MSI_ENDPOINT", f"{nowhere}/metadata/identity/oauth2/token")
    return home


@pytest.fixture
def web() -> Iterator[Web]:
    with Web() as server:
        yield server


@pytest.fixture
def clip_asset(clip: Path, tmp_path: Path) -> Asset:
    """A small MP4 under a name that no URL can have."""
    path = tmp_path / "Zürich \u202e 한.mp4"
    path.write_bytes(clip.read_bytes())
    return asset_of(path)


@pytest.fixture
def picture_asset(tmp_path: Path) -> Asset:
    path = tmp_path / "picture.png"
    Image.new("RGB", (400, 400), (200, 30, 90)).save(path)
    return asset_of(path)


@pytest.fixture
def big_asset(tmp_path: Path) -> Asset:
    """Eight MB that begin like an MP4: more than the system buffers."""
    path = tmp_path / "big.mp4"
    path.write_bytes(b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + os.urandom(8_000_000))
    return asset_of(path)
