"""Write a file atomically: into a part file beside its target, then rename it."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Final

from vaceprep.errors import Refused, Taken

PART: Final = re.compile(r"\.vaceprep-[0-9a-f]{16}\.part")
#: The first half of this process's part names; if empty, each name gets a new one.
_marks = [""]


def new_mark() -> str:
    """A random mark that identifies the part files of one process."""
    return os.urandom(4).hex()


def mark(own: str) -> None:
    """Use ``own``, a ``new_mark``, for the part files of this process from now on."""
    _marks[0] = own


def part_name() -> str:
    """A unique name for a part file."""
    return f".vaceprep-{_marks[0] or new_mark()}{os.urandom(4).hex()}.part"


def clear(folder: str, whose: str) -> None:
    """Remove the part files of a process that has ended. Raises nothing."""
    for entry in _part_files(folder or os.curdir):
        if entry.name.startswith(f".vaceprep-{whose}"):
            with contextlib.suppress(OSError):
                os.unlink(entry.path)


def _part_files(folder: str) -> Iterator[os.DirEntry[str]]:
    with contextlib.suppress(OSError, ValueError), os.scandir(folder) as entries:
        yield from (entry for entry in entries if PART.fullmatch(entry.name))


_BINARY: Final = getattr(os, "O_BINARY", 0)
#: Seconds after which a part file is considered abandoned.
PART_AGE: Final = 24 * 60 * 60
#: Error numbers of a disk that accepts no more data.
FULL: Final = frozenset([errno.ENOSPC, errno.EFBIG, errno.EROFS, getattr(errno, "EDQUOT", -1)])
#: Folders that this process created and that are still empty, by absolute path.
_made: set[str] = set()
#: Folders already searched for the part files of killed processes.
_swept: set[str] = set()
#: Held while folders are created or removed, so that no thread's target folder disappears.
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
    """Refuse a target that may not be written, before any work is done.

    ``sources`` are never overwritten, not even with ``force``. With ``make_folder`` the folder need
    not exist yet. Raises Refused.
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
        # Make one call for each: other threads and processes create and remove folders.
        with contextlib.suppress(OSError, ValueError):
            if stat.S_ISDIR(os.stat(above).st_mode):
                return
            raise Refused(f"{target} cannot be written: {above} is no folder")


def chain_of(folder: str) -> Iterator[str]:
    """A folder and its parents, from the innermost."""
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
        # Unlike a rename, a link never overwrites a file created meanwhile.
        os.link(part, target)
    except FileExistsError:
        raise _exists(target) from None
    except (OSError, NotImplementedError):
        # File systems without links (FAT, some network shares).
        if os.path.lexists(target):
            raise _exists(target) from None
        try:
            # Windows refuses if a file was created meanwhile; other systems overwrite it.
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
    """A part file beside its target, or in the target's folder."""

    def __init__(self, target: str, path: str, *, force: bool) -> None:
        self.target = target
        #: The part file: it exists, is empty at first, and is written by path.
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
        """Sync the part file to disk and rename it to its target. Raises Refused.

        Call this once, after the file is closed and verified. ``target`` is a name in the same
        folder, for a part file made without a target; if that name is already used, Taken is
        raised, and another name may be tried.
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
        # Sync the folder, so that the name survives a power cut. Not every system supports it.
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
            continue
        _made.add(path)


#: Attempts to create a file in a folder that other processes remove while it is empty.
_TRIES: Final = 200


def _create(part: str, *, make_folder: bool) -> None:
    """Create an empty part file. Raises OSError or ValueError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY
    if not make_folder:
        os.close(os.open(part, flags, 0o666))
        return
    for left in reversed(range(_TRIES)):
        try:
            with _folders:
                _make_folders(os.path.dirname(part))
                os.close(os.open(part, flags, 0o666))
            return
        except FileNotFoundError:
            # Another process removed the folder while it was empty.
            if not left:
                raise
            # Yield the processor, so that the other processes can finish.
            time.sleep(0.001)


def _settle_folders(folder: str, *, placed: bool) -> None:
    """Keep the created folders if a file is ``placed``, else remove those that are empty."""
    with _folders:
        for path in chain_of(os.path.abspath(folder)):
            if path not in _made:
                continue
            if not placed:
                try:
                    os.rmdir(path)
                except OSError:
                    # It contains a file of another target.
                    return
            _made.discard(path)


@contextlib.contextmanager
def placing(
    target: str, *, force: bool, sources: Iterable[str] = (), make_folder: bool = False
) -> Iterator[Placing]:
    """A part file beside ``target``, for data too large for memory; ``commit`` renames it.

    Without a commit nothing remains: no part file, and no empty folder created for it
    (``make_folder``). Never set an old date on the part file (``copy2``): ``sweep`` relies on
    dates. Raises Refused; a full disk in the body raises it, too, whatever was written; other
    errors of the body are not changed.
    """
    check_target(target, force=force, sources=sources, make_folder=make_folder)
    with _part_in(os.path.dirname(target), target, force=force, make_folder=make_folder) as place:
        yield place


@contextlib.contextmanager
def placing_in(folder: str, *, make_folder: bool = False) -> Iterator[Placing]:
    """The same for a file named after it is written: ``commit(target)`` names it in ``folder``.

    Never overwrites a file.
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
    """Write ``data`` beside ``target``, then rename it.

    Leaves no file behind if it fails. Raises Refused.
    """
    with placing(target, force=force, sources=sources) as place:
        place.fill(data)
        place.commit()


def sweep(folder: str) -> int:
    """Remove the part files of killed processes: those a day old. Returns the count; no errors."""
    removed = 0
    for entry in _part_files(folder):
        with contextlib.suppress(OSError):
            status = entry.stat(follow_symlinks=False)
            # Never a younger file: another process may be writing it.
            if stat.S_ISREG(status.st_mode) and time.time() - status.st_mtime > PART_AGE:
                os.unlink(entry.path)
                removed += 1
    return removed
