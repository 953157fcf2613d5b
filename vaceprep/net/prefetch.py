"""Fetch the parts of a file that measuring needs, before it is measured."""

from __future__ import annotations

import struct
from typing import Final

from vaceprep.contract import MAX_INDEX_BYTES, REMOTE_BYTES
from vaceprep.net import problems
from vaceprep.net.remote_file import Remote

#: The most top-level boxes read; a file with more is fetched while it is measured.
_MAX_BOXES: Final = 1000


def fetch_all(remote: Remote) -> None:
    """Fetch every byte. Raises RemoteError, also for a file that is too large."""
    if remote.size > REMOTE_BYTES:
        remote.problem = remote.problem or problems.too_large(remote.size, whole=False)
        raise remote.problem
    remote.need(0, remote.size)


def fetch_index(remote: Remote) -> None:
    """Fetch the index of an MP4-family file, wherever it is; all of a fragmented file.

    Invalid boxes are reported later, by the measurement. Raises RemoteError.
    """
    at = 0
    for _ in range(_MAX_BOXES):
        if at + 8 > remote.size:
            return
        header = remote.bytes_at(at, min(at + 16, remote.size))
        size, kind = struct.unpack_from(">I4s", header)
        if size == 1 and len(header) == 16:
            size = struct.unpack_from(">Q", header, 8)[0]
        elif size == 0:
            size = remote.size - at
        if size < 8:
            return
        if kind == b"moof":
            # Its sample tables are spread over the whole file.
            fetch_all(remote)
            return
        if kind == b"moov" and size <= MAX_INDEX_BYTES and at + size <= remote.size:
            remote.need(at, at + size)
        at += size
