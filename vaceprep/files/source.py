"""Open the bytes of a source. Opening is safe by construction.

Only regular files are opened (a pipe or a device would hang or never end), and readers get a
file object without a name, because libraries change their behaviour by name.
"""

from __future__ import annotations

import errno
import io
import os
import re
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final, cast

from vaceprep.contract import MAX_STDIN_BYTES
from vaceprep.facts import Unreadable

#: ``scheme://`` with a scheme of two letters or more, so that ``C:/clip.mp4`` stays a path.
SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]+)://")
#: Windows lets few users create links, and cannot open relative to a folder.
_FOLLOWS_NO_LINK: Final = hasattr(os, "O_NOFOLLOW") and os.open in os.supports_dir_fd
#: Enough to recognise every container and image format.
HEAD_BYTES: Final = 4096
#: Bytes read at a time to find the end of a line.
_LINE: Final = 4096


def is_data_uri(text: str) -> bool:
    """Whether a value is a ``data:`` URI."""
    return text[:5].lower() == "data:"


def is_url(text: str) -> bool:
    """Whether a value is a URL rather than a local path. J"""
    return is_data_uri(text) or SCHEME.match(text) is not None


class Opened:
    """A nameless, seekable, read-only view of one source's bytes."""

    __slots__ = ("_file", "head", "read", "readline", "seek", "size", "tell")

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self.size = size
        # Bound once: these methods are called thousands of times per file.
        self.read = file.read
        self.readline = file.readline
        self.seek = file.seek
        self.tell = file.tell
        self.head = file.read(HEAD_BYTES)
        file.seek(0)

    def seekable(self) -> bool:
        """Always True."""
        return True

    def read_at(self, offset: int, size: int) -> bytes:
        """Read up to ``size`` bytes from ``offset``."""
        self.seek(offset)
        return self.read(size)


