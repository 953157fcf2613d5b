"""The outputs that tasks in flight may write: a run that goes on may overwrite them.

A worker may have finished an output of which the client never heard, since worker, scheduler or
client ended. Such an output belongs to the run and is no file of the user. The paths are kept in
the state directory, never beside the outputs.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Final, Self

from vaceprep.files.atomic import write
from vaceprep.files.state import state_dir

#: Bytes after which the file is written again without the paths that were taken back.
LONG: Final = 1 << 20


class Handed:
    """The paths of one results file; without one they are kept in memory alone."""

    def __init__(self, results: str | None, exists: Callable[[str], bool]) -> None:
        self._exists = exists
        self._path = None if results is None else _place(results)
        self._own = set(_read(self._path))
        self._size = LONG

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._path is not None and not self._own:
            with contextlib.suppress(OSError):
                os.unlink(self._path)

    def give(self, paths: Iterable[str]) -> frozenset[str]:
        """Note the paths that a task may take; return those that it may overwrite."""
        own = frozenset(path for path in paths if path in self._own or not self._exists(path))
        self._own |= own
        self._note("give", own)
        return own

    def take_back(self, own: frozenset[str]) -> None:
        """Forget the paths of a task whose result is written."""
        self._own -= own
        self._note("back", own)

    def _note(self, what: str, paths: frozenset[str]) -> None:
        if self._path is None or not paths:
            return
        line = json.dumps([what, *sorted(paths)]).encode("ascii") + b"\n"
        self._size += len(line)
        # Without its notes a run that goes on refuses such outputs, and says so.
        with contextlib.suppress(OSError):
            if self._size < LONG:
                with open(self._path, "ab") as file:
                    file.write(line)
                return
            os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)
            line = json.dumps(["give", *sorted(self._own)]).encode("ascii") + b"\n"
            write(line, self._path, force=True)
            self._size = len(line)


def _place(results: str) -> str | None:
    folder = state_dir()
    if folder is None:
        return None
    name = os.path.realpath(results).encode("utf-8", "surrogatepass")
    return os.path.join(folder, "batches", f"{hashlib.sha256(name).hexdigest()[:32]}.handed")


def _read(path: str | None) -> set[str]:
    found: set[str] = set()
    if path is None:
        return found
    with contextlib.suppress(OSError), open(path, "rb") as file:
        for raw in file:
            try:
                what, *paths = json.loads(raw)
            except (ValueError, TypeError):
                # The end of a line that was cut off.
                continue
            found = found | set(paths) if what == "give" else found - set(paths)
    return found
