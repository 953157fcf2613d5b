"""A file gets its name when it is whole and judged, or not at all."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from vaceprep.prepare.place import write
from vaceprep.prepare.refused import Refused
from vaceprep.prepare.still import encode


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("needs the mount program")
    if done.returncode:
        pytest.skip("needs the right to mount a small file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_full_disk_leaves_nothing(tiny_disk: Path) -> None:
    with pytest.raises(Refused, match=r"cannot be written: No space left"):
        write(os.urandom(10**6), str(tiny_disk / "a.png"), force=False)
    assert os.listdir(tiny_disk) == []


def test_full_disk_keeps_what_was_there(tiny_disk: Path) -> None:
    (tiny_disk / "a.png").write_bytes(b"before")
    with pytest.raises(Refused, match="No space left"):
        write(os.urandom(10**6), str(tiny_disk / "a.png"), force=True)
    assert (tiny_disk / "a.png").read_bytes() == b"before"
    assert os.listdir(tiny_disk) == ["a.png"]


def test_what_would_not_pass_is_not_written(tmp_path: Path) -> None:
    data = encode(Image.new("RGB", (300, 300)), "png")
    with pytest.raises(Refused, match=r"not written.*VP203"):
        write(data, str(tmp_path / "a.png"), force=False, role="first_frame_url")
    data = encode(Image.new("L", (400, 400), 128), "png")
    with pytest.raises(Refused, match=r"not written.*VP302"):
        write(data, str(tmp_path / "a.png"), force=False, role="mask_image_url")
    with pytest.raises(Refused, match="read again"):
        write(b"nothing", str(tmp_path / "a.png"), force=False, role="mask_image_url")
    assert os.listdir(tmp_path) == []


def test_never_over_a_source_nor_unasked(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"before")
    os.link(path, tmp_path / "same.png")
    for target, force in ((path, True), (tmp_path / "same.png", True)):
        with pytest.raises(Refused, match="source itself"):
            write(b"x", str(target), force=force, sources=[str(path)])
    with pytest.raises(Refused, match="exists already; --force"):
        write(b"x", str(path), force=False)
    with pytest.raises(Refused, match="is a folder"):
        write(b"x", str(tmp_path), force=True)
    with pytest.raises(Refused, match="there is no folder"):
        write(b"x", str(tmp_path / "no" / "a.png"), force=True)
    (tmp_path / "dangling.png").symlink_to(tmp_path / "nowhere")
    with pytest.raises(Refused, match="exists already"):
        write(b"x", str(tmp_path / "dangling.png"), force=False)
    assert path.read_bytes() == b"before"


def test_mode_follows_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write(b"x", str(tmp_path / "a.png"), force=False)
    finally:
        os.umask(before)
    assert (tmp_path / "a.png").stat().st_mode & 0o777 == 0o640


def test_a_name_that_cannot_be(tmp_path: Path) -> None:
    for name in ("a" * 300 + ".png", "a\0.png"):
        with pytest.raises(Refused, match="cannot be written"):
            write(b"x", str(tmp_path / name), force=False)
    assert os.listdir(tmp_path) == []