class View:
    """A seekable read-only file over ``bytes_at``."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._at = 0

    def bytes_at(self, start: int, end: int) -> bytes:
        """The bytes from ``start`` up to ``end``, both within the file. Raises OSError."""
        raise NotImplementedError

    def seekable(self) -> bool:
        """Always True."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Set the position; never fails and fetches nothing."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def tell(self) -> int:
        """The position."""
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Read bytes from the position; all if ``size`` is negative. Raises OSError."""
        start = self._at
        end = self.size if size is None or size < 0 else min(start + size, self.size)
        if end <= start:
            return b""
        data = self.bytes_at(start, end)
        self._at = start + len(data)
        return data

    def readline(self, size: int = -1) -> bytes:
        """Read bytes up to the end of a line. Raises OSError."""
        start, line = self._at, b""
        while size < 0 or len(line) < size:
            piece = self.read(_LINE if size < 0 else min(_LINE, size - len(line)))
            found = piece.find(b"\n") + 1
            line += piece[:found] if found else piece
            if found or not piece:
                break
        self._at = start + len(line)
        return line


class _Second(View):
    def __init__(self, opened: Opened) -> None:
        super().__init__(opened.size)
        self._opened = opened

    def bytes_at(self, start: int, end: int) -> bytes:
        first = self._opened.tell()
        try:
            return self._opened.read_at(start, end - start)
        finally:
            self._opened.seek(first)


def second_reader(opened: Opened) -> Opened:
    """A second reader of the same bytes with a position of its own. For one thread."""
    return Opened(cast("BinaryIO", _Second(opened)), opened.size)


class CannotOpen(Exception):
    """A source that cannot be opened; has the fact as a value."""

    def __init__(self, fact: Unreadable) -> None:
        super().__init__(fact.message)
        self.fact = fact


_FOLDER: Final = Unreadable("folder", "it is a folder", None)
_SPECIAL: Final = Unreadable("special", "it is no regular file (a pipe, socket or device)", None)


def _refusal(error: OSError) -> Unreadable:
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return Unreadable("missing", "there is no such file", None)
    if error.errno in (errno.EACCES, errno.EPERM):
        return Unreadable("permission", "no permission to read it", None)
    if error.errno == errno.ENAMETOOLONG:
        return Unreadable("missing", "the name is too long to be a file's", None)
    if error.errno == errno.ELOOP:
        return Unreadable("missing", "the link leads round in a circle", None)
    text = error.strerror or type(error).__name__
    return Unreadable("unavailable", f"the system refuses it ({text})", None)


def leads_inside(path: str | os.PathLike[str], root: str | os.PathLike[str]) -> bool:
    """Whether a path, links resolved, is a folder or lies in it."""
    try:
        real = os.path.realpath(root)
        return os.path.commonpath([os.path.realpath(path), real]) == real
    except (ValueError, OSError):
        return False


def _open_inside(path: str | os.PathLike[str], root: str, flags: int) -> int:
    """Open a file from its folder downwards, through no link. Raises OSError, CannotOpen.

    Each call resolves a path again, so a path checked by name may be another file when opened.
    Opening each folder relative to the one before leaves no step where a link could be inserted.
    """
    message = "it leads out of the folder that it was found in"
    away = CannotOpen(Unreadable("special", message, None))
    try:
        top, real = os.path.realpath(root), os.path.realpath(path)
        if os.path.commonpath([real, top]) != top:
            raise away
    except (ValueError, OSError):
        # A part of the path became a link, or ceased to be one, meanwhile.
        raise away from None
    if not _FOLLOWS_NO_LINK:
        return os.open(real, flags)
    *folders, name = os.path.relpath(real, top).split(os.sep)
    here = os.open(top, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for folder in folders:
            below = os.open(
                folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here
            )
            os.close(here)
            here = below
        return os.open(name, flags | os.O_NOFOLLOW, dir_fd=here)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise away from None
        raise
    finally:
        os.close(here)


@contextmanager
def open_path(path: str | os.PathLike[str], root: str | None = None) -> Iterator[Opened]:
    """Open one regular file; with ``root``, only if it lies in that folder, links resolved.

    Replacing the file by a link after a check has no effect. Raises CannotOpen with the reason as
    a value.
    """
    try:
        # O_NONBLOCK: opening a pipe without a writer must not block.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        flags |= getattr(os, "O_NOCTTY", 0) | getattr(os, "O_CLOEXEC", 0)
        handle = os.open(path, flags) if root is None else _open_inside(path, root, flags)
    except OSError as error:
        if os.path.isdir(path):
            raise CannotOpen(_FOLDER) from None
        if error.errno == errno.ENXIO:
            raise CannotOpen(_SPECIAL) from None
        raise CannotOpen(_refusal(error)) from None
    except ValueError:
        fact = Unreadable("missing", "the name has a character that no file name can have", None)
        raise CannotOpen(fact) from None
    try:
        status = os.fstat(handle)
        if stat.S_ISDIR(status.st_mode):
            raise CannotOpen(_FOLDER)
        if not stat.S_ISREG(status.st_mode):
            raise CannotOpen(_SPECIAL)
        if status.st_size == 0:
            raise CannotOpen(Unreadable("empty", "the file is empty", 0))
        try:
            file = os.fdopen(handle, "rb", buffering=io.DEFAULT_BUFFER_SIZE, closefd=False)
            opened = Opened(file, status.st_size)
        except OSError as error:
            raise CannotOpen(_refusal(error)) from None
        yield opened
    finally:
        os.close(handle)


@contextmanager
def open_bytes(data: bytes) -> Iterator[Opened]:
    """Open bytes in memory. Raises CannotOpen if they are empty."""
    if not data:
        raise CannotOpen(Unreadable("empty", "there are no bytes", 0))
    yield Opened(io.BytesIO(data), len(data))


@contextmanager
def open_data_uri(uri: str) -> Iterator[Opened]:
    """Open the bytes of a ``data:...;base64,`` URI. Raises CannotOpen."""
    header, comma, body = uri.partition(",")
    if not comma or not header.lower().endswith(";base64"):
        message = "the data: URI is not of the form data:image/...;base64,..."
        raise CannotOpen(Unreadable("not-media", message, None))
    import base64

    try:
        data = base64.b64decode(body, validate=True)
    except ValueError:
        raise CannotOpen(Unreadable("broken", "its base64 is broken", None)) from None
    with open_bytes(data) as opened:
        yield opened


def copy_limited(read: Callable[[int], bytes], into: BinaryIO, subject: str) -> int:
    """Copy all bytes and return their number. Raises CannotOpen above 1 GiB, or OSError."""
    size = 0
    while chunk := read(1 << 20):
        size += len(chunk)
        if size > MAX_STDIN_BYTES:
            message = f"{subject} goes on past 1 GiB; name a file instead"
            raise CannotOpen(Unreadable("too-large", message, None))
        into.write(chunk)
    return size


@contextmanager
def open_stdin() -> Iterator[Opened]:
    """Open standard input, copied to a temporary file so that it is seekable. Raises CannotOpen."""
    import tempfile

    if sys.stdin is None:
        raise CannotOpen(Unreadable("missing", "standard input is closed", None))
    try:
        kept = tempfile.TemporaryFile()  # noqa: SIM115 (closed below; opening it may fail)
    except OSError as error:
        raise CannotOpen(_refusal(error)) from None
    with kept:
        try:
            size = copy_limited(sys.stdin.buffer.read, kept, "standard input")
            kept.flush()
        except OSError as error:
            raise CannotOpen(_refusal(error)) from None
        if size == 0:
            raise CannotOpen(Unreadable("empty", "standard input is empty", 0))
        kept.seek(0)
        yield Opened(kept, size)
