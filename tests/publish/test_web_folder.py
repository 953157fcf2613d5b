"""A served folder: whole files or none."""

from __future__ import annotations

import os
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.publish.known import never, untold
from vaceprep.errors import Cancelled
from vaceprep.publish.publish import publish
from vaceprep.publish.target import Asset, PublishError, ready
from vaceprep.publish.web_folder import WebRoot

BASE = "https://cdn.example.com/media"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "served"
    folder.mkdir()
    return folder


def test_a_file_is_copied_once(root: Path, clip_asset: Asset) -> None:
    told: list[int] = []
    target = WebRoot(root, f"{BASE}/")
    for _ in range(2):
        url = target.publish(clip_asset, tell=told.append, cancelled=never)
        assert url == f"{BASE}/{clip_asset.key}"
    assert told == [clip_asset.size]
    assert os.listdir(root) == [clip_asset.key]
    assert (root / clip_asset.key).read_bytes() == Path(clip_asset.path).read_bytes()


def test_what_a_crash_left_is_mended(root: Path, clip_asset: Asset) -> None:
    data = Path(clip_asset.path).read_bytes()
    for broken in (b"", data[:-1], bytes(len(data))):
        (root / clip_asset.key).write_bytes(broken)
        WebRoot(root, BASE).publish(clip_asset, tell=untold, cancelled=never)
        assert (root / clip_asset.key).read_bytes() == data


def test_no_half_written_file_is_ever_served(root: Path, big_asset: Asset) -> None:
    seen: set[str] = set()
    steps: list[int] = []

    def tell(sent: int) -> None:
        seen.update(name for name in os.listdir(root) if not name.startswith(".vaceprep-"))
        steps.append(sent)

    def cancelled() -> bool:
        return len(steps) > 50

    with pytest.raises(Cancelled):
        WebRoot(root, BASE).publish(big_asset, tell=tell, cancelled=cancelled)
    assert os.listdir(root) == []
    steps.clear()
    WebRoot(root, BASE).publish(big_asset, tell=tell, cancelled=never)
    assert len(steps) > 50
    assert seen == set()
    assert os.listdir(root) == [big_asset.key]


def test_a_source_that_changes_is_not_published(root: Path, big_asset: Asset) -> None:
    with open(big_asset.path, "r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"?")
    with pytest.raises(PublishError, match="changed"):
        WebRoot(root, BASE).publish(big_asset, tell=untold, cancelled=never)
    assert os.listdir(root) == []


def test_a_link_is_replaced_and_not_written_through(root: Path, clip_asset: Asset) -> None:
    elsewhere = root.parent / "precious"
    elsewhere.write_bytes(b"precious")
    (root / clip_asset.key).symlink_to(elsewhere)
    WebRoot(root, BASE).publish(clip_asset, tell=untold, cancelled=never)
    assert elsewhere.read_bytes() == b"precious"
    assert not (root / clip_asset.key).is_symlink()


def test_folders_that_take_nothing(root: Path, clip_asset: Asset) -> None:
    missing = WebRoot(root / "missing", BASE)
    for act in (
        lambda: ready(missing),
        lambda: missing.publish(clip_asset, tell=untold, cancelled=never),
    ):
        with pytest.raises(PublishError, match="there is no folder"):
            act()
    (root / clip_asset.key).mkdir()
    with pytest.raises(PublishError, match="is a folder"):
        WebRoot(root, BASE).publish(clip_asset, tell=untold, cancelled=never)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_no_permission(root: Path) -> None:
    root.chmod(0o500)
    with pytest.raises(PublishError, match="no permission"):
        ready(WebRoot(root, BASE))


def test_a_full_disk_is_one_sentence(tiny_disk: Path, big_asset: Asset) -> None:
    with pytest.raises(PublishError, match="cannot be written: No space left"):
        WebRoot(tiny_disk, BASE).publish(big_asset, tell=untold, cancelled=never)
    assert os.listdir(tiny_disk) == []


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing."""


def test_served_and_read_back(root: Path, clip_asset: Asset) -> None:
    """Python's own server: it knows no ranges."""

    def handler(*arguments: object) -> _Quiet:
        return _Quiet(*arguments, directory=str(root))  # type: ignore[arg-type]

    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            host = f"127.0.0.1:{server.server_address[1]}"
            done = publish(clip_asset, WebRoot(root, f"http://{host}"), allow_hosts=[host])
            again = publish(clip_asset, WebRoot(root, f"http://{host}"), allow_hosts=[host])
        finally:
            server.shutdown()
            thread.join()
    assert (done.sent, again.sent) == (True, False)
    assert done.url == again.url == f"http://{host}/{clip_asset.key}"
