"""One SHA-256 of a file; what tells one state of a file from another: tests/preparation."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest

from vaceprep.files.digest import digest, sha256_of, sha256_of_path
from vaceprep.files.source import CannotOpen

#: Shorter than what is read at once, as long, and longer.
LENGTHS = (1, 1 << 20, (1 << 20) + 1)


@pytest.mark.parametrize("length", LENGTHS)
def test_all_bytes_count(length: int, tmp_path: Path) -> None:
    data = bytes(length - 1) + b"x"
    path = tmp_path / "a"
    path.write_bytes(data)
    sha = hashlib.sha256(data).hexdigest()
    assert sha256_of(io.BytesIO(data)) == (sha, length)
    assert sha256_of_path(str(path)) == sha
    assert digest(str(path)) == {"sha256": sha, "bytes": length}


def test_it_begins_where_the_file_is() -> None:
    file = io.BytesIO(b"abc")
    file.seek(1)
    assert sha256_of(file) == (hashlib.sha256(b"bc").hexdigest(), 2)


def test_no_file(tmp_path: Path) -> None:
    assert digest(str(tmp_path / "none")) is None
    with pytest.raises(CannotOpen):
        sha256_of_path(str(tmp_path / "none"))
