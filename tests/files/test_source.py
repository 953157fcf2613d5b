"""Two readers of one open source do not move each other."""

from __future__ import annotations

import os
from pathlib import Path

from vaceprep.files.source import Opened, open_bytes, open_path, second_reader


def _both(opened: Opened, data: bytes) -> None:
    other = second_reader(opened)
    assert (other.size, other.head) == (len(data), data[:4096])
    opened.seek(100)
    other.seek(50_000)
    for _ in range(3):
        at, there = opened.tell(), other.tell()
        assert opened.read(9_000) == data[at : at + 9_000]
        assert other.read(9_000) == data[there : there + 9_000]
    assert other.seek(-5, os.SEEK_END) == len(data) - 5
    assert other.read(100) == data[-5:]
    assert other.read(100) == b""
    assert opened.tell() == 27_100


def test_of_a_file_and_of_bytes(tmp_path: Path) -> None:
    data = os.urandom(100_000)
    path = tmp_path / "a"
    path.write_bytes(data)
    with open_path(path) as opened:
        _both(opened, data)
    with open_bytes(data) as opened:
        _both(opened, data)
