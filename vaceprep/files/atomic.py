"""How a finished file gets its name: written beside, then renamed into place."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import stat
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Final

from vaceprep.errors import Refused, Taken

PART: Final = re.compile(r"\.vaceprep-[0-9a-f]{16}\.part")
#: The first half of the names that this process gives; another one each time where it is empty.
_marks = [""]


def new_mark() -> str:
    """What tells one process's part files from all others'."""
    return secrets.token_hex(4)


def mark(own: str) -> None:
    """From now on this process's part files carry ``own``, a ``new_mark``."""
    _marks[0] = own


def part_name() -> str:
    """A name that no other file has."""
    return f".vaceprep-{_marks[0] or new_mark()}{secrets.token_hex(4)}.part"


def clear(folder: str, whose: str) -> None:
    """Remove the part files of a process that is no more. No errors."""
    with contextlib.suppress(OSError, ValueError), os.scandir(folder or os.curdir) as entries:
        for entry in entries:
            if PART.fullmatch(entry.name) and entry.name.startswith(f".vaceprep-{whose}"):
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)


_BINARY: Final = getattr(os, "O_BINARY", 0)
#: Seconds after which a part file is nobody's any more.
PART_AGE: Final = 24 * 60 * 60
#: What a disk says that takes no more.
FULL: Final = frozenset([errno.ENOSPC, errno.EFBIG, errno.EROFS, getattr(errno, "EDQUOT", -1)])
#: Folders that this process made and in which nothing is placed yet, by absolute path.
_made: set[str] = set()
#: Folders that were looked through for what killed processes left.
_swept: set[str] = set()
#: Held while folders come and go, so that no thread loses the one it is about to write in.
_folders: Final = threading.Lock()


def _same(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other)
    except (OSError, ValueError):
        return False


def _exists(target: str) -> Taken:
    return Taken(f"{target} exists already; --force writes over it")


def _cannot(target: str, error: Exception) -> Refused:
    number = getattr(error, "errno", None)
    text = os.strerror(number) if number in FULL else getattr(error, "strerror", None)
    return Refused(f"{target} cannot be written: {text or error}")


def check_target(
    target: str, *, force: bool, sources: Iterable[str] = (), make_folder: bool = False
) -> None:
    """Refuse a name that may not be written, before any work is done for it.

    ``sources`` are never written over, not even with ``force``. With ``make_folder`` the folder
    need not be there yet. Raises Refused.
    """
    if os.path.isdir(target):
        raise Refused(f"{target} is a folder")
    if os.path.lexists(target):
        for source in sources:
            if _same(source, target):
                raise Refused(f"{target} is the source itself, which is never changed")
        if not force:
            raise _exists(target)
    folder = os.path.dirname(target) or os.curdir
    if os.path.isdir(folder):
        return
    if not make_folder:
        raise Refused(f"there is no folder {folder}")
    for above in chain_of(folder):
        # One look at each: folders come and go while others are at work.
        with contextlib.suppress(OSError, ValueError):
            if stat.S_ISDIR(os.stat(above).st_mode):
                return
            raise Refused(f"{target} cannot be written: {above} is no folder")


def chain_of(folder: str) -> Iterator[str]:
    """A folder and all those above it, from the innermost."""
    while folder:
        yield folder
        above = os.path.dirname(folder)
        if above == folder:
            return
        folder = above


def _name_it(part: str, target: str, *, force: bool) -> None:
    if force:
        os.replace(part, target)
        return
    try:
        # Unlike a rename, a link never writes over a file that came in between.
        os.link(part, target)
    except FileExistsError:
        raise _exists(target) from None
    except (OSError, NotImplementedError):
        # File systems without links (FAT, some network shares).
        if os.path.lexists(target):
            raise _exists(target) from None
        try:
            # Windows refuses where a file came in between, other systems write over it.
            os.rename(part, target)
        except FileExistsError:
            raise _exists(target) from None


