"""The blocks of a file that are here, and the holes between them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import BinaryIO, Final

from vaceprep.contract import REMOTE_HEAD

#: Bytes of a block: what is fetched begins and ends with one.
BLOCK: Final = REMOTE_HEAD
#: Bytes that are kept in memory before they go to a temporary file.
IN_MEMORY: Final = 8 * 2**20


def blocks_of(start: int, end: int) -> range:
    """The blocks that hold the bytes from ``start`` up to ``end``."""
    return range(start // BLOCK, -(-max(end, start) // BLOCK))


class Store:
    """Blocks of one file by their number; the file's last one may be shorter.

    For one thread at a time.
    """

    def __init__(self, path: str | None = None) -> None:
        """With ``path``, blocks stand there, each in its place, in a file that has holes."""
        self.path = path
        #: The numbers of those that are here.
        self.present: set[int] = set()
        self._blocks: dict[int, bytes] = {}
        self._file: BinaryIO | None = None
        if path is not None:
            self._file = open(path, "w+b")  # noqa: SIM115 (closed by close)

    def put(self, number: int, data: bytes) -> None:
        """Keep a block. Raises OSError where the disk takes no more."""
        self.present.add(number)
        if self._file is None and (len(self._blocks) + 1) * BLOCK > IN_MEMORY:
            import tempfile

            self._file = tempfile.TemporaryFile()  # noqa: SIM115
            for earlier, kept in self._blocks.items():
                _write(self._file, earlier, kept)
            self._blocks.clear()
        if self._file is None:
            self._blocks[number] = data
        else:
            _write(self._file, number, data)

    def read(self, start: int, end: int) -> bytes:
        """Bytes of which every block is here. Raises OSError where the disk fails."""
        if self._file is not None:
            self._file.seek(start)
            return self._file.read(end - start)
        numbers = blocks_of(start, end)
        joined = b"".join(self._blocks[number] for number in numbers)
        first = numbers.start * BLOCK
        return joined[start - first : end - first]

    def missing(self, start: int, end: int) -> Iterator[range]:
        """The runs of blocks between two bytes that are not here."""
        return runs(n for n in blocks_of(start, end) if n not in self.present)

    def flush(self) -> None:
        """Hand everything to the system, for others who read the file."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Let go of everything, the file included."""
        self._blocks.clear()
        if self._file is not None:
            self._file.close()
        if self.path is not None:
            with suppress(OSError):
                os.unlink(self.path)


def _write(file: BinaryIO, number: int, data: bytes) -> None:
    file.seek(number * BLOCK)
    file.write(data)


def runs(numbers: Iterable[int]) -> Iterator[range]:
    """Rising numbers as runs without a gap."""
    first = last = -1
    for number in numbers:
        if first >= 0 and number == last + 1:
            last = number
            continue
        if first >= 0:
            yield range(first, last + 1)
        first = last = number
    if first >= 0:
        yield range(first, last + 1)
