"""The results file: one JSON object per line, appended as results come, and read to resume.

Lines are written whole: opening the file removes the partial line of a killed run. A source
whose bytes changed gets a new line, and the end of the run removes the old one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from filelock import FileLock, Timeout

from vaceprep.batch.content import Content
from vaceprep.batch.results_index import Done, Index
from vaceprep.checks.report import JSON_VERSION
from vaceprep.files.atomic import part_name
from vaceprep.files.state import state_dir

#: Bytes of the longest line that is read back.
LONGEST: Final = 64 << 20
#: Bytes written between two calls of fsync.
SYNCED: Final = 4 << 20
#: Keys of an entry that contain findings.
FINDINGS: Final = ("findings", "remaining")


class ResultsError(Exception):
    """The results file cannot be used; the message is one sentence."""


class ResultsFull(ResultsError):
    """The file accepts no more data; earlier lines are whole."""


class Packed(NamedTuple):
    """Entries as a worker wrote them: their JSON, and the rules that they break."""

    text: str
    rules: tuple[str, ...]


class Line(NamedTuple):
    """One result: its properties, and its JSON."""

    source: str
    ok: bool
    content: Content
    made_by: str
    text: str
    rules: tuple[str, ...]


def line_of(
    command: str,
    source: str,
    ok: bool,
    content: Content,
    made_by: str,
    entries: dict[str, Any] | Packed,
) -> Line:
    """One result: ``entries`` is ``files`` or ``jobs`` as in the command's own JSON."""
    head = {
        "version": JSON_VERSION,
        "command": command,
        "source": source,
        "ok": ok,
        "content": content.digest,
        "stamp": content.stamp,
        "made_by": made_by,
    }
    if isinstance(entries, Packed):
        text = f'{json.dumps(head)[:-1]}, "files": [{entries.text}]}}'
        return Line(source, ok, content, made_by, text, entries.rules)
    rules = _rules((*entries.get("files", ()), *entries.get("jobs", ())))
    text = json.dumps(head | entries, allow_nan=False)
    return Line(source, ok, content, made_by, text, rules)


def pack(entries: Iterable[dict[str, Any]]) -> Packed:
    """The entries as ``files`` of a line contains them."""
    found = list(entries)
    return Packed(", ".join(json.dumps(one, allow_nan=False) for one in found), _rules(found))


