"""Bytes that the caller of the library passes: in memory, or as a file object.

Their name appears in reports and is compared with the content; it is never opened.
"""

from __future__ import annotations

import inspect
import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Final, Protocol, runtime_checkable

from vaceprep.facts import Unreadable
from vaceprep.files.source import CannotOpen, Opened, copy_limited, open_bytes, open_path

#: The name of bytes and of file objects without one.
NAMELESS: Final = "<bytes>"
_CHUNK: Final = 1 << 20
#: Methods that a file object needs to be read in place; any other is copied to a temporary file.
_IN_PLACE: Final = ("readline", "seek", "tell")


@runtime_checkable
class Readable(Protocol):
    """A binary file object, as returned by ``open(path, "rb")``."""

    def read(self, size: int = ..., /) -> bytes:
        """Read up to ``size`` bytes."""


Bytes = bytes | bytearray | memoryview


def is_content(value: object) -> bool:
    """Whether a value is content (bytes or a file object) and not a name."""
    return isinstance(value, (bytes, bytearray, memoryview)) or hasattr(value, "read")


class Content:
    """Bytes or a file object that can be opened repeatedly, but only once at a time.

    Raises TypeError for a text file object.
    """

    __slots__ = ("_data", "_file", "_path", "name")

    def __init__(self, value: Bytes | Readable) -> None:
        self._data: bytes | None = None
        self._file: Any = None
        self._path: str | None = None
        self.name = _name_of(value)
        if isinstance(value, (bytes, bytearray, memoryview)):
            self._data = bytes(value)
            return
        file: Any = value
        if inspect.iscoroutinefunction(file.read) and hasattr(file, "file"):
            # The upload of an async framework wraps its file.
            file = file.file
        if isinstance(file, io.TextIOBase):
            raise TypeError("the file object gives text, not bytes: open it with mode 'rb'")
        self._file = file

    @property
    def source(self) -> str:
        """The name in reports."""
        return self.name or NAMELESS

    def spooled(self, path: str) -> Content:
        """Copy it to a new file at ``path``, so that another process can open it."""
        copy = _again(self.name, None, path)
        with open(path, "xb") as into:
            try:
                with self.open() as opened:
                    shutil.copyfileobj(opened, into, _CHUNK)
            except CannotOpen as error:
                if error.fact.reason != "empty":
                    raise
        return copy

    @contextmanager
    def open(self) -> Iterator[Opened]:
        """Open from the first byte; restores a file object's position. Raises CannotOpen."""
        if self._path is not None:
            with open_path(self._path) as opened:
                yield opened
        elif self._data is not None:
            with open_bytes(self._data) as opened:
                yield opened
        elif _in_place(self._file):
            before = self._file.tell()
            try:
                yield _opened(self._file)
            finally:
                self._file.seek(before)
        else:
            with tempfile.TemporaryFile() as kept:
                _copy(self._file, kept)
                yield _opened(kept)

    def __reduce__(self) -> tuple[Any, tuple[str | None, bytes | None, str | None]]:
        if self._file is not None:
            raise TypeError("a file object cannot be sent to another process")
        return _again, (self.name, self._data, self._path)


def _again(name: str | None, data: bytes | None, path: str | None) -> Content:
    content = Content(b"")
    content.name, content._data, content._path = name, data, path
    return content


def _name_of(value: object) -> str | None:
    """The name of a file object; for a web framework's upload, ``filename``."""
    for attribute in ("filename", "name"):
        name = getattr(value, attribute, None)
        if isinstance(name, os.PathLike):
            name = os.fspath(name)
        if isinstance(name, bytes):
            name = os.fsdecode(name)
        if isinstance(name, str) and name:
            return name
    return None


def _in_place(file: Any) -> bool:
    if not all(hasattr(file, name) for name in _IN_PLACE):
        return False
    try:
        return bool(file.seekable()) if hasattr(file, "seekable") else file.tell() is not None
    except (OSError, ValueError):
        return False


def _opened(file: Any) -> Opened:
    """The whole file from its first byte. Raises CannotOpen if it is empty."""
    file.seek(0, os.SEEK_END)
    size: int = file.tell()
    file.seek(0)
    if not size:
        raise CannotOpen(Unreadable("empty", "there are no bytes", 0))
    _whole(file.read(0))
    return Opened(file, size)


def _whole(chunk: object) -> bytes:
    if isinstance(chunk, bytes):
        return chunk
    if inspect.iscoroutine(chunk):
        chunk.close()
    raise TypeError(
        f"read() of the file object gives {type(chunk).__name__}, not bytes: give a binary file "
        "object (of an upload, its .file)"
    )


def _copy(file: Any, into: BinaryIO) -> None:
    try:
        copy_limited(lambda size: _whole(file.read(size)), into, "it")
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or str(error) or type(error).__name__
        fact = Unreadable("unavailable", f"the file object cannot be read ({words})", None)
        raise CannotOpen(fact) from None
