"""What was fetched of a URL, handed to a process that shall connect nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, NamedTuple, cast

from vaceprep.remote.store import blocks_of
from vaceprep.remote.view import View
from vaceprep.source import Opened

if TYPE_CHECKING:
    from typing import BinaryIO


class Part(NamedTuple):
    """Some blocks of a file, each in its place in a file with holes."""

    path: str
    size: int
    blocks: frozenset[int]


class Hole(NamedTuple):
    """Bytes that would have been needed and that were not there."""

    start: int
    end: int


class _PartFile(View):
    def __init__(self, file: IO[bytes], part: Part) -> None:
        super().__init__(part.size)
        self._file = file
        self._blocks = part.blocks
        self.hole: Hole | None = None

    def bytes_at(self, start: int, end: int) -> bytes:
        if self.hole is not None or not self._blocks.issuperset(blocks_of(start, end)):
            self.hole = self.hole or Hole(start, end)
            raise OSError("these bytes were not fetched")
        self._file.seek(start)
        return self._file.read(end - start)


class Piecemeal(NamedTuple):
    """An open part, for the readers."""

    opened: Opened
    file: _PartFile

    @property
    def hole(self) -> Hole | None:
        """The first bytes that were wanted and not there: what was measured is worth nothing."""
        return self.file.hole


@contextmanager
def open_part(part: Part) -> Iterator[Piecemeal]:
    """Open what was fetched. Raises OSError."""
    with open(part.path, "rb") as file:
        view = _PartFile(file, part)
        yield Piecemeal(Opened(cast("BinaryIO", view), part.size), view)