def _rules(entries: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    return tuple(r for entry in entries for name in FINDINGS for r in broken(entry.get(name) or ()))


def broken(findings: Iterable[dict[str, Any]]) -> list[str]:
    """The rules of findings in JSON, without advice."""
    return [f["rule"] for f in findings if f["severity"] != "advice"]


#: The first bytes of each line.
BEGIN: Final = f'{{"version": {JSON_VERSION}, "command": "'.encode()


def is_line(value: Any) -> bool:
    """Whether a JSON value is a result: each member that is read again has its type."""
    return (
        isinstance(value, dict)
        and type(value.get("version")) is int
        and value["version"] == JSON_VERSION
        and isinstance(value.get("source"), str)
        and isinstance(value.get("ok"), bool)
        and _is_word(value.get("made_by"))
        and all(value.get(name) is None or _is_word(value[name]) for name in ("content", "stamp"))
    )


def entries_of(line: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The entries of a result that was read again; empty if they are not valid."""
    found = line.get(name)
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        return []
    return found


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and value.isascii()


def check_place(path: str, sources: Iterable[str] = ()) -> None:
    """Check that ``path`` does not exist, or is a regular file and no source.

    Raises ResultsError.
    """
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ResultsError(f"{path} cannot be written: {reason}") from None
    if stat.S_ISLNK(found.st_mode):
        raise ResultsError(f"{path} is a link, which no results are written through; name a file")
    if not stat.S_ISREG(found.st_mode):
        raise ResultsError(f"{path} is no ordinary file; name another")
    for source in sources:
        with contextlib.suppress(OSError, ValueError):
            if os.path.samefile(source, path):
                raise ResultsError(f"{path} is a source, which is never changed; name another file")


class Results:
    """The file at ``path`` while the ``with`` block runs; one process at a time.

    Raises ResultsError if it is not a results file, cannot be written, or is in use.
    """

    def __init__(self, path: str, sources: Iterable[str] = (), *, fresh: bool = False) -> None:
        """``fresh`` discards existing results. ``sources`` are never written to."""
        self.path = path
        self._sources = sources
        self._fresh = fresh
        self.index = Index()
        self._old = 0
        #: Whether the file had results when it was opened.
        self._known = False
        self._size = 0
        self._unsynced = 0
        self._handle = -1
        self._lock: FileLock | None = None

    def __enter__(self) -> Self:
        try:
            self._lock = self._locked()
            check_place(self.path, self._sources)
            flags = os.O_RDWR | os.O_CREAT
            for name in ("O_BINARY", "O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK"):
                flags |= getattr(os, name, 0)
            self._handle = os.open(self.path, flags, 0o666)
            # Check the handle, not the name: the file may have been replaced meanwhile.
            if not stat.S_ISREG(os.fstat(self._handle).st_mode):
                raise ResultsError(f"{self.path} is no ordinary file; name another")
            self._size = self._read()
            if self._fresh:
                self.index.close()
                self.index, self._old, self._size, self._known = Index(), 0, 0, False
            os.ftruncate(self._handle, self._size)
            os.lseek(self._handle, self._size, os.SEEK_SET)
        except OSError as error:
            self.close()
            reason = error.strerror or error
            raise ResultsError(f"{self.path} cannot be written: {reason}") from None
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        if self._handle >= 0:
            with contextlib.suppress(OSError):
                os.fsync(self._handle)
            os.close(self._handle)
            self._handle = -1
        if self._lock is not None:
            self._lock.release()
            self._lock = None
        self.index.close()

    def _locked(self) -> FileLock | None:
        folder = state_dir()
        if folder is None:
            return None
        folder = os.path.join(folder, "batches")
        os.makedirs(folder, mode=0o700, exist_ok=True)
        name = os.path.realpath(self.path).encode("utf-8", "surrogatepass")
        lock = FileLock(os.path.join(folder, f"{hashlib.sha256(name).hexdigest()[:32]}.lock"))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise ResultsError(f"another batch is writing {self.path}; wait for it") from None
        return lock

    def _read(self) -> int:
        """Index the existing lines; the size without the partial line of a killed run."""
        good = 0
        for at, end, value in read_lines(self.path):
            if end < 0:
                self._torn(at)
                break
            if not is_line(value):
                raise self._foreign(at)
            done = Done(at, value.get("content"), value.get("stamp"), value["made_by"], value["ok"])
            self._old += self.index.put(value["source"], done)
            self._known = True
            good = end
        return good

    def _torn(self, at: int) -> None:
        """Raise ResultsError unless the rest of the file is the beginning of a result's line."""
        with open(self.path, "rb") as file:
            file.seek(at)
            begin = file.read(len(BEGIN))
        # After a whole line, even a few bytes of the next one suffice.
        if begin != BEGIN and not (at and BEGIN.startswith(begin)):
            raise self._foreign(at)

    def _foreign(self, at: int) -> ResultsError:
        return ResultsError(
            f"{self.path} is no results file of batch (line at byte {at:,}); name another"
        )

    def known(self, source: str) -> Done | None:
        """The newest result of a source, if there is one."""
        if not self._known:
            return None
        done = self.index.get(source)
        return None if done is None or done.at < 0 else done

    def first_time(self, source: str) -> bool:
        """Whether this run meets a source for the first time."""
        return self.index.first_time(source)

    def line(self, done: Done) -> dict[str, Any]:
        """An existing result, read again."""
        with open(self.path, "rb") as file:
            file.seek(done.at)
            found: dict[str, Any] = json.loads(file.readline(LONGEST))
        return found

    def add(self, line: Line) -> None:
        """Append a result. Raises ResultsFull and leaves the file as it was before."""
        data = line.text.encode("ascii") + b"\n"
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(self._handle, view) :]
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._handle, self._size)
                os.lseek(self._handle, self._size, os.SEEK_SET)
            reason = error.strerror or error
            raise ResultsFull(
                f"{self.path} cannot be written: {reason}; what is in it is whole, and the same "
                "command goes on"
            ) from None
        done = Done(self._size, *line.content, line.made_by, line.ok)
        self._old += self.index.put(line.source, done, seen=True)
        self._size += len(data)
        self._unsynced += len(data)
        if self._unsynced >= SYNCED:
            self._unsynced = 0
            os.fsync(self._handle)

    def finish(self) -> None:
        """Keep one line per source: remove the older lines of sources with a newer one."""
        if not self._old:
            return
        folder, part = os.path.dirname(self.path), part_name()
        target = os.path.join(folder, part)
        try:
            with open(target, "xb") as out, open(self.path, "rb") as file:
                for at, end, value in read_lines(self.path):
                    if is_line(value) and self.index.is_newest(value["source"], at):
                        file.seek(at)
                        out.write(file.read(end - at))
                out.flush()
                os.fsync(out.fileno())
            os.replace(target, self.path)
        except OSError as error:
            # Both lines stay; the newer one counts.
            raise ResultsError(
                f"{self.path} keeps older lines, too: {error.strerror or error}"
            ) from None
        finally:
            with contextlib.suppress(OSError):
                os.unlink(target)


def read_lines(path: str) -> Iterator[tuple[int, int, Any]]:
    """The start and end of each line, and its JSON value.

    The value is None if it is not JSON; the end is then -1 if the file ends within the line.
    """
    at = 0
    with open(path, "rb") as file:
        while raw := file.readline(LONGEST):
            end = at + len(raw)
            whole = raw.endswith(b"\n")
            # A line that is too long is read in pieces: only the last one can be partial.
            torn = not whole and len(raw) < LONGEST
            try:
                value = json.loads(raw) if whole else None
            except (ValueError, RecursionError):
                value = None
            yield at, -1 if torn else end, value
            at = end
