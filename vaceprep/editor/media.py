"""The media of a session: opened and measured once, while their files stay the same."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from vaceprep.contract import Role
from vaceprep.errors import Refused
from vaceprep.facts import Facts, VideoFacts, exact, shown
from vaceprep.files.source import open_path
from vaceprep.preparation.read import Read, reading

if TYPE_CHECKING:
    from vaceprep.preparation.video.finder import Finder

#: The most files that are kept open.
KEPT: Final = 8
#: Size, time of change and inode: a file with another one is opened again.
Mark = tuple[int, int, int]


@dataclass
class _Held:
    """One open file; ``lock`` is for its position."""

    path: str
    read: Read
    mark: Mark
    stack: ExitStack
    #: For frames of a video; made when the first one is wanted.
    finder: Finder | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    closed: bool = False


def mark_of(path: str) -> Mark:
    """What changes when a file is written. Raises Refused if it is missing."""
    try:
        found = os.stat(path)
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror or error}") from None
    return found.st_size, found.st_mtime_ns, found.st_ino


class Media:
    """Open files by path; safe for threads."""

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[str, str | None], _Held] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def open(self, path: str, role: Role | None = None) -> Iterator[Read]:
        """One file for the block, which nothing else reads meanwhile. Raises Refused."""
        while True:
            held = self._get(path, role)
            with held.lock:
                # Another thread may have closed it in favour of newer files.
                if not held.closed:
                    yield held.read
                    return

    @contextmanager
    def finding(self, path: str, role: Role | None = None) -> Iterator[tuple[Read, Finder | None]]:
        """The same, with a finder of frames; None where FFmpeg does not read the file."""
        while True:
            held = self._get(path, role)
            with held.lock:
                if not held.closed:
                    yield held.read, _finder(held)
                    return

    def facts(self, path: str, role: Role | None = None) -> Facts:
        """The facts of a file. Raises Refused."""
        return self._get(path, role).read.facts

    def close(self) -> None:
        """Close all files."""
        with self._lock:
            while self._held:
                _close(self._held.popitem()[1])

    def _get(self, path: str, role: Role | None) -> _Held:
        mark, key = mark_of(path), (os.path.abspath(path), role)
        with self._lock:
            held = self._held.get(key)
            if held is not None and held.mark == mark:
                self._held.move_to_end(key)
                return held
            if held is not None:
                _close(self._held.pop(key))
            stack = ExitStack()
            try:
                read = stack.enter_context(reading(path, role))
            except BaseException:
                stack.close()
                raise
            self._held[key] = found = _Held(path, read, mark, stack)
            while len(self._held) > KEPT:
                _close(self._held.popitem(last=False)[1])
            return found


def _finder(held: _Held) -> Finder | None:
    facts, demuxer = held.read.facts, held.read.sniffed.demuxer
    if held.finder is None and demuxer is not None and isinstance(facts, VideoFacts):
        from vaceprep.preparation.video.finder import Finder

        # A file object of its own: the decoder's position stays.
        opened = held.stack.enter_context(open_path(held.path))
        held.finder = Finder(opened, demuxer, facts)
        held.stack.callback(held.finder.close)
    return held.finder


def _close(held: _Held) -> None:
    # A thread that still reads the file finishes first.
    with held.lock:
        held.closed = True
        held.stack.close()


def described(source: str, facts: Facts) -> dict[str, Any]:
    """One entry of the key ``media`` of the state; times as numbers and as exact text."""
    found: dict[str, Any] = {
        "source": source,
        "kind": facts.kind,
        "width": facts.width,
        "height": facts.height,
        "frames": facts.frames,
        "duration": None,
        "fps": None,
        "has_audio": False,
    }
    if isinstance(facts, VideoFacts):
        found |= {
            "duration": shown(facts.duration),
            "duration_exact": exact(facts.duration),
            "fps": shown(facts.fps),
            "fps_exact": exact(facts.fps),
            "has_audio": facts.has_audio,
            "constant_rate": facts.constant_rate,
        }
    return found
