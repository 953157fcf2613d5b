"""The blocks of a file that are fetched, and the holes between them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import groupby
from typing import IO, BinaryIO, Final, NamedTuple, cast

from vaceprep.contract import REMOTE_HEAD
from vaceprep.files.source import Opened, View


class Part(NamedTuple):
    """Some blocks of a file, each at its offset in a sparse file."""

    path: str
    size: int
    blocks: frozenset[int]


class Hole(NamedTuple):
    """Bytes that were needed but not fetched."""

    start: int
    end: int


class PartFile(View):
    """The fetched blocks as a file."""

    def __init__(self, file: IO[bytes], part: Part) -> None:
        super().__init__(part.size)
        self._file = file
        self._blocks = part.blocks
        #: The first bytes read but not fetched, if any; the measured facts are then invalid.
        self.hole: Hole | None = None

    def bytes_at(self, start: int, end: int) -> bytes:
        if self.hole is not None or not self._blocks.issuperset(blocks_of(start, end)):
            self.hole = self.hole or Hole(start, end)
            raise OSError("these bytes were not fetched")
        self._file.seek(start)
        return self._file.read(end - start)


@contextmanager
def open_part(part: Part) -> Iterator[tuple[Opened, PartFile]]:
    """Open the fetched blocks for the readers; the file has the first hole. Raises OSError."""
    with open(part.path, "rb") as file:
        view = PartFile(file, part)
        yield Opened(cast("BinaryIO", view), part.size), view


#: Bytes per block; fetches start and end at block boundaries.
BLOCK: Final = REMOTE_HEAD
#: Bytes kept in memory before they are moved to a temporary file.
IN_MEMORY: Final = 8 * 2**20


def blocks_of(start: int, end: int) -> range:
    """The blocks that contain the bytes from ``start`` up to ``end``."""
    return range(start // BLOCK, -(-max(end, start) // BLOCK))


class Store:
    """The blocks of one file by number; the last block may be shorter. For one thread at a time."""

    def __init__(self, path: str | None = None) -> None:
        """With ``path``, the blocks are kept in a sparse file, each at its offset."""
        self.path = path
        #: The numbers of the fetched blocks.
        self.present: set[int] = set()
        self._blocks: dict[int, bytes] = {}
        self._file: BinaryIO | None = None
        if path is not None:
            self._file = open(path, "w+b")  # noqa: SIM115 (closed by close)

    def put(self, number: int, data: bytes) -> None:
        """Store a block. Raises OSError if the disk is full."""
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
        """Read bytes whose blocks are all fetched. Raises OSError if the disk fails."""
        if self._file is not None:
            self._file.seek(start)
            return self._file.read(end - start)
        numbers = blocks_of(start, end)
        joined = b"".join(self._blocks[number] for number in numbers)
        first = numbers.start * BLOCK
        return joined[start - first : end - first]

    def missing(self, start: int, end: int) -> Iterator[range]:
        """The runs of missing blocks between two offsets."""
        return runs(n for n in blocks_of(start, end) if n not in self.present)

    def flush(self) -> None:
        """Flush the file, for other processes that read it."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Release all resources, including the file."""
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
    """Group ascending numbers into runs without a gap."""
    for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        found = [number for _, number in run]
        yield range(found[0], found[-1] + 1)
