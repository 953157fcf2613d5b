"""What is published is known by its bytes, whatever it is called."""

from __future__ import annotations

import base64
import hashlib
import os
import pickle
from pathlib import Path

import pytest
from PIL import Image

from tests.publish.known import never, untold
from vaceprep.errors import Cancelled
from vaceprep.files.source import CannotOpen
from vaceprep.publish.publish import data_uri
from vaceprep.publish.target import PIECE_BYTES, Asset, PublishError, asset_of, pieces


def test_the_key_is_from_the_content(clip: Path, tmp_path: Path) -> None:
    keys = set()
    for name in ("a.mp4", "ünïcode 한.MOV", "no ending", "\u202e.mp4", "x.exe", "a" * 200):
        path = tmp_path / name
        path.write_bytes(clip.read_bytes())
        asset = asset_of(path)
        keys.add(asset.key)
        assert asset.content_type == "video/mp4"
        assert asset.size == path.stat().st_size
        assert asset.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    (key,) = keys
    assert key == f"{hashlib.sha256(clip.read_bytes()).hexdigest()[:32]}.mp4"
    assert key.isascii()


@pytest.mark.parametrize(
    "kind,content_type,ending",
    [
        ("JPEG", "image/jpeg", ".jpg"),
        ("PNG", "image/png", ".png"),
        ("BMP", "image/bmp", ".bmp"),
        ("TIFF", "image/tiff", ".tiff"),
        ("WEBP", "image/webp", ".webp"),
    ],
)
def test_types_follow_the_bytes(kind: str, content_type: str, ending: str, tmp_path: Path) -> None:
    path = tmp_path / "picture.mp4"
    Image.new("RGB", (8, 8)).save(path, kind)
    asset = asset_of(path)
    assert (asset.content_type, asset.ending) == (content_type, ending)
    assert data_uri(asset) == (
        f"data:{content_type};base64,{base64.b64encode(path.read_bytes()).decode()}"
    )


@pytest.mark.parametrize(
    "name,ending",
    [("a.bin", ".bin"), ("a.b in", ""), ("a.ünï", ""), ("a." + "x" * 9, ""), ("a", "")],
)
def test_an_unknown_format_keeps_a_plain_ending(name: str, ending: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(b"\0\1\2\3" * 10)
    asset = asset_of(path)
    assert (asset.content_type, asset.ending) == ("application/octet-stream", ending)
    assert asset.key.isascii()


def test_what_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.mp4"):
        with pytest.raises(CannotOpen):
            asset_of(path)
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(CannotOpen):
        asset_of(tmp_path / "empty.mp4")


def test_pieces_tell_what_went_out(big_asset: Asset) -> None:
    told: list[int] = []
    got = list(pieces(big_asset, tell=told.append, cancelled=never))
    assert b"".join(got) == Path(big_asset.path).read_bytes()
    assert max(map(len, got)) == PIECE_BYTES
    assert told == sorted(told) and told[-1] == big_asset.size and len(told) == len(got)


def test_a_file_that_changed_never_goes_out_whole(big_asset: Asset) -> None:
    path = Path(big_asset.path)
    data = path.read_bytes()
    for changed in (data[:-1] + b"?", data[:-1], data + b"?", b"", b"?" + data[1:]):
        path.write_bytes(changed)
        got = b""
        with pytest.raises(PublishError, match="changed while it was being published"):
            for piece in pieces(big_asset, tell=untold, cancelled=never):
                got += piece
        assert len(got) < big_asset.size
    path.unlink()
    with pytest.raises(PublishError, match="cannot be read: No such file"):
        list(pieces(big_asset, tell=untold, cancelled=never))


def test_pieces_stop(big_asset: Asset) -> None:
    told: list[int] = []
    with pytest.raises(Cancelled):
        list(pieces(big_asset, tell=told.append, cancelled=lambda: len(told) >= 3))
    assert len(told) == 3


def test_only_images_go_inline(clip_asset: Asset, picture_asset: Asset) -> None:
    with pytest.raises(PublishError, match="is not an image"):
        data_uri(clip_asset)
    os.truncate(picture_asset.path, 10)
    with pytest.raises(PublishError, match="changed"):
        data_uri(picture_asset)


def test_what_crosses_processes(clip_asset: Asset) -> None:
    assert pickle.loads(pickle.dumps(clip_asset)) == clip_asset
    error = pickle.loads(pickle.dumps(PublishError("no", transient=True)))
    assert (str(error), error.transient) == ("no", True)