def _to_disk(path: str, flags: int) -> None:
    handle = os.open(path, flags | _BINARY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Placing:
    """A part file that is being written beside its target, or in its folder."""

    def __init__(self, target: str, path: str, *, force: bool) -> None:
        self.target = target
        #: The part file: there, empty at first, to be written by this path.
        self.path = path
        self.placed = False
        self._force = force

    def fill(self, data: bytes) -> None:
        """Write ``data`` into the empty part file. Raises Refused."""
        try:
            with open(self.path, "r+b") as file:
                file.write(data)
        except OSError as error:
            raise _cannot(self.target, error) from None

    def commit(self, target: str | None = None) -> None:
        """Bring the part file to the disk and give it its name. Raises Refused.

        To be called once, when the file is closed and found good. ``target`` is a name in the same
        folder where the part file was made without one; where that name is another file's, Taken
        is raised, and another name may be tried.
        """
        if self.placed:
            raise RuntimeError("it has its name already")
        target = self.target if target is None else target
        try:
            _to_disk(self.path, os.O_RDWR)
            _name_it(self.path, target, force=self._force)
        except (OSError, ValueError) as error:
            raise _cannot(target, error) from None
        self.placed = True
        self.target = target
        # So that the name, too, outlives a power cut. Not every system can do it.
        with contextlib.suppress(OSError):
            _to_disk(os.path.dirname(self.target) or os.curdir, os.O_RDONLY)


def _make_folders(folder: str) -> None:
    missing = []
    for above in chain_of(os.path.abspath(folder)):
        if os.path.isdir(above):
            break
        missing.append(above)
    for path in reversed(missing):
        try:
            os.mkdir(path)
        except FileExistsError:
            # Another thread or process made it in between.
            continue
        _made.add(path)


def _create(part: str, *, make_folder: bool) -> None:
    """An empty part file. Raises OSError or ValueError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY
    if not make_folder:
        os.close(os.open(part, flags, 0o666))
        return
    for left in reversed(range(20)):
        try:
            with _folders:
                _make_folders(os.path.dirname(part))
                os.close(os.open(part, flags, 0o666))
            return
        except FileNotFoundError:
            # Another process took away a folder that stayed empty there.
            if not left:
                raise


def _settle_folders(folder: str, *, placed: bool) -> None:
    """Keep the folders that were made for what is placed, remove those that stayed empty."""
    with _folders:
        for path in chain_of(os.path.abspath(folder)):
            if path not in _made:
                continue
            if not placed:
                try:
                    os.rmdir(path)
                except OSError:
                    # Something of another target is in it.
                    return
            _made.discard(path)


@contextlib.contextmanager
def placing(
    target: str, *, force: bool, sources: Iterable[str] = (), make_folder: bool = False
) -> Iterator[Placing]:
    """A part file beside ``target``, for what is too big for memory; ``commit`` names it.

    Without a commit nothing is left behind: no part file, and no empty folder that was made for it
    (``make_folder``). What is put into the part file must not be given an old date (``copy2``):
    ``sweep`` goes by dates. Raises Refused; a full disk in the body becomes one, too, whoever was
    writing; other errors of the body stay as they are.
    """
    check_target(target, force=force, sources=sources, make_folder=make_folder)
    with _part_in(os.path.dirname(target), target, force=force, make_folder=make_folder) as place:
        yield place


@contextlib.contextmanager
def placing_in(folder: str, *, make_folder: bool = False) -> Iterator[Placing]:
    """The same for a file whose name is found last: ``commit(target)`` gives it one in ``folder``.

    Nothing is ever written over.
    """
    with _part_in(folder, folder or os.curdir, force=False, make_folder=make_folder) as place:
        yield place


@contextlib.contextmanager
def _part_in(folder: str, target: str, *, force: bool, make_folder: bool) -> Iterator[Placing]:
    part = os.path.join(folder, part_name())
    place = Placing(target, part, force=force)
    try:
        try:
            _create(part, make_folder=make_folder)
            if folder not in _swept:
                _swept.add(folder)
                sweep(folder or os.curdir)
        except (OSError, ValueError) as error:
            raise _cannot(target, error) from None
        try:
            yield place
        except Exception as error:
            if getattr(error, "errno", None) not in FULL:
                raise
            raise _cannot(target, error) from error
    finally:
        with contextlib.suppress(OSError, ValueError):
            os.unlink(part)
        if make_folder:
            _settle_folders(folder, placed=place.placed)


def write(data: bytes, target: str, *, force: bool, sources: Iterable[str] = ()) -> None:
    """Write ``data`` beside ``target`` and give it its name.

    Nothing is left behind where it fails. Raises Refused.
    """
    with placing(target, force=force, sources=sources) as place:
        place.fill(data)
        place.commit()


def sweep(folder: str) -> int:
    """Remove the part files of killed processes: those a day old. Returns how many; no errors."""
    removed = 0
    with contextlib.suppress(OSError, ValueError), os.scandir(folder) as entries:
        for entry in entries:
            if PART.fullmatch(entry.name) is None:
                continue
            with contextlib.suppress(OSError):
                status = entry.stat(follow_symlinks=False)
                # Never a younger one: another process may be writing it.
                if stat.S_ISREG(status.st_mode) and time.time() - status.st_mtime > PART_AGE:
                    os.unlink(entry.path)
                    removed += 1
    return removed
